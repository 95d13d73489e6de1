"""From a sample of accounts to all of them: users and calls, exact where all are known, else with their margins."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from auditor.account.calls import calls_of
from auditor.config import AuditConfig
from auditor.model.plan import NONE, AccountSize, Calls, Range, Sampled, exactly

_SIGMAS = 3
"""Standard errors to both sides, between which nearly all organizations are."""
_EMPTY = AccountSize(users=0)
UNHEARD = AccountSize(users=10)
"""What is taken for likely where no account has told how many users it has."""
_LARGEST = AccountSize(users=5000)
"""IAM's quota: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom an audit enters, and what is known of them."""

    auditable: int
    own: int
    """Of them, those that are entered with the caller's own credentials: one, or none."""
    sample: Sequence[Sampled]
    filtered: bool = False
    """Whether all accounts are listed before the first is entered."""

    @property
    def known(self) -> list[Sampled]:
        """Accounts of which it is known how many users they have, or that they let nobody in."""
        return [each for each in self.sample if each.size is not None or not each.entered]

    @property
    def sizes(self) -> list[AccountSize]:
        """What those hold that let the caller in."""
        return [each.size for each in self.sample if each.size is not None]

    @property
    def unknown(self) -> int:
        """How many accounts there are beside the known ones."""
        return self.auditable - len(self.known)


def users_of(wanted: Wanted) -> Range:
    """How many IAM users the accounts have that let the caller in."""
    known = [exactly(size.users) for size in wanted.sizes]
    unheard = Range(0, UNHEARD.users, _LARGEST.users)
    return _whole(_of_all(wanted, known, least_spread=1, unheard=unheard))


def roles_of(wanted: Wanted, config: AuditConfig) -> Range:
    """How often a role is assumed: once an account, and once more for each that denies the one before."""
    asked = wanted.auditable - wanted.own
    return Range(asked, asked, asked * len(config.roles))


def calls_of_all(wanted: Wanted, config: AuditConfig) -> Calls:
    """The calls of all accounts, without those of their roles: an account that refuses the role costs none of them."""
    entered = _entered(wanted)
    fixed, one, unheard, largest = (calls_of(size, config) for size in (_EMPTY, AccountSize(1), UNHEARD, _LARGEST))
    each = [calls_of(size, config) for size in wanted.sizes]
    found: dict[str, Range] = {}
    for action in {action: None for calls in (fixed, one, *each) for action in calls}:
        base = fixed.get(action, NONE)
        rest = _of_all(
            wanted,
            [_beyond(base, calls.get(action, NONE)) for calls in each],
            least_spread=_beyond(base, one.get(action, NONE)).most,
            unheard=Range(
                0, _beyond(base, unheard.get(action, NONE)).likely, _beyond(base, largest.get(action, NONE)).most
            ),
        )
        others = Range(entered.least * base.least, entered.likely * base.likely, entered.most * base.most)
        found[action] = _whole(base.times(len(each)).plus(others).plus(rest))
    return {action: calls for action, calls in found.items() if calls != NONE}


def _beyond(base: Range, calls: Range) -> Range:
    """What an account costs more than an empty one."""
    return Range(calls.least - base.least, calls.likely - base.likely, calls.most - base.most)


def _whole(number: Range) -> Range:
    return Range(math.floor(number.least), round(number.likely), math.ceil(number.most))


def _entered(wanted: Wanted) -> Range:
    """How many of the unknown accounts let the caller in, if they are like the known ones."""
    unknown, asked = wanted.unknown, sum(not each.own for each in wanted.known)
    if not unknown or not asked:
        return Range(0, unknown, unknown)
    share = sum(not each.entered for each in wanted.known) / asked
    # Of what so many accounts have none, there may be so much among the others:
    # https://en.wikipedia.org/wiki/Rule_of_three_(statistics)
    error = max(_SIGMAS * math.sqrt(share * (1 - share) / asked), _SIGMAS / asked)
    least, most = max(0.0, share - error), min(1.0, share + error)
    return Range(unknown * (1 - most), unknown * (1 - share), unknown * (1 - least))


def _of_all(wanted: Wanted, known: Sequence[Range], *, least_spread: float, unheard: Range) -> Range:
    """The sum over all accounts of what is known of those that were entered; who lets nobody in has none of it.

    The unknown ones are like the known ones, as far as so few tell that; where none is known, each has `unheard`.
    """
    total = NONE
    for each in known:
        total = total.plus(each)
    if not wanted.unknown:
        return total
    if not wanted.known:
        return unheard.times(wanted.unknown)
    every = [*known, *([NONE] * (len(wanted.known) - len(known)))]
    least, likely, most = ([each[place] for each in every] for place in range(3))
    fewer, more = (_deviation(values, of=wanted.unknown, least_spread=least_spread) for values in (least, most))
    unknown = Range(fmean(least), fmean(likely), fmean(most)).times(wanted.unknown)
    return total.plus(Range(max(0.0, unknown.least - fewer), unknown.likely, unknown.most + more))


def _deviation(values: Sequence[float], *, of: int, least_spread: float) -> float:
    """By how much the sum over so many others may differ from what the mean of these tells."""
    spread = max(stdev(values) if len(values) > 1 else 0.0, least_spread)
    return _SIGMAS * spread * math.sqrt(of + of**2 / len(values))

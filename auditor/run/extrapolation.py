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
    def sizes(self) -> list[AccountSize]:
        """What those accounts hold that told it."""
        return [each.size for each in self.sample if each.size is not None]

    @property
    def typical(self) -> AccountSize:
        """What is taken for an account that was entered, and did not tell what it holds."""
        return AccountSize(round(fmean(size.users for size in self.sizes))) if self.sizes else UNHEARD

    @property
    def untold(self) -> Range:
        """How many more accounts let the caller in: those that did not tell what they hold, and those not asked.

        Among those that were not asked as many refuse as among the others.
        """
        silent = sum(each.entered and each.size is None for each in self.sample)
        rest, asked = self.auditable - len(self.sample), sum(not each.own for each in self.sample)
        if not rest or not asked:
            return Range(silent, silent + rest, silent + rest)
        share = sum(not each.entered for each in self.sample) / asked
        # Of what so many accounts have none, there may be so much among the others:
        # https://en.wikipedia.org/wiki/Rule_of_three_(statistics)
        error = max(_SIGMAS * math.sqrt(share * (1 - share) / asked), _SIGMAS / asked)
        least, most = max(0.0, share - error), min(1.0, share + error)
        return Range(silent + rest * (1 - most), silent + rest * (1 - share), silent + rest * (1 - least))


def users_of(wanted: Wanted) -> Range:
    """How many IAM users the accounts have that let the caller in."""
    known = [exactly(size.users) for size in wanted.sizes]
    return _whole(_of_all(wanted, known, least_spread=1, unheard=Range(0, UNHEARD.users, _LARGEST.users)))


def roles_of(wanted: Wanted, config: AuditConfig) -> Range:
    """How often a role is assumed: once an account, and once more for each that denies the one before."""
    asked = wanted.auditable - wanted.own
    return Range(asked, asked, asked * len(config.roles))


def calls_of_all(wanted: Wanted, config: AuditConfig) -> Calls:
    """The calls of all accounts, without those of their roles: an account that refuses the role costs none of them."""
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
        found[action] = _whole(base.times(len(each)).plus(_product(wanted.untold, base)).plus(rest))
    return {action: calls for action, calls in found.items() if calls != NONE}


def _beyond(base: Range, calls: Range) -> Range:
    """What an account costs more than an empty one."""
    return Range(calls.least - base.least, calls.likely - base.likely, calls.most - base.most)


def _whole(number: Range) -> Range:
    return Range(math.floor(number.least), round(number.likely), math.ceil(number.most))


def _product(number: Range, each: Range) -> Range:
    return Range(number.least * each.least, number.likely * each.likely, number.most * each.most)


def _of_all(wanted: Wanted, known: Sequence[Range], *, least_spread: float, unheard: Range) -> Range:
    """The sum over all accounts that let the caller in, where it is known of some of them.

    The others are like these, as far as so few tell that; where none is known, each has `unheard`.
    """
    total, untold = NONE, wanted.untold
    for each in known:
        total = total.plus(each)
    if not untold.most:
        return total
    if not known:
        return _product(untold, unheard)
    least, likely, most = ([each[place] for each in known] for place in range(3))
    fewer, more = (_deviation(values, of=untold.most, least_spread=least_spread) for values in (least, most))
    rest = _product(untold, Range(fmean(least), fmean(likely), fmean(most)))
    return total.plus(Range(max(0.0, rest.least - fewer), rest.likely, rest.most + more))


def _deviation(values: Sequence[float], *, of: float, least_spread: float) -> float:
    """By how much the sum over so many others may differ from what the mean of these tells."""
    spread = max(stdev(values) if len(values) > 1 else 0.0, least_spread)
    return _SIGMAS * spread * math.sqrt(of + of**2 / len(values))

"""From a sample of accounts to all of them: users and calls, exact if the sample has all accounts, else ranges."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from auditor.account.call_estimate import calls_of
from auditor.config import AuditConfig
from auditor.model.plan import NONE, AccountSize, Calls, Range, Sampled, exactly

_SIGMAS = 3
"""The range is so many standard errors wide to each side."""
_EMPTY = AccountSize(users=0)
TYPICAL = AccountSize(users=10)
"""The likely size of an account, if no size is known."""
_LARGEST = AccountSize(users=5000)
"""IAM's quota: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


@dataclass(frozen=True, slots=True)
class Population:
    """The accounts that an audit enters, of which the sample is known."""

    auditable: int
    own: int
    """How many of them are read with the caller's own credentials: one, or none."""
    sample: Sequence[Sampled]
    filtered: bool = False
    """Whether filters choose the accounts: then all are listed before the first is entered."""

    @property
    def sizes(self) -> list[AccountSize]:
        """The known sizes."""
        return [each.size for each in self.sample if each.size is not None]

    @property
    def typical(self) -> AccountSize:
        """The size to assume for an account whose size is unknown."""
        return AccountSize(round(fmean(size.users for size in self.sizes))) if self.sizes else TYPICAL

    @property
    def unmeasured(self) -> Range:
        """How many more accounts let the caller in: accounts of the sample without a size, and accounts outside it.

        The share of accounts that deny the role is taken to be that of the sample.
        """
        silent = sum(each.entered and each.size is None for each in self.sample)
        rest, asked = self.auditable - len(self.sample), sum(not each.own for each in self.sample)
        if not rest or not asked:
            return Range(silent, silent + rest, silent + rest)
        share = sum(not each.entered for each in self.sample) / asked
        # If no account of the sample denies the role, some outside it still may:
        # https://en.wikipedia.org/wiki/Rule_of_three_(statistics)
        error = max(_SIGMAS * math.sqrt(share * (1 - share) / asked), _SIGMAS / asked)
        least, most = max(0.0, share - error), min(1.0, share + error)
        return Range(silent + rest * (1 - most), silent + rest * (1 - share), silent + rest * (1 - least))


def users_of(population: Population) -> Range:
    """How many IAM users are in the accounts that let the caller in."""
    known = [exactly(size.users) for size in population.sizes]
    return _whole(_of_all(population, known, least_spread=1, unknown=Range(0, TYPICAL.users, _LARGEST.users)))


def roles_of(population: Population, config: AuditConfig) -> Range:
    """How many AssumeRole calls: one per account, and one more for each role that is denied."""
    asked = population.auditable - population.own
    return Range(asked, asked, asked * len(config.roles))


def calls_of_all(population: Population, config: AuditConfig) -> Calls:
    """The calls of all accounts without AssumeRole; an account that denies the role costs none of them."""
    fixed, one, unknown, largest = (calls_of(size, config) for size in (_EMPTY, AccountSize(1), TYPICAL, _LARGEST))
    each = [calls_of(size, config) for size in population.sizes]
    found: dict[str, Range] = {}
    for action in {action: None for calls in (fixed, one, *each) for action in calls}:
        base = fixed.get(action, NONE)
        rest = _of_all(
            population,
            [_beyond(base, calls.get(action, NONE)) for calls in each],
            least_spread=_beyond(base, one.get(action, NONE)).most,
            unknown=Range(
                0, _beyond(base, unknown.get(action, NONE)).likely, _beyond(base, largest.get(action, NONE)).most
            ),
        )
        found[action] = _whole(base.times(len(each)).plus(_product(population.unmeasured, base)).plus(rest))
    return {action: calls for action, calls in found.items() if calls != NONE}


def _beyond(base: Range, calls: Range) -> Range:
    """How many calls more than in an empty account."""
    return Range(calls.least - base.least, calls.likely - base.likely, calls.most - base.most)


def _whole(number: Range) -> Range:
    return Range(math.floor(number.least), round(number.likely), math.ceil(number.most))


def _product(number: Range, each: Range) -> Range:
    return Range(number.least * each.least, number.likely * each.likely, number.most * each.most)


def _of_all(population: Population, known: Sequence[Range], *, least_spread: float, unknown: Range) -> Range:
    """The sum over all accounts that let the caller in, from the known ones.

    The others are taken to be like the known ones, with a margin; if none is known, each is `unknown`.
    """
    total, unmeasured = NONE, population.unmeasured
    for each in known:
        total = total.plus(each)
    if not unmeasured.most:
        return total
    if not known:
        return _product(unmeasured, unknown)
    least, likely, most = ([each[place] for each in known] for place in range(3))
    fewer, more = (_deviation(values, of=unmeasured.most, least_spread=least_spread) for values in (least, most))
    rest = _product(unmeasured, Range(fmean(least), fmean(likely), fmean(most)))
    return total.plus(Range(max(0.0, rest.least - fewer), rest.likely, rest.most + more))


def _deviation(values: Sequence[float], *, of: float, least_spread: float) -> float:
    """How far the sum over so many other accounts may be from their number times the mean of these."""
    spread = max(stdev(values) if len(values) > 1 else 0.0, least_spread)
    return _SIGMAS * spread * math.sqrt(of + of**2 / len(values))

"""Samples of the accounts: a random one to extrapolate from, and one per unit to find what is wrong anywhere."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, zip_longest
from typing import TypeVar

from auditor.model.facts import Account, AccountId, NotAsked

T = TypeVar("T")

MOST_SAMPLED = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """Some accounts, spread over the organizational units, or over the list if the units are unknown."""

    accounts: tuple[Account, ...]
    units: int
    """How many units they are in, 0 if AWS does not say."""


def random_sample(accounts: Sequence[Account], number: int) -> list[Account]:
    """So many of the accounts, one of each stretch of the list, with the first and the last; or all there are.

    Which one of a stretch is random, since similar accounts may stand at even distances; it is the same each time.
    """
    if number >= len(accounts):
        return list(accounts)
    dice = random.Random(len(accounts))  # noqa: S311 - no secret is drawn
    ends = [place * len(accounts) // number for place in range(number + 1)]
    places = [dice.randrange(begin, end) for begin, end in pairwise(ends)]
    places[-1], places[0] = len(accounts) - 1, 0
    return [accounts[place] for place in places]


def sample_of_units(accounts: Iterable[Account], *, own: AccountId, most: int = MOST_SAMPLED) -> Sample:
    """The caller's own account, and accounts of each unit in turn, until there are enough.

    Accounts that can't be audited are left out.
    """
    units: dict[str, list[Account]] = {}
    mine: list[Account] = []
    for account in accounts:
        if account.state is None or not account.state.auditable:
            continue
        if account.id == own:
            mine.append(account)
        else:
            units.setdefault(_unit_of(account), []).append(account)
    room = most - len(mine)
    # Every unit has one account, as far as there is room, before any has two.
    chosen = _spread(list(units.values()), room)
    turns = zip_longest(*(_spread(unit, room) for unit in chosen))
    others = [account for account in chain.from_iterable(turns) if account is not None][:room]
    sampled = (*mine, *others)
    return Sample(sampled, len({_unit_of(account) for account in sampled} - {""}))


def _spread(items: Sequence[T], most: int) -> list[T]:
    """At most so many of the items, evenly from the first to the last."""
    if len(items) <= most or most < 2:  # noqa: PLR2004 - a first and a last
        return list(items[:most])
    return [items[place * (len(items) - 1) // (most - 1)] for place in range(most)]


def _unit_of(account: Account) -> str:
    """The path of the account's unit, empty if unknown."""
    if isinstance(account.paths, NotAsked) or not account.paths:
        return ""
    return account.paths[0].rpartition("/")[0]

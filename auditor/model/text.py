"""Numbers, lists and accounts as words in sentences."""

from collections.abc import Sequence

from auditor.model.facts import Account


def counted(number: int, noun: str, *, plural: str = "") -> str:
    """The number, grouped by thousands, with its noun: 1 account, 2 accounts."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def first_of(values: Sequence[str], *, most: int) -> str:
    """The first values, and how many more there are: a, b and 3 more."""
    more = len(values) - most
    return ", ".join(values[:most]) + (f" and {more:,} more" if more > 0 else "")


def label_of(account: Account) -> str:
    """The account by name and id."""
    return f"{account.name} ({account.id})"

"""Numbers with their nouns, and times, as a person reads them."""

from datetime import timedelta


def counted(number: int, noun: str, *, plural: str = "") -> str:
    """The number, grouped by thousands, with its noun: 1 account, 2 accounts."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def clock(seconds: float) -> str:
    """Hours, minutes and seconds, as the progress bar has them."""
    return str(timedelta(seconds=round(seconds)))

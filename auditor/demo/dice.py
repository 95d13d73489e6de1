"""Chance that can be repeated: identifiers and dates that follow from a seed and a place."""

import base64
import random
from datetime import datetime, timedelta
from hashlib import blake2b

HORIZON = timedelta(days=90)
"""How far back CloudTrail's event history goes."""
_CLEARANCE = timedelta(hours=36)


def identifier(prefix: str, *place: object) -> str:
    """An AWS-like id of the prefix and 16 letters that follows from the place, and from nothing else."""
    digest = blake2b("/".join(map(str, place)).encode(), digest_size=10).digest()
    return prefix + base64.b32encode(digest).decode("ascii")


def chance(dice: random.Random, share: float) -> bool:
    """Yes for so large a share of the questions."""
    return dice.random() < share


def event_identifier(*place: object) -> str:
    """A UUID-like id that follows from the place."""
    text = blake2b("/".join(map(str, place)).encode(), digest_size=16).hexdigest()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def ago(dice: random.Random, now: datetime, *, oldest: float, newest: float = 0.05) -> datetime:
    """A moment so many days ago, in whole seconds and never near the edge of CloudTrail's history."""
    seconds = dice.randrange(int(newest * 86_400), int(oldest * 86_400) + 1)
    return clear_of_horizon(now - timedelta(seconds=seconds), now)


def between(dice: random.Random, early: datetime, late: datetime) -> datetime:
    """A moment between two, in whole seconds."""
    span = int((late - early).total_seconds())
    return early if span <= 0 else early + timedelta(seconds=dice.randrange(span + 1))


def clear_of_horizon(moment: datetime, now: datetime) -> datetime:
    """The moment, never near the edge of the history: a run takes time, and must not lose an event."""
    edge = now - HORIZON
    if abs(moment - edge) >= _CLEARANCE:
        return moment

    return edge - 2 * _CLEARANCE if moment < edge else edge + 2 * _CLEARANCE

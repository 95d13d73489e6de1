"""From when to when events are asked for: what a person may write, and what CloudTrail keeps."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from auditor.errors import ConfigurationError

EVENT_HISTORY = timedelta(days=90)
"""How long CloudTrail keeps the events that LookupEvents reads.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
"""

_LAST_SECOND = time(23, 59, 59)
_MOST_DAYS = 36_500
_BARE_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}|\d{4}-?W\d{2}-?\d", re.ASCII)
_BARE_WEEK = re.compile(r"\d{4}-?W\d{2}", re.ASCII)
_UNNOTICED = timedelta(minutes=1)
_LONGEST_RUN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to `end`, both included, in whole seconds of UTC."""

    start: datetime
    end: datetime


def resolve_period(start: datetime | None, end: datetime | None, *, now: datetime) -> tuple[Period, tuple[str, ...]]:
    """The period that CloudTrail can be asked for at `now`, with a warning for what had to be cut off.

    Raises:
        ConfigurationError: Nothing of the period is left.
    """
    now = now.astimezone(UTC).replace(microsecond=0)
    oldest = now - EVENT_HISTORY
    first = oldest if start is None else _to_second(start)
    last = now if end is None else min(_to_second(end), now)
    if first > now:
        raise ConfigurationError(f"The start ({first.isoformat()}) is in the future.")
    if last < oldest:
        raise ConfigurationError(f"The end ({last.isoformat()}) is more than 90 days ago: CloudTrail keeps no more.")
    if last < first:
        raise ConfigurationError(f"The end ({last.isoformat()}) is before the start ({first.isoformat()}).")
    if first >= oldest:
        return Period(first, last), ()
    if oldest - first < _UNNOTICED:
        # 90 days back from a moment ago are the 90 days that were asked for.
        return Period(oldest, last), ()
    warning = f"CloudTrail keeps 90 days of events: the start is {oldest.isoformat()} instead of {first.isoformat()}."
    return Period(oldest, last), (warning,)


def lost_until(period: Period, *, now: datetime) -> datetime | None:
    """Until when CloudTrail has dropped events of a period that was once whole; None where it still has all.

    A day is overlooked: that is how long a run may take.
    """
    oldest = now.astimezone(UTC).replace(microsecond=0) - EVENT_HISTORY
    return oldest if oldest - period.start > _LONGEST_RUN else None


def _to_second(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        # The calendar's first and last day have no UTC in every zone, and are cut in any case.
        return moment.replace(tzinfo=UTC, microsecond=0)


def zoned(moment: datetime) -> datetime:
    """The same moment with a zone: one without is local time, as `datetime.now()` is."""
    try:
        return moment.astimezone()
    except (OverflowError, ValueError):
        # The calendar's first and last day have no local time in every zone, and are cut in any case.
        return moment.replace(tzinfo=UTC)


def parse_start(text: str) -> datetime:
    """The first moment that an ISO 8601 date or time means; without a zone it is UTC.

    Raises:
        ConfigurationError: It is neither.
    """
    return _parse(text, of_day=time.min)


def parse_end(text: str) -> datetime:
    """The last second that an ISO 8601 date or time means: a bare date includes its day; without a zone it is UTC.

    Raises:
        ConfigurationError: It is neither.
    """
    return _parse(text, of_day=_LAST_SECOND)


def start_of_days(days: int, *, end: datetime | None, now: datetime) -> datetime:
    """When the last `days` days before `end`, or before now, began.

    Raises:
        ConfigurationError: There are no such days.
    """
    if not 1 <= days <= _MOST_DAYS:
        raise ConfigurationError(f"{days} days can't be looked back: 1 is the least.")
    last = now if end is None else min(end, now)
    try:
        return last - timedelta(days=days)
    except OverflowError:
        raise ConfigurationError(f"{days} days before {last.isoformat()} lie beyond the calendar.") from None


def _parse(text: str, *, of_day: time) -> datetime:
    try:
        if _BARE_DATE.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), of_day, UTC)
        moment = None if _BARE_WEEK.fullmatch(text) else datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None:
        raise ConfigurationError(f"{text!r} is no ISO 8601 date or time, such as 2026-01-31.")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment

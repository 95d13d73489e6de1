"""From when to when: what a person may write, and what CloudTrail keeps."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import ConfigurationError, Period
from auditor.model.period import EVENT_HISTORY, parse_end, parse_start, resolve_period, start_of_days

NOW = datetime(2026, 3, 31, 10, 20, 30, 987_654, tzinfo=UTC)
NOW_IN_SECONDS = NOW.replace(microsecond=0)
OLDEST = NOW_IN_SECONDS - timedelta(days=90)
EAST = timezone(timedelta(hours=5, minutes=30))


def utc(*parts: int) -> datetime:
    """A moment in UTC."""
    moment: Callable[..., datetime] = datetime
    return moment(*parts, tzinfo=UTC)


def test_the_period_without_dates() -> None:
    """Without dates it is all that CloudTrail keeps, up to now, in whole seconds."""
    assert (Period(OLDEST, NOW_IN_SECONDS), ()) == resolve_period(None, None, now=NOW)


def test_the_period_with_dates() -> None:
    """Dates within the history are the period, in UTC and whole seconds."""
    start, end = datetime(2026, 3, 1, 5, 30, 0, 5, tzinfo=EAST), utc(2026, 3, 2, 1, 2, 3, 999_999)
    assert (Period(utc(2026, 3, 1), utc(2026, 3, 2, 1, 2, 3)), ()) == resolve_period(start, end, now=NOW)


def test_now_in_another_zone() -> None:
    """The period is in UTC whatever zone the clock is in."""
    assert resolve_period(None, None, now=NOW) == resolve_period(None, None, now=NOW.astimezone(EAST))
    period, _ = resolve_period(None, None, now=NOW.astimezone(EAST))
    assert UTC is period.start.tzinfo
    assert UTC is period.end.tzinfo


def test_an_end_after_now_is_now() -> None:
    """There are no events of the future to ask for."""
    period, warnings = resolve_period(utc(2026, 3, 1), utc(2030, 1, 1), now=NOW)
    assert (Period(utc(2026, 3, 1), NOW_IN_SECONDS), ()) == (period, warnings)


def test_an_early_start_is_cut() -> None:
    """A start that is more than 90 days back is cut to that, and the warning names both."""
    period, (warning,) = resolve_period(utc(2025, 1, 1), None, now=NOW)
    assert Period(OLDEST, NOW_IN_SECONDS) == period
    assert "90 days" in warning
    assert OLDEST.isoformat() in warning
    assert "2025-01-01T00:00:00+00:00" in warning


def test_the_oldest_start_is_not_cut() -> None:
    """Exactly 90 days are no reason for a warning, nor is a moment more; a minute more is one."""
    assert (Period(OLDEST, NOW_IN_SECONDS), ()) == resolve_period(OLDEST, None, now=NOW)
    assert len(resolve_period(OLDEST - timedelta(minutes=1), None, now=NOW)[1]) == 1


def test_a_start_in_the_future() -> None:
    """A start after now is refused; one that is now is a period of one second."""
    with pytest.raises(ConfigurationError, match="in the future"):
        resolve_period(NOW + timedelta(seconds=1), None, now=NOW)
    assert Period(NOW_IN_SECONDS, NOW_IN_SECONDS) == resolve_period(NOW, None, now=NOW)[0]


def test_an_end_before_the_start() -> None:
    """An end before the start is refused."""
    with pytest.raises(ConfigurationError, match="is before the start"):
        resolve_period(utc(2026, 3, 2), utc(2026, 3, 1), now=NOW)


def test_an_end_before_the_history() -> None:
    """A period that CloudTrail has forgotten is refused, and not taken for one without events."""
    with pytest.raises(ConfigurationError, match="more than 90 days ago"):
        resolve_period(utc(2025, 1, 1), utc(2025, 2, 1), now=NOW)
    with pytest.raises(ConfigurationError, match="more than 90 days ago"):
        resolve_period(None, OLDEST - timedelta(seconds=1), now=NOW)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(1, 1, 1, tzinfo=EAST), None),
        (None, datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=5)))),
    ],
)
def test_the_ends_of_the_calendar(start: datetime | None, end: datetime | None) -> None:
    """A first or last moment of the calendar, in whatever zone, is cut as any other."""
    period, _ = resolve_period(start, end, now=NOW)
    assert Period(OLDEST, NOW_IN_SECONDS) == period


@settings(max_examples=50)
@given(
    start=st.none() | st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()),  # noqa: DTZ001 - hypothesis wants naive bounds
    end=st.none() | st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()),  # noqa: DTZ001 - as above
)
def test_any_period_can_be_asked_for(start: datetime | None, end: datetime | None) -> None:
    """Whatever is asked, the period is in order, in whole seconds, within the history; or it is refused."""
    try:
        period, warnings = resolve_period(start, end, now=NOW)
    except ConfigurationError:
        return
    assert OLDEST <= period.start <= period.end <= NOW_IN_SECONDS
    assert (0, 0) == (period.start.microsecond, period.end.microsecond)
    assert bool(warnings) == (start is not None and start.astimezone(UTC) < OLDEST)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-01-31", utc(2026, 1, 31), utc(2026, 1, 31, 23, 59, 59)),
        ("20260131", utc(2026, 1, 31), utc(2026, 1, 31, 23, 59, 59)),
        ("2026-W05-6", utc(2026, 1, 31), utc(2026, 1, 31, 23, 59, 59)),
        ("2026W056", utc(2026, 1, 31), utc(2026, 1, 31, 23, 59, 59)),
        ("2024-02-29", utc(2024, 2, 29), utc(2024, 2, 29, 23, 59, 59)),
    ],
)
def test_bare_dates(text: str, first: datetime, last: datetime) -> None:
    """A bare date begins with its day, and ends with it; it is in UTC."""
    assert first == parse_start(text)
    assert last == parse_end(text)


def test_bare_weeks() -> None:
    """A week is neither a date nor a time: which of its days was meant is not guessed."""
    for parse in (parse_start, parse_end):
        with pytest.raises(ConfigurationError, match="no ISO 8601 date"):
            parse("2026-W05")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T10:20", utc(2026, 1, 31, 10, 20)),
        ("2026-01-31 10:20:30", utc(2026, 1, 31, 10, 20, 30)),
        ("20260131T102030", utc(2026, 1, 31, 10, 20, 30)),
        ("2026-01-31T10:20:30Z", utc(2026, 1, 31, 10, 20, 30)),
        ("2026-01-31T10:20:30+05:30", utc(2026, 1, 31, 4, 50, 30)),
        ("2026-01-31T00:00:00-08:00", utc(2026, 1, 31, 8)),
        ("2026-01-31T00:00", utc(2026, 1, 31)),
        ("2026-W05-6T10:20", utc(2026, 1, 31, 10, 20)),
    ],
)
def test_times(text: str, expected: datetime) -> None:
    """A time is that moment, as a start and as an end; without a zone it is in UTC."""
    assert expected == parse_start(text)
    assert expected == parse_end(text)
    assert parse_start(text).tzinfo is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026",
        "2026-01",
        "2026-13-01",
        "2026-02-30",
        "2026-W54-1",
        "2026-W05-8",
        "2026-0131",
        "31/01/2026",
        "2026-01-31T25:00",
        "2026-01-31T10:00+99:00",
        "2026-01-31\n",
        "\u0662\u0660\u0662\u0666-\u0660\u0661-\u0663\u0661",
        "0000-01-01",
    ],
)
def test_what_is_no_date(text: str) -> None:
    """What is no date or time is refused with a sentence that repeats it."""
    for parse in (parse_start, parse_end):
        with pytest.raises(ConfigurationError, match=re.escape(repr(text))):
            parse(text)


def test_days_before_now() -> None:
    """Days are counted back from now, or from the end where that is earlier."""
    assert NOW - timedelta(days=7) == start_of_days(7, end=None, now=NOW)
    assert NOW - timedelta(days=7) == start_of_days(7, end=NOW + timedelta(days=30), now=NOW)
    assert utc(2026, 3, 1) == start_of_days(9, end=utc(2026, 3, 10), now=NOW)


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_days_that_are_none(days: int) -> None:
    """At least one day is looked back, and not more than the calendar has."""
    with pytest.raises(ConfigurationError, match=f"^{days} days"):
        start_of_days(days, end=None, now=NOW)


def test_days_before_the_calendar() -> None:
    """Days that go back to before the calendar are refused."""
    with pytest.raises(ConfigurationError):
        start_of_days(36_500, end=utc(50, 1, 1), now=NOW)


def test_all_days_of_the_history() -> None:
    """Ninety days asked for are ninety days, and no reason for a warning, though the clock goes on meanwhile."""
    start = start_of_days(EVENT_HISTORY.days, end=None, now=NOW)
    assert () == resolve_period(start, None, now=NOW + timedelta(milliseconds=20))[1]

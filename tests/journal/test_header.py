"""The first two lines of a journal: read as they were written, or refused with the reason."""

from dataclasses import fields, replace
from typing import Any

import pytest

from auditor import AuditConfig, ConfigurationError, Labels, Rates, ReportWait
from auditor.journal.header import (
    FreeSettings,
    Header,
    header_line,
    header_of,
    read_header,
    read_started,
    started_line,
)
from auditor.journal.lines import line_of, value_of
from auditor.progress import AuditStarted
from tests.samples import CALLER, NOW, PERIOD

CONFIG = AuditConfig(role="a/b/Audit", external_id="x:1", labels=Labels.EN, session_policy=False, start_date=NOW)
STARTED = AuditStarted(CALLER, PERIOD)


def test_a_header_comes_back() -> None:
    """Settings, dates and moment are those that were written."""
    header = header_of(CONFIG, at=NOW)
    assert header == read_header(header_line(header))


def test_a_start_comes_back() -> None:
    """Caller and period are those that were written."""
    assert STARTED == read_started(started_line(STARTED))


def test_every_setting_is_kept_or_free() -> None:
    """A new setting is in the header unless it is named as one that decides nothing in the rows."""
    names = {field.name for field in fields(AuditConfig)}
    kept = header_of(CONFIG, at=NOW).settings.keys()
    assert names == kept | FreeSettings.__annotations__.keys() | {"start_date", "end_date"}


def test_dates_are_those_of_the_start() -> None:
    """Before it the audit has the dates that were asked for."""
    header = header_of(CONFIG, at=NOW)
    assert header.config() == CONFIG
    assert replace(CONFIG, start_date=PERIOD.start, end_date=PERIOD.end) == replace(header, started=STARTED).config()


def test_the_period_is_known_before_the_start() -> None:
    """It is what it would have been at the moment of asking; where nothing was left of it that is said."""
    assert PERIOD == header_of(AuditConfig(role="R"), at=NOW).period
    assert PERIOD == Header({}, header_of(CONFIG, at=NOW).asked, STARTED).period
    with pytest.raises(ConfigurationError, match="in the future"):
        _ = header_of(replace(CONFIG, start_date=NOW.replace(year=2030)), at=NOW).period


def test_what_decides_nothing_is_chosen_anew() -> None:
    """Rates and waits are those of the one who goes on."""
    free = FreeSettings(
        rates=Rates(iam=3), report_wait=ReportWait(patience=1), longest_silence=9, patience=8, concurrency=2
    )
    assert replace(CONFIG, **free) == header_of(replace(CONFIG, concurrency=7), at=NOW).config(**free)


def spoiled(**changes: object) -> bytes:
    """A header's line with other values."""
    value: dict[str, Any] = value_of(header_line(header_of(CONFIG, at=NOW)), name="header")
    return line_of("header", {**value, **changes})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (line_of("started", {}), "no header"),
        (line_of("header", []), "no header of version"),
        (spoiled(version=1), "no header of version"),
        (spoiled(settings={}), "other settings"),
        (spoiled(settings=None), "other settings"),
        (spoiled(asked=None), "no Asked"),
    ],
)
def test_another_header_is_refused(line: bytes, reason: str) -> None:
    """What no audit of this version wrote is told apart."""
    with pytest.raises(ValueError, match=reason):
        read_header(line)


def test_settings_that_can_not_be_right_are_refused() -> None:
    """They are held against what AuditConfig takes."""
    settings = {**header_of(CONFIG, at=NOW).settings, "role": "arn:aws:iam::1:role/R"}
    with pytest.raises(ValueError, match="is an ARN"):
        read_header(spoiled(settings=settings))


def test_another_start_is_refused() -> None:
    """A start without a caller is none."""
    with pytest.raises(ValueError, match="no AuditStarted"):
        read_started(line_of("started", {"period": None}))

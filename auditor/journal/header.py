"""The first lines of a journal: what the audit was told, and by whom and for which period it was begun."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TypedDict, Unpack

from auditor.config import AuditConfig, Rates, ReportWait
from auditor.errors import ConfigurationError
from auditor.journal.codec import decode, encode
from auditor.journal.lines import line_of, value_of
from auditor.models import Period
from auditor.period import resolve_period
from auditor.progress import AuditStarted

VERSION = 2

Setting = str | bool | None


class FreeSettings(TypedDict, total=False):
    """Settings that a resumed audit may choose anew, since they decide nothing in the rows; as in AuditConfig."""

    profile: str | None
    concurrency: int
    rates: Rates
    report_wait: ReportWait
    longest_silence: float
    patience: float


_DATES = frozenset({"start_date", "end_date"})
_KEPT = frozenset(field.name for field in fields(AuditConfig)) - FreeSettings.__annotations__.keys() - _DATES


@dataclass(frozen=True, slots=True)
class Asked:
    """The dates as they were asked for, before CloudTrail's 90 days cut them."""

    start: datetime | None
    end: datetime | None
    at: datetime
    """When they were asked for."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a resumed audit keeps to."""

    settings: Mapping[str, Setting]
    """The settings that decide what is in the rows, by their names in AuditConfig."""
    asked: Asked
    started: AuditStarted | None = None
    """None where the audit was cut off before its caller was known, and nothing was asked of the organization."""

    @property
    def period(self) -> Period:
        """The audit's period; of one that did not start, what it would have been when it was asked for.

        Raises:
            ConfigurationError: It was asked for a period of which nothing was left.
        """
        if self.started is not None:
            return self.started.period
        period, _ = resolve_period(self.asked.start, self.asked.end, now=self.asked.at)
        return period

    def config(self, **free: Unpack[FreeSettings]) -> AuditConfig:
        """The settings of the audit; what decides nothing in its rows may be chosen anew.

        The dates are those of the period that was started, else those that were asked for.
        """
        dates = self.asked if self.started is None else self.started.period
        return AuditConfig(
            **self.settings,  # type: ignore[arg-type] # checked as they are read, and by AuditConfig
            **free,
            start_date=dates.start,
            end_date=dates.end,
        )


def header_of(config: AuditConfig, *, at: datetime) -> Header:
    """The header of an audit that is begun at this moment, and has not started yet."""
    settings = {name: getattr(config, name) for name in sorted(_KEPT)}
    return Header(settings, Asked(config.start_date, config.end_date, at))


def header_line(header: Header) -> bytes:
    """All that is known before the audit starts, as the first line of a journal."""
    return line_of("header", {"version": VERSION, "settings": dict(header.settings), "asked": encode(header.asked)})


def started_line(started: AuditStarted) -> bytes:
    """The audit's start, as the second line of a journal."""
    return line_of("started", encode(started))


def read_header(line: bytes) -> Header:
    """The header of a whole line; raises ValueError where it is none of this version."""
    value = value_of(line, name="header")
    if not isinstance(value, dict) or value.get("version") != VERSION:
        raise ValueError(f"no header of version {VERSION}")
    settings = value.get("settings")
    if not isinstance(settings, dict) or settings.keys() != _KEPT:
        raise ValueError("other settings than those of this version")
    header = Header(settings, decode(Asked, value.get("asked")))
    try:
        header.config()
    except (ConfigurationError, TypeError) as error:
        raise ValueError(str(error)) from error
    return header


def read_started(line: bytes) -> AuditStarted:
    """The start of a whole line; raises ValueError where it is none."""
    return decode(AuditStarted, value_of(line, name="started"))

"""The first line of a journal: what the audit was told, and by whom and when it was begun."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from auditor.config import DEFAULT_CONCURRENCY, AuditConfig
from auditor.errors import ConfigurationError
from auditor.journal.codec import decode, encode
from auditor.journal.lines import line_of, value_of
from auditor.progress import AuditStarted

VERSION = 1

Setting = str | bool | None

_FREE = frozenset({"profile", "concurrency", "rates", "report_wait", "longest_silence", "start_date", "end_date"})
"""Settings that a resumed audit may choose anew; the dates became the period."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The dates as they were asked for, before CloudTrail's 90 days cut them."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Header:
    """What a resumed audit keeps to."""

    settings: Mapping[str, Setting]
    """The settings that decide what is in the rows, by their names in AuditConfig."""
    asked: Asked
    started: AuditStarted

    def config(self, *, profile: str | None = None, concurrency: int = DEFAULT_CONCURRENCY) -> AuditConfig:
        """The settings of the audit; what decides nothing in its rows may be chosen anew."""
        period = self.started.period
        return AuditConfig(
            **self.settings,  # type: ignore[arg-type] # checked as they are read, and by AuditConfig
            profile=profile,
            concurrency=concurrency,
            start_date=period.start,
            end_date=period.end,
        )


def header_of(config: AuditConfig, *, started: AuditStarted) -> Header:
    """The header of an audit that has just started."""
    settings = {field.name: getattr(config, field.name) for field in fields(config) if field.name not in _FREE}
    return Header(settings, Asked(config.start_date, config.end_date), started)


def header_line(header: Header) -> bytes:
    """The header as the first line of a journal."""
    value = {
        "version": VERSION,
        "settings": dict(header.settings),
        "asked": encode(header.asked),
        "started": encode(header.started),
    }
    return line_of("header", value)


def read_header(line: bytes) -> Header:
    """The header of a whole line; raises ValueError where it is none of this version."""
    value = value_of(line, name="header")
    if not isinstance(value, dict) or value.get("version") != VERSION:
        raise ValueError(f"no header of version {VERSION}")
    names = {field.name for field in fields(AuditConfig)} - _FREE
    settings = value.get("settings")
    if not isinstance(settings, dict) or settings.keys() != names:
        raise ValueError("other settings than those of this version")
    header = Header(settings, decode(Asked, value.get("asked")), decode(AuditStarted, value.get("started")))
    try:
        header.config()
    except (ConfigurationError, TypeError) as error:
        raise ValueError(str(error)) from error
    return header

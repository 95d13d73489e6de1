"""The first lines of a journal: what the audit was told, and by whom and for which period it was begun."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypedDict, Unpack

from auditor.config import DEFAULT_SESSION_NAME, AuditConfig, Labels, Rates, ReportWait
from auditor.errors import ConfigurationError
from auditor.journal.format import UnknownWordError, decode, encode, line_of
from auditor.model.facts import Caller
from auditor.model.filters import ALL_ACCOUNTS, AccountFilters
from auditor.model.period import Period, resolve_period
from auditor.model.progress import AuditStarted
from auditor.model.scopes import EventScope, Freshness, UserScope

VERSION = 3
"""The version of the format that is written.

It rises for what readers of this version would misread: a field or word that comes to mean something else, one that is
gone, or a later setting by which rows are made. It stays for additions. Whole fields that they do not know readers pass
over. They ask an account again whose report has a word that they do not know, and pass over lines of other kinds, so
that neither is taken for a finished account.
"""
READ_VERSIONS = (2, VERSION)
"""The versions that are read. Version 2 has no `users` and no `events`: their defaults are what its audits did."""
READ_TEXT = " and ".join(map(str, READ_VERSIONS))


class FreeSettings(TypedDict, total=False):
    """Settings that a resumed audit may choose anew, since they decide nothing in the rows; as in AuditConfig."""

    profile: str | None
    lister_profile: str | None
    lister_role: str | None
    session_duration: int | None
    source_identity: str | None
    concurrency: int
    rates: Rates
    report_wait: ReportWait
    longest_silence: float
    patience: float


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings that decide what is in the rows, as in AuditConfig.

    Each has a default, but for the role: what audits did before there was the setting, which is not always the default
    of AuditConfig.
    """

    role: str | tuple[str, ...]
    """One name, or several in the order in which they are tried."""
    session_name: str = DEFAULT_SESSION_NAME
    external_id: str | None = None
    session_policy: bool = True
    own_account_role: bool = False
    labels: Labels = Labels.ES
    csv_bom: bool = False
    freshness: Freshness = Freshness.LIVE
    users: UserScope = UserScope.WITH_KEYS
    events: EventScope = EventScope.BASIC
    filters: AccountFilters = ALL_ACCOUNTS


@dataclass(frozen=True, slots=True)
class Asked:
    """The dates as they were asked for, before CloudTrail's 90 days cut them."""

    start: datetime | None
    end: datetime | None
    at: datetime
    """When they were asked for."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a header of any version has."""

    version: int


@dataclass(frozen=True, slots=True)
class FirstLine:
    """All that is known before the audit starts."""

    version: int
    """The format's, which rises only for what readers of an earlier version would misread."""
    settings: Settings
    asked: Asked


@dataclass(frozen=True, slots=True)
class SecondLine:
    """By whom and for which period the audit was started; nothing was asked of the organization yet."""

    caller: Caller
    period: Period


@dataclass(frozen=True, slots=True)
class Header:
    """What a resumed audit keeps to."""

    settings: Settings
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

        Raises:
            ConfigurationError: One can't be right, or decides what is in the rows.
        """
        for name in free.keys() - FreeSettings.__annotations__.keys():
            raise ConfigurationError(f"{name} can't be chosen anew: {', '.join(FreeSettings.__annotations__)} can.")
        dates = self.asked if self.started is None else self.started.period
        return AuditConfig(**_settings_of(self.settings), start_date=dates.start, end_date=dates.end, **free)


def header_of(config: AuditConfig, *, at: datetime) -> Header:
    """The header of an audit that is begun at this moment, and has not started yet."""
    return Header(Settings(**_settings_of(config)), Asked(config.start_date, config.end_date, at))


def _settings_of(source: Settings | AuditConfig) -> dict[str, Any]:
    return {field.name: getattr(source, field.name) for field in fields(Settings)}


def header_line(header: Header) -> bytes:
    """All that is known before the audit starts, as the first line of a journal."""
    return line_of("header", encode(FirstLine(VERSION, header.settings, header.asked)))


def started_line(started: AuditStarted) -> bytes:
    """The audit's start, as the second line of a journal."""
    return line_of("started", encode(SecondLine(started.caller, started.period)))


def read_header(line: bytes) -> Header:
    """The header of a whole line; raises ValueError where it is of none of these versions, and says what to do."""
    _check_version(decode(Version, line, name="header").version)
    try:
        first = decode(FirstLine, line, name="header")
    except UnknownWordError as error:
        raise ValueError(f"{error}: use the version of auditor that began it, or a later one") from error
    except ConfigurationError as error:
        raise _unusable(error) from error
    header = Header(first.settings, first.asked)
    try:
        header.config()
    except ConfigurationError as error:
        raise _unusable(error) from error
    return header


def _unusable(error: ConfigurationError) -> ValueError:
    return ValueError(str(error).removesuffix("."))


def read_started(line: bytes) -> AuditStarted:
    """The start of a whole line; raises ValueError where it is none."""
    second = decode(SecondLine, line, name="started")
    return AuditStarted(second.caller, second.period)


def _check_version(version: int) -> None:
    if version > VERSION:
        raise ValueError(
            f"it has version {version} of the format, and this version of auditor reads {READ_TEXT}: use the version "
            "of auditor that began it, or a later one"
        )
    if version not in READ_VERSIONS:
        raise ValueError(
            f"it has version {version} of the format, which is no longer read: use the version of auditor that began "
            "it, or begin a new audit"
        )

"""Reports as rows of the three CSV files, and as the line of an account that failed, in Spanish or English words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from auditor.config import Labels
from auditor.model.coverage import Completeness, Failure, Section
from auditor.model.event_rows import EventRow
from auditor.model.facts import Account, Event, MfaDevice, MfaKind, NotAsked, Unknown, User
from auditor.model.placeholders import Unlisted
from auditor.model.report import AccountReport, Finding

FINDING_COLUMNS = (
    "account_id",
    "account_name",
    "username",
    "password_status",
    "password_last_used",
    "access_key_id",
    "status",
    "created_date",
    "last_used_date",
    "service_name",
    "mfa_status",
)
EVENT_COLUMNS = ("eventTime", "eventName", "username", "account_id", "account_name", "resources")
COVERAGE_COLUMNS = (
    "account_id",
    "account_name",
    "state",
    "role_used",
    "role",
    "users",
    "keys",
    "last_used",
    "password",
    "mfa",
    "events",
    "user_count",
    "key_count",
    "event_count",
    "refused_event_count",
    "error_code",
    "error_message",
    "requests",
    "throttles",
    "seconds",
    "freshness",
    "report_time",
    "foreign_event_count",
    "root",
    "service_credentials",
    "ou_path",
)

NOT_APPLICABLE = "N/A"
ORGANIZATION = "organization"
"""In the place of an account's id, in the row of the accounts that were not listed."""
_FAILED = {Labels.ES: "Error en cuenta", Labels.EN: "Error in account"}


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    configured: str
    not_configured: str
    never: str
    never_used: str
    unknown: str


_WORDS = {
    Labels.ES: Words("Configurada", "No configurada", "Nunca", "Nunca utilizada", "Desconocido"),
    Labels.EN: Words("Configured", "Not configured", "Never", "Never used", "Unknown"),
}


def finding_rows(report: AccountReport, *, labels: Labels) -> list[dict[str, str]]:
    """One row an access key of the account, its columns in the file's order."""
    words = _WORDS[labels]
    return [finding_row(finding, words=words) for finding in report.findings()]


def event_rows(report: AccountReport) -> list[EventRow]:
    """One row an event that took place, newest first, its columns in the file's order."""
    return [event_row(event, account=report.account) for event in report.happened()]


def event_cells(report: AccountReport) -> list[dict[str, str]]:
    """The same rows as the file has them, a text in each cell: resources are joined.

    No IAM name holds a blank, and some hold commas, so that they can be told apart again.
    """
    return [
        {name: ", ".join(cell) if isinstance(cell, list) else str(cell) for name, cell in row.items()}
        for row in event_rows(report)
    ]


def finding_row(finding: Finding, *, words: Words) -> dict[str, str]:
    """The row of one finding."""
    account, user, key = finding.account, finding.user, finding.key
    last_used, service = _last_use(finding, words=words)
    return {
        "account_id": account.id,
        "account_name": account.name,
        "username": user.name,
        "password_status": _password(user, words=words),
        "password_last_used": _moment(user.password_last_used, words=words, none=words.never),
        "access_key_id": key.id,
        "status": _unknown(key.status, words=words) if isinstance(key.status, Unknown) else key.status,
        "created_date": _moment(key.created_at, words=words, none=NOT_APPLICABLE),
        "last_used_date": last_used,
        "service_name": service,
        "mfa_status": _mfa(user.mfa_devices, words=words),
    }


def event_row(event: Event, *, account: Account) -> EventRow:
    """The row of one event; its username is the actor's."""
    return {
        "eventTime": time_text(event.at),
        "eventName": event.name,
        "username": event.username or NOT_APPLICABLE,
        "account_id": account.id,
        "account_name": account.name,
        "resources": [resource.name for resource in event.resources],
    }


def coverage_row(report: AccountReport) -> dict[str, str]:
    """The row of one account, with a word for each section: how much of it was read.

    The error is that of the first failure. Words are English in all languages: they are for programs, too.
    """
    account, happened = report.account, sum(1 for _ in report.happened())
    code, message = (report.failures[0].code, report.failures[0].message) if report.failures else ("", "")
    row = {
        "account_id": account.id,
        "account_name": account.name,
        "state": account.state_word,
        "role_used": report.role,
        **_section_words(report),
        "user_count": str(len(report.users)),
        "key_count": str(sum(1 for _ in report.findings())),
        "event_count": str(happened),
        "refused_event_count": str(len(report.events) - happened),
        "error_code": code,
        "error_message": message,
        "requests": str(report.requests),
        "throttles": str(report.throttles),
        "seconds": f"{report.seconds:.1f}",
        "freshness": report.freshness if report.audited else "",
        "report_time": time_text(report.report_time),
        "foreign_event_count": _foreign_events(report),
        "ou_path": account.ou_path or "/".join(account.unit_ids),
    }
    return {name: row[name] for name in COVERAGE_COLUMNS}


def unlisted_row(unlisted: Unlisted) -> dict[str, str]:
    """The row that stands for all accounts which were not listed: no section was reached, and nothing is counted."""
    numbers = (name for name in COVERAGE_COLUMNS if name.endswith("_count") or name in {"requests", "throttles"})
    return {
        **dict.fromkeys(COVERAGE_COLUMNS, ""),
        "account_id": ORGANIZATION,
        **{section.column: Completeness.NOT_REACHED for section in Section},
        **dict.fromkeys(numbers, "0"),
        "error_code": unlisted.code,
        "error_message": unlisted.message,
        "seconds": "0.0",
    }


def _foreign_events(report: AccountReport) -> str:
    """A number, as of all that is counted; empty where an older version has read the account and did not count them."""
    if isinstance(report.foreign_events, NotAsked):
        return "" if report.audited else "0"
    return str(report.foreign_events)


def _section_words(report: AccountReport) -> dict[str, str]:
    words = {covered.section: str(covered.completeness) for covered in report.coverage}
    return {section.column: words.get(section, "") for section in Section}


def time_text(moment: datetime | None) -> str:
    """ISO 8601 in UTC, whole seconds; empty for None."""
    return "" if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")


def _moment(moment: datetime | Unknown | None, *, words: Words, none: str) -> str:
    return _unknown(moment, words=words) if isinstance(moment, Unknown) else time_text(moment) or none


def _password(user: User, *, words: Words) -> str:
    if isinstance(user.has_password, bool):
        return words.configured if user.has_password else words.not_configured
    return _unknown(user.has_password, words=words)


def _last_use(finding: Finding, *, words: Words) -> tuple[str, str]:
    use = finding.key.last_use
    if use is None:
        return words.never_used, NOT_APPLICABLE
    if isinstance(use, Unknown):
        unknown = _unknown(use, words=words)
        return unknown, unknown
    return time_text(use.at), use.service


def _mfa(devices: tuple[MfaDevice, ...] | Unknown | None, *, words: Words) -> str:
    if not isinstance(devices, tuple):
        return _unknown(devices, words=words)
    kinds = {device.kind for device in devices}
    if any(kind.hardware for kind in kinds):
        return "Hardware"
    if MfaKind.VIRTUAL in kinds:
        return "Virtual"
    return f"{words.unknown} ({min(kinds)})" if kinds else "None"


def _unknown(fact: Unknown | None, *, words: Words) -> str:
    return f"{words.unknown} ({fact.code if fact else 'NotAsked'})"


def error_line(report: AccountReport, *, labels: Labels = Labels.ES) -> str:
    """The script's words for an account that failed, with its first failure and how many there are."""
    return failure_line(report.account, report.failures, labels=labels)


def failure_line(account: Account, failures: Sequence[Failure], *, labels: Labels) -> str:
    """The line of some of an account's failures: the first of them, and how many more there are."""
    first, *others = failures
    more = sum(failure.count for failure in others) + first.count - 1
    also = f" (and {more} more)" if more else ""
    return f"{_FAILED[labels]} {account.name} ({account.id}): {first.section}: {first.message}{also}"

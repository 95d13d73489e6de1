"""Reports as rows of findings, events and coverage, and as the line of an account that failed."""

from collections.abc import Sequence

from auditor.config import Labels
from auditor.model.coverage import Completeness, Failure, Section
from auditor.model.facts import Account, Event, NotAsked, Unknown
from auditor.model.placeholders import Unlisted
from auditor.model.report import AccountReport, Finding
from auditor.model.summary import EventRow
from auditor.model.text import label_of
from auditor.output.words import (
    NOT_APPLICABLE,
    WORDS,
    Words,
    mfa_text,
    moment_text,
    password_text,
    time_text,
    unknown_text,
)

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

ORGANIZATION = "organization"
"""In the place of an account's id, in the row of the accounts that were not listed."""
_FAILED = {Labels.ES: "Error en cuenta", Labels.EN: "Error in account"}


def finding_rows(report: AccountReport, *, labels: Labels) -> list[dict[str, str]]:
    """One row an access key of the account, its columns in the file's order."""
    words = WORDS[labels]
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
        "password_status": password_text(user.has_password, words=words),
        "password_last_used": moment_text(user.password_last_used, words=words, none=words.never),
        "access_key_id": key.id,
        "status": unknown_text(key.status, words=words) if isinstance(key.status, Unknown) else key.status,
        "created_date": moment_text(key.created_at, words=words, none=NOT_APPLICABLE),
        "last_used_date": last_used,
        "service_name": service,
        "mfa_status": mfa_text(user.mfa_devices, words=words),
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


def _last_use(finding: Finding, *, words: Words) -> tuple[str, str]:
    use = finding.key.last_use
    if use is None:
        return words.never_used, NOT_APPLICABLE
    if isinstance(use, Unknown):
        unknown = unknown_text(use, words=words)
        return unknown, unknown
    return time_text(use.at), use.service


def error_line(report: AccountReport, *, labels: Labels = Labels.ES) -> str:
    """The script's words for an account that failed, with its first failure and how many there are."""
    return failure_line(report.account, report.failures, labels=labels)


def failure_line(account: Account, failures: Sequence[Failure], *, labels: Labels) -> str:
    """The line of some of an account's failures: the first of them, and how many more there are."""
    first, *others = failures
    more = sum(failure.count for failure in others) + first.count - 1
    also = f" (and {more} more)" if more else ""
    return f"{_FAILED[labels]} {label_of(account)}: {first.section}: {first.message}{also}"

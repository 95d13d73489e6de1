"""What a machine reads on stderr: one JSON object per line on what happened, when, where, and with which error code."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType, TracebackType
from typing import Protocol, Self

from auditor.cli.opening import OpenAudit
from auditor.cli.terminal.output import fields_of, sentence_of, traceback_of
from auditor.model.coverage import Failure
from auditor.model.facts import Account
from auditor.model.progress import (
    AccountFinished,
    AccountsListed,
    AuditFinished,
    AuditStarted,
    AuditWarning,
    ProgressEvent,
    Waiting,
    WaitingEnded,
)
from auditor.model.report import AccountReport
from auditor.model.summary import AuditSummary
from auditor.model.text import counted

Value = str | int | float | bool | None | Mapping[str, str] | Mapping[str, int] | Mapping[str, object]

_NO_FILES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log, without its time; `level` is one of `logging`'s."""

    level: int
    event: str
    message: str
    fields: Mapping[str, Value] = field(default_factory=dict)


class Stream(Protocol):
    """What lines are written to."""

    def write(self, text: str, /) -> object:
        """Take a line."""

    def flush(self) -> object:
        """Hand it over."""


class JsonOutput:
    """Writes entries from `level` on, each at once, in ASCII and with its time in UTC."""

    def __init__(self, stream: Stream, *, level: int, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._stream = stream
        self._level = level
        self._now = now
        self.handler: logging.Handler = _Handler(self)

    def display(self) -> "JsonDisplay":
        """What writes a run's events."""
        return JsonDisplay(self)

    def say(self, message: str) -> None:
        """An entry of its own."""
        self.write(Entry(logging.ERROR, "message", message))

    def write(self, entry: Entry) -> None:
        """Write one line, or nothing where the entry is below the level."""
        if entry.level < self._level:
            return
        line = {
            "time": self._now().isoformat(timespec="milliseconds"),
            "level": logging.getLevelName(entry.level).lower(),
            "event": entry.event,
            "message": entry.message,
            **entry.fields,
        }
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()


class JsonDisplay:
    """An observer that writes each event of a run."""

    def __init__(self, output: JsonOutput) -> None:
        self._output = output
        self._files: dict[str, str] = {}
        self._policy = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is to be ended."""

    def open(self, audit: OpenAudit) -> None:
        """Write how many accounts were finished before, and how many are asked again and why."""
        self._files = {name: str(path) for name, path in audit.files.items()}
        self._policy = audit.policy
        if audit.finished is not None:
            message = f"{counted(audit.finished, 'account')} finished before"
            fields: dict[str, Value] = {"accounts": audit.finished, "asked_again": dict(audit.again)}
            self._output.write(Entry(logging.INFO, "audit_resumed", message, fields))

    def __call__(self, event: ProgressEvent) -> None:
        """Write what one event tells."""
        for entry in entries_of(event, files=self._files, policy=self._policy):
            self._output.write(entry)


class _Handler(logging.Handler):
    """Log records as entries; `extra={"fields": …}` adds to them."""

    def __init__(self, output: JsonOutput) -> None:
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Value] = {"logger": record.name, **fields_of(record)}
        if traceback := traceback_of(record):
            fields["traceback"] = traceback
        self._output.write(Entry(record.levelno, "log", sentence_of(record), fields))


def entries_of(event: ProgressEvent, *, files: Mapping[str, str] = _NO_FILES, policy: str = "") -> Iterator[Entry]:
    """The entries of one event of a run: one, and for an account one more for each failure in it.

    The last one names the run's files, by what they hold, and has the policy where the role lacks some of it.
    """
    match event:
        case AuditStarted():
            yield _started(event)
        case AccountsListed(count=count, finished=finished, excluded=excluded):
            level, known = (logging.INFO, "in all") if finished else (logging.DEBUG, "so far")
            message = f"{counted(count, 'account')} {known}"
            listed: dict[str, Value] = {"accounts": count, "finished": finished, "excluded": excluded}
            yield Entry(level, "accounts_listed", message, listed)
        case AccountFinished(report=report) if report.excluded:
            yield Entry(logging.DEBUG, "account_excluded", "the filters left it out", _named(report.account))
        case AccountFinished(report=report):
            yield from (_failure(report.account, failure) for failure in report.failures)
            yield _account(report)
        case AuditWarning(message=message):
            yield Entry(logging.WARNING, "warning", message)
        case Waiting(service=service, code=code, seconds=seconds):
            fields: dict[str, Value] = {"service": service, "error_code": code, "seconds": round(seconds, 3)}
            yield Entry(logging.WARNING, "waiting", f"{service} is unavailable ({code})", fields)
        case WaitingEnded():
            yield _waiting_ended(event)
        case AuditFinished(summary=summary):
            yield _finished(summary, files=files, policy=policy)


def _waiting_ended(event: WaitingEnded) -> Entry:
    fields: dict[str, Value] = {
        "service": event.service,
        "error_code": event.code,
        "seconds": round(event.seconds, 3),
        "answered": event.answered,
    }
    said = "is available again" if event.answered else "is still unavailable"
    return Entry(
        logging.INFO if event.answered else logging.WARNING, "waiting_ended", f"{event.service} {said}", fields
    )


def _started(event: AuditStarted) -> Entry:
    caller, period = event.caller, event.period
    fields = {
        "caller": caller.arn,
        "account_id": caller.account_id,
        "period_start": period.start.isoformat(),
        "period_end": period.end.isoformat(),
    }
    return Entry(logging.INFO, "audit_started", "the caller is known", fields)


def _failure(account: Account, failure: Failure) -> Entry:
    fields = {
        **_named(account),
        "section": failure.section.column,
        "error_code": failure.code,
        "action": failure.action,
        "request_id": failure.request_id,
        "count": failure.count,
    }
    return Entry(logging.ERROR, "failure", failure.message, fields)


def _account(report: AccountReport) -> Entry:
    fields = {
        **_named(report.account),
        "audited": report.audited,
        "complete": report.complete,
        "users": len(report.users),
        "findings": sum(1 for _ in report.findings()),
        "events": sum(1 for _ in report.happened()),
        "requests": report.requests,
        "throttles": report.throttles,
        "seconds": round(report.seconds, 3),
    }
    return Entry(logging.INFO, "account_finished", "the account's report is written", fields)


def _named(account: Account) -> dict[str, Value]:
    return {"account_id": account.id, "account_name": account.name}


def _finished(summary: AuditSummary, *, files: Mapping[str, str], policy: str) -> Entry:
    fields: dict[str, Value] = {
        "exit_code": summary.exit_code,
        "accounts": summary.accounts,
        "audited": summary.audited,
        "excluded": summary.excluded,
        "failed_accounts": summary.failed_accounts,
        "failures": summary.failures,
        "covered_accounts": summary.covered_accounts,
        "covered_facts": summary.covered_facts,
        "users": summary.users,
        "findings": summary.keys,
        "events": sum(summary.events_by_name.values()),
        "requests": summary.requests,
        "throttles": summary.throttles,
        "seconds": round(summary.seconds, 3),
        "missing_actions": dict(summary.missing_actions),
        "policy": json.loads(policy) if policy and summary.missing_actions else None,
        "files": dict(files),
    }
    return Entry(logging.INFO, "audit_finished", summary.interruption or "all accounts are finished", fields)

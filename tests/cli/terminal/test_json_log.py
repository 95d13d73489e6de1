"""What a machine reads: one JSON object a line, with account, section, request id and error code."""

import io
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor import (
    AccountFinished,
    AccountsListed,
    AuditFinished,
    AuditStarted,
    AuditWarning,
    Failure,
    ProgressEvent,
    Section,
    Waiting,
    WaitingEnded,
)
from auditor.cli.terminal.json_log import JsonOutput, entries_of
from auditor.model.placeholders import excluded
from tests.cli.terminal.screen import OPEN
from tests.samples import ACCOUNT, CALLER, PERIOD, REPORT, SUMMARY, report_of

NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
DENIED = Failure(Section.LAST_USED, "AccessDenied", "AccessDenied: not allowed", "request-1", 3, "iam:ListUsers")


class Log:
    """An output that writes to memory."""

    def __init__(self, level: int = logging.DEBUG) -> None:
        self._stream = io.StringIO()
        self.output = JsonOutput(self._stream, level=level, now=lambda: NOON)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What was written, read again."""
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]


def test_a_failure_has_account_section_request_id_and_code() -> None:
    """Each failure of an account is a line, and the account one more."""
    log = Log()
    with log.output.display() as display:
        display(AccountFinished(report_of(failures=(DENIED,))))
    failure, finished = log.lines
    assert failure == {
        "time": "2026-03-01T12:00:00.250+00:00",
        "level": "error",
        "event": "failure",
        "message": "AccessDenied: not allowed",
        "account_id": "111122223333",
        "account_name": "pagos-dev",
        "section": "last_used",
        "error_code": "AccessDenied",
        "action": "iam:ListUsers",
        "request_id": "request-1",
        "count": 3,
    }
    assert ("info", "account_finished", "111122223333", False) == tuple(
        finished[name] for name in ("level", "event", "account_id", "complete")
    )


def test_names_and_messages_of_any_kind_are_one_line() -> None:
    """Line ends, control characters and lone surrogates are escaped."""
    text = 'a\nb\r\u2028\x1b[2J "q" \ud800 ñ'
    log = Log()
    log.output.say(text)
    (line,) = log.lines
    assert ("error", "message", text) == (line["level"], line["event"], line["message"])


EVENTS: list[tuple[ProgressEvent, list[tuple[int, str]]]] = [
    (AuditStarted(CALLER, PERIOD), [(logging.INFO, "audit_started")]),
    (AccountsListed(20, finished=False), [(logging.DEBUG, "accounts_listed")]),
    (AccountsListed(40, finished=True), [(logging.INFO, "accounts_listed")]),
    (AccountFinished(REPORT), [(logging.INFO, "account_finished")]),
    (AccountFinished(excluded(ACCOUNT)), [(logging.DEBUG, "account_excluded")]),
    (AuditWarning("careful"), [(logging.WARNING, "warning")]),
    (Waiting("iam", "Timeout", 600.0), [(logging.WARNING, "waiting")]),
    (WaitingEnded("iam", "Timeout", 45.3, answered=True), [(logging.INFO, "waiting_ended")]),
    (WaitingEnded("iam", "Timeout", 600.3, answered=False), [(logging.WARNING, "waiting_ended")]),
    (AuditFinished(SUMMARY), [(logging.INFO, "audit_finished")]),
]


@pytest.mark.parametrize(("event", "expected"), EVENTS, ids=lambda value: type(value).__name__)
def test_every_event_is_told(event: ProgressEvent, expected: list[tuple[int, str]]) -> None:
    """Every event of a run is a line of its level, which JSON can hold."""
    entries = list(entries_of(event))
    assert expected == [(entry.level, entry.event) for entry in entries]
    assert entries == [replace(entry, fields=json.loads(json.dumps(dict(entry.fields)))) for entry in entries]


def test_the_end_has_the_exit_code_and_the_numbers() -> None:
    """The last line of a run says how it ended, and how much was covered."""
    (entry,) = entries_of(AuditFinished(SUMMARY))
    assert None is entry.fields["covered_facts"]
    expected = (SUMMARY.exit_code, SUMMARY.accounts, SUMMARY.keys, SUMMARY.covered_facts)
    assert expected == tuple(entry.fields[name] for name in ("exit_code", "accounts", "findings", "covered_facts"))


def test_the_end_names_the_files() -> None:
    """By what they hold, and from the root on, so that another program finds them."""
    log = Log()
    with log.output.display() as display:
        display.open(OPEN)
        display(AuditFinished(SUMMARY))
    names = {
        "iam_audit_report": "a.csv",
        "cloudtrail_events": "b.csv",
        "coverage": "c.csv",
        "iam_users": "d.csv",
        "journal": OPEN.journal.name,
    }
    assert {name: str(Path.cwd() / file) for name, file in names.items()} == log.lines[-1]["files"]


def test_the_end_has_what_the_role_lacks() -> None:
    """Each missing action has its number of accounts; the policy is an object, and null where none is missing."""
    lacking = replace(SUMMARY, missing_actions={"iam:GetAccountSummary": 37, "iam:ListUsers": 1})
    ends = []
    for summary in (SUMMARY, lacking):
        log = Log()
        with log.output.display() as display:
            display.open(replace(OPEN, policy='{"Version": "2012-10-17"}'))
            display(AuditFinished(summary))
        ends.append(log.lines[-1])
    assert [({}, None), ({"iam:GetAccountSummary": 37, "iam:ListUsers": 1}, {"Version": "2012-10-17"})] == [
        (end["missing_actions"], end["policy"]) for end in ends
    ]


def test_a_resumed_audit_says_what_it_asks_again_and_why() -> None:
    """How many accounts were finished before, and those that are asked again by the code of their failure."""
    log = Log()
    with log.output.display() as display:
        display.open(replace(OPEN, finished=1, again={"Throttling": 2}))
    assert {
        "event": "audit_resumed",
        "message": "1 account finished before",
        "accounts": 1,
        "asked_again": {"Throttling": 2},
    } == {name: log.lines[0][name] for name in ("event", "message", "accounts", "asked_again")}


@pytest.mark.parametrize(
    ("level", "expected"),
    [(logging.ERROR, ["message"]), (logging.INFO, ["audit_resumed", "message"])],
)
def test_what_is_below_the_level_is_not_written(level: int, expected: list[str]) -> None:
    """A quiet log has errors only."""
    log = Log(level)
    with log.output.display() as display:
        display.open(replace(OPEN, finished=3))
        display(AccountsListed(20, finished=False))
    log.output.say("It ended early.")
    assert expected == [line["event"] for line in log.lines]


def test_a_record_whose_values_do_not_fit_is_a_line() -> None:
    """A mistake in somebody's logging stops no audit, and breaks no line."""
    log = Log()
    log.output.handler.handle(logging.LogRecord("botocore", logging.ERROR, "x.py", 1, "%s and %s", ("one",), None))
    assert ["%s and %s"] == [line["message"] for line in log.lines]


def test_log_records_are_lines() -> None:
    """A record of `logging` has its logger's name, the fields that it brings, and its traceback in one string."""
    log = Log()
    error = ValueError("odd")
    for message, fields, reason in (
        ("account 1: throttled", {"account_id": "1", "error_code": "Throttling"}, None),
        ("it failed", {}, (ValueError, error, None)),
    ):
        record = logging.LogRecord("auditor.aws.request", logging.DEBUG, "access.py", 1, message, None, reason)
        record.fields = fields
        log.output.handler.handle(record)
    throttled, failed = log.lines
    assert {"level": "debug", "event": "log", "message": "account 1: throttled", "error_code": "Throttling"} == {
        name: throttled[name] for name in ("level", "event", "message", "error_code")
    }
    assert failed["traceback"].endswith("ValueError: odd")

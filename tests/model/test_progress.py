"""What a run tells while it goes on."""

import pickle

import pytest

from auditor import (
    AccountFinished,
    AccountsListed,
    AuditFinished,
    AuditStarted,
    AuditWarning,
    Observer,
    ProgressEvent,
    Waiting,
    WaitingEnded,
    ignore,
)
from tests.samples import CALLER, PERIOD, REPORT, SUMMARY

EVENTS: list[ProgressEvent] = [
    AuditStarted(CALLER, PERIOD),
    AccountsListed(20, finished=False),
    AccountsListed(20, finished=True, excluded=7),
    AccountFinished(REPORT),
    AuditWarning("careful"),
    Waiting("iam", "Timeout", 600.0),
    WaitingEnded("iam", "Timeout", 45.3, answered=True),
    AuditFinished(SUMMARY),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_events_travel(event: ProgressEvent) -> None:
    """An event survives pickling, with the report in it."""
    assert event == pickle.loads(pickle.dumps(event))  # noqa: S301 - made on this line


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_nobody_needs_to_look(event: ProgressEvent) -> None:
    """The observer that looks away takes every event."""
    observer: Observer = ignore
    observer(event)

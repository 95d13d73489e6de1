"""A list of events is a list like any other, and keeps what it says of the accounts."""

import copy
import json
import pickle

import pytest

from auditor.model.coverage import Failure, Section
from auditor.model.summary import AccountFailure, EventRow, EventRows

ROW = EventRow(
    eventTime="2026-02-27T12:00:00+00:00",
    eventName="CreateUser",
    username="ana",
    account_id="111122223333",
    account_name="pagos-dev",
    resources=["bea", "AIDA2"],
)
DENIED = Failure(Section.ROLE, "AccessDenied", "AccessDenied: no (sts assume_role)", "r-1")
FAILURE = AccountFailure("444455556666", "ventas", (DENIED, Failure(Section.EVENTS, "Timeout", "slow")))
ROWS = EventRows([ROW], failures=[FAILURE])


def test_it_is_a_list() -> None:
    """It has the rows in their order, equals a list of them, and is written as JSON like one."""
    assert [ROW] == ROWS
    assert [ROW, ROW] == ROWS + ROWS
    assert json.dumps([ROW]) == json.dumps(ROWS)
    assert ([], ()) == (EventRows(), EventRows().failures)


def test_it_says_who_failed() -> None:
    """An account that failed is told by id and name, with the first failure's code and message, and all of them."""
    (failure,) = ROWS.failures
    assert ("444455556666", "ventas") == (failure.account_id, failure.account_name)
    assert ("AccessDenied", "AccessDenied: no (sts assume_role)") == (failure.code, failure.message)
    assert [Section.ROLE, Section.EVENTS] == [each.section for each in failure.failures]


@pytest.mark.parametrize(
    "twin",
    [pickle.loads(pickle.dumps(ROWS)), copy.copy(ROWS), copy.deepcopy(ROWS)],  # noqa: S301 - our own bytes
    ids=["pickled", "copied", "deeply"],
)
def test_a_copy_says_the_same(twin: EventRows) -> None:
    """Copies, and what comes back from another process, have the rows and the failures."""
    assert (ROWS, ROWS.failures) == (twin, twin.failures)

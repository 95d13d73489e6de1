"""The errors: their tree, their exit codes, their words, and that they travel between processes."""

import copy
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

import auditor
from auditor import (
    AuditError,
    CallerError,
    ConfigurationError,
    DeniedError,
    EngineError,
    ExpiredError,
    IncompleteError,
    InvalidResponseError,
    ListingInterrupted,
    OrganizationError,
    RequestError,
    ThrottledError,
    UnreachableError,
    WriteError,
)

ERRORS: list[AuditError] = [
    AuditError("Something."),
    ConfigurationError("Wrong."),
    CallerError("Who?"),
    EngineError("Nobody is there."),
    OrganizationError("None."),
    ListingInterrupted(code="AccessDenied", message="no", listed=40),
    RequestError(
        code="Throttling",
        message="slower",
        service="iam",
        operation="list_users",
        status=400,
        request_id="r-1",
        answered_at=datetime(2026, 3, 1, tzinfo=UTC),
    ),
    DeniedError(code="AccessDenied", message="no", service="iam", operation="list_users", status=403),
    ThrottledError(code="Throttling", message="slower", service="iam", operation="list_users", status=400),
    ExpiredError(code="ExpiredToken", message="over", service="iam", operation="list_users", status=403),
    UnreachableError(code="Timeout", message="too late", service="iam", operation="list_users"),
    InvalidResponseError(code="InvalidResponse", message="odd", service="iam", operation="list_users"),
    IncompleteError("Some are missing.", rows=[{"username": "ana"}]),
    WriteError("Full."),
]
NOTED = [
    OrganizationError("None."),
    ListingInterrupted(code="AccessDenied", message="no", listed=40),
    RequestError(code="Throttling", message="slower", service="iam", operation="list_users"),
]


def name_of(error: AuditError) -> str:
    """The name of an error's class."""
    return type(error).__name__


def tree(kind: type[AuditError]) -> Iterator[type[AuditError]]:
    """A class and all below it."""
    yield kind
    for below in kind.__subclasses__():
        yield from tree(below)


def test_all_errors_are_tried() -> None:
    """There is one error of each public class here."""
    assert {kind for kind in tree(AuditError) if kind.__name__ in auditor.__all__} == {type(error) for error in ERRORS}


@pytest.mark.parametrize(
    ("kind", "parent", "code"),
    [
        (AuditError, Exception, 1),
        (ConfigurationError, AuditError, 2),
        (EngineError, AuditError, 1),
        (CallerError, AuditError, 1),
        (OrganizationError, AuditError, 1),
        (ListingInterrupted, OrganizationError, 3),
        (RequestError, AuditError, 1),
        (DeniedError, RequestError, 1),
        (ThrottledError, RequestError, 1),
        (ExpiredError, RequestError, 1),
        (UnreachableError, RequestError, 1),
        (InvalidResponseError, RequestError, 1),
        (IncompleteError, AuditError, 3),
        (WriteError, AuditError, 3),
    ],
)
def test_tree_and_exit_codes(kind: type[AuditError], parent: type[Exception], code: int) -> None:
    """Each error has its place in the tree, and the exit code that it stands for."""
    assert parent is kind.__bases__[0]
    assert code == kind.exit_code


@pytest.mark.parametrize("error", ERRORS, ids=name_of)
def test_errors_survive_pickling(error: AuditError) -> None:
    """An error that went to another process and came back has the same class, text and facts."""
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - made on this line
    assert type(error) is type(back)
    assert str(error) == str(back)
    assert vars(error) == vars(back)


@pytest.mark.parametrize("error", ERRORS, ids=name_of)
def test_errors_survive_copying(error: AuditError) -> None:
    """A copy of an error has the same class, text and facts."""
    back = copy.deepcopy(error)
    assert type(error) is type(back)
    assert str(error) == str(back)
    assert vars(error) == vars(back)


@pytest.mark.parametrize("error", NOTED, ids=name_of)
def test_errors_with_a_note_survive_pickling(error: AuditError) -> None:
    """A note that somebody added to an error does not keep it from travelling."""
    error.add_note("in the second try")
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - made on this line
    assert str(error) == str(back)


def test_words_of_an_interrupted_listing() -> None:
    """The text says how far the list came, and why no further."""
    error = ListingInterrupted(code="AccessDenied", message="no", listed=40)
    assert str(error) == "The list of accounts ended early, after 40: AccessDenied: no"


def test_words_of_a_refused_request() -> None:
    """The text names the code, AWS's message and what was asked."""
    error = RequestError(code="AccessDenied", message="no", service="iam", operation="list_users")
    assert str(error) == "AccessDenied: no (iam list_users)"
    assert (error.status, error.request_id) == (0, "")


def test_rows_of_an_incomplete_result_are_its_own() -> None:
    """The rows that an error holds do not change with the caller's."""
    row = {"username": "ana"}
    error = IncompleteError("Some are missing.", rows=[row])
    row["username"] = "bea"
    assert error.rows == [{"username": "ana"}]

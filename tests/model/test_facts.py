"""The nouns: frozen, slotted, whole after pickling, and what they tell of themselves."""

import copy
import dataclasses
import inspect
import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from auditor import (
    AccountReport,
    AccountState,
    Completeness,
    FailureGroup,
    Finding,
    Freshness,
    MfaKind,
    Section,
    SectionCoverage,
    Unknown,
)
from auditor.model import coverage, facts, period, placeholders, report, summary
from tests.samples import (
    ACCOUNT,
    CALLER,
    COVERAGE,
    DEVICE,
    EVENT,
    FAILURE,
    KEY,
    LOGIN_PROFILE,
    NOW,
    PERIOD,
    REFUSED_EVENT,
    REPORT,
    ROOT,
    ROOT_KEY,
    SERVICE_CREDENTIAL,
    SUMMARY,
    USE,
    USER,
    report_of,
)

INSTANCES: list[Any] = [
    ACCOUNT,
    CALLER,
    COVERAGE[0],
    DEVICE,
    EVENT,
    EVENT.resources[0],
    FAILURE,
    FailureGroup(Section.ROLE, "AccessDenied", count=3, examples=(ACCOUNT.name,), message="no"),
    Finding(ACCOUNT, USER, KEY),
    KEY,
    LOGIN_PROFILE,
    PERIOD,
    summary.AccountFailure("1", "a", (FAILURE,)),
    ROOT,
    ROOT_KEY,
    SERVICE_CREDENTIAL,
    replace(
        REPORT,
        users=(USER, replace(USER, keys=Unknown("AccessDenied"), mfa_devices=None)),
        failures=(FAILURE,),
    ),
    SUMMARY,
    USE,
    USER,
    Unknown("AccessDenied"),
    placeholders.Unlisted("NotListed", "the run was cut off"),
]


def test_all_models_are_tried() -> None:
    """There is an instance of each dataclass here."""
    classes = {
        member
        for module in (coverage, facts, period, placeholders, report, summary)
        for _, member in inspect.getmembers(module, inspect.isclass)
        if dataclasses.is_dataclass(member) and member.__module__ == module.__name__
    }
    assert classes == {type(instance) for instance in INSTANCES}


def test_models_are_frozen_and_slotted() -> None:
    """No field of a model can be set, and none can be added."""
    for instance in INSTANCES:
        field = dataclasses.fields(instance)[0].name
        with pytest.raises(FrozenInstanceError):
            setattr(instance, field, None)
        assert "__slots__" in vars(type(instance))
        assert not hasattr(instance, "__dict__")


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_models_survive_pickling(protocol: int) -> None:
    """A model that went to another process and came back is the same, all that it holds included."""
    for instance in INSTANCES:
        assert instance == pickle.loads(pickle.dumps(instance, protocol))  # noqa: S301 - made on this line


def test_models_survive_copying() -> None:
    """A deep copy of a model is equal to it."""
    for instance in INSTANCES:
        assert instance == copy.deepcopy(instance)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (AccountState.ACTIVE, True),
        (AccountState.PENDING_CLOSURE, True),
        (AccountState.PENDING_ACTIVATION, False),
        (AccountState.SUSPENDED, False),
        (AccountState.CLOSED, False),
    ],
)
def test_auditable_states(state: AccountState, *, expected: bool) -> None:
    """Accounts that work are audited, and one that is being closed still works."""
    assert expected is state.auditable


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (MfaKind.TOKEN, True),
        (MfaKind.FIDO, True),
        (MfaKind.VIRTUAL, False),
        (MfaKind.SMS, False),
        (MfaKind.OTHER, False),
    ],
)
def test_hardware_kinds(kind: MfaKind, *, expected: bool) -> None:
    """Tokens and FIDO keys are hardware."""
    assert expected is kind.hardware


def test_findings_are_keys() -> None:
    """There is one finding an access key, in AWS's order; none for users without keys or with unknown ones."""
    second = replace(KEY, id="AKIA2")
    read = report_of(
        replace(USER, keys=(KEY, second)),
        replace(USER, name="bea", keys=()),
        replace(USER, name="cid", keys=Unknown("AccessDenied")),
        replace(USER, name="dan", keys=(replace(KEY, id="AKIA3"),)),
    )
    expected = [("ana", "AKIA1"), ("ana", "AKIA2"), ("dan", "AKIA3")]
    assert expected == [(finding.user.name, finding.key.id) for finding in read.findings()]


def test_refused_events_did_not_happen() -> None:
    """Only events without an error code took place, those of which nobody can read whether they have one among them."""
    assert EVENT.happened
    assert all(replace(EVENT, error_code=code).happened for code in ("", "Success", Unknown("InvalidResponse")))
    assert not REFUSED_EVENT.happened
    assert [EVENT] == list(report_of(events=(EVENT, REFUSED_EVENT)).happened())


def test_a_failure_makes_a_report_incomplete() -> None:
    """A report is complete until something was left unanswered."""
    assert report_of().complete
    assert not report_of(failures=(FAILURE,)).complete


def test_an_account_that_was_not_entered_is_not_audited() -> None:
    """An account is audited where its role was assumed, whatever was refused behind it."""
    denied = SectionCoverage(Section.ROLE, Completeness.DENIED, 1, 0)
    assert report_of(failures=(FAILURE,)).audited
    assert not AccountReport(account=ACCOUNT, role="", coverage=(denied,)).audited
    assert not AccountReport(account=ACCOUNT, role="").audited


def test_exit_code_of_a_summary() -> None:
    """A run is complete unless an account failed or the listing ended early."""
    assert replace(SUMMARY, failed_accounts=0).exit_code == 0
    assert replace(SUMMARY, failed_accounts=1).exit_code == 3
    assert replace(SUMMARY, failed_accounts=0, interruption="ended early").exit_code == 3
    assert replace(SUMMARY, failed_accounts=0, not_auditable=5, refused_events=5, vanished=5).exit_code == 0


def test_freshness() -> None:
    """Facts are live unless a credential report gave some of them."""
    assert Freshness.LIVE is REPORT.freshness
    assert Freshness.REPORT is replace(REPORT, report_time=NOW).freshness

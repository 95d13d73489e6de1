"""The rows: every value, in both languages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from auditor import (
    Account,
    AccountReport,
    AccountState,
    EventResource,
    Labels,
    MfaDevice,
    MfaKind,
    Section,
    Unknown,
    User,
)
from auditor.model.facts import NOT_ASKED
from auditor.model.placeholders import Unlisted, excluded, failed, not_reached, unasked
from auditor.output.rows import (
    COVERAGE_COLUMNS,
    EVENT_COLUMNS,
    FINDING_COLUMNS,
    coverage_row,
    event_cells,
    event_rows,
    finding_rows,
    unlisted_row,
)
from auditor.output.words import time_text
from tests.samples import ACCOUNT, DEVICE, EVENT, FAILURE, KEY, NOW, REFUSED_EVENT, REPORT, USE, USER, report_of

DENIED = Unknown("AccessDenied")
EAST = timezone(timedelta(hours=5, minutes=30))


def finding_of(user: User, *, labels: Labels = Labels.ES) -> dict[str, str]:
    """The one row of a user with one key."""
    (row,) = finding_rows(report_of(user), labels=labels)
    return row


def devices_of(*kinds: MfaKind) -> tuple[MfaDevice, ...]:
    """Devices of these kinds."""
    return tuple(replace(DEVICE, kind=kind) for kind in kinds)


def test_a_finding() -> None:
    """A row has the columns of the file, in their order."""
    row = finding_of(USER)
    assert list(FINDING_COLUMNS) == list(row)
    assert row == {
        "account_id": "111122223333",
        "account_name": "pagos-dev",
        "username": "ana",
        "password_status": "Configurada",
        "password_last_used": "2026-02-28T12:00:00+00:00",
        "access_key_id": "AKIA1",
        "status": "Active",
        "created_date": "2026-02-19T12:00:00+00:00",
        "last_used_date": "2026-02-02T03:04:05+00:00",
        "service_name": "s3",
        "mfa_status": "Virtual",
    }


@pytest.mark.parametrize(
    ("has_password", "spanish", "english"),
    [
        (True, "Configurada", "Configured"),
        (False, "No configurada", "Not configured"),
        (DENIED, "Desconocido (AccessDenied)", "Unknown (AccessDenied)"),
        (None, "Desconocido (NotAsked)", "Unknown (NotAsked)"),
    ],
)
def test_password_status(has_password: bool | Unknown | None, spanish: str, english: str) -> None:  # noqa: FBT001 - a value of the model
    """There is a password or there is none, or it is said why that is not known."""
    user = replace(USER, has_password=has_password)
    assert spanish == finding_of(user)["password_status"]
    assert english == finding_of(user, labels=Labels.EN)["password_status"]


def test_password_never_used() -> None:
    """A password without a last use was never used; the word does not say whether there is one."""
    user = replace(USER, password_last_used=None)
    assert finding_of(user)["password_last_used"] == "Nunca"
    assert finding_of(user, labels=Labels.EN)["password_last_used"] == "Never"


def test_password_that_is_gone() -> None:
    """A password that was used and is gone keeps its last use."""
    row = finding_of(replace(USER, has_password=False))
    assert ("No configurada", "2026-02-28T12:00:00+00:00") == (row["password_status"], row["password_last_used"])


def test_a_key_that_was_never_used() -> None:
    """A key without a last use has no service either."""
    user = replace(USER, keys=(replace(KEY, last_use=None),))
    row, english = finding_of(user), finding_of(user, labels=Labels.EN)
    assert ("Nunca utilizada", "N/A") == (row["last_used_date"], row["service_name"])
    assert ("Never used", "N/A") == (english["last_used_date"], english["service_name"])


def test_a_key_whose_use_was_refused() -> None:
    """A use that was refused is unknown, date and service both."""
    user = replace(USER, keys=(replace(KEY, last_use=DENIED),))
    row, english = finding_of(user), finding_of(user, labels=Labels.EN)
    assert {"Desconocido (AccessDenied)"} == {row["last_used_date"], row["service_name"]}
    assert {"Unknown (AccessDenied)"} == {english["last_used_date"], english["service_name"]}


@pytest.mark.parametrize("status", ["Active", "Inactive", "Expired", "SomethingNew"])
def test_key_status(status: str) -> None:
    """AWS's word for a key's status is kept as it is."""
    assert status == finding_of(replace(USER, keys=(replace(KEY, status=status),)))["status"]


def test_what_can_not_be_read_of_a_key() -> None:
    """A status or a date that can't be read says so in its cell, and all other cells are what they are."""
    odd = Unknown("InvalidResponse")
    user = replace(USER, password_last_used=odd, keys=(replace(KEY, status=odd, created_at=odd),))
    columns = ("status", "created_date", "password_last_used")
    for labels, unknown in ((Labels.ES, "Desconocido"), (Labels.EN, "Unknown")):
        whole = finding_of(USER, labels=labels)
        assert whole | dict.fromkeys(columns, f"{unknown} (InvalidResponse)") == finding_of(user, labels=labels)


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (replace(REPORT, foreign_events=7), "7"),
        (replace(REPORT, foreign_events=0), "0"),
        (replace(REPORT, foreign_events=NOT_ASKED), ""),
        (not_reached(ACCOUNT), "0"),
        (AccountReport(ACCOUNT, role=""), "0"),
    ],
    ids=["some", "none", "an older version's", "not reached", "not entered"],
)
def test_events_of_other_services_are_counted(report: AccountReport, expected: str) -> None:
    """The cell is a number as the others; empty only where an older version did not count them."""
    assert expected == coverage_row(report)["foreign_event_count"]


OLDER = tuple(
    covered for covered in REPORT.coverage if covered.section not in {Section.ROOT, Section.SERVICE_CREDENTIALS}
)


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (REPORT, ("complete", "complete")),
        (replace(REPORT, coverage=OLDER), ("", "")),
        (not_reached(ACCOUNT), ("not reached", "not reached")),
        (failed(ACCOUNT, replace(FAILURE, section=Section.ROLE)), ("skipped", "skipped")),
        (unasked(replace(ACCOUNT, state=AccountState.SUSPENDED)), ("skipped", "skipped")),
        (AccountReport(ACCOUNT, role=""), ("", "")),
    ],
    ids=["entered", "an older version's", "not reached", "not entered", "suspended", "no sections"],
)
def test_root_and_service_credentials_are_covered_last(report: AccountReport, expected: tuple[str, str]) -> None:
    """A word each, as of the other sections; empty only where an older version did not know them."""
    row = coverage_row(report)
    assert list(zip(("root", "service_credentials"), expected, strict=True)) == list(row.items())[-3:-1]
    assert list(COVERAGE_COLUMNS) == list(row)


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (ACCOUNT, ""),
        (replace(ACCOUNT, paths=("o-1/r-1/ou-1-a/ou-1-b/111122223333/",)), "r-1/ou-1-a/ou-1-b"),
        (replace(ACCOUNT, paths=("o-1/r-1/ou-1-a/111122223333/",), ou_path="Root/Prod"), "Root/Prod"),
    ],
    ids=["unknown", "ids", "names"],
)
def test_where_an_account_is_stands_last(account: Account, expected: str) -> None:
    """By names where they are known, else by ids, and empty where neither are."""
    assert ("ou_path", expected) == list(coverage_row(replace(REPORT, account=account)).items())[-1]


def test_an_account_that_was_left_out() -> None:
    """Its role is excluded, all else was skipped, and nothing is missing of it."""
    report = excluded(ACCOUNT)
    row = coverage_row(report)
    assert ("excluded", {"skipped"}) == (
        row["role"],
        {row[section.column] for section in Section if section is not Section.ROLE},
    )
    assert (True, True, True, False) == (report.excluded, report.complete, report.reached, report.audited)
    assert ("", "", "") == (row["error_code"], row["freshness"], row["role_used"])


def test_the_accounts_that_were_not_listed() -> None:
    """No section of theirs was reached, those of root and service credentials among them; nothing is counted."""
    row = unlisted_row(Unlisted("NotListed", "the run was cut off"))
    assert list(COVERAGE_COLUMNS) == list(row)
    assert {"not reached"} == {row[section.column] for section in Section}
    assert ("organization", "0", "NotListed") == (row["account_id"], row["user_count"], row["error_code"])


def test_a_key_without_a_date() -> None:
    """A key that AWS gave no date says so."""
    assert finding_of(replace(USER, keys=(replace(KEY, created_at=None),)))["created_date"] == "N/A"


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((), "None"),
        ((MfaKind.VIRTUAL,), "Virtual"),
        ((MfaKind.TOKEN,), "Hardware"),
        ((MfaKind.FIDO,), "Hardware"),
        ((MfaKind.VIRTUAL, MfaKind.FIDO), "Hardware"),
        ((MfaKind.FIDO, MfaKind.VIRTUAL), "Hardware"),
        ((MfaKind.VIRTUAL, MfaKind.VIRTUAL, MfaKind.TOKEN), "Hardware"),
        ((MfaKind.SMS, MfaKind.VIRTUAL), "Virtual"),
        ((MfaKind.OTHER, MfaKind.TOKEN), "Hardware"),
    ],
)
@pytest.mark.parametrize("labels", list(Labels))
def test_mfa_status(kinds: tuple[MfaKind, ...], expected: str, labels: Labels) -> None:
    """Any hardware device makes hardware, else any virtual one virtual; the words are those of both languages."""
    assert expected == finding_of(replace(USER, mfa_devices=devices_of(*kinds)), labels=labels)["mfa_status"]


@pytest.mark.parametrize(
    ("devices", "spanish", "english"),
    [
        (DENIED, "Desconocido (AccessDenied)", "Unknown (AccessDenied)"),
        (None, "Desconocido (NotAsked)", "Unknown (NotAsked)"),
        (devices_of(MfaKind.OTHER), "Desconocido (other)", "Unknown (other)"),
        (devices_of(MfaKind.SMS), "Desconocido (sms)", "Unknown (sms)"),
    ],
)
def test_mfa_that_is_not_known(devices: tuple[MfaDevice, ...] | Unknown | None, spanish: str, english: str) -> None:
    """Devices that were refused, or that are neither virtual nor hardware, are never `None`."""
    user = replace(USER, mfa_devices=devices)
    assert spanish == finding_of(user)["mfa_status"]
    assert english == finding_of(user, labels=Labels.EN)["mfa_status"]


def test_one_row_a_key() -> None:
    """A user has as many rows as keys, and none without keys or where they were refused."""
    users = (
        replace(USER, keys=(KEY, replace(KEY, id="AKIA2"))),
        replace(USER, name="bea", keys=()),
        replace(USER, name="cid", keys=DENIED),
    )
    rows = finding_rows(report_of(*users), labels=Labels.ES)
    assert [("ana", "AKIA1"), ("ana", "AKIA2")] == [(row["username"], row["access_key_id"]) for row in rows]


def test_an_event() -> None:
    """A row has the columns of the file, in their order; its user is the actor."""
    (row,) = event_rows(report_of(events=(EVENT,)))
    assert list(EVENT_COLUMNS) == list(row)
    assert row == {
        "eventTime": "2026-02-27T12:00:00+00:00",
        "eventName": "CreateUser",
        "username": "root-of-all",
        "account_id": ACCOUNT.id,
        "account_name": ACCOUNT.name,
        "resources": ["ana", "AIDA1"],
    }


def test_an_event_without_actor_and_resources() -> None:
    """An actor that CloudTrail does not name is not applicable; no resources are an empty cell."""
    report = report_of(events=(replace(EVENT, username="", resources=()),))
    (row,), (cells,) = event_rows(report), event_cells(report)
    assert ("N/A", []) == (row["username"], row["resources"])
    assert ("N/A", "") == (cells["username"], cells["resources"])


def test_resources_keep_their_order() -> None:
    """Resources are a list in CloudTrail's order; the file's cell can be taken apart again, whatever IAM allows."""
    names = ["z", "a,b", "arn:aws:iam::1:user/x,/y+=,.@-", "m"]
    resources = tuple(EventResource("AWS::IAM::User", name) for name in names)
    report = report_of(events=(replace(EVENT, resources=resources),))
    (row,), (cells,) = event_rows(report), event_cells(report)
    assert names == row["resources"]
    assert names == cells["resources"].split(", ")


def test_the_files_cells_of_an_event() -> None:
    """Every cell of the file is the row's text, but for the resources, in the same columns."""
    (row,), (cells,) = event_rows(report_of(events=(EVENT,))), event_cells(report_of(events=(EVENT,)))
    assert list(EVENT_COLUMNS) == list(cells)
    assert {**row, "resources": "ana, AIDA1"} == cells


def test_refused_events_have_no_row() -> None:
    """An event that AWS refused did not happen: it is not in the file."""
    other = replace(EVENT, id="event-3", name="DeleteUser")
    rows = event_rows(report_of(events=(EVENT, REFUSED_EVENT, other)))
    assert ["CreateUser", "DeleteUser"] == [row["eventName"] for row in rows]


def test_times() -> None:
    """Times are ISO 8601 in UTC, in whole seconds; no time is no text."""
    assert time_text(datetime(2026, 1, 1, 2, 0, 0, 999_999, tzinfo=EAST)) == "2025-12-31T20:30:00+00:00"
    assert time_text(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00+00:00"
    assert time_text(None) == ""


def test_times_of_a_row_are_utc() -> None:
    """Every time in a row is in UTC, whatever zone it came in."""
    local = NOW.astimezone(EAST)
    key = replace(KEY, created_at=local, last_use=replace(USE, at=local))
    row = finding_of(replace(USER, password_last_used=local, keys=(key,)))
    assert {"2026-03-01T12:00:00+00:00"} == {
        row["created_date"],
        row["last_used_date"],
        row["password_last_used"],
    }

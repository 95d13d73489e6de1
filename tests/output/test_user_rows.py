"""The rows of users and of root: every value, in both languages, and what is not known in its cell only."""

import csv
import io
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditor import AccessKey, AccountReport, KeyUse, Labels, MfaDevice, MfaKind, Unknown, User
from auditor.model.facts import NOT_ASKED, NotAsked, Root, RootKey, ServiceCredential
from auditor.model.placeholders import not_reached
from auditor.output.csv import account_texts
from auditor.output.user_rows import ROOT_NAME, USER_COLUMNS, user_rows
from tests.output.reading import read_back
from tests.samples import ACCOUNT, DEVICE, KEY, ROOT, ROOT_KEY, SERVICE_CREDENTIAL, USE, USER, report_of

DENIED = Unknown("AccessDenied")
ODD = Unknown("InvalidResponse")
UNTOLD = Unknown("OnlyInReport")
UNKNOWN = {Labels.ES: "Desconocido", Labels.EN: "Unknown"}
FULL = replace(USER, service_credentials=(SERVICE_CREDENTIAL,))
LIVE = replace(ROOT, keys=UNTOLD, created_at=UNTOLD, password_last_used=UNTOLD)
"""Root as it is known without a credential report."""

moments = st.datetimes(timezones=st.just(UTC)).filter(lambda moment: not moment.fold)
facts = st.none() | st.just(DENIED) | moments


def row_of(user: User, *, labels: Labels = Labels.ES) -> dict[str, str]:
    """The one row of an account with one user, without root."""
    (row,) = user_rows(report_of(user), labels=labels)
    return row


def root_row(root: Root, *, labels: Labels = Labels.ES) -> dict[str, str]:
    """The one row of an account without users."""
    (row,) = user_rows(replace(report_of(), root=root), labels=labels)
    return row


def key_of(status: str | Unknown = "Active", last_use: KeyUse | Unknown | None = None) -> AccessKey:
    """A key with this status and use."""
    return replace(KEY, status=status, last_use=last_use)


def credential_of(status: str | Unknown) -> ServiceCredential:
    """A service-specific credential with this status."""
    return replace(SERVICE_CREDENTIAL, status=status)


def test_a_user() -> None:
    """A row has the columns of the file, in their order."""
    row = row_of(FULL)
    assert list(USER_COLUMNS) == list(row)
    assert row == {
        "account_id": "111122223333",
        "account_name": "pagos-dev",
        "username": "ana",
        "arn": "arn:aws:iam::111122223333:user/ana",
        "created_date": "2025-11-21T12:00:00+00:00",
        "password_status": "Configurada",
        "password_last_used": "2026-02-28T12:00:00+00:00",
        "mfa_status": "Virtual",
        "active_keys": "1",
        "inactive_keys": "0",
        "service_credentials": "1",
        "last_activity": "2026-02-28T12:00:00+00:00",
    }
    words = {"password_status": "Configured"}
    assert row | words == row_of(FULL, labels=Labels.EN)


def test_root() -> None:
    """It has the credential report's name, and no service-specific credentials, which it can't have."""
    row = root_row(ROOT)
    assert list(USER_COLUMNS) == list(row)
    assert row == {
        "account_id": "111122223333",
        "account_name": "pagos-dev",
        "username": "<root_account>",
        "arn": "arn:aws:iam::111122223333:root",
        "created_date": "2023-06-05T12:00:00+00:00",
        "password_status": "Configurada",
        "password_last_used": "2026-02-25T12:00:00+00:00",
        "mfa_status": "Virtual",
        "active_keys": "1",
        "inactive_keys": "0",
        "service_credentials": "N/A",
        "last_activity": "2026-02-26T12:00:00+00:00",
    }
    assert row | {"password_status": "Configured"} == root_row(ROOT, labels=Labels.EN)


def test_root_is_first() -> None:
    """Users are in AWS's order behind it, those without a key among them."""
    users = tuple(
        replace(USER, name=name, keys=keys) for name, keys in (("cid", ()), ("ana", (KEY, KEY)), ("bea", DENIED))
    )
    rows = user_rows(replace(report_of(*users), root=ROOT), labels=Labels.ES)
    assert [ROOT_NAME, "cid", "ana", "bea"] == [row["username"] for row in rows]
    assert ["cid", "ana", "bea"] == [row["username"] for row in user_rows(report_of(*users), labels=Labels.ES)]


@pytest.mark.parametrize("report", [AccountReport(ACCOUNT, role=""), not_reached(ACCOUNT)])
def test_an_account_that_was_not_entered_has_no_row(report: AccountReport) -> None:
    """Not even of root: the coverage says why."""
    assert [] == user_rows(report, labels=Labels.ES)


@pytest.mark.parametrize("labels", Labels)
def test_what_was_not_asked_of_a_user_without_keys(labels: Labels) -> None:
    """As with `UserScope.WITH_KEYS`: whoever was listed has a row, and each cell says what nobody asked."""
    user = replace(USER, keys=(), has_password=None, mfa_devices=None)
    not_asked = f"{UNKNOWN[labels]} (NotAsked)"
    expected = {
        "password_status": not_asked,
        "mfa_status": not_asked,
        "active_keys": "0",
        "inactive_keys": "0",
        "service_credentials": not_asked,
        "last_activity": "2026-02-28T12:00:00+00:00",
    }
    row = row_of(user, labels=labels)
    assert row | expected == row


@pytest.mark.parametrize(
    ("change", "cells"),
    [
        ({"created_at": ODD}, ["created_date"]),
        ({"has_password": ODD}, ["password_status"]),
        ({"password_last_used": ODD}, ["password_last_used", "last_activity"]),
        ({"mfa_devices": ODD}, ["mfa_status"]),
        ({"keys": ODD}, ["active_keys", "inactive_keys", "last_activity"]),
        ({"keys": (key_of(ODD, USE),)}, ["active_keys", "inactive_keys"]),
        ({"keys": (key_of("Active", ODD),)}, ["last_activity"]),
        ({"service_credentials": ODD}, ["service_credentials"]),
        ({"service_credentials": (SERVICE_CREDENTIAL, credential_of(ODD))}, ["service_credentials"]),
    ],
)
@pytest.mark.parametrize("labels", Labels)
def test_what_is_not_known_of_a_user(change: dict[str, Any], cells: list[str], labels: Labels) -> None:
    """It says so in the cells that rest on it, and all others are what they are."""
    expected = row_of(FULL, labels=labels) | dict.fromkeys(cells, f"{UNKNOWN[labels]} (InvalidResponse)")
    assert expected == row_of(replace(FULL, **change), labels=labels)


@pytest.mark.parametrize(
    ("change", "cells"),
    [
        ({"created_at": ODD}, ["created_date"]),
        ({"has_password": ODD}, ["password_status"]),
        ({"password_last_used": ODD}, ["password_last_used", "last_activity"]),
        ({"has_mfa": ODD}, ["mfa_status"]),
        ({"mfa_devices": ODD}, ["mfa_status"]),
        ({"has_keys": ODD, "keys": ODD}, ["active_keys", "inactive_keys", "last_activity"]),
        ({"keys": ODD}, ["active_keys", "inactive_keys", "last_activity"]),
        ({"keys": (ROOT_KEY, replace(ROOT_KEY, active=ODD))}, ["active_keys", "inactive_keys"]),
        ({"has_certificates": ODD}, []),
    ],
)
@pytest.mark.parametrize("labels", Labels)
def test_what_is_not_known_of_root(change: dict[str, Any], cells: list[str], labels: Labels) -> None:
    """As of any user; of its certificates there is no column."""
    expected = root_row(ROOT, labels=labels) | dict.fromkeys(cells, f"{UNKNOWN[labels]} (InvalidResponse)")
    assert expected == root_row(replace(ROOT, **change), labels=labels)


@pytest.mark.parametrize("labels", Labels)
def test_root_without_a_credential_report(labels: Labels) -> None:
    """Whether it has a password, MFA and keys is known; how many keys, and when it was used, only the report tells."""
    row, untold = root_row(LIVE, labels=labels), f"{UNKNOWN[labels]} (OnlyInReport)"
    assert {"created_date", "password_last_used", "active_keys", "inactive_keys", "last_activity"} == {
        name for name, cell in row.items() if cell == untold
    }
    assert ("Virtual", "N/A") == (row["mfa_status"], row["service_credentials"])


def test_root_that_has_nothing() -> None:
    """No keys are none, whatever the report would tell of them; its login stays unknown without it."""
    nothing = replace(LIVE, has_password=False, has_mfa=False, has_keys=False, mfa_devices=())
    row = root_row(nothing)
    assert ("No configurada", "None", "0", "0") == tuple(
        row[name] for name in ("password_status", "mfa_status", "active_keys", "inactive_keys")
    )
    assert "Desconocido (OnlyInReport)" == row["last_activity"]
    assert "Nunca" == root_row(replace(nothing, password_last_used=None))["last_activity"]


def test_root_of_whom_nothing_was_answered() -> None:
    """GetAccountSummary was refused: no cell says that there is nothing."""
    refused: dict[str, Any] = {field.name: DENIED for field in fields(Root) if field.name != "arn"}
    row = root_row(replace(ROOT, **refused), labels=Labels.EN)
    told = {"account_id", "account_name", "username", "arn", "service_credentials"}
    assert {"Unknown (AccessDenied)"} == {cell for name, cell in row.items() if name not in told}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(MfaKind.VIRTUAL, "Virtual"), (MfaKind.UNNAMED_HARDWARE, "Hardware"), (MfaKind.OTHER, "Desconocido (other)")],
)
def test_the_kind_of_roots_mfa(kind: MfaKind, expected: str) -> None:
    """The words are those of users; without MFA no device counts."""
    devices: tuple[MfaDevice, ...] = (replace(DEVICE, kind=kind),)
    assert expected == root_row(replace(ROOT, mfa_devices=devices))["mfa_status"]
    assert "None" == root_row(replace(ROOT, mfa_devices=devices, has_mfa=False))["mfa_status"]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], ("0", "0")),
        (["Active", "Active"], ("2", "0")),
        (["Active", "Inactive"], ("1", "1")),
        (["Expired", "active"], ("0", "2")),
        (["Active", DENIED], ("Desconocido (AccessDenied)",) * 2),
        ([ODD, DENIED], ("Desconocido (InvalidResponse)",) * 2),
    ],
)
def test_counts_of_keys(statuses: list[str | Unknown], expected: tuple[str, str]) -> None:
    """Whatever is not AWS's `Active` is inactive; one status that is not known leaves both numbers open."""
    row = row_of(replace(USER, keys=tuple(map(key_of, statuses))))
    assert expected == (row["active_keys"], row["inactive_keys"])


@pytest.mark.parametrize(
    ("active", "expected"),
    [
        ([], ("0", "0")),
        ([True, False], ("1", "1")),
        ([False, DENIED], ("Desconocido (AccessDenied)",) * 2),
    ],
)
def test_counts_of_roots_keys(active: list[bool | Unknown], expected: tuple[str, str]) -> None:
    """As of a user's."""
    row = root_row(replace(ROOT, keys=tuple(RootKey(one, None) for one in active)))
    assert expected == (row["active_keys"], row["inactive_keys"])


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        (NOT_ASKED, "Desconocido (NotAsked)"),
        (DENIED, "Desconocido (AccessDenied)"),
        ((), "0"),
        (tuple(map(credential_of, ("Active", "Inactive", "Expired", "Active", "SomethingNew"))), "2"),
        ((credential_of("Active"), credential_of(ODD)), "Desconocido (InvalidResponse)"),
    ],
)
def test_service_credentials(credentials: tuple[ServiceCredential, ...] | Unknown | NotAsked, expected: str) -> None:
    """Those that are active are counted, and an unknown number is no number."""
    assert expected == row_of(replace(USER, service_credentials=credentials))["service_credentials"]


def test_who_never_did_anything() -> None:
    """Neither password nor key was ever used."""
    user = replace(USER, password_last_used=None, keys=(key_of(), key_of("Inactive")))
    assert "Nunca" == row_of(user)["last_activity"]
    assert "Never" == row_of(user, labels=Labels.EN)["last_activity"]


@given(password=facts, uses=st.lists(facts, max_size=3))
def test_the_last_activity_is_the_latest(
    password: datetime | Unknown | None, uses: list[datetime | Unknown | None]
) -> None:
    """Of a user and of root alike; where any of them is not known, neither is the latest."""
    moments = [password, *uses]
    known = [moment for moment in moments if isinstance(moment, datetime)]
    expected = max(known).isoformat(timespec="seconds") if known else "Nunca"
    if DENIED in moments:
        expected = "Desconocido (AccessDenied)"
    keys = tuple(key_of("Active", KeyUse(use, "s3", "") if isinstance(use, datetime) else use) for use in uses)
    assert expected == row_of(replace(USER, password_last_used=password, keys=keys))["last_activity"]
    roots = tuple(RootKey(active=True, last_used_at=use) for use in uses)
    assert expected == root_row(replace(ROOT, password_last_used=password, keys=roots))["last_activity"]


@given(st.datetimes(timezones=st.timezones()).filter(lambda moment: 1 < moment.year < 9999))
def test_times_are_utc(moment: datetime) -> None:
    """Whatever zone they came in."""
    row = row_of(replace(USER, created_at=moment, password_last_used=moment, keys=()))
    cells = [row[name] for name in ("created_date", "password_last_used", "last_activity")]
    assert [True] * 3 == [cell.endswith("+00:00") for cell in cells]
    assert all(timedelta(0) <= moment - datetime.fromisoformat(cell) < timedelta(seconds=1) for cell in cells)


@given(st.text("=+-@\t\r\n'\";, a/é\uff1d", min_size=1), st.text("=+-@'\";,: a/", min_size=1))
@example("=cmd()", "@sum")
def test_no_name_is_run_by_a_spreadsheet(name: str, arn: str) -> None:
    """Names and ARNs are guarded as all cells are, and read back exactly."""
    text = account_texts([report_of(replace(USER, name=name, arn=arn))], labels=Labels.ES)[3].decode()
    (written,), (row,) = csv.reader(io.StringIO(text, newline="")), read_back(text)
    places = [USER_COLUMNS.index(column) for column in ("username", "arn")]
    assert [name, arn] == [row[place] for place in places]
    assert not any(written[place].startswith(tuple("=+-@\t\r\n\uff1d")) for place in places)

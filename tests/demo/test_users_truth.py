"""The users table that the truth tells is the one that a straight script reads."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from anyio import to_thread

from auditor.demo import (
    Account,
    AccountFacts,
    Organization,
    Scenario,
    UsersTruth,
    build_organization,
    serve,
    users_truth,
)
from tests.demo.reading import Reader
from tests.demo.users_reading import COLUMNS, Row, users_table

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
SMALL = Scenario(accounts=14, users=3, largest_account=20)
HOUR = 3600.0


async def _read(
    scenario: Scenario, *, freshness: Literal["live", "report"] = "live", users: Literal["all", "with-keys"] = "all"
) -> tuple[UsersTruth, list[Row]]:
    """What is true of the scenario's organization, and what a script reads of it."""
    organization = build_organization(scenario)
    by_report, all_users = freshness == "report", users == "all"
    async with serve(organization) as server:
        read = await to_thread.run_sync(lambda: users_table(Reader(server), by_report=by_report, all_users=all_users))
    return users_truth(organization, freshness=freshness, users=users), read


def _build(**changes: object) -> Organization:
    return build_organization(replace(SMALL, now=NOW, **changes))  # type: ignore[arg-type]  # each by its own name


def _cells(told: UsersTruth, organization: Organization, name: str) -> dict[str, str]:
    """The cells of the account's user whose name begins so."""
    accounts = {account.id: account.index for account in organization.accounts}
    (row,) = [row for row in told.rows if row["username"].startswith(f"{name}-{accounts[row['account_id']]}-")][:1]
    return row


@pytest.mark.anyio
@pytest.mark.parametrize("scenario", [SMALL, replace(SMALL, partition="aws-cn", seed=3)], ids=["small", "China"])
@pytest.mark.parametrize("users", ["all", "with-keys"])
async def test_a_straight_script_reads_the_users_table(scenario: Scenario, users: Literal["all", "with-keys"]) -> None:
    """Live, every row is there in the order of the lists, with all users and with only those who have keys."""
    told, read = await _read(scenario, users=users)
    assert {COLUMNS} == {tuple(row) for row in told.rows}
    assert told.rows == [{column: row[column] for column in COLUMNS} for row in read]


@pytest.mark.anyio
@pytest.mark.parametrize("report_age", [None, HOUR, 0.0, 5 * HOUR], ids=["new", "old", "of now", "expired"])
@pytest.mark.parametrize("users", ["all", "with-keys"])
async def test_a_straight_script_reads_the_users_table_by_report(
    report_age: float | None, users: Literal["all", "with-keys"]
) -> None:
    """However old the report is, the rows are those of who asks only what it is not sure of."""
    told, read = await _read(replace(SMALL, report_age=report_age), freshness="report", users=users)
    rows = [{column: row[column] for column in COLUMNS} for row in read if row["username"] not in told.unsettled]
    assert told.rows == rows


def test_who_vanishes() -> None:
    """A user who is gone before their keys are listed has no row; one without a key who goes then has one."""
    organization = _build()
    told = users_truth(organization)
    names = {row["username"] for row in told.rows}
    kinds = {name.partition("-")[0]: name in names for name in told.unsettled}
    assert kinds == {
        "vanishes.listed": False,
        "vanishes.keys": False,
        "vanishes.key": True,
        "vanishes.console.listed": False,
        "vanishes.console.keys": True,
    }
    assert ["vanishes.keys"] == [row["username"].partition("-")[0] for row in told.passing]


def test_what_was_not_asked() -> None:
    """It is said so, and of users without a key more is not asked where only the others are wanted."""
    organization = _build()
    whole, keyed = users_truth(organization, labels="en"), users_truth(organization, labels="en", users="with-keys")
    facts = ("password_status", "mfa_status", "service_credentials")
    nothing = _cells(whole, organization, "nothing.totp")
    assert ("Not configured", "Unknown (NotAsked)", "0") == tuple(nothing[fact] for fact in facts)
    console = _cells(keyed, organization, "console.virtual.totp")
    assert ("Unknown (NotAsked)",) * 3 == tuple(console[fact] for fact in facts)
    assert "<root_account>" not in {row["username"] for row in keyed.rows}


def test_what_the_report_tells_of_mfa() -> None:
    """Without a key a virtual device is all that is looked for, and another one only of who can sign in."""
    organization = _build()
    told = users_truth(organization, freshness="report")
    expected = {
        "console.none": "None",
        "console.virtual": "Virtual",
        "console.totp": "Hardware",
        "console.virtual.totp": "Virtual",
        "console.sms": "Desconocido (sms)",
        "nothing.none": "None",
        "nothing.virtual": "Virtual",
        "nothing.totp": "Desconocido (NotAsked)",
    }
    assert expected == {name: _cells(told, organization, name)["mfa_status"] for name in expected}


def test_what_an_old_report_tells_of_passwords() -> None:
    """It is as old as the report for who is in it unchanged, and new for who is not."""
    organization = _build(report_age=HOUR)
    told, live = users_truth(organization, freshness="report"), users_truth(organization)
    stale = ("console.new.password", "console.lost.password", "new.password")
    words = ("No configurada", "Configurada", "No configurada")
    assert words == tuple(_cells(told, organization, name)["password_status"] for name in stale)
    assert not set(words) - {"Configurada", "No configurada"}
    assert ("Configurada", "No configurada", "Configurada") == tuple(
        _cells(live, organization, name)["password_status"] for name in stale
    )
    assert "Configurada" == _cells(told, organization, "new.console")["password_status"]


def test_denied_facts_of_users_read_so() -> None:
    """A refused fact is told as refused; MFA is asked of all of whom no password is known."""
    denied = {"*": frozenset({"iam:GetLoginProfile", "iam:ListServiceSpecificCredentials"})}
    told = users_truth(_build(denied_actions=denied))
    users = [row for row in told.rows if row["username"] != "<root_account>"]
    assert {"Desconocido (AccessDenied)"} == {row["password_status"] for row in users}
    assert {"Desconocido (AccessDenied)"} == {row["service_credentials"] for row in users}
    assert "Desconocido (NotAsked)" not in {row["mfa_status"] for row in users}


def test_denied_keys_leave_a_row() -> None:
    """A user of whom no keys may be listed has a row, which says so."""
    told = users_truth(_build(denied_actions={"*": frozenset({"iam:ListAccessKeys"})}))
    users = [row for row in told.rows if row["username"] != "<root_account>"]
    cells = {row[column] for row in users for column in ("active_keys", "inactive_keys", "last_activity")}
    assert {"Desconocido (AccessDenied)"} == cells


def test_a_report_that_nobody_gets() -> None:
    """Then the table is the live one."""
    for changes in ({"report_never_ready": True}, {"denied_actions": {"*": frozenset({"iam:GetCredentialReport"})}}):
        organization = _build(**changes)
        assert users_truth(organization) == users_truth(organization, freshness="report")


def test_one_unknown_use_leaves_the_last_activity_unknown() -> None:
    """The latest of several times is not known where one of them is not; the report knows it."""
    organization = _build(odd_items=True)
    live, reported = users_truth(organization), users_truth(organization, freshness="report")
    for name in ("odd.time", "odd.key.use"):
        assert "Desconocido (InvalidResponse)" == _cells(live, organization, name)["last_activity"]
    assert "Desconocido" not in _cells(reported, organization, "odd.key.use")["last_activity"]
    assert "Desconocido (InvalidResponse)" == _cells(live, organization, "odd.key.status")["active_keys"]


def _with_changed(organization: Organization, name: str, **changes: object) -> Organization:
    """The organization, whose users of such a name are changed so."""

    def facts(account: Account) -> AccountFacts:
        whole = organization.facts(account)
        users = tuple(
            replace(user, **changes) if user.name.startswith(f"{name}-") else user  # type: ignore[arg-type]  # as above
            for user in whole.users
        )
        return replace(whole, users=users, users_by_name={user.name: user for user in users})

    return replace(organization, _build=facts)


def test_a_new_key_shows_that_the_report_is_old() -> None:
    """Whoever got a key since it was made is read live in all, even if they are in it."""
    lately = NOW - timedelta(minutes=30)
    organization = _with_changed(_build(report_age=HOUR), "second.key", password_created=lately)
    told = users_truth(organization, freshness="report")
    assert "Configurada" == _cells(told, organization, "second.key")["password_status"]


def test_a_report_is_not_sure_of_what_came_right_before_it() -> None:
    """A user who was made less than five minutes before it is read live."""
    made = NOW - timedelta(minutes=63)
    for created, expected in ((made, "Configurada"), (made - timedelta(minutes=3), "No configurada")):
        changes = {"created": created, "password_created": NOW - timedelta(minutes=30)}
        organization = _with_changed(_build(report_age=HOUR), "console.new.password", **changes)
        told = users_truth(organization, freshness="report")
        assert expected == _cells(told, organization, "console.new.password")["password_status"]

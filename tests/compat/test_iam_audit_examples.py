"""What the script's documentation shows, made asynchronous, runs as it is written there."""

import csv
import json
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aioboto3
import pytest
from anyio import to_thread
from blockbuster import BlockBuster

from auditor import (
    AuditError,
    EventRows,
    assume_role,
    get_accounts,
    get_cloudtrail_events,
    get_iam_users_with_keys,
    main,
)
from auditor.demo import Account, LocalServer, Scenario, Truth, truth
from tests.expectations import as_set, joined
from tests.organizations import served, session_of

pytestmark = pytest.mark.anyio

ROLE = "OrganizationAccountAccessRole"
SCENARIO = Scenario(accounts=12, users=3, largest_account=12, events=3)


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster) -> AsyncIterator[LocalServer]:
    """An organization; whoever makes a client as the examples do lets the SDK read its models on the event loop."""
    async with served(SCENARIO, monkeypatch) as open_server:
        no_blocking.deactivate()
        yield open_server


@pytest.fixture
def session(server: LocalServer) -> aioboto3.Session:
    """A caller's session."""
    return session_of(server)


def active(server: LocalServer) -> list[Account]:
    """The accounts that the script audits."""
    return [account for account in server.organization.accounts if account.state == "ACTIVE"]


def entered(server: LocalServer) -> list[Account]:
    """Those of them that lend the role, which nobody assumes in an account of their own."""
    return [account for account in active(server) if server.organization.lends_role(account)]


def true_of(server: LocalServer, accounts: list[Account], *, days: int) -> tuple[list[Any], list[Any]]:
    """The findings of these accounts and their events of the last days."""
    now = datetime.now(UTC)
    told: Truth = truth(server.organization, start=now - timedelta(days=days), end=now)
    ids = {account.id for account in accounts}
    return (
        [row for row in told.findings if row["account_id"] in ids],
        [row for row in told.events if row["account_id"] in ids],
    )


async def listed(session: aioboto3.Session) -> list[dict[str, Any]]:
    """The accounts, as the examples begin."""
    async with session.client("organizations") as org_client:
        return await get_accounts(org_client)


async def all_findings(session: aioboto3.Session) -> tuple[list[dict[str, str]], list[str]]:
    """The loop over all accounts, which goes on where one fails; also the ids of those that failed."""
    all_users = []
    failed = []
    for account in await listed(session):
        try:
            credentials = await assume_role(session, account["id"], ROLE, "SecurityAudit")
            async with session.client(
                "iam",
                aws_access_key_id=credentials["AccessKeyId"],
                aws_secret_access_key=credentials["SecretAccessKey"],
                aws_session_token=credentials["SessionToken"],
            ) as iam_client:
                users = await get_iam_users_with_keys(iam_client, account["id"], account["name"])
            all_users.extend(users)
        except AuditError as error:
            failed.append(account["id"])
            print(f"Error en cuenta {account['name']}: {error}")  # noqa: T201 - as it is written there
    return all_users, failed


async def last_month(session: aioboto3.Session) -> EventRows:
    """The events of the last 30 days, by the local clock."""
    accounts = await listed(session)
    end_date = datetime.now()  # noqa: DTZ005 - as it is written there
    start_date = end_date - timedelta(days=30)
    return await get_cloudtrail_events(session, accounts, ROLE, start_date, end_date)


async def test_listing_the_accounts(
    server: LocalServer, session: aioboto3.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each account has an id and a name to be printed."""
    async with session.client("organizations") as org_client:
        accounts = await get_accounts(org_client)
    for account in accounts:
        print(account["id"], account["name"])  # noqa: T201 - as it is written there
    assert [f"{account.id} {account.name}" for account in active(server)] == capsys.readouterr().out.splitlines()


async def test_a_client_of_an_assumed_role(server: LocalServer, session: aioboto3.Session) -> None:
    """The credentials make a client of any service of the account."""
    account = entered(server)[0]
    credentials = await assume_role(session, account.id, ROLE, "MySession")
    async with session.client(
        "iam",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    ) as iam_client:
        users = (await iam_client.list_users(MaxItems=1000))["Users"]
    assert [user.name for user in server.organization.facts(account).users] == [user["UserName"] for user in users]


async def test_the_users_of_all_accounts(
    server: LocalServer, session: aioboto3.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    """Accounts that refuse the role stop no other."""
    all_users, failed = await all_findings(session)
    expected, _ = true_of(server, entered(server), days=90)
    assert as_set(expected) == as_set(all_users)
    refused = [account for account in active(server) if account not in entered(server)]
    assert [account.id for account in refused] == failed
    assert [f"Error en cuenta {account.name}: AccessDenied" for account in refused] == [
        ": ".join(line.split(": ")[:2]) for line in capsys.readouterr().out.splitlines()
    ]


async def test_old_keys_and_users_without_mfa(server: LocalServer, session: aioboto3.Session) -> None:
    """What is old, unused or without MFA is found by the rows' own words."""
    users, _ = await all_findings(session)
    limit = datetime.now(UTC) - timedelta(days=90)
    old = [user for user in users if datetime.fromisoformat(user["created_date"]) < limit]
    inactive = [user for user in users if user["status"] == "Inactive"]
    unused = [user for user in users if user["last_used_date"] == "Nunca utilizada"]
    exposed = [user for user in users if user["mfa_status"] == "None" and user["password_status"] == "Configurada"]

    facts = [server.organization.facts(account) for account in entered(server)]
    there = [user for one in facts for user in one.users if user.vanishes == "never"]
    keys = [key for user in there for key in user.keys if not key.vanishes]
    found = {user["access_key_id"] for user in users}
    assert {key.id for key in keys if key.created < limit} == {user["access_key_id"] for user in old}
    assert {key.id for key in keys if key.status == "Inactive"} == {user["access_key_id"] for user in inactive}
    assert {key.id for key in keys if key.last_used is None} == {user["access_key_id"] for user in unused}
    bare = {user.name for user in there if user.password_created and not user.devices}
    assert {name for name in bare if any(row["username"] == name for row in users)} == {u["username"] for u in exposed}
    assert all(0 < len(rows) < len(found) for rows in (old, inactive, unused, exposed))


async def test_events_by_name(server: LocalServer, session: aioboto3.Session) -> None:
    """Events are counted by name, and by account."""
    cloudtrail_events = await last_month(session)
    by_name = Counter(event["eventName"] for event in cloudtrail_events)
    by_account = defaultdict(list)
    for event in cloudtrail_events:
        by_account[event["account_name"]].append(event)

    _, expected = true_of(server, [server.organization.caller, *entered(server)], days=30)
    assert Counter(row["eventName"] for row in expected) == by_name
    assert Counter(row["account_name"] for row in expected) == {name: len(rows) for name, rows in by_account.items()}


async def test_what_an_event_changed(server: LocalServer, session: aioboto3.Session) -> None:
    """Resources are a list: who was made, and what became of one user, can be asked of it."""
    cloudtrail_events = await last_month(session)
    created = {
        resource
        for event in cloudtrail_events
        if event["eventName"] == "CreateUser"
        for resource in event["resources"]
        if not resource.startswith(("arn:", "AIDA"))
    }
    of_one = [event for event in cloudtrail_events if min(created) in event["resources"]]

    now, accounts = datetime.now(UTC), [server.organization.caller, *entered(server)]
    happened = [
        event
        for account in accounts
        for event in server.organization.facts(account).events
        if event.name == "CreateUser" and event.error_code in {None, "", "Success"}
        if event.source == "iam.amazonaws.com" and event.time >= now - timedelta(days=30)
    ]
    assert {event.target_user for event in happened} == created
    assert "CreateUser" in {event["eventName"] for event in of_one}
    assert len(of_one) < len(cloudtrail_events)


async def test_accounts_whose_events_are_missing(
    server: LocalServer, session: aioboto3.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    """A list of events can be asked who failed."""
    cloudtrail_events = await last_month(session)
    for failure in cloudtrail_events.failures:
        print(failure.account_id, failure.account_name, failure.code)  # noqa: T201 - as a reader would write it
    denied = [account for account in active(server) if account.refuses_role]
    assert [f"{one.id} {one.name} AccessDenied" for one in denied] == capsys.readouterr().out.splitlines()
    assert denied


async def test_files_of_ones_own(server: LocalServer, session: aioboto3.Session, tmp_path: Path) -> None:
    """Rows are plain dictionaries, which JSON and CSV take as they are."""
    cloudtrail_events = await last_month(session)
    with (tmp_path / "events.json").open("w", encoding="utf-8") as file:
        json.dump(cloudtrail_events, file, indent=2, ensure_ascii=False)
    with (tmp_path / "events.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(cloudtrail_events[0]))
        writer.writeheader()
        for event in cloudtrail_events:
            writer.writerow({**event, "resources": ", ".join(event["resources"])})

    assert cloudtrail_events == json.loads((tmp_path / "events.json").read_text(encoding="utf-8"))
    _, expected = true_of(server, [server.organization.caller, *entered(server)], days=30)
    with (tmp_path / "events.csv").open(encoding="utf-8", newline="") as file:
        assert as_set(expected) == as_set(csv.DictReader(file))


async def test_the_whole_script(server: LocalServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`main` returns findings and events of the shapes above."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["iam_audit.py", "--role", ROLE])
    findings, cloudtrail_events = await to_thread.run_sync(main)

    told = truth(server.organization, start=datetime.now(UTC) - timedelta(days=90), end=datetime.now(UTC))
    assert as_set(told.findings) == as_set(findings)
    assert as_set(told.events) == as_set(joined(cloudtrail_events))
    assert all(isinstance(event["resources"], list) for event in cloudtrail_events)
    files = await to_thread.run_sync(lambda: sorted(path.name.partition("_20")[0] for path in tmp_path.iterdir()))
    assert ["audit", "cloudtrail_events", "coverage", "iam_audit_report", "iam_users"] == files

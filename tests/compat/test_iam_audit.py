"""The script's functions, against a local organization: they find what is true of it."""

import csv
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aioboto3
import anyio
import boto3
import pytest
from anyio import to_thread
from blockbuster import BlockBuster

from auditor import (
    CallerError,
    ConfigurationError,
    EventRows,
    Freshness,
    IncompleteError,
    OrganizationError,
    RequestError,
    Section,
    UserScope,
    assume_role,
    get_accounts,
    get_cloudtrail_events,
    get_iam_users_with_keys,
    main,
)
from auditor.aws.permissions import session_policy_of
from auditor.demo import Account, LocalServer, Request, Scenario, Truth, build_organization, serve, truth
from tests.expectations import joined
from tests.organizations import served, session_of
from tests.output.reading import unguarded

pytestmark = pytest.mark.anyio

ROLE = "OrganizationAccountAccessRole"
SMALL = Scenario(accounts=12, users=3, largest_account=12, events=3)
Row = Mapping[str, str]


def sorted_rows(rows: Sequence[Row]) -> list[list[tuple[str, str]]]:
    """Rows as a set with multiplicity."""
    return sorted(sorted(row.items()) for row in rows)


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a file, the guard against spreadsheets taken off."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: unguarded(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def whole_truth(server: LocalServer) -> Truth:
    """What is true of all that CloudTrail keeps."""
    now = server.organization.now
    return truth(server.organization, start=now - timedelta(days=91), end=now + timedelta(days=1))


def of_account(rows: Sequence[Row], account: Account) -> list[Row]:
    """The rows of one account."""
    return [row for row in rows if row["account_id"] == account.id]


@asynccontextmanager
async def client_of(
    session: aioboto3.Session, service: str, blockbuster: BlockBuster, credentials: Mapping[str, Any] | None = None
) -> AsyncIterator[Any]:
    """A client as a caller makes it, of the session's own or of a role's credentials.

    The SDK reads its models on the event loop when it makes one, which is not ours to change.
    """
    keys = (
        {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }
        if credentials
        else {}
    )
    context = session.client(service, **keys)
    blockbuster.deactivate()
    try:
        client = await context.__aenter__()
    finally:
        blockbuster.activate()
    try:
        yield client
    finally:
        await context.__aexit__(None, None, None)


def settings_of(client: Any) -> tuple[Any, ...]:
    """What of a client could have been changed by who was given it."""
    config = client.meta.config
    trie = client.meta.events._emitter._handlers  # noqa: SLF001 - botocore tells nobody else who listens
    return config, dict(vars(config)), client._request_signer._credentials, listeners_of(trie._root)  # noqa: SLF001 - as above


def listeners_of(node: Any) -> list[Any]:
    """Who listens to a client's events, from this node of botocore's tree downwards."""
    values = node["values"]
    here = [*values.first, *values.middle, *values.last] if values else []
    return here + [listener for child in node["children"].values() for listener in listeners_of(child)]


async def test_accounts(monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster) -> None:
    """Active accounts have `id` and `name`, and all that AWS says of them, in its order; the others are left out."""
    async with (
        served(Scenario(accounts=55, users=0, events=0), monkeypatch) as server,
        client_of(session_of(server), "organizations", no_blocking) as client,
    ):
        accounts = await get_accounts(client)
    expected = [account for account in server.organization.accounts if account.state == "ACTIVE"]
    assert [(one.id, one.name) for one in expected] == [(account["id"], account["name"]) for account in accounts]
    assert [(one.id, one.name) for one in expected] == [(account["Id"], account["Name"]) for account in accounts]
    assert {("ACTIVE", "ACTIVE")} == {(account["State"], account["Status"]) for account in accounts}
    assert all(["id", "name"] == list(account)[:2] for account in accounts)
    assert all({"Arn", "Email", "JoinedMethod", "JoinedTimestamp"} <= account.keys() for account in accounts)
    left_out = {account.state for account in server.organization.accounts} - {"ACTIVE"}
    assert {"SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION"} == left_out


@pytest.mark.parametrize("member", ["Status", "both"])
async def test_accounts_of_an_older_or_newer_api(
    monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster, member: Any
) -> None:
    """Whichever member tells the state counts, and each account has both."""
    async with (
        served(Scenario(accounts=10, users=0, events=0, state_member=member), monkeypatch) as server,
        client_of(session_of(server), "organizations", no_blocking) as client,
    ):
        accounts = await get_accounts(client)
    # The retired word can't tell an account that is not active yet.
    active = [
        one.id
        for one in server.organization.accounts
        if one.state == "ACTIVE" or (member == "Status" and one.state == "PENDING_ACTIVATION")
    ]
    assert active == [account["id"] for account in accounts]
    assert {("ACTIVE", "ACTIVE")} == {(account["State"], account["Status"]) for account in accounts}


@pytest.mark.parametrize("page", [0, 2])
async def test_accounts_that_cannot_be_listed(
    monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster, page: int
) -> None:
    """A list that ends early is an error, and never a smaller organization."""
    scenario = Scenario(accounts=55, users=0, events=0, listing_denied_page=page)
    async with (
        served(scenario, monkeypatch) as server,
        client_of(session_of(server), "organizations", no_blocking) as client,
    ):
        with pytest.raises(OrganizationError, match="AccessDenied"):
            await get_accounts(client)


@pytest.mark.parametrize("word", [None, "FROZEN"])
async def test_accounts_of_unknown_state(
    monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster, caplog: pytest.LogCaptureFixture, word: str | None
) -> None:
    """An account whose state nobody knows costs no other, and is never left out without a word."""
    scenario = Scenario(accounts=5, users=0, events=0, odd_states={3: word})
    async with (
        served(scenario, monkeypatch) as server,
        client_of(session_of(server), "organizations", no_blocking) as client,
    ):
        listed = await get_accounts(client)
    odd = server.organization.accounts[3]
    assert [account.id for account in server.organization.accounts if account != odd] == [each["id"] for each in listed]
    assert [logging.ERROR] == [record.levelno for record in caplog.records]
    assert odd.id in caplog.text


async def test_accounts_that_can_not_be_told(
    monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster, caplog: pytest.LogCaptureFixture
) -> None:
    """An account without an id costs no other, and is logged."""
    scenario = Scenario(accounts=14, users=0, events=0, odd_items=True)
    async with (
        served(scenario, monkeypatch) as server,
        client_of(session_of(server), "organizations", no_blocking) as client,
    ):
        listed = await get_accounts(client)
    active = [account.id for account in server.organization.accounts if account.state == "ACTIVE"]
    assert active == [each["id"] for each in listed]
    assert "its name is 'nobody knows which'" in caplog.text


async def of_nobody(client: Any) -> object:
    """The users of an account, through a client that may be none."""
    return await get_iam_users_with_keys(client, "111122223333", "n")


async def test_a_synchronous_client_is_refused() -> None:
    """boto3's own clients would block the event loop, which is said before they do."""
    client: Any = await to_thread.run_sync(lambda: boto3.client("organizations", region_name="us-east-1"))
    for work in (get_accounts(client), get_iam_users_with_keys(client, "111122223333", "n")):
        with pytest.raises(ConfigurationError, match="must be one of aioboto3's"):
            await work


@pytest.mark.parametrize(
    ("function", "service", "method"),
    [(get_accounts, "organizations", "list_accounts"), (of_nobody, "iam", "list_users")],
)
async def test_what_is_no_client_of_the_service_is_refused(
    function: Callable[[Any], Awaitable[object]], service: str, method: str, no_blocking: BlockBuster
) -> None:
    """A session, a client of another service, and one that was not entered, are a sentence that says what is meant."""
    session = aioboto3.Session(region_name="us-east-1")
    sentence = rf"^{service[:3]}_client, an open client of \w+, must be an object with a method {method}: "
    async with client_of(session, "sts", no_blocking) as other:
        unentered = session.client(service)
        for given in (None, session, other, unentered):
            with pytest.raises(ConfigurationError, match=sentence):
                await function(given)
        no_blocking.deactivate()
        async with unentered:  # else the SDK warns that nobody did
            pass


@pytest.mark.parametrize(("name", "given"), [("account_id", (5, "n")), ("account_name", ("111122223333", None))])
async def test_an_account_of_another_kind_is_refused(
    name: str, given: tuple[Any, Any], no_blocking: BlockBuster
) -> None:
    """Nothing is asked of it."""
    session = aioboto3.Session(region_name="us-east-1")
    async with client_of(session, "iam", no_blocking) as client:
        with pytest.raises(ConfigurationError, match=f"^{name} must be of the type str: "):
            await get_iam_users_with_keys(client, *given)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("account_id", {"account_id": 5}),
        ("account_id", {"account_id": None}),
        ("role", {"role_name": None}),
        ("session_name", {"session_name": 5}),
        ("session", {"session": "x"}),
        ("policy", {"policy": {}}),
        ("policy", {"policy": b"{}"}),
    ],
)
async def test_assuming_what_is_of_another_kind(name: str, given: dict[str, Any]) -> None:
    """A policy that is no text is refused, and never left out."""
    right = {"session": aioboto3.Session(), "account_id": "111122223333", "role_name": ROLE, "session_name": "Audit"}
    with pytest.raises(ConfigurationError, match=f"{name} must be "):
        await assume_role(**{**right, **given})


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("session", {"session": "x"}),
        ("accounts", {"accounts": None}),
        ("accounts", {"accounts": 5}),
        ("role", {"role_name": 5}),
        ("start_date", {"start_date": "2026-01-01"}),
        ("start_date", {"start_date": None}),
        ("end_date", {"end_date": 5}),
    ],
)
async def test_events_of_what_is_of_another_kind(name: str, given: dict[str, Any]) -> None:
    """A text where a date must be, and whatever is no list of accounts, is a sentence."""
    now = datetime.now(UTC)
    right = {"session": aioboto3.Session(), "accounts": [], "role_name": ROLE, "start_date": now, "end_date": now}
    with pytest.raises(ConfigurationError, match=f"{name} must be "):
        await get_cloudtrail_events(**{**right, **given})


@pytest.mark.parametrize("arguments", [5, "--role Audit", b"x", [5], ["--role", None]])
def test_arguments_of_another_kind(arguments: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line is a list of texts, as `sys.argv` is; no file is made for what is none."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="arguments must be "):
        main(arguments)
    assert [] == list(tmp_path.iterdir())


async def test_assuming_a_role(monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster) -> None:
    """The credentials are those of the account's role, under the session's name, and live for a while."""
    async with served(SMALL, monkeypatch) as server:
        session, account = session_of(server), server.organization.accounts[2]
        credentials = await assume_role(session, account.id, ROLE, "SecurityAudit")
        async with client_of(session, "sts", no_blocking, credentials) as client:
            identity = await client.get_caller_identity()
    assert {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"} == set(credentials)
    assert credentials["Expiration"] > datetime.now(UTC) + timedelta(minutes=5)
    assert account.id == identity["Account"]
    assert identity["Arn"].endswith(f":assumed-role/{ROLE}/SecurityAudit")


async def test_assuming_a_narrowed_role(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session policy goes to AWS as it is."""
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:List*","Resource":"*"}]}'
    async with served(SMALL, monkeypatch) as server:
        account = server.organization.accounts[2]
        await assume_role(session_of(server), account.id, ROLE, "SecurityAudit", policy=policy)
        assert policy == server.policies[account.id]


async def test_assuming_a_role_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that does not trust the caller is an error with AWS's code."""
    async with served(SMALL, monkeypatch) as server:
        account = server.organization.accounts[11]
        assert account.refuses_role
        with pytest.raises(RequestError) as caught:
            await assume_role(session_of(server), account.id, ROLE, "SecurityAudit")
    assert ("AccessDenied", "sts", "assume_role") == (
        caught.value.code,
        caught.value.service,
        caught.value.operation,
    )


@pytest.mark.parametrize(("role", "name"), [("no role", "SecurityAudit"), (ROLE, "no name")])
async def test_assuming_what_can_be_no_role(role: str, name: str) -> None:
    """Names that can't be right are refused before anything is asked."""
    with pytest.raises(ConfigurationError):
        await assume_role(aioboto3.Session(), "111122223333", role, name)


async def test_assuming_a_role_without_credentials(no_blocking: BlockBuster) -> None:
    """A session without credentials is the caller's error."""
    no_blocking.deactivate()
    with pytest.raises(CallerError, match="No AWS credentials"):
        await assume_role(aioboto3.Session(), "111122223333", ROLE, "SecurityAudit")


async def test_users_with_keys(monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster) -> None:
    """The rows of an account are those that are true of it, users that vanish meanwhile left out."""
    async with served(SMALL, monkeypatch) as server:
        session, expected = session_of(server), whole_truth(server).findings

        async def check(account: Account) -> None:
            arn = f"arn:aws:iam::{account.id}:role/{ROLE}"
            credentials = (await sts.assume_role(RoleArn=arn, RoleSessionName="SecurityAudit"))["Credentials"]
            async with client_of(session, "iam", no_blocking, credentials) as client:
                before = settings_of(client)
                assert before[-1]
                rows = await get_iam_users_with_keys(client, account.id, account.name)
                assert before == settings_of(client)
            assert sorted_rows(of_account(expected, account)) == sorted_rows(rows)
            assert rows

        async with client_of(session, "sts", no_blocking) as sts:
            for account in server.organization.accounts[2:5]:
                await check(account)


async def test_users_of_the_callers_own_account(monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster) -> None:
    """A client of the caller's own account needs no role; its users are in AWS's order."""
    async with served(SMALL, monkeypatch) as server:
        session, account = session_of(server), server.organization.caller
        async with client_of(session, "iam", no_blocking) as client:
            rows = await get_iam_users_with_keys(client, account.id, account.name)
        users = [user.name for user in server.organization.facts(account).users]
    assert sorted_rows(of_account(whole_truth(server).findings, account)) == sorted_rows(rows)
    assert sorted(rows, key=lambda row: users.index(row["username"])) == rows


@pytest.mark.parametrize("action", ["iam:GetLoginProfile", "iam:ListMFADevices", "iam:GetAccessKeyLastUsed"])
async def test_facts_that_are_refused(monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster, action: str) -> None:
    """A fact that is refused is unknown in its row, and no row is missing."""
    scenario = Scenario(accounts=1, users=6, events=0, denied_actions={"*": frozenset({action})})
    async with served(scenario, monkeypatch) as server:
        account = server.organization.caller
        async with client_of(session_of(server), "iam", no_blocking) as client:
            rows = await get_iam_users_with_keys(client, account.id, account.name)
    assert sorted_rows(whole_truth(server).findings) == sorted_rows(rows)
    assert all("Desconocido (AccessDenied)" in row.values() for row in rows)
    assert rows


@pytest.mark.parametrize("action", ["iam:ListUsers", "iam:ListAccessKeys"])
async def test_lists_that_are_refused(monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster, action: str) -> None:
    """Where users or keys can't be listed there is an error, and never an account without keys."""
    scenario = Scenario(accounts=1, users=6, events=0, denied_actions={"*": frozenset({action})})
    async with served(scenario, monkeypatch) as server:
        account = server.organization.caller
        async with client_of(session_of(server), "iam", no_blocking) as client:
            with pytest.raises(IncompleteError, match="AccessDenied") as caught:
                await get_iam_users_with_keys(client, account.id, account.name)
    assert account.id in str(caught.value)
    assert [] == caught.value.rows


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A local time that is twelve hours from UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Etc/GMT-12")
        time.tzset()
        yield
    time.tzset()


def given(account: Account) -> dict[str, str]:
    """An account as somebody writes it down who has only its id and its name."""
    return {"id": account.id, "name": account.name}


async def all_events(server: LocalServer, accounts: Iterable[Mapping[str, Any]]) -> EventRows:
    """All events of these accounts."""
    end = datetime.now(UTC)
    return await get_cloudtrail_events(session_of(server), accounts, ROLE, end - timedelta(days=90), end)


async def test_events(monkeypatch: pytest.MonkeyPatch, far_from_utc: None) -> None:
    """Events of the accounts are given in their order, newest first; naive dates are local time."""
    del far_from_utc
    async with served(SMALL, monkeypatch) as server:
        organization = server.organization
        members = organization.accounts[:4]
        happened = sorted(row["eventTime"] for row in whole_truth(server).events)
        start = datetime.fromisoformat(happened[len(happened) // 4]).astimezone().replace(tzinfo=None)
        end = datetime.fromisoformat(happened[-len(happened) // 4]).astimezone().replace(tzinfo=None)

        def rows_of(first: datetime, last: datetime) -> list[Row]:
            rows = truth(organization, start=first, end=last).events
            return [row for account in members for row in of_account(rows, account)]

        expected = rows_of(start.astimezone(), end.astimezone())
        assert expected != rows_of(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC))
        found = await get_cloudtrail_events(session_of(server), [*map(given, members)], ROLE, start, end)

    assert sorted_rows(expected) == sorted_rows(joined(found))
    assert () == found.failures
    places = [account.id for account in members]
    keys = [(places.index(row["account_id"]), -datetime.fromisoformat(row["eventTime"]).timestamp()) for row in found]
    assert sorted(keys) == keys


async def test_events_of_listed_accounts(monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster) -> None:
    """What `get_accounts` gives is taken as it is; the keys and the lists of resources are those of the script."""
    async with (
        served(SMALL, monkeypatch) as server,
        client_of(session_of(server), "organizations", no_blocking) as client,
    ):
        events = await all_events(server, await get_accounts(client))
        expected = [
            row
            for account in server.organization.accounts
            if account.state == "ACTIVE"
            for row in of_account(whole_truth(server).events, account)
        ]
    assert sorted_rows(expected) == sorted_rows(joined(events))
    assert {("eventTime", "eventName", "username", "account_id", "account_name", "resources")} == set(
        map(tuple, events)
    )
    assert {list} == {type(event["resources"]) for event in events}
    created = [event["resources"] for event in events if event["eventName"] == "CreateUser"]
    assert {3} == set(map(len, created))
    assert all(name and isinstance(name, str) for names in created for name in names)


@pytest.mark.parametrize(
    ("action", "section"), [("sts:AssumeRole", Section.ROLE), ("cloudtrail:LookupEvents", Section.EVENTS)]
)
async def test_an_account_that_fails_stops_no_other(
    action: str, section: Section, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The events of the others are there; who failed, and why, is logged, and is in the list's `failures`."""
    sought = build_organization(SMALL).accounts[3]
    scenario = replace(SMALL, denied_actions={sought.id: frozenset({action})})
    async with served(scenario, monkeypatch) as server:
        members = [server.organization.accounts[index] for index in (3, 2, 11, 0)]
        with caplog.at_level(logging.ERROR, logger="auditor"):
            events = await all_events(server, map(given, members))
        expected = [row for account in members for row in of_account(whole_truth(server).events, account)]
    assert sorted_rows(expected) == sorted_rows(joined(events))
    assert {members[1].id, members[3].id} == {event["account_id"] for event in events}
    failed, denied = events.failures
    assert (sought.id, sought.name, section) == (failed.account_id, failed.account_name, failed.failures[0].section)
    assert (members[2].id, "AccessDenied") == (denied.account_id, denied.code)
    assert {f"Error en cuenta {one.account_name} ({one.account_id}): " for one in events.failures} == {
        record.getMessage().partition("role: ")[0].partition("events: ")[0] for record in caplog.records
    }
    assert all(any(one.message in record.getMessage() for record in caplog.records) for one in events.failures)


async def test_an_account_that_fails_half_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could be read of it is in the list, whose failures say that the rest is missing."""
    denied: dict[str, frozenset[str]] = {}

    def deny_from_now_on(request: Request) -> None:
        if request.action == "LookupEvents":
            denied[request.account_id] = frozenset({"cloudtrail:LookupEvents"})

    async with served(replace(SMALL, denied_actions=denied), monkeypatch, hear=deny_from_now_on) as server:
        account = server.organization.accounts[2]
        true = of_account(whole_truth(server).events, account)
        events = await all_events(server, [given(account)])
    expected = [row for row in true if row["eventName"] == "CreateUser"]
    assert sorted_rows(expected) == sorted_rows(joined(events))
    assert 0 < len(expected) < len(true)
    assert [(account.id, "AccessDeniedException", 4)] == [
        (failure.account_id, failure.code, failure.failures[0].count) for failure in events.failures
    ]


async def test_events_where_every_account_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even then it is a list, which is empty and says so of each."""
    scenario = replace(SMALL, denied_actions={"*": frozenset({"cloudtrail:LookupEvents"})})
    async with served(scenario, monkeypatch) as server:
        members = server.organization.accounts[:3]
        events = await all_events(server, map(given, members))
    assert [] == events
    assert [account.id for account in members] == [failure.account_id for failure in events.failures]
    assert {"AccessDeniedException"} == {failure.code for failure in events.failures}


async def test_sessions_for_events_are_narrowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Roles have the session policy of an audit of users with keys; the caller's own account needs no role."""
    async with served(SMALL, monkeypatch) as server:
        members = server.organization.accounts[:4]
        events = await all_events(server, map(given, members))
        assert (
            dict.fromkeys((one.id for one in members[1:]), session_policy_of(Freshness.LIVE, users=UserScope.WITH_KEYS))
            == server.policies
        )
    assert () == events.failures


async def test_an_account_that_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked once, under the first name, and its events are there once."""
    async with served(SMALL, monkeypatch) as server:
        account = server.organization.accounts[2]
        events = await all_events(server, [given(account), given(account) | {"name": "again"}])
        expected = of_account(whole_truth(server).events, account)
        assert 1 == sum(request.action == "AssumeRole" for request in server.requests)
    assert sorted_rows(expected) == sorted_rows(joined(events))


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ({"Id": "111122223333", "Name": "ventas"}, "Account 2 of the list has no id"),
        ({"id": "", "name": "ventas"}, "Account 2 of the list has no id"),
        ({"id": None, "name": "ventas"}, "Account 2 of the list has no id"),
        ({"id": 111122223333, "name": "ventas"}, "Account 2 of the list has no id"),
        ({"id": "111122223333"}, "Account 2 of the list has no name"),
        ({}, "Account 2 of the list has no id"),
        ("111122223333", "Account 2 of the list has no id"),
    ],
)
async def test_what_is_no_account(account: Any, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dictionary without the two texts is one sentence, before anything is asked."""
    async with served(SMALL, monkeypatch) as server:
        with pytest.raises(ConfigurationError, match=f"{said}: each must be a dictionary with"):
            await all_events(server, [given(server.organization.accounts[2]), account])
        assert not server.requests


async def test_events_of_a_period_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """An end before the start is refused before anything is asked."""
    async with served(SMALL, monkeypatch) as server:
        end = datetime.now(UTC) - timedelta(days=2)
        with pytest.raises(ConfigurationError, match="is before the start"):
            await get_cloudtrail_events(session_of(server), [], ROLE, end + timedelta(days=1), end)
        assert not server.requests


async def test_events_from_the_beginning(monkeypatch: pytest.MonkeyPatch, far_from_utc: None) -> None:
    """A start at the beginning of the calendar is cut to what CloudTrail keeps."""
    del far_from_utc
    async with served(SMALL, monkeypatch) as server:
        start, end = datetime(1, 1, 1), datetime.now()  # noqa: DTZ001, DTZ005 - as a caller of the script wrote them
        assert await get_cloudtrail_events(session_of(server), [], ROLE, start, end) == []


async def test_a_session_is_not_modified(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that was lent is as it was: its settings, its chain, its way to connect."""
    async with served(SMALL, monkeypatch) as server:
        session = session_of(server)
        lent: Any = session._session  # noqa: SLF001 - the only way from aioboto3 to its settings
        before = (
            lent.instance_variables(),
            lent.get_default_client_config(),
            lent.get_component("credential_provider"),
            lent.get_component("data_loader"),
        )
        await assume_role(session, server.organization.accounts[2].id, ROLE, "SecurityAudit")
        assert before == (
            lent.instance_variables(),
            lent.get_default_client_config(),
            lent.get_component("credential_provider"),
            lent.get_component("data_loader"),
        )


async def test_main(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """`main` writes both files into the working directory, returns their rows, and logs the accounts that failed."""
    monkeypatch.chdir(tmp_path)
    async with served(SMALL, monkeypatch) as server:
        with caplog.at_level(logging.ERROR, logger="auditor"):
            findings, events = await to_thread.run_sync(main, ["--role", ROLE])
        expected = whole_truth(server)
    denied = server.organization.accounts[11]
    assert [f"Error en cuenta {denied.name} ({denied.id}): role: "] == [
        record.getMessage().partition("AccessDenied")[0] for record in caplog.records
    ]
    assert [(denied.id, denied.name, "AccessDenied")] == [
        (failure.account_id, failure.account_name, failure.code) for failure in events.failures
    ]
    assert sorted_rows(expected.findings) == sorted_rows(findings)
    assert sorted_rows(expected.events) == sorted_rows(joined(events))
    (findings_file,) = await to_thread.run_sync(lambda: list(tmp_path.glob("iam_audit_report_*.csv")))
    (events_file,) = await to_thread.run_sync(lambda: list(tmp_path.glob("cloudtrail_events_*.csv")))
    assert findings == await to_thread.run_sync(read_csv, findings_file)
    assert joined(events) == await to_thread.run_sync(read_csv, events_file)


async def test_main_reads_the_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without arguments it takes `--profile P --role R` from the command line, and the credentials of that profile.

    Failures of the events are those of their list, and others are not.
    """
    caller, member = build_organization(SMALL).accounts[:2]
    denied = {caller.id: frozenset({"cloudtrail:LookupEvents"}), member.id: frozenset({"iam:ListUsers"})}
    scenario = Scenario(accounts=2, users=2, largest_account=2, events=3, denied_actions=denied)
    monkeypatch.chdir(tmp_path)
    async with served(scenario, monkeypatch) as server:
        config = ["[profile security]"]
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            config.append(f"{name.lower()} = {server.environment()[name]}")
            monkeypatch.delenv(name)
        await anyio.Path("config").write_text("\n".join(config))
        monkeypatch.setenv("AWS_CONFIG_FILE", "config")
        monkeypatch.setattr(sys, "argv", ["iam_audit.py", "--profile", "security", "--role", ROLE])
        findings, events = await to_thread.run_sync(main)
    assert {caller.id} == {finding["account_id"] for finding in findings}
    assert {member.id} == {event["account_id"] for event in events}
    assert all(isinstance(event["resources"], list) for event in events)
    assert [(caller.id, Section.EVENTS)] == [
        (failure.account_id, each.section) for failure in events.failures for each in failure.failures
    ]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a process came to."""

    code: int
    output: str
    errors: str
    files: list[str]


async def python_m_auditor(scenario: Scenario, directory: Path) -> Outcome:
    """The outcome of the script's own command line in a process of its own."""
    organization = await to_thread.run_sync(build_organization, scenario)
    await anyio.Path(directory).mkdir()
    async with serve(organization) as server:
        process = await anyio.run_process(
            [sys.executable, "-m", "auditor", "--role", ROLE],
            check=False,
            cwd=directory,
            env={**os.environ, **server.environment(), "PYTHONPATH": str(Path(__file__).parent.parent)},
        )
    files = sorted([path.name.partition("_20")[0] async for path in anyio.Path(directory).iterdir()])
    return Outcome(process.returncode, process.stdout.decode(), process.stderr.decode(), files)


ALL_FILES = ["audit", "cloudtrail_events", "coverage", "iam_audit_report", "iam_users"]


async def test_the_command_line(tmp_path: Path) -> None:
    """`python -m auditor --role R` ends with 0 where all was read, else with 3 and a word on what was not."""
    # What can't be audited is no reason for another code; `test_main` compares rows.
    complete = Scenario(accounts=2, odd_states={0: "SUSPENDED", 1: "CLOSED"})
    denied = Scenario(accounts=2, denied_every=1, odd_states={0: "SUSPENDED"})
    outcomes: dict[str, Outcome] = {}

    async def run(name: str, scenario: Scenario) -> None:
        outcomes[name] = await python_m_auditor(scenario, tmp_path / name)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run, "complete", complete)
        tasks.start_soon(run, "denied", denied)
    assert Outcome(0, "", "", ALL_FILES) == outcomes["complete"]
    assert (3, "", ALL_FILES) == (outcomes["denied"].code, outcomes["denied"].output, outcomes["denied"].files)
    assert "Error en cuenta" in outcomes["denied"].errors
    assert "Traceback" not in outcomes["denied"].errors


async def test_the_command_line_of_a_listing_that_ended_early(tmp_path: Path) -> None:
    """Where accounts are missing from the listing, standard error says so, and the exit code is 3."""
    suspended = {0: "SUSPENDED", 1: "SUSPENDED"}
    scenario = Scenario(accounts=3, odd_states=suspended, page_size_organizations=2, listing_denied_page=1)
    outcome = await python_m_auditor(scenario, tmp_path / "run")
    assert outcome.code == 3
    assert "ended early" in outcome.errors

"""A request is signed with the credentials of the task that sends it, and of no other."""

import json
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import anyio
import pytest
from aiobotocore.credentials import AioCredentials, AioDeferredRefreshableCredentials
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import CredentialRetrievalError, EndpointConnectionError

from auditor.account.audit import AccountPlan, audit_account
from auditor.aws.credentials import CallerCredentials, RoleCredentials, TaskCredentials, signing_as
from auditor.aws.gateway import Gateway, open_gateway
from auditor.aws.role import RoleRequest
from auditor.concurrency.tasks import fan_out
from auditor.config import AuditConfig
from auditor.demo import Account as DemoAccount
from auditor.demo import Organization, Scenario
from auditor.errors import RequestError
from auditor.model.period import Period
from tests.fakes import JUMPING, account, assumed
from tests.organizations import served

pytestmark = pytest.mark.anyio

CONFIG = AuditConfig(role="OrganizationAccountAccessRole", session_policy=False)
ROLE = RoleRequest("OrganizationAccountAccessRole", "SecurityAudit")
HOUR = timedelta(hours=1)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates take no time."""
    return JUMPING


def frozen(key_id: str) -> ReadOnlyCredentials:
    """Credentials of this key."""
    return ReadOnlyCredentials(key_id, "secret", None, None)


async def signer() -> str:
    """Whose key signs here and now."""
    return str((await TaskCredentials().get_frozen_credentials()).access_key)


async def read_names(gateway: Gateway, there: DemoAccount, organization: Organization) -> set[str]:
    """The names of the account's users, its keys and events asked for beside."""
    entered = await gateway.enter(account(there.id), roles=[ROLE])
    reply = await entered.access.request(entered.iam.list_users, MaxItems=1000)
    names = {user["UserName"] for user in reply["Users"]}

    async def ask_keys(user_name: str) -> None:
        if organization.facts(there).users_by_name[user_name].vanishes == "never":
            await entered.access.request(entered.iam.list_access_keys, UserName=user_name)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: entered.access.request(entered.cloudtrail.lookup_events, MaxResults=50))
        for name in names:
            tasks.start_soon(ask_keys, name)
    return names


async def test_no_request_is_signed_for_another_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred accounts are read at once through one client a service, each by its own credentials only."""
    scenario = Scenario(accounts=220, users=1, largest_account=5, events=0, denied_every=None)
    async with served(scenario, monkeypatch) as server, open_gateway() as gateway:
        organization = server.organization
        accounts = [there for there in organization.accounts if there.works]
        read: dict[str, set[str]] = {}

        async def work(there: DemoAccount) -> None:
            read[there.id] = await read_names(gateway, there, organization)

        await fan_out(accounts, work, limit=100)

    facts = {there.id: organization.facts(there) for there in accounts}
    pages = {there.id: len(facts[there.id].users) // 2 for there in accounts if (there.index + 2) % 5 == 0}
    for there in accounts:
        listed = facts[there.id].users[: pages.get(there.id) or None]
        assert {user.name for user in listed} == read[there.id]
    by_account = Counter((request.account_id, request.action) for request in server.requests)
    assert len(accounts) > 200
    switches = sum(one.account_id != other.account_id for one, other in pairwise(server.requests))
    assert switches > len(server.requests) / 2
    assert {by_account[there.id, "LookupEvents"] for there in accounts} == {1}
    assert {by_account[there.id, "ListUsers"] for there in accounts} == {1}
    assert {request.error_code for request in server.requests} == {None}


async def test_outside_of_any_account_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that no task signs for does not leave the process."""
    async with served(Scenario(accounts=2, users=1), monkeypatch) as server, open_gateway() as gateway:
        for operation in (gateway.iam.list_users, gateway.cloudtrail.lookup_events):
            with pytest.raises(RuntimeError, match="outside of any account"):
                await operation()

        assert [request.action for request in server.requests] == ["GetCallerIdentity"]


async def test_a_block_signs_and_ends() -> None:
    """Blocks nest, and behind a block its credentials are gone, after an error too."""
    with signing_as(frozen("A")):
        with suppress(KeyError), signing_as(frozen("B")):
            assert await signer() == "B"
            raise KeyError
        assert await signer() == "A"
    with pytest.raises(RuntimeError, match="outside of any account"):
        await signer()


async def test_tasks_sign_for_themselves() -> None:
    """A task's own block reaches neither its parent nor its siblings, however they alternate."""
    seen: dict[str, set[str]] = {}

    async def sign(key_id: str) -> None:
        with signing_as(frozen(key_id)):
            for _ in range(20):
                seen.setdefault(key_id, set()).add(await signer())
                await anyio.lowlevel.checkpoint()

    with signing_as(frozen("parent")):
        async with anyio.create_task_group() as tasks:
            for number in range(300):
                tasks.start_soon(sign, f"key {number}")
        assert await signer() == "parent"
    assert seen == {f"key {number}": {f"key {number}"} for number in range(300)}


class Clock:
    """A clock that says what a test has set."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The moment of the test."""
        return self.moment


class Sts:
    """Assumes a role for so long, and counts how often."""

    def __init__(self, life: timedelta, clock: Clock) -> None:
        self.life = life
        self.clock = clock
        self.count = 0
        self.error: RequestError | None = None

    async def __call__(self) -> dict[str, Any]:
        """The next credentials, or the error."""
        self.count += 1
        await anyio.sleep(0.1)
        if self.error is not None:
            raise self.error
        credentials: dict[str, Any] = assumed(str(self.count), expires=self.clock() + self.life)["Credentials"]
        return credentials


@pytest.fixture
def clock() -> Clock:
    """The clock that credentials go by."""
    return Clock()


@pytest.mark.parametrize(
    ("life", "kept", "renewed"),
    [
        (HOUR, timedelta(minutes=54, seconds=59), timedelta(minutes=55)),
        (12 * HOUR, timedelta(hours=11, minutes=54, seconds=59), timedelta(hours=11, minutes=55)),
        (timedelta(minutes=15), timedelta(minutes=11, seconds=14), timedelta(minutes=11, seconds=15)),
        (timedelta(seconds=4), timedelta(seconds=2.9), timedelta(seconds=3)),
    ],
)
async def test_credentials_are_renewed_before_they_end(
    clock: Clock, life: timedelta, kept: timedelta, renewed: timedelta
) -> None:
    """They are renewed when less than five minutes, or a quarter of a short life, is left, and not before."""
    sts, start = Sts(life, clock), clock.moment
    credentials = RoleCredentials(sts, now=clock)
    first = await credentials.current()
    clock.moment = start + kept
    assert await credentials.current() == first
    clock.moment = start + renewed
    assert (await credentials.current()).access_key == "ASIA2"
    assert sts.count == 2


async def test_all_tasks_share_one_renewal(clock: Clock) -> None:
    """However many tasks need new credentials at once, the role is assumed once."""
    sts = Sts(HOUR, clock)
    credentials = RoleCredentials(sts, now=clock)
    for expected in (1, 2):
        async with anyio.create_task_group() as tasks:
            for _ in range(100):
                tasks.start_soon(credentials.current)
        assert sts.count == expected
        clock.moment += HOUR


async def test_a_refused_role_is_every_waiters_error(clock: Clock) -> None:
    """Every task that waits for credentials that can't be had gets an error, and none waits for ever."""
    sts, errors = Sts(HOUR, clock), list[str]()
    sts.error = RequestError(code="AccessDenied", message="no", service="sts", operation="assume_role")
    credentials = RoleCredentials(sts, now=clock)

    async def ask() -> None:
        try:
            await credentials.current()
        except RequestError as error:
            errors.append(error.code)

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(ask)
    assert errors == ["AccessDenied"] * 20
    sts.error, clock.moment = None, clock.moment + HOUR
    assert (await credentials.current()).access_key == "ASIA2"


async def test_a_failed_renewal_leaves_what_is_still_valid(clock: Clock) -> None:
    """A renewal that fails early costs nothing as long as the credentials before it live."""
    sts = Sts(HOUR, clock)
    credentials = RoleCredentials(sts, now=clock)
    first = await credentials.current()
    sts.error = RequestError(code="Timeout", message="no", service="sts", operation="assume_role")
    clock.moment += timedelta(minutes=56)

    assert await credentials.current() == first


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_an_account_outlives_its_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of two seconds are enough for an account that takes longer: no request is ever sent too late."""
    scenario = Scenario(accounts=3, users=1, largest_account=60, events=1, credential_lifetime=2)
    async with served(scenario, monkeypatch) as server, open_gateway() as gateway:
        there, now = server.organization.accounts[1], server.organization.now
        plan = AccountPlan(CONFIG, Period(now - timedelta(days=80), now))
        report = await audit_account(account(there.id), gateway=gateway, plan=plan)
        assumptions = sum(request.action == "AssumeRole" for request in server.requests)

    assert report.failures == ()
    assert len(report.users) == 60
    assert assumptions >= 2
    assert {request.error_code for request in server.requests} <= {None, "NoSuchEntity"}


class Chain:
    """The SDK's chain, which fails to renew."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Nothing."""
        raise self._error


class Source:
    """Where the SDK's chain gets credentials from: it gives those that live for so long, and counts how often."""

    def __init__(self, clock: Clock, life: timedelta) -> None:
        self.clock = clock
        self.life = life
        self.count = 0
        self.error: Exception | None = None
        self.takes = 0.1

    async def give(self) -> dict[str, str]:
        """The next credentials, as the SDK wants them of a provider."""
        self.count += 1
        await anyio.sleep(self.takes)
        if self.error is not None:
            raise self.error
        expiry = (self.clock() + self.life).isoformat()
        return {"access_key": f"ASIA{self.count}", "secret_key": "s", "token": "t", "expiry_time": expiry}

    def credentials(self) -> CallerCredentials:
        """The caller's, over the SDK's own class, which goes by the same clock."""
        sdk = AioDeferredRefreshableCredentials(self.give, method="test", time_fetcher=self.clock)
        return CallerCredentials(sdk, now=self.clock)


@pytest.mark.parametrize(
    ("life", "kept", "renewed"),
    [
        (HOUR, timedelta(minutes=54, seconds=59), timedelta(minutes=55)),
        (timedelta(minutes=9), timedelta(minutes=6, seconds=44), timedelta(minutes=6, seconds=45)),
        (timedelta(minutes=1), timedelta(seconds=44), timedelta(seconds=45)),
    ],
)
async def test_the_callers_chain_is_asked_when_it_is_time(
    clock: Clock, life: timedelta, kept: timedelta, renewed: timedelta
) -> None:
    """Once for all tasks, ahead of the end, as a role's: not for each request, as the SDK by itself does."""
    source, start = Source(clock, life), clock.moment
    credentials = source.credentials()
    for moment, expected in ((timedelta(), 1), (kept, 1), (renewed, 2)):
        clock.moment = start + moment
        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(credentials.current)
        assert source.count == expected


async def test_a_chain_that_fails_costs_nothing_while_its_credentials_live(clock: Clock) -> None:
    """A provider that is away for a while is asked now and then; its fault is the request's once they have ended."""
    source = Source(clock, HOUR)
    credentials, start = source.credentials(), clock.moment
    first = await credentials.current()
    source.error = RuntimeError("away")
    for minute in (56, 57, 58, 59):
        clock.moment = start + timedelta(minutes=minute)
        assert await credentials.current() == first
    clock.moment = start + HOUR

    with pytest.raises(RequestError, match="CredentialsUnavailable"):
        await credentials.current()
    source.error = None
    assert (await credentials.current()).access_key != first.access_key


async def test_a_chain_that_hangs_has_no_credentials(clock: Clock) -> None:
    """All who wait for a renewal learn of it in time, and the next one asks anew; the first may take minutes."""
    source = Source(clock, HOUR)
    source.takes = 200
    credentials, began = source.credentials(), anyio.current_time()
    await credentials.current()
    assert 200 == round(anyio.current_time() - began)
    clock.moment += HOUR
    said: list[str] = []

    async def fail() -> None:
        with pytest.raises(RequestError) as caught:
            await credentials.current()
        said.append(str(caught.value))

    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(fail)
    assert 120 == round(anyio.current_time() - began)
    assert ["CredentialsUnavailable: it gave none for 120 seconds (credentials refresh)"] * 5 == said
    source.takes = 1
    assert "ASIA3" == (await credentials.current()).access_key


async def test_credentials_without_an_end_are_the_sdks_to_keep() -> None:
    """What a caller's session has without an end may be changed by it at any time."""
    static = AioCredentials("AKIAONE", "secret")
    credentials = CallerCredentials(static)
    assert (await credentials.current()).access_key == "AKIAONE"
    static.access_key = "AKIATWO"
    assert (await credentials.current()).access_key == "AKIATWO"


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired."),
        EOFError("EOF when reading a line"),
        KeyError("Token"),
        json.JSONDecodeError("Expecting value", "<html>", 0),
        ZeroDivisionError("a provider of a caller's own"),
        CredentialRetrievalError(provider="custom-process", error_msg="exit 1"),
        EndpointConnectionError(endpoint_url="https://sts.amazonaws.com", error=OSError()),
        ValueError("no JSON"),
        FileNotFoundError("token"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_the_callers_chain_fails_with_a_request_error(error: Exception) -> None:
    """Whatever the caller's own chain meets on renewal, a file that is gone too, is the request's error."""
    with pytest.raises(RequestError, match="CredentialsUnavailable"):
        await CallerCredentials(Chain(error)).current()

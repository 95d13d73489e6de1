"""Credentials that AWS calls expired before their time are renewed, once for all tasks, and not for ever."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from botocore.credentials import ReadOnlyCredentials

from auditor.aws.credentials import CallerCredentials, RoleCredentials, TaskCredentials
from auditor.aws.gateway import AccountAccess, open_gateway
from auditor.aws.request import Access
from auditor.aws.role import RoleRequest, assume
from auditor.demo import Scenario
from auditor.errors import RequestError
from tests.fakes import JUMPING, Answer, FakeService, FixedCredentials, access, assumed, refusal
from tests.organizations import served

pytestmark = pytest.mark.anyio

EXPIRED = refusal("ExpiredToken", status=403)
CODES = ["ExpiredToken", "ExpiredTokenException"]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Pauses take no time."""
    return JUMPING


class Sts:
    """Assumes a role, whose credentials are to live for long, and counts how often."""

    def __init__(self) -> None:
        self.count = 0
        self.error: RequestError | None = None

    async def __call__(self) -> dict[str, Any]:
        """The next credentials, or the error."""
        self.count += 1
        await anyio.sleep(0.1)
        if self.error is not None:
            raise self.error
        credentials: dict[str, Any] = assumed(str(self.count))["Credentials"]
        return credentials


class Iam:
    """Takes the credentials of some keys only, and notes whose came."""

    def __init__(self, *refused: str, code: str = "ExpiredToken") -> None:
        self.refused = set(refused)
        self.code = code
        self.keys: list[str] = []

    async def answer(self, **_: Any) -> Answer:
        """An empty page, or the refusal."""
        key = str((await TaskCredentials().get_frozen_credentials()).access_key)
        self.keys.append(key)
        await anyio.sleep(0.01)
        return refusal(self.code, status=403) if key in self.refused else {"Users": []}


@pytest.mark.parametrize("code", CODES)
async def test_expired_credentials_are_renewed_and_the_request_is_sent_again(code: str) -> None:
    """Credentials that end early cost one more attempt, signed with new ones."""
    sts, there = Sts(), Iam("ASIA1", code=code)
    iam = FakeService("iam", list_users=there.answer)

    assert await access(RoleCredentials(sts)).request(iam.list_users) == {"Users": []}
    assert (there.keys, sts.count) == (["ASIA1", "ASIA2"], 2)


async def test_they_are_renewed_once_for_all_tasks() -> None:
    """However many requests are refused with the same credentials, the role is assumed once more."""
    sts, there = Sts(), Iam("ASIA1")
    iam = FakeService("iam", list_users=there.answer)
    way = access(RoleCredentials(sts))
    async with anyio.create_task_group() as tasks:
        for _ in range(30):
            tasks.start_soon(way.request, iam.list_users)

    assert sts.count == 2
    assert there.keys.count("ASIA2") == 30


async def test_who_comes_while_they_are_renewed_waits_for_it() -> None:
    """A task that needs credentials in the middle of a renewal takes what comes of it, and asks for no other."""
    sts = Sts()
    credentials = RoleCredentials(sts)
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(credentials.current)
            await anyio.sleep(0.03)

    assert sts.count == 1


async def test_a_late_refusal_of_old_credentials_keeps_the_new_ones() -> None:
    """Who hears of the old credentials' end after they were renewed does not have the new ones renewed."""
    sts = Sts()
    credentials = RoleCredentials(sts)
    old = await credentials.current()
    credentials.expire(old)
    new = await credentials.current()
    credentials.expire(old)

    assert await credentials.current() == new != old
    assert sts.count == 2


async def test_credentials_that_are_always_refused_end_as_their_error() -> None:
    """A request is signed anew twice, and then has failed with AWS's own code."""
    sts = Sts()
    iam = FakeService("iam", list_users=EXPIRED)

    with pytest.raises(RequestError) as caught:
        await access(RoleCredentials(sts)).request(iam.list_users)

    assert (caught.value.code, caught.value.service) == ("ExpiredToken", "iam")
    assert (iam.count("list_users"), sts.count) == (3, 3)


async def test_expired_credentials_that_can_not_be_renewed_are_not_used_again() -> None:
    """A renewal that is refused is the request's error; nothing more is sent with what has expired."""
    sts, there = Sts(), Iam("ASIA1")
    iam = FakeService("iam", list_users=there.answer)
    credentials = RoleCredentials(sts)
    await credentials.current()
    sts.error = RequestError(code="AccessDenied", message="no", service="sts", operation="assume_role", status=403)

    with pytest.raises(RequestError, match="AccessDenied"):
        await access(credentials).request(iam.list_users)

    assert there.keys == ["ASIA1"]


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "RequestExpired", "SignatureDoesNotMatch"])
async def test_other_refusals_renew_nothing(code: str) -> None:
    """A key that is not known and a clock that is wrong are raised at once."""
    credentials = FixedCredentials()
    iam = FakeService("iam", list_users=refusal(code, status=403))

    with pytest.raises(RequestError, match=code):
        await access(credentials).request(iam.list_users)

    assert (iam.count("list_users"), credentials.refused) == (1, [])


class Chain:
    """The SDK's chain: it gives the same credentials for so often, then the next ones."""

    def __init__(self, *keys: str) -> None:
        self._keys = list(keys)

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """The credentials of now."""
        key = self._keys.pop(0) if len(self._keys) > 1 else self._keys[0]
        return ReadOnlyCredentials(key, "secret", None, None)


async def test_the_callers_chain_is_asked_again() -> None:
    """Credentials of the caller that have expired are taken anew from the chain."""
    there = Iam("AKIAOLD")
    iam = FakeService("iam", list_users=there.answer)
    await access(CallerCredentials(Chain("AKIAOLD", "AKIAOLD", "AKIANEW"))).request(iam.list_users)

    assert there.keys == ["AKIAOLD", "AKIANEW"]


async def test_a_chain_that_has_nothing_newer_ends_with_the_error() -> None:
    """The caller's credentials that stay expired are AWS's own error, after three attempts."""
    there = Iam("AKIAOLD")
    iam = FakeService("iam", list_users=there.answer)

    with pytest.raises(RequestError, match="ExpiredToken"):
        await access(CallerCredentials(Chain("AKIAOLD"))).request(iam.list_users)

    assert there.keys == ["AKIAOLD"] * 3


async def test_a_client_that_signs_by_itself_is_asked_again() -> None:
    """Where the SDK signs with the caller's chain, an expired token is the chance for a newer one."""
    sts = FakeService("sts", assume_role=[EXPIRED, assumed("222222222222")])

    assert "Credentials" in await access().request(sts.assume_role)


async def test_a_clock_that_is_late_costs_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this machine's clock hides that credentials have ended, AWS's refusal has them renewed."""
    scenario = Scenario(accounts=2, users=1, largest_account=4, events=0, denied_every=None, credential_lifetime=60)
    ahead = [0.0]
    async with served(scenario, monkeypatch, clock=lambda: time.time() + ahead[0]) as server, open_gateway() as gateway:
        there = server.organization.accounts[1].id
        role = RoleRequest(scenario.role_name, "SecurityAudit")

        async def assume_again() -> dict[str, Any]:
            return await assume(gateway.access, gateway.sts, account_id=there, partition="aws", role=role)

        late = RoleCredentials(assume_again, now=lambda: datetime.now(UTC) - timedelta(minutes=1))
        entered = AccountAccess(
            Access(credentials=late, limits=gateway.limits),
            gateway.iam,
            gateway.cloudtrail,
            role="R",
            root_arn="arn:aws:iam::222222222222:root",
        )
        await _read(entered)
        ahead[0] = 61.0
        await _read(entered)
        codes = [(request.action, request.error_code) for request in server.requests if request.error_code]
        assumptions = sum(request.action == "AssumeRole" for request in server.requests)

    assert {("ListUsers", "ExpiredToken"), ("LookupEvents", "ExpiredTokenException")} >= set(codes) != set()
    assert assumptions == 2


async def _read(entered: AccountAccess) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: entered.access.request(entered.iam.list_users))
        tasks.start_soon(lambda: entered.access.request(entered.cloudtrail.lookup_events))

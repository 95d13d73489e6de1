"""One identity's requests: paid for, signed, counted, tried again, and never more at once than there are slots."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ReadTimeoutError

from auditor.account.audit import AccountPlan, audit_account
from auditor.aws.credentials import RoleCredentials, TaskCredentials
from auditor.aws.gateway import open_gateway
from auditor.aws.limits.budgets import Api
from auditor.aws.limits.retry import RetryPolicy
from auditor.aws.request import Access, Usage, api_of
from auditor.aws.session import open_sessions
from auditor.config import AuditConfig
from auditor.demo import FaultMix, Scenario, truth
from auditor.errors import RequestError
from auditor.model.period import Period
from tests.fakes import JUMPING, NOON, FakeService, FixedCredentials, access, account, assumed, limits, refusal
from tests.organizations import served

pytestmark = pytest.mark.anyio

REPLIES = {
    ("sts", "assume_role"): "Credentials",
    ("sts", "get_caller_identity"): "Account",
    ("organizations", "list_accounts"): "Accounts",
    ("iam", "list_users"): "Users",
    ("iam", "list_access_keys"): "AccessKeyMetadata",
    ("iam", "get_login_profile"): "LoginProfile",
    ("iam", "list_mfa_devices"): "MFADevices",
    ("iam", "get_access_key_last_used"): "AccessKeyLastUsed",
    ("cloudtrail", "lookup_events"): "Events",
}
"""The member without which a reply of the operation is none."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates and pauses take no time."""
    return JUMPING


@pytest.mark.parametrize(("api", "member"), REPLIES.items(), ids=lambda value: value[1])
async def test_a_reply_without_its_list_is_asked_again(api: tuple[str, str], member: str) -> None:
    """A cut or foreign body that reads as an empty reply is no answer, and the next one is taken."""
    service, operation = api
    answers: Any = [{}, {"ResponseMetadata": {}}, {member: []}]
    client = FakeService(service, **{operation: answers})

    assert await access().request(getattr(client, operation)) == {member: []}
    assert client.count(operation) == 3


async def test_a_service_that_never_sends_its_list_is_invalid() -> None:
    """After eight replies without their list the request has failed, and is no empty page."""
    iam = FakeService("iam", list_users={"ResponseMetadata": {}})

    with pytest.raises(RequestError) as caught:
        await access().request(iam.list_users)

    assert caught.value.code == "InvalidResponse"
    assert iam.count("list_users") == 8


async def test_requests_and_throttles_are_counted() -> None:
    """Every attempt is a request, and every throttle is a throttle."""
    answers: Any = [refusal("Throttling"), refusal("ServiceFailure", status=500), {"Users": []}, {"Users": []}]
    iam, way = FakeService("iam", list_users=answers), access()
    await way.request(iam.list_users)
    await way.request(iam.list_users)

    assert (4, 1) == (way.usage.requests, way.usage.throttles)


async def test_throttles_are_no_attempts() -> None:
    """A request that is throttled more often than it may fail is answered in the end."""
    iam = FakeService("iam", list_users=[*[refusal("Throttling")] * 30, {"Users": []}])

    assert await access().request(iam.list_users) == {"Users": []}


async def test_a_refusal_is_raised_at_once() -> None:
    """What AWS would only say again is asked once."""
    iam = FakeService("iam", list_users=refusal("AccessDenied", status=403))

    with pytest.raises(RequestError, match="AccessDenied"):
        await access().request(iam.list_users)

    assert iam.count("list_users") == 1


async def test_parameters_are_passed_on() -> None:
    """The operation is given the parameters of the request."""
    iam = FakeService("iam", list_access_keys={"AccessKeyMetadata": []})
    await access().request(iam.list_access_keys, UserName="ana")

    assert iam.calls[0].parameters == {"UserName": "ana"}


@dataclass
class Gauge:
    """How many requests are in flight, and the most there were."""

    now: int = 0
    most: int = 0

    async def answer(self, **_: Any) -> dict[str, Any]:
        """An answer after a while."""
        self.now += 1
        self.most = max(self.most, self.now)
        await anyio.sleep(1)
        self.now -= 1
        return {"Users": []}


async def test_no_more_requests_in_flight_than_slots() -> None:
    """All identities of a run share its slots, and use them."""
    gauge, place = Gauge(), limits(slots=3)
    iam = FakeService("iam", list_users=gauge.answer)
    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(Access(credentials=None, limits=place).request, iam.list_users)

    assert (gauge.most, place.slots["iam"].taken) == (3, 0)


async def test_credentials_that_a_client_can_not_find_are_unavailable() -> None:
    """A client that signs by itself may look for its credentials in a process that is gone."""
    sts = FakeService("sts", assume_role=FileNotFoundError(2, "No such file", "vault"))

    with pytest.raises(RequestError, match="CredentialsUnavailable"):
        await access().request(sts.assume_role)


async def test_a_request_that_is_cancelled_leaves_its_place() -> None:
    """Nothing of a cancelled request stays behind."""
    gauge, place = Gauge(), limits(slots=1)
    iam = FakeService("iam", list_users=gauge.answer)
    with anyio.move_on_after(0.5):
        await Access(credentials=None, limits=place).request(iam.list_users)

    assert place.slots["iam"].taken == 0


async def test_a_renewal_takes_a_place_of_its_own() -> None:
    """With one place a service, credentials that end are renewed without waiting for it for ever."""
    place = limits(slots=1)
    caller = Access(credentials=None, limits=place)
    sts = FakeService("sts", assume_role=lambda **_: assumed("2", expires=datetime.now(UTC) - timedelta(hours=1)))
    iam = FakeService("iam", list_users={"Users": []})

    async def assume() -> dict[str, Any]:
        credentials: dict[str, Any] = (await caller.request(sts.assume_role))["Credentials"]
        return credentials

    way = Access(credentials=RoleCredentials(assume), limits=place)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(way.request, iam.list_users)

    assert (10, 20) == (iam.count("list_users"), sts.count("assume_role"))


async def test_credentials_that_end_in_the_queue_are_renewed_before_they_sign() -> None:
    """However long a place is waited for, no request is signed with credentials that are past their end."""
    place, now, signed = limits(slots=1), datetime.now(UTC), list[timedelta]()
    began = anyio.current_time()

    def clock() -> datetime:
        return now + timedelta(seconds=anyio.current_time() - began)

    async def assume() -> dict[str, Any]:
        credentials: dict[str, Any] = assumed("2", expires=clock() + timedelta(seconds=3))["Credentials"]
        return credentials | {"AccessKeyId": (clock() + timedelta(seconds=3)).isoformat()}

    async def answer(**_: Any) -> dict[str, Any]:
        end = await TaskCredentials().get_frozen_credentials()
        signed.append(datetime.fromisoformat(end.access_key or "") - clock())
        await anyio.sleep(1)
        return {"Users": []}

    iam = FakeService("iam", list_users=answer)
    way = Access(credentials=RoleCredentials(assume, now=clock), limits=place)
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(way.request, iam.list_users)

    assert 10 == len(signed)
    assert min(signed) > timedelta(0)


async def test_a_silent_account_renews_its_credentials() -> None:
    """An account that is asked one thing at a time, since it has been silent, can still renew what it signs with."""
    place, began, asked = limits(RetryPolicy(), slots=1), anyio.current_time(), list[float]()
    place.answered.update(place.slots)

    def clock() -> datetime:
        return NOON + timedelta(seconds=anyio.current_time() - began)

    async def answer(**_: Any) -> dict[str, Any]:
        asked.append(anyio.current_time())
        if len(asked) == 1:
            await anyio.sleep(12)
            raise ReadTimeoutError(endpoint_url="https://aws")
        return {"Users": []}

    usage = Usage(300)
    caller = Access(credentials=None, limits=place, usage=usage)
    sts = FakeService("sts", assume_role=lambda **_: assumed("2", expires=clock() + timedelta(seconds=5)))

    async def assume() -> dict[str, Any]:
        credentials: dict[str, Any] = (await caller.request(sts.assume_role))["Credentials"]
        return credentials

    iam = FakeService("iam", list_users=answer)
    way = Access(credentials=RoleCredentials(assume, now=clock), limits=place, usage=usage)
    with anyio.fail_after(100):
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(way.request, iam.list_users)

    assert 4 == len(asked)


async def test_accounts_that_never_answer_leave_slots_to_the_others() -> None:
    """An account that has been silent for a while is asked one thing at a time, so that the rest goes on."""
    place = limits(slots=10)

    async def hang(**_: Any) -> dict[str, Any]:
        await anyio.sleep(30)
        raise ReadTimeoutError(endpoint_url="https://aws")

    silent, quick = FakeService("iam", list_users=hang), FakeService("iam", list_users={"Users": []})

    async def ask(service: FakeService, way: Access) -> None:
        with suppress(RequestError):
            await way.request(service.list_users)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            way = Access(credentials=None, limits=place)
            for _ in range(16):
                tasks.start_soon(ask, silent, way)
        await anyio.sleep(45)
        began = anyio.current_time()
        await Access(credentials=None, limits=place).request(quick.list_users)
        waited = anyio.current_time() - began
        tasks.cancel_scope.cancel()

    assert waited < 1


async def test_credentials_are_read_for_every_attempt() -> None:
    """An attempt that comes after a long pause is signed with what is valid then."""
    credentials = FixedCredentials()
    iam = FakeService("iam", list_users=[refusal("Throttling"), refusal("Throttling"), {"Users": []}])
    await access(credentials).request(iam.list_users)

    assert 2 * 3 == credentials.asked


@dataclass
class BrokenCredentials:
    """A credential source that has none."""

    asked: int = 0

    async def current(self) -> ReadOnlyCredentials:
        """Nothing."""
        self.asked += 1
        raise RequestError(code="AccessDenied", message="no", service="sts", operation="assume_role", status=403)

    def expire(self, refused: ReadOnlyCredentials) -> None:
        """Never: there are none to refuse."""
        raise AssertionError(refused)


async def test_without_credentials_nothing_is_sent() -> None:
    """Credentials that can't be had are the request's error."""
    iam = FakeService("iam", list_users={"Users": []})

    with pytest.raises(RequestError, match="sts assume_role"):
        await access(BrokenCredentials()).request(iam.list_users)

    assert iam.calls == []


async def test_a_failed_renewal_is_not_tried_by_two_loops() -> None:
    """A renewal that AWS fails is tried as often as any request, not once more for each of its own attempts."""
    sts = FakeService("sts", assume_role=refusal("InternalFailure", status=500))
    iam = FakeService("iam", list_users={"Users": []})
    caller = access()

    async def assume() -> dict[str, Any]:
        credentials: dict[str, Any] = (await caller.request(sts.assume_role))["Credentials"]
        return credentials

    with pytest.raises(RequestError):
        await access(RoleCredentials(assume)).request(iam.list_users)

    assert sts.count("assume_role") == 8


async def test_an_api_is_named_after_the_clients_method(monkeypatch: pytest.MonkeyPatch) -> None:
    """Budgets go by the names that a real client gives to service and method."""
    async with served(Scenario(accounts=1, users=0), monkeypatch):
        sessions = await open_sessions(profile=None, session=None)
        async with sessions.caller.create_client("iam", region_name=sessions.region) as iam:
            assert api_of(iam.list_users) == Api("iam", "list_users")


async def test_a_users_own_client_signs_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that somebody else made is asked as it is, with its own credentials."""
    async with served(Scenario(accounts=3, users=2), monkeypatch) as server:
        sessions = await open_sessions(profile=None, session=None)
        async with sessions.caller.create_client("iam", region_name=sessions.region) as iam:
            reply = await access().request(iam.list_users, MaxItems=1000)

        names = {user.name for user in server.organization.facts(server.organization.caller).users}
        assert {user["UserName"] for user in reply["Users"]} == names
        assert {request.account_id for request in server.requests} == {server.organization.caller.id}


MIXES = [
    FaultMix(truncated=0.3),
    FaultMix(html=0.3),
    FaultMix(reset=0.3),
    FaultMix(internal_error=0.3),
    FaultMix(unavailable=0.3),
    FaultMix(truncated=0.06, html=0.06, reset=0.06, internal_error=0.06, unavailable=0.06),
]


@pytest.mark.parametrize("mix", MIXES, ids=["truncated", "html", "reset", "500", "503", "all"])
async def test_everything_is_read_through_faults(mix: FaultMix, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a part of all answers is broken in any way, an account is read to its last row all the same."""
    scenario = Scenario(accounts=4, users=2, largest_account=6, events=3, faults=mix)
    async with served(scenario, monkeypatch) as server:
        there = server.organization.accounts[1]
        period = Period(server.organization.now - timedelta(days=80), server.organization.now)
        async with open_gateway() as gateway:
            plan = AccountPlan(AuditConfig(role=scenario.role_name, session_policy=False), period)
            report = await audit_account(account(there.id), gateway=gateway, plan=plan)

        expected = truth(server.organization, start=period.start, end=period.end)
    assert report.failures == ()
    ours = {row["access_key_id"] for row in expected.findings if row["account_id"] == there.id}
    assert {finding.key.id for finding in report.findings()} == ours
    assert sum(row["account_id"] == there.id for row in expected.events) == len(list(report.happened()))
    assert any(request.error_code for request in server.requests)

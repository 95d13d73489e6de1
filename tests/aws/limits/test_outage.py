"""A service that serves nobody is waited for by the whole run, and tried by one request at a time."""

import ssl
from collections import Counter
from functools import partial
from typing import Any

import anyio
import pytest
from botocore.exceptions import (
    CredentialRetrievalError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from auditor.aws.limits.budgets import Api
from auditor.aws.limits.outage import Outages
from auditor.aws.limits.retry import RetryPolicy
from auditor.aws.request import Access, RunLimits, Usage
from auditor.aws.wire.proxies import ProxyRefusal
from auditor.errors import RequestError
from auditor.model.progress import ProgressEvent, Waiting, WaitingEnded
from tests.fakes import JUMPING, FakeService, limits, refusal

pytestmark = pytest.mark.anyio

PATIENCE = 600.0
SERVICES = ("cloudtrail", "iam", "organizations", "sts")
FAULTS = [
    pytest.param(refusal("ServiceUnavailable", status=503), "ServiceUnavailable", id="server errors"),
    pytest.param(
        EndpointConnectionError(endpoint_url="https://aws", error=OSError()), "ConnectionFailed", id="refused"
    ),
    pytest.param(ReadTimeoutError(endpoint_url="https://aws"), "Timeout", id="timeouts"),
    pytest.param({}, "InvalidResponse", id="bad bodies"),
    pytest.param(
        SSLError(endpoint_url="https://aws", error=ssl.SSLCertVerificationError("self-signed certificate")),
        "CertificateRefused",
        id="a portal's certificate",
    ),
]
PASSWORDS = [
    pytest.param(ProxyConnectionError(proxy_url="http://proxy:3128", error=ProxyRefusal(407)), "ProxyFailed", id="TLS"),
    pytest.param(refusal("407", status=407), "407", id="in the clear"),
]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Outages take no time."""
    return JUMPING


class World:
    """IAM that is out for a time, as several accounts meet it."""

    def __init__(self, fault: Any, *, begins: float = 10.0, seconds: float = 45.0, service: str = "iam") -> None:
        self.events: list[ProgressEvent] = []
        self.limits: RunLimits = limits(RetryPolicy())
        self.limits.outages = Outages(PATIENCE, observe=self.events.append)
        self.limits.answered.update(SERVICES)
        self.began = anyio.current_time()
        self.answered = Counter[str]()
        self.failed: list[RequestError] = []
        self.in_outage = self.at_once = self.most_at_once = self.refused = 0
        self._fault, self._begins, self._ends = fault, begins, begins + seconds
        self.client = FakeService(service, list_users=self._answer)

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return anyio.current_time() - self.began

    async def _answer(self, **_: Any) -> Any:
        if self._begins + 20 <= self.now < self._ends:
            self.in_outage += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once if self._begins + 20 <= self.now < self._ends else 0)
        try:
            await anyio.sleep(0.1)
        finally:
            self.at_once -= 1
        out = self._begins <= self.now < self._ends
        self.refused += out
        if out and isinstance(self._fault, Exception):
            raise self._fault
        return self._fault if out else {"Users": []}

    async def ask(self, account: str, *, times: int = 20, every: float = 1.0) -> None:
        """Ask in the name of one account, again and again."""
        access = Access(credentials=None, limits=self.limits, usage=Usage(300.0, account))
        for _ in range(times):
            await anyio.sleep(every)
            try:
                await access.request(self.client.list_users)
            except RequestError as error:
                self.failed.append(error)
                continue
            self.answered[account] += 1

    async def ask_all(self, accounts: int) -> None:
        """Ask in the name of so many accounts at once."""
        async with anyio.create_task_group() as tasks:
            for number in range(accounts):
                tasks.start_soon(self.ask, f"{number}")


@pytest.mark.parametrize(("fault", "code"), FAULTS)
@pytest.mark.parametrize("seconds", [5.0, 45.0, 120.0, 590.0])
async def test_an_outage_costs_nothing(fault: Any, code: str, seconds: float) -> None:
    """However a service fails, and for how long within the patience, every request is answered in the end."""
    world = World(fault, seconds=seconds)
    await world.ask_all(10)

    assert [] == world.failed
    assert 200 == world.answered.total()
    assert world.events[:1] == [Waiting("iam", code, PATIENCE)]
    assert isinstance(world.events[-1], WaitingEnded)
    assert world.events[-1].answered


@pytest.mark.parametrize(("fault", "code"), PASSWORDS)
async def test_a_password_that_a_proxy_refuses_is_tried_seldom(fault: Any, code: str) -> None:
    """Some proxies lock who comes with a wrong one too often: it is an outage at once, and tried twice a minute."""
    world = World(fault, seconds=300.0)
    await world.ask_all(10)

    assert [] == world.failed
    assert world.events[:1] == [Waiting("iam", code, PATIENCE)]
    # Ten were under way when it began.
    assert world.refused <= 10 + 300 / 30 + 1


async def test_one_request_at_a_time_tries_it() -> None:
    """Whoever else wants to ask waits: a service that comes back is not run down."""
    world = World(refusal("ServiceUnavailable", status=503), seconds=120.0)
    await world.ask_all(50)

    assert 1 == world.most_at_once
    assert 20 <= world.in_outage <= 60


async def test_a_service_that_is_out_holds_no_other_up() -> None:
    """What is asked of another service goes on."""
    world = World(refusal("ServiceUnavailable", status=503), seconds=300.0)
    other = FakeService("cloudtrail", lookup_events={"Events": []})
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(world.ask_all, 5)
        await anyio.sleep(100)
        began = anyio.current_time()
        await Access(credentials=None, limits=world.limits).request(other.lookup_events)
        took = anyio.current_time() - began

    assert took < 1


async def test_patience_ends_for_all_at_once() -> None:
    """Ten minutes after the first fault every request fails, with the fault's code, and none is sent any more."""
    world = World(refusal("ServiceUnavailable", status=503), seconds=1e9)
    await world.ask_all(20)
    sent = world.client.count("list_users")
    with pytest.raises(RequestError, match="ServiceUnavailable: no good reply came for 600 seconds"):
        await Access(credentials=None, limits=world.limits).request(FakeService("sts", assume_role={}).assume_role)

    assert {"ServiceUnavailable"} == {error.code for error in world.failed}
    assert world.client.count("list_users") == sent
    assert world.now < 10 + PATIENCE + 30
    assert [Waiting, WaitingEnded] == [type(event) for event in world.events]


async def test_what_is_cut_off_ends_with_the_patience() -> None:
    """A block that waits for something else is cancelled, and one that is entered later is not begun."""
    world = World(refusal("ServiceUnavailable", status=503), seconds=1e9)
    cut: list[float] = []

    async def wait() -> None:
        with world.limits.outages.cutting_off():
            await anyio.sleep(10_000)
        cut.append(world.now)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        tasks.start_soon(world.ask_all, 5)
    await wait()

    assert [True, True] == [600 <= at < 640 for at in cut]


@pytest.mark.parametrize("others", [0, 1, 30])
async def test_one_accounts_trouble_is_no_outage(others: int) -> None:
    """An account that always fails ends with its own code, and no run waits for it or is ended by it."""
    world = World(None)
    broken = FakeService("iam", list_users=refusal("InternalFailure", status=500))
    access = Access(credentials=None, limits=world.limits, usage=Usage(300.0, "broken"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(_ask_on, world, others))
        with pytest.raises(RequestError, match="InternalFailure"):
            await access.request(broken.list_users)
        took = world.now
        tasks.cancel_scope.cancel()

    assert took < (300 if not others else 30)
    assert [] == world.events
    assert world.limits.outages.ended is None


async def _ask_on(world: World, accounts: int) -> None:
    client = FakeService("iam", list_users={"Users": []})
    async with anyio.create_task_group() as tasks:
        for number in range(accounts):
            tasks.start_soon(
                _ask_for_ever, Access(credentials=None, limits=world.limits, usage=Usage(300, f"{number}")), client
            )


async def _ask_for_ever(access: Access, client: FakeService) -> None:
    while True:
        await anyio.sleep(0.5)
        await access.request(client.list_users)


@pytest.mark.parametrize("accounts", [1, 2])
async def test_few_accounts_outlive_an_outage_too(accounts: int) -> None:
    """Where too few are asked to tell whose fault it is, each is tried for minutes."""
    world = World(refusal("ServiceUnavailable", status=503), seconds=120.0)
    await world.ask_all(accounts)

    assert [] == world.failed
    assert [] == world.events


async def test_an_endpoint_that_never_answered_is_given_up_soon() -> None:
    """Ten seconds are enough for a name that is wrong, however many accounts ask."""
    world = World(EndpointConnectionError(endpoint_url="https://aws", error=OSError()), begins=0, seconds=1e9)
    world.limits.answered.clear()
    await world.ask("1", times=1)

    assert ["ConnectionFailed"] == [error.code for error in world.failed]
    assert world.now < 13
    assert [] == world.events


@pytest.mark.parametrize(
    ("service", "fault", "is_outage"),
    [
        pytest.param("iam", refusal("InternalFailure", status=500), False, id="not there"),
        pytest.param("iam", {}, False, id="not there, says a page"),
        pytest.param("iam", refusal("ServiceUnavailable", status=503), True, id="out"),
        pytest.param("iam", EndpointConnectionError(endpoint_url="https://aws", error=OSError()), True, id="refused"),
        pytest.param("sts", refusal("InternalFailure", status=500), True, id="AssumeRole is everywhere"),
    ],
)
async def test_an_api_that_an_emulator_does_not_have_is_no_outage(service: str, fault: Any, *, is_outage: bool) -> None:
    """It fails from the beginning, while others of its service answer; a service that is out is waited for."""
    world = World(fault, begins=0, seconds=45.0 if is_outage else 1e9, service=service)
    world.limits.answered_apis.add(Api(service, "get_caller_identity"))
    await world.ask_all(5)

    assert is_outage == bool(world.events)
    assert (0 if is_outage else 5 * 20) == len(world.failed)


async def test_throttles_and_denials_are_no_outage() -> None:
    """Who refuses is there."""
    for answer in (refusal("Throttling"), refusal("AccessDenied", status=403)):
        world = World(answer, seconds=20.0)
        await world.ask_all(10)
        assert [] == world.events


async def test_the_callers_credentials_are_waited_for() -> None:
    """Where what provides them fails, one request at a time tries it; what needs none of the caller's goes on."""
    world = World(CredentialRetrievalError(provider="process", error_msg="the vault is locked"), service="sts")
    await world.ask_all(5)

    assert [] == world.failed
    assert world.events[:1] == [Waiting("credentials", "CredentialsUnavailable", PATIENCE)]
    assert 1 == world.most_at_once


async def test_the_callers_credentials_end_a_run_in_the_end() -> None:
    """The code says whose fault it was."""
    lost = CredentialRetrievalError(provider="process", error_msg="the vault is locked")
    world = World(lost, seconds=1e9, service="sts")
    await world.ask_all(3)

    assert {"CredentialsUnavailable"} == {error.code for error in world.failed}
    assert world.limits.outages.ended is not None


async def test_waiting_is_no_silence_and_uses_up_no_attempt() -> None:
    """After ten minutes of outage less ten seconds a request has all its attempts, and its account was not silent."""
    world = World(refusal("ServiceUnavailable", status=503), begins=0, seconds=590.0)
    faults = [refusal("ServiceFailure", status=500)] * 5

    async def answer(**_: Any) -> Any:
        if world.now < 590:
            raise refusal("ServiceUnavailable", status=503)
        return faults.pop() if faults else {"Users": []}

    client, usage = FakeService("iam", list_users=answer), Usage(300.0, "own")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(world.ask_all, 4)
        access = Access(credentials=None, limits=world.limits, usage=usage)
        assert await access.request(client.list_users) == {"Users": []}
        tasks.cancel_scope.cancel()

    assert not usage.liveness("iam").is_long


async def test_a_listing_alone_is_an_outages_witness() -> None:
    """Organizations is asked by nobody else: each fault is waited out, and its end ends no account."""
    world = World(refusal("ServiceException", status=500), begins=0, seconds=1e9)
    client = FakeService("organizations", list_accounts=refusal("ServiceException", status=500))
    with pytest.raises(RequestError, match="ServiceException"):
        await Access(credentials=None, limits=world.limits).request(client.list_accounts)

    assert PATIENCE == pytest.approx(world.now, abs=10)
    assert world.limits.outages.ended is None


async def test_without_patience_nothing_is_waited_for() -> None:
    """Patience of zero is that of each request alone."""
    world = World(refusal("ServiceUnavailable", status=503), seconds=1e9)
    world.limits.outages = Outages(0.0, observe=world.events.append)
    await world.ask_all(5)

    assert {"ServiceUnavailable"} == {error.code for error in world.failed}
    assert [] == world.events

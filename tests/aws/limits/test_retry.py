"""How often, how long and with which pauses a request is tried."""

from functools import partial
from typing import Any

import anyio
import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from auditor.aws.limits.retry import Retries, RetryPolicy
from auditor.aws.request import Access
from auditor.errors import RequestError
from tests.fakes import JUMPING, NO_PAUSES, FakeService, limits, refusal

pytestmark = pytest.mark.anyio

POLICY = RetryPolicy()
USERS: dict[str, Any] = {"Users": []}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Pauses take no time."""
    return JUMPING


def fault(code: str = "ServiceUnavailable", *, status: int = 503) -> RequestError:
    """An error of one attempt."""
    return RequestError(code=code, message="no", service="iam", operation="list_users", status=status)


def unreachable() -> EndpointConnectionError:
    """A connection that nobody accepts."""
    return EndpointConnectionError(endpoint_url="https://iam.amazonaws.com", error=OSError("refused"))


async def seconds_of(policy: RetryPolicy, answer: Exception, *, answered: bool) -> tuple[float, int]:
    """How long a request that always fails is tried, and how often."""
    iam = FakeService("iam", list_users=lambda **_: answer)
    place = limits(policy)
    if answered:
        place.answered.add("iam")
    started = anyio.current_time()
    with pytest.raises(RequestError):
        await Access(credentials=None, limits=place).request(iam.list_users)
    return anyio.current_time() - started, iam.count("list_users")


async def test_pauses_grow_within_bounds() -> None:
    """The bound of a pause doubles up to the longest; a pause is never under a quarter of it."""
    for _ in range(50):
        retries = Retries(RetryPolicy(patience=1000))
        pauses = [retries.pause_after(fault(), contacted=True) for _ in range(7)]
        bounds = [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]

        assert [
            pause is not None and bound / 4 <= pause <= bound for pause, bound in zip(pauses, bounds, strict=True)
        ] == [True] * 7


async def test_what_is_waited_for_on_this_side_costs_no_patience() -> None:
    """However long the queue for slots is, a request that fails once is tried once more."""
    answers = dict.fromkeys(range(300), 0)

    async def answer(MaxItems: int) -> dict[str, Any]:  # noqa: N803 - AWS's name
        await anyio.sleep(1)
        answers[MaxItems] += 1
        if answers[MaxItems] == 1:
            raise refusal("ServiceFailure", status=500)
        return {"Users": []}

    iam, place = FakeService("iam", list_users=answer), limits(RetryPolicy(), slots=2)
    async with anyio.create_task_group() as tasks:
        for number in answers:
            way = Access(credentials=None, limits=place)
            tasks.start_soon(partial(way.request, iam.list_users, MaxItems=number))

    assert {2} == set(answers.values())


async def test_pauses_are_jittered() -> None:
    """Requests that failed together don't come back together."""
    firsts = {Retries(POLICY).pause_after(fault(), contacted=True) for _ in range(100)}

    assert len(firsts) > 90


async def test_attempts_end() -> None:
    """A request that always fails is tried eight times."""
    retries = Retries(NO_PAUSES)

    assert [retries.pause_after(fault(), contacted=True) for _ in range(8)] == [0.0] * 7 + [None]


async def test_throttles_are_no_attempts() -> None:
    """Throttles don't use up the attempts of a request."""
    retries = Retries(NO_PAUSES)
    throttle = fault("Throttling", status=400)

    assert [retries.pause_after(throttle, contacted=True) for _ in range(100)] == [0.0] * 100
    assert [retries.pause_after(fault(), contacted=True) for _ in range(8)] == [0.0] * 7 + [None]


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchEntity", "ValidationError"])
async def test_final_refusals_are_not_tried_again(code: str) -> None:
    """What AWS would only say again is raised at once."""
    assert Retries(POLICY).pause_after(fault(code, status=400), contacted=True) is None


@pytest.mark.parametrize(("code", "status"), [("CertificateRefused", 0), ("ProxyFailed", 407), ("407", 407)])
async def test_who_came_in_between_may_go_again(code: str, status: int) -> None:
    """A certificate, or a proxy's password, that is no good stays so, unless AWS has answered before."""
    refused = fault(code, status=status)
    assert Retries(POLICY).pause_after(refused, contacted=False) is None
    assert Retries(NO_PAUSES).pause_after(refused, contacted=True) == 0.0


async def test_a_throttled_request_ends_with_its_patience() -> None:
    """A request that is throttled each time is tried for four minutes, not for ever."""
    seconds, attempts = await seconds_of(POLICY, refusal("Throttling"), answered=True)

    assert 230 <= seconds <= 242
    assert attempts > 48


async def test_throttles_cost_no_patience_with_other_faults() -> None:
    """A request that was throttled for a minute and then fails once is tried once more."""
    iam = FakeService("iam", list_users=[*[refusal("Throttling")] * 20, refusal("ServiceFailure", status=500), USERS])
    began = anyio.current_time()

    assert USERS == await Access(credentials=None, limits=limits(POLICY)).request(iam.list_users)
    assert anyio.current_time() - began > POLICY.patience


async def test_slow_failures_are_tried_again() -> None:
    """However long a server error is in coming, the request is tried three times."""

    async def answer(**_: Any) -> dict[str, Any]:
        await anyio.sleep(25)
        raise refusal("ServiceFailure", status=500)

    iam, place = FakeService("iam", list_users=answer), limits(POLICY)
    with pytest.raises(RequestError, match="ServiceFailure"):
        await Access(credentials=None, limits=place).request(iam.list_users)

    assert 3 == iam.count("list_users")


async def test_server_errors_end_with_patience() -> None:
    """A service that fails each time is given up within twenty seconds, after at most eight attempts."""
    seconds, attempts = await seconds_of(POLICY, refusal("ServiceUnavailable", status=503), answered=True)

    assert seconds <= 21.5
    assert 6 <= attempts <= 8


async def test_what_is_not_answered_is_tried_for_minutes() -> None:
    """A request that times out is sent again, on another connection perhaps, where its endpoint answers others."""
    timeout = ReadTimeoutError(endpoint_url="https://iam.amazonaws.com")
    _, attempts = await seconds_of(POLICY, timeout, answered=True)
    retries = Retries(POLICY)
    with retries.trying():
        await anyio.sleep(240)

    assert attempts == 8
    assert retries.pause_after(fault("Timeout", status=0), contacted=True) is not None
    assert retries.pause_after(fault("Timeout", status=0), contacted=False) is None


async def test_patience_ends_before_the_attempts() -> None:
    """No pause goes beyond the patience, whatever attempts are left."""
    seconds, _ = await seconds_of(RetryPolicy(attempts=1000), unreachable(), answered=True)

    assert 15 <= seconds <= 21.5


@pytest.mark.parametrize(
    "error",
    [unreachable(), ConnectTimeoutError(endpoint_url="https://iam.amazonaws.com", error=TimeoutError())],
    ids=["refused", "timeout"],
)
async def test_the_first_contact_is_given_up_sooner(error: Exception) -> None:
    """An endpoint that has never answered is given up in ten seconds."""
    seconds, _ = await seconds_of(RetryPolicy(attempts=1000), error, answered=False)

    assert 5 <= seconds <= 11.5


async def test_an_answer_is_a_contact() -> None:
    """An endpoint that has answered once, with an error too, is given the longer patience."""
    answers = iter([refusal("ServiceUnavailable", status=503)])
    iam = FakeService("iam", list_users=lambda **_: next(answers, unreachable()))
    place = limits(RetryPolicy(attempts=1000))
    started = anyio.current_time()

    with pytest.raises(RequestError):
        await Access(credentials=None, limits=place).request(iam.list_users)

    assert {"iam"} == place.answered
    assert 15 <= anyio.current_time() - started <= 21.5


@pytest.mark.parametrize("status", [403, 407, 502, 503])
async def test_a_status_alone_is_no_contact(status: int) -> None:
    """A balancer without AWS behind it answers so, or a proxy: with a page, and no code of AWS's."""
    iam, place = FakeService("iam", list_users=lambda **_: refusal(f"{status}", status=status)), limits()

    with pytest.raises(RequestError):
        await Access(credentials=None, limits=place).request(iam.list_users)

    assert set() == place.answered


async def test_a_contact_is_a_services_own() -> None:
    """That one service answers says nothing of another one's endpoint."""
    place = limits(RetryPolicy(attempts=1000))
    place.answered.add("sts")
    iam = FakeService("iam", list_users=lambda **_: unreachable())
    started = anyio.current_time()

    with pytest.raises(RequestError):
        await Access(credentials=None, limits=place).request(iam.list_users)

    assert anyio.current_time() - started <= 11.5

"""Who gives no good reply for five minutes of being asked is asked no more."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from botocore.exceptions import ReadTimeoutError

from auditor.aws.gateway import identify
from auditor.aws.limits.retry import RetryPolicy
from auditor.aws.request import Access
from auditor.config import LONGEST_SILENCE
from auditor.errors import CallerError, RequestError
from tests.fakes import JUMPING, FakeService, limits, refusal

pytestmark = pytest.mark.anyio

POLICY = RetryPolicy()
TIMED_OUT = ReadTimeoutError(endpoint_url="https://iam.amazonaws.com")
Answering = Callable[..., Awaitable[Any]]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Silence takes no time."""
    return JUMPING


def after(seconds: float, answer: Any) -> Answering:
    """An operation that answers so, after so many seconds."""

    async def wait(**_: Any) -> Any:
        await anyio.sleep(seconds)
        return answer

    return wait


def way(policy: RetryPolicy = POLICY, *, slots: int = 100) -> Access:
    """An identity whose services have all answered before."""
    place = limits(policy, slots=slots)
    place.answered.update(place.slots)
    return Access(credentials=None, limits=place)


async def refused(asking: Awaitable[Any]) -> tuple[str, float]:
    """The code that a request ends with, and after how many seconds."""
    started = anyio.current_time()
    with pytest.raises(RequestError) as caught:
        await asking
    return caught.value.code, anyio.current_time() - started


@pytest.mark.parametrize(
    "silent",
    [
        pytest.param(after(10_000, {}), id="for ever"),
        pytest.param(after(60, TIMED_OUT), id="time-outs"),
        pytest.param(after(100, refusal("InternalFailure", status=500)), id="server errors"),
    ],
)
async def test_who_never_answers_is_given_up_after_five_minutes(silent: Answering) -> None:
    """Whatever comes instead of a good reply, the request ends with the time, and with a code of its own."""
    policy = RetryPolicy(patience=1000)
    code, seconds = await refused(way(policy).request(FakeService("iam", list_users=silent).list_users))

    assert code == "NoAnswer"
    assert seconds == pytest.approx(LONGEST_SILENCE, abs=1)


async def test_nothing_more_is_asked_of_who_was_given_up() -> None:
    """What comes after it fails at once, without a request and without waiting for its turn."""
    iam, access = FakeService("iam", list_users=after(10_000, {})), way()
    await refused(access.request(iam.list_users))

    again = [await refused(access.request(iam.list_users)) for _ in range(100)]
    assert {code for code, _ in again} == {"NoAnswer"}
    assert sum(seconds for _, seconds in again) < 1
    assert iam.count("list_users") == 1


async def test_all_that_is_asked_at_once_ends_at_once() -> None:
    """However many requests are under way, the silence is one."""
    iam, access, ends = FakeService("iam", list_users=after(10_000, {})), way(), []

    async def ask() -> None:
        ends.append(await refused(access.request(iam.list_users)))

    async with anyio.create_task_group() as tasks:
        for _ in range(16):
            tasks.start_soon(ask)

    assert {code for code, _ in ends} == {"NoAnswer"}
    assert max(seconds for _, seconds in ends) == pytest.approx(LONGEST_SILENCE, abs=1)


@pytest.mark.parametrize("answer", [{"Users": []}, refusal("AccessDenied", status=403)], ids=["replies", "denials"])
async def test_who_is_slow_is_not_silent(answer: Any) -> None:
    """An hour of replies that take four minutes each is no silence, and nor is one of refusals."""
    iam, access = FakeService("iam", list_users=after(240, answer)), way()
    started = anyio.current_time()
    for _ in range(15):
        try:
            await access.request(iam.list_users)
        except RequestError as error:
            assert error.code == "AccessDenied"  # noqa: PT017 - half of the cases raise nothing

    assert anyio.current_time() - started >= 3600


async def test_throttles_now_and_then_are_no_silence() -> None:
    """Who is throttled for four minutes between two replies is waited for, for hours."""
    answers = [*[after(60, refusal("Throttling"))] * 4, after(1, {"Users": []})] * 20
    iam = FakeService("iam", list_users=lambda **_: answers.pop(0)())
    access = way(RetryPolicy(first_pause=0.0, longest_pause=0.0))
    for _ in range(20):
        assert await access.request(iam.list_users) == {"Users": []}

    assert 80 == access.usage.throttles


async def test_throttles_alone_are_no_silence() -> None:
    """Who only throttles is there: the patience with throttles ends once, and what comes after is asked once each."""
    iam, access = FakeService("iam", list_users=refusal("Throttling")), way()
    started = anyio.current_time()
    codes = [(await refused(access.request(iam.list_users)))[0] for _ in range(10)]

    assert ["Throttling"] * 10 == codes
    assert anyio.current_time() - started < 2 * POLICY.throttle_patience


async def test_patience_with_throttles_comes_back_with_a_good_reply() -> None:
    """A service that has answered the account again is waited for again."""
    users: dict[str, Any] = {"Users": []}
    answers: list[Any] = [*[refusal("Throttling")] * 9, users, refusal("Throttling"), users]
    # Pauses are drawn from a quarter of a second to one: eight of them take longer than this, and one does not.
    policy = RetryPolicy(throttle_patience=1.5, first_pause=1.0, longest_pause=1.0)
    iam, access = FakeService("iam", list_users=answers), way(policy)
    assert "Throttling" == (await refused(access.request(iam.list_users)))[0]
    while iam.count("list_users") < 9:
        assert "Throttling" == (await refused(access.request(iam.list_users)))[0]

    assert await access.request(iam.list_users) == {"Users": []}
    assert await access.request(iam.list_users) == {"Users": []}


async def test_the_silence_of_one_service_is_not_that_of_another() -> None:
    """An account whose CloudTrail never answers is asked on for its users."""
    access = way()
    code, _ = await refused(access.request(FakeService("cloudtrail", lookup_events=after(10_000, {})).lookup_events))

    assert "NoAnswer" == code
    assert await access.request(FakeService("iam", list_users={"Users": []}).list_users) == {"Users": []}


async def test_a_throttle_is_a_sign_of_life() -> None:
    """Who takes minutes to answer, and throttles in between, was never silent for five."""
    answers = [after(150, refusal("ServiceUnavailable", status=503)), after(1, refusal("Throttling"))] * 2
    iam = FakeService("iam", list_users=lambda **_: (answers.pop(0) if answers else after(200, {"Users": []}))())

    assert await way(RetryPolicy(patience=1000)).request(iam.list_users) == {"Users": []}


async def test_waiting_for_a_budget_is_no_silence() -> None:
    """Seven hundred requests at two a second wait for more than five minutes, and nobody was silent."""
    cloudtrail, access = FakeService("cloudtrail", lookup_events=after(0.01, {"Events": []})), way()
    answered, started = [], anyio.current_time()

    async def ask() -> None:
        answered.append(await access.request(cloudtrail.lookup_events))

    async with anyio.create_task_group() as tasks:
        for _ in range(700):
            tasks.start_soon(ask)

    assert len(answered) == 700
    assert anyio.current_time() - started > LONGEST_SILENCE


async def test_waiting_for_a_place_is_no_silence() -> None:
    """Whose requests wait while another's hold all the slots has not been asked yet."""
    place = limits(POLICY, slots=1)
    place.answered.add("iam")
    silent = Access(credentials=None, limits=place)
    hangs, quick = FakeService("iam", list_users=after(10_000, {})), FakeService("iam", list_users={"Users": []})
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(refused, silent.request(hangs.list_users))
        await anyio.wait_all_tasks_blocked()
        waited = anyio.current_time()
        assert await Access(credentials=None, limits=place).request(quick.list_users) == {"Users": []}
        waited = anyio.current_time() - waited

    assert waited == pytest.approx(LONGEST_SILENCE, abs=1)


async def test_a_pause_in_asking_neither_counts_nor_begins_anew() -> None:
    """Four minutes without a reply, an hour in which nothing is asked, and one more minute make five."""
    answers = [after(120, refusal("ServiceUnavailable", status=503))] * 2
    iam = FakeService("iam", list_users=lambda **_: (answers.pop(0) if answers else after(10_000, {}))())
    access = way(RetryPolicy(attempts=1))
    for _ in range(2):
        assert (await refused(access.request(iam.list_users)))[0] == "ServiceUnavailable"
        await anyio.sleep(1800)

    code, seconds = await refused(access.request(iam.list_users))
    assert code == "NoAnswer"
    assert seconds == pytest.approx(60, abs=1)


async def test_a_request_that_hangs_while_others_are_answered_is_asked_again() -> None:
    """It is its own time that has run out and not the account's, and the next attempt is answered."""
    answers = [after(10_000, {})]
    iam = FakeService(
        "iam",
        list_users=lambda **_: (answers.pop() if answers else after(1, {"Users": []}))(),
        list_access_keys=after(50, {"AccessKeyMetadata": []}),
    )
    access, replies = way(), []

    async def hang() -> None:
        replies.append(await access.request(iam.list_users))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hang)
        for _ in range(10):
            await access.request(iam.list_access_keys)

    assert replies == [{"Users": []}]
    assert iam.count("list_users") == 2


async def test_cancelling_from_outside_is_no_silence() -> None:
    """Who cancels a request that hangs gets the cancellation, and the identity may be asked on."""
    answers = [after(10_000, {})]
    iam = FakeService("iam", list_users=lambda **_: (answers.pop() if answers else after(1, {"Users": []}))())
    access = way()
    with anyio.move_on_after(200) as scope:
        await access.request(iam.list_users)

    assert scope.cancelled_caught
    assert await access.request(iam.list_users) == {"Users": []}


async def test_a_caller_whom_nobody_identifies_is_told_in_a_sentence() -> None:
    """The first request of a run ends too, where its reply never does."""
    sts: Any = FakeService("sts", get_caller_identity=after(10_000, {}))
    with pytest.raises(CallerError) as caught:
        await identify(way(), sts)

    assert str(caught.value) == (
        "The caller could not be identified: NoAnswer: no good reply came for 300 seconds (sts get_caller_identity)."
    )
    assert caught.value.exit_code == 1

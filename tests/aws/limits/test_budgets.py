"""No API of an account is asked faster than its budget, whatever happens to the requests."""

import math
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import anyio
import pytest

from auditor.aws.limits.budgets import Api, Budgets, RunBudgets
from auditor.aws.limits.retry import RetryPolicy
from auditor.aws.request import Access
from auditor.config import Rates
from tests.fakes import JUMPING, FakeService, limits, refusal

pytestmark = pytest.mark.anyio

EVENTS = Api("cloudtrail", "lookup_events")
LIST_KEYS = Api("iam", "list_access_keys")
RATES = [
    (EVENTS, 2),
    (Api("iam", "list_users"), 20),
    (Api("iam", "get_login_profile"), 20),
    (Api("organizations", "list_accounts"), 8),
    (Api("organizations", "list_accounts_for_parent"), 5),
    (Api("organizations", "list_roots"), 1),
    (Api("sts", "assume_role"), 10),
]
TIMER = 0.02
"""How late a task may say that it was let through."""
STALL = 0.25
"""Seconds for which a busy machine may hold up the loop: what could have been asked meanwhile is asked at once."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates take no time."""
    return JUMPING


def most_in_a_second(moments: Iterable[float]) -> int:
    """The largest number of moments that any one second holds."""
    times = sorted(moments)
    return max(sum(start <= time < start + 1 - TIMER for time in times) for start in times)


async def spend(budgets: Budgets, api: Api, into: list[float]) -> None:
    """Spend once, and say when."""
    await budgets.spend(api)
    into.append(anyio.current_time())


async def spent(*accounts: Budgets, api: Api, times: int) -> list[float]:
    """The moments at which each account may ask, when it wants to do so all at once."""
    moments: list[float] = []
    async with anyio.create_task_group() as tasks:
        for budgets in accounts:
            for _ in range(times):
                tasks.start_soon(spend, budgets, api, moments)
    return moments


@pytest.mark.parametrize(("api", "rate"), RATES, ids=lambda value: getattr(value, "operation", None))
async def test_no_second_sees_more_than_the_rate(api: Api, rate: int) -> None:
    """Any second holds at most the rate, the first one too; one that learns grows, and catches up after a stall."""
    moments = await spent(Budgets(Rates(sts=10.0), run=RunBudgets()), api=api, times=3 * rate + 1)

    spare = 1 + rate * STALL if api.service == "iam" else 0
    assert rate - 1 <= most_in_a_second(moments) <= rate + spare
    assert moments[-1] - moments[0] == pytest.approx(3, rel=0.3)


async def test_the_rates_of_a_run_can_be_chosen() -> None:
    """A run that is given other rates keeps to those."""
    moments = await spent(Budgets(Rates(events=5.0), run=RunBudgets()), api=EVENTS, times=11)

    assert most_in_a_second(moments) == 5


async def test_each_api_has_a_budget_of_its_own() -> None:
    """Waiting for one API doesn't hold another one up."""
    budgets, moments = Budgets(Rates(), run=RunBudgets()), list[float]()
    started = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(spend, budgets, EVENTS, [])
        await spend(budgets, Api("iam", "list_users"), moments)

    assert moments[0] - started < 0.4


async def test_what_is_in_a_unit_is_asked_at_one_rate() -> None:
    """AWS counts units and accounts of a parent together."""
    budgets, moments = Budgets(Rates(), run=RunBudgets()), list[float]()
    async with anyio.create_task_group() as tasks:
        for operation in ("list_accounts_for_parent", "list_organizational_units_for_parent") * 10:
            tasks.start_soon(spend, budgets, Api("organizations", operation), moments)
    assert most_in_a_second(moments) <= 6


async def test_each_account_has_budgets_of_its_own() -> None:
    """A hundred accounts are asked side by side."""
    moments = await spent(*(Budgets(Rates(), run=RunBudgets()) for _ in range(100)), api=EVENTS, times=2)

    assert max(moments) - min(moments) < 1


async def test_one_who_leaves_the_queue_holds_nobody_up() -> None:
    """A request that is cancelled while it waits leaves its place to the next one."""
    budgets, moments = Budgets(Rates(), run=RunBudgets()), list[float]()
    await budgets.spend(EVENTS)
    started = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        with anyio.move_on_after(0.1):
            await budgets.spend(EVENTS)
        tasks.start_soon(spend, budgets, EVENTS, moments)

    assert moments[0] - started == pytest.approx(0.5, abs=0.2)


async def test_every_attempt_is_paid_for() -> None:
    """Attempts after a throttle and after a failure spend the budget as the first one did."""
    answers: list[Mapping[str, Any] | Exception] = [
        refusal("ThrottlingException"),
        refusal("InternalFailure", status=500),
        refusal("ThrottlingException"),
        {"Events": []},
        {"Events": []},
    ]
    cloudtrail = FakeService("cloudtrail", lookup_events=answers)
    access = Access(credentials=None, limits=limits(RetryPolicy(first_pause=0.01, longest_pause=0.01)))
    await access.request(cloudtrail.lookup_events)
    await access.request(cloudtrail.lookup_events)

    times = [call.at for call in cloudtrail.calls]
    assert [after - before >= 0.5 - 5 * TIMER for before, after in pairwise(times)] == [True] * 4


class Bucket:
    """What AWS has: so many requests a second, and a second's worth at once."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._tokens = max(1.0, rate)
        self._at = anyio.current_time()
        self.refused = self.answered = 0

    def takes(self) -> bool:
        """Whether a request is answered."""
        now = anyio.current_time()
        self._tokens = min(max(1.0, self.rate), self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1:
            self.refused += 1
            return False
        self._tokens -= 1
        self.answered += 1
        return True

    async def shares(self, *, after: float, seconds: float) -> tuple[float, float]:
        """Of the limit what was answered, and of the requests what was refused, in so many seconds, after some."""
        await anyio.sleep(after)
        answered, refused = self.answered, self.refused
        await anyio.sleep(seconds)
        answered, refused = self.answered - answered, self.refused - refused
        return answered / (self.rate * seconds), refused / (answered + refused)


async def ask(budgets: Budgets, bucket: Bucket, *, seconds: float = math.inf) -> None:
    """Ask as fast as the budgets allow, for so long."""
    end = anyio.current_time() + seconds
    while anyio.current_time() < end:
        await budgets.spend(LIST_KEYS)
        await anyio.sleep(0.05)
        if not bucket.takes():
            budgets.throttled(LIST_KEYS)


async def ask_by_many(
    accounts: Iterable[Budgets], bucket: Bucket, *, seconds: float = math.inf, tasks_each: int = 4
) -> None:
    """Ask in the name of several accounts, each by several tasks at once."""
    async with anyio.create_task_group() as tasks:
        for budgets in accounts:
            for _ in range(tasks_each):
                tasks.start_soon(partial(ask, budgets, bucket, seconds=seconds))


@pytest.mark.parametrize("rate", [6, 15, 20, 30])
async def test_an_accounts_rate_is_learned(rate: float) -> None:
    """Whatever an account allows, nearly all of it is used, and little is refused."""
    bucket = Bucket(rate)
    await ask_by_many([Budgets(Rates(), run=RunBudgets())], bucket, seconds=60)

    assert bucket.refused / bucket.answered < 0.06
    assert 0.8 < bucket.answered / (60 * rate) <= 1.05


async def test_a_limit_of_the_caller_is_learned() -> None:
    """Accounts that are throttled together, far below what each allows, share what there is."""
    bucket, run = Bucket(60), RunBudgets()
    await ask_by_many([Budgets(Rates(), run=run) for _ in range(20)], bucket, seconds=30)

    assert bucket.refused / bucket.answered < 0.1
    assert bucket.answered > 0.75 * 60 * 30


@pytest.mark.parametrize("rate", [1, 5, 10])
async def test_a_low_limit_of_the_caller_is_used_and_kept_to(rate: float) -> None:
    """Of a few requests a second for all accounts hardly one is wasted, after a minute in which it is learned."""
    bucket, run = Bucket(rate), RunBudgets()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(ask_by_many, [Budgets(Rates(), run=run) for _ in range(64)], bucket, tasks_each=2))
        used, refused = await bucket.shares(after=60, seconds=150)
        tasks.cancel_scope.cancel()

    assert used >= 0.85
    assert refused <= 0.03


@pytest.mark.parametrize(("before", "after"), [(10, 3), (3, 10)])
async def test_a_limit_that_changes_is_learned_again(before: float, after: float) -> None:
    """In mid-run AWS allows less, or more: the same budget is rated anew."""
    bucket, run = Bucket(before), RunBudgets()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(ask_by_many, [Budgets(Rates(), run=run) for _ in range(32)], bucket, tasks_each=2))
        await anyio.sleep(120)
        bucket.rate = after
        used, refused = await bucket.shares(after=150, seconds=100)
        tasks.cancel_scope.cancel()

    assert used >= 0.85
    assert refused <= 0.03


async def test_a_limit_that_other_tools_spend_too_is_shared() -> None:
    """Who takes half of an account's requests leaves the other half, of which most is used."""
    bucket = Bucket(20)

    async def take() -> None:
        while True:
            await anyio.sleep(0.1)
            bucket.takes()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take)
        tasks.start_soon(ask_by_many, [Budgets(Rates(), run=RunBudgets())], bucket)
        used, refused = await bucket.shares(after=30, seconds=60)
        tasks.cancel_scope.cancel()

    assert used >= 0.85
    assert refused <= 0.06


async def test_waiting_for_the_runs_turn_is_no_patience_with_throttles() -> None:
    """Where a thousand requests share one a second each waits for many minutes, and none is given up."""
    bucket, place = Bucket(1), limits(RetryPolicy())

    async def answer(**_: Any) -> Mapping[str, Any]:
        if not bucket.takes():
            raise refusal("Throttling")
        return {"AccessKeyMetadata": []}

    iam, answered = FakeService("iam", list_access_keys=answer), []

    async def request() -> None:
        answered.append(await Access(credentials=None, limits=place).request(iam.list_access_keys))

    async with anyio.create_task_group() as tasks:
        for _ in range(1000):
            tasks.start_soon(request)

    assert 1000 == len(answered)


async def test_a_throttled_account_slows_no_other() -> None:
    """One account that is refused nearly everything leaves the others at their rate."""
    run = RunBudgets()
    poor, rich = Bucket(1), Bucket(10_000)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(ask_by_many, [Budgets(Rates(), run=run)], poor, seconds=30))
        tasks.start_soon(partial(ask_by_many, [Budgets(Rates(), run=run) for _ in range(10)], rich, seconds=30))

    assert rich.answered >= 10 * 20 * 29
    assert poor.refused > 0


async def test_who_leaves_while_the_run_waits_loses_no_turn_of_its_account() -> None:
    """A request that is cancelled in the run's queue has spent nothing of its account's budget."""
    run = RunBudgets()
    for account in range(5):
        run.throttled(EVENTS, account=account)
    await run.spend(EVENTS)
    budgets = Budgets(Rates(events=0.01), run=run)
    with anyio.move_on_after(0.5) as scope:
        await budgets.spend(EVENTS)
    began = anyio.current_time()
    await budgets.spend(EVENTS)

    assert scope.cancelled_caught
    assert anyio.current_time() - began < 5

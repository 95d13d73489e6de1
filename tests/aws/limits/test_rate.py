"""A rate that learns: it is kept to, in the order in which requests came, and gives way to what AWS refuses."""

import math
from collections import Counter
from typing import Any

import anyio
import pytest

from auditor.aws.limits.rate import ALL_CLEAR, DECREASE, Budget, Pace
from tests.fakes import JUMPING

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates take no time."""
    return JUMPING


async def test_who_came_first_goes_first() -> None:
    """Workers that ask again and again get as much each, although the charge of a request shrinks as the rate grows."""
    budget, spends = Budget(20, ceiling=40), Counter[int]()

    async def work(number: int) -> None:
        while True:
            await budget.spend()
            spends[number] += 1

    async with anyio.create_task_group() as tasks:
        for number in range(16):
            tasks.start_soon(work, number)
        await anyio.sleep(30)
        tasks.cancel_scope.cancel()

    assert 16 == len(spends)
    assert max(spends.values()) - min(spends.values()) <= 2


async def test_a_rate_grows_to_its_ceiling_and_no_further() -> None:
    """While nothing is refused the rate grows, slowly, up to the ceiling."""
    budget = Budget(20, ceiling=40)
    for _ in range(20 * 30):
        await budget.spend()
    after_half_a_minute = budget.rate
    for _ in range(40 * 30):
        await budget.spend()

    assert 25 < after_half_a_minute < 40
    assert 40 == budget.rate


async def test_throttles_of_one_second_are_one() -> None:
    """What was in flight when the first throttle came tells nothing new."""
    budget = Budget(20, ceiling=40)
    await budget.spend()
    for _ in range(10):
        budget.throttled()

    assert 20 * DECREASE == pytest.approx(budget.rate, rel=0.01)


@pytest.mark.parametrize("rate", [0.013, 0.5, 1.0, 20.0])
async def test_a_rate_never_falls_below_one_a_second_or_what_it_was(rate: float) -> None:
    """However often AWS refuses, it is asked now and then; who chose less than one a second gets that."""
    budget = Budget(rate, ceiling=rate * 2)
    for _ in range(60):
        await budget.spend()
        await anyio.sleep(2)
        budget.throttled()

    assert min(rate, 1.0) == budget.rate


async def test_a_slow_rate_is_kept_to() -> None:
    """One request in two seconds is one in two seconds, from the first on."""
    budget, began = Budget(0.5, ceiling=1.0), anyio.current_time()
    for _ in range(4):
        await budget.spend()

    assert 5 < anyio.current_time() - began <= 6.1


async def test_a_published_rate_holds_again_after_a_minute() -> None:
    """A pace gives way where others spend it too, and comes back."""
    pace = Pace(2)
    await pace.spend()
    pace.throttled()
    began = anyio.current_time()
    for _ in range(4):
        await pace.spend()
    slower = anyio.current_time() - began
    await anyio.sleep(ALL_CLEAR)
    await pace.spend()
    began = anyio.current_time()
    for _ in range(4):
        await pace.spend()

    assert slower > 2.4
    assert 2 == pytest.approx(anyio.current_time() - began, abs=0.1)


async def test_a_pace_learns_a_limit_far_below_what_is_published() -> None:
    """Where AWS allows one a second of five hundred, it is soon asked for about as much, and minutes later too."""
    pace, tokens, at, refused = Pace(500), 1.0, 0.0, list[float]()
    began = anyio.current_time()
    while at < 200:
        await pace.spend()
        now = anyio.current_time() - began
        tokens, at = min(1.0, tokens + now - at), now
        if tokens < 1:
            refused.append(now)
            pace.throttled()
        else:
            tokens -= 1

    assert len([at for at in refused if at > 30]) < 0.1 * 170


async def test_a_new_rate_holds_at_once() -> None:
    """Who waits for a slow rate goes on at the faster one when it comes, and a slow rate owes nothing for later."""
    budget = Budget(0.01, ceiling=1000)
    await budget.spend()
    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(budget.spend)
        await anyio.sleep(5)
        budget.slow_to(10, refused=math.inf)
    for _ in range(10):
        await budget.spend()

    assert 5 <= anyio.current_time() - began <= 8


async def test_who_leaves_while_paying_loses_nothing_for_those_behind() -> None:
    """However often a request is cancelled in its turn, the next one goes when the first would have gone."""
    budget = Budget(0.1, ceiling=0.1)
    await budget.spend()
    began = anyio.current_time()
    for _ in range(9):
        with anyio.move_on_after(1):
            await budget.spend()
    await budget.spend()

    assert anyio.current_time() - began == pytest.approx(10, abs=0.5)


async def test_what_is_given_back_is_spent_by_the_next() -> None:
    """One that was spent for nothing lets another through at once."""
    budget = Budget(0.1, ceiling=1)
    await budget.spend()
    await budget.spend()
    budget.give_back()
    began = anyio.current_time()
    await budget.spend()

    assert anyio.current_time() - began < 1


async def test_a_rate_that_nobody_waits_for_does_not_grow() -> None:
    """Who asks less than the rate learns nothing of what lies beyond it."""
    budget = Budget(20, ceiling=40)
    for _ in range(100):
        await budget.spend()
        await anyio.sleep(1)

    assert 20 == pytest.approx(budget.rate, rel=0.05)


async def test_near_what_was_refused_a_rate_grows_slowly() -> None:
    """A minute after a throttle the rate is still below the one that was refused."""
    budget = Budget(20, ceiling=40)
    await budget.spend()
    budget.throttled()
    began = anyio.current_time()
    while anyio.current_time() - began < 60:
        await budget.spend()

    assert 16 < budget.rate < 20

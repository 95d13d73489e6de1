"""Tasks: a bounded number of them, work that is ended whoever cancels, and errors that come out bare."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import anyio
import pytest

from auditor.concurrency.tasks import bare_errors, completed, fan_out
from auditor.errors import WriteError
from auditor.model.report import AccountReport
from auditor.output import dispatch
from tests.fakes import JUMPING
from tests.samples import REPORT

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Work takes no time."""
    return JUMPING


@dataclass
class Workers:
    """How many work now, the most that did at once, and all that was done."""

    now: int = 0
    most: int = 0
    done: int = 0

    async def work(self, _item: int) -> None:
        """Work on one item."""
        self.now += 1
        self.most = max(self.most, self.now)
        await anyio.sleep(1)
        self.now -= 1
        self.done += 1


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
async def test_no_more_at_once_than_the_limit(limit: int) -> None:
    """Every item is worked on, and as many at once as may be."""
    workers = Workers()
    await fan_out(range(50), workers.work, limit=limit)

    assert (workers.most, workers.done, workers.now) == (min(limit, 50), 50, 0)


async def test_there_may_be_more_at_once_later() -> None:
    """Whether there may is asked at each item, and what was given stays."""
    workers, given = Workers(), [0, 0, 0, 5]
    await fan_out(range(50), workers.work, limit=2, further=lambda: given.pop(0) if given else 0)

    assert (workers.most, workers.done) == (7, 50)


async def test_nothing_is_done_of_nothing() -> None:
    """No item is no work."""
    workers = Workers()
    await fan_out([], workers.work, limit=3)

    assert workers.done == 0


async def test_items_may_come_from_a_stream() -> None:
    """Items that arrive one by one are worked on as they come."""
    sent, received = anyio.create_memory_object_stream[int](0)
    workers = Workers()

    async def send() -> None:
        async with sent:
            for number in range(10):
                await sent.send(number)

    async with received, anyio.create_task_group() as tasks:
        tasks.start_soon(send)
        await fan_out(received, workers.work, limit=3)

    assert workers.done == 10


@dataclass
class Source:
    """Items that tell how many of them were taken."""

    taken: int = 0

    def __iter__(self) -> Iterator[int]:
        for self.taken in range(1, 11):
            yield self.taken

    async def __aiter__(self) -> AsyncIterator[int]:
        for item in self:
            yield item


async def taken_while_busy(source: Source, *, limit: int) -> int:
    """How many items are taken while nobody finishes."""

    async def never(_item: int) -> None:
        await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: fan_out(source, never, limit=limit))
        await anyio.wait_all_tasks_blocked()
        taken = source.taken
        tasks.cancel_scope.cancel()
    return taken


async def test_items_wait_in_their_source() -> None:
    """Items are taken only when there is a place for them."""
    assert await taken_while_busy(Source(), limit=3) == 3


async def test_at_most_one_item_waits_outside_of_its_source() -> None:
    """A source is not emptied ahead of the work."""
    assert await taken_while_busy(Source(), limit=3) <= 4


class Broken(Exception):  # noqa: N818 - an error of the work's own kind
    """What goes wrong in the work."""


async def test_an_error_is_raised_bare() -> None:
    """The error of one item is raised as itself, and the others are cancelled."""
    cancelled = []

    async def work(item: int) -> None:
        try:
            if item == 3:
                await anyio.sleep(1)
                raise Broken(item)
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            cancelled.append(item)
            raise

    with pytest.raises(Broken) as caught:
        await fan_out(range(5), work, limit=5)

    assert caught.value.args == (3,)
    assert sorted(cancelled) == [0, 1, 2, 4]


async def test_an_error_of_the_source_is_raised_bare() -> None:
    """A source that breaks ends the work with its error."""

    def source() -> Iterator[int]:
        yield 1
        raise Broken

    with pytest.raises(Broken):
        await fan_out(source(), Workers().work, limit=2)


async def test_an_error_keeps_its_cause() -> None:
    """What an error came from is still said when it comes out of its groups."""
    cause = KeyError("cause")

    async def work(_item: int) -> None:
        raise Broken from cause

    with pytest.raises(Broken) as caught:
        await fan_out([1], work, limit=1)

    assert caught.value.__cause__ is cause


async def test_several_errors_stay_together() -> None:
    """Where more than one goes wrong at once, none of them is dropped."""

    async def work(item: int) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            raise Broken(item)

    with pytest.raises(ExceptionGroup) as caught, anyio.move_on_after(1):
        await fan_out(range(2), work, limit=2)

    assert {error.args for error in caught.value.exceptions} == {(0,), (1,)}


async def test_cancelling_ends_all_work() -> None:
    """Leaving early leaves nothing running, and no error."""
    workers = Workers()
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: fan_out(range(100), workers.work, limit=10))
            await anyio.sleep(2.5)
            scope.cancel()
    done = workers.done
    await anyio.wait_all_tasks_blocked()

    assert scope.cancelled_caught
    assert workers.done == done == 20


def test_groups_within_groups_are_opened() -> None:
    """The one error inside of any number of groups is raised as itself; two are left in theirs."""
    with pytest.raises(Broken), bare_errors():
        raise ExceptionGroup("outer", [ExceptionGroup("inner", [Broken()])])
    with pytest.raises(ExceptionGroup), bare_errors():
        raise ExceptionGroup("outer", [Broken(), KeyError()])
    with pytest.raises(Broken), bare_errors():
        raise Broken


class Slow:
    """Work that ends when it is let, and says how far it came."""

    def __init__(self) -> None:
        self.begun = anyio.Event()
        self.may_end = anyio.Event()
        self.ended = False

    async def work(self) -> str:
        """Wait, and end."""
        self.begun.set()
        await self.may_end.wait()
        self.ended = True
        return "done"

    async def write(self, report: AccountReport) -> None:
        """The same, as a writer."""
        del report
        await self.work()


async def cancelled(work: Callable[[], Awaitable[object]], slow: Slow, *, times: int) -> None:
    """Cancel a task of asyncio's so often while it works, and then let the work end."""

    async def run() -> None:
        await work()

    task = asyncio.ensure_future(run())
    await slow.begun.wait()
    for _ in range(times):
        task.cancel()
        await anyio.wait_all_tasks_blocked()
        assert (False, False) == (task.done(), slow.ended)
    slow.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_work_returns_and_raises() -> None:
    """Its result is returned, and its error raised bare."""

    async def fail() -> None:
        raise WriteError("no")

    slow = Slow()
    slow.may_end.set()
    assert "done" == await completed(slow.work)
    with pytest.raises(WriteError):
        await completed(fail)


@pytest.mark.parametrize("times", [1, 3])
async def test_asyncios_cancellation_waits_for_the_end(times: int) -> None:
    """However often a task is cancelled, its work comes to its end first."""
    slow = Slow()
    await cancelled(lambda: completed(slow.work), slow, times=times)
    assert slow.ended


async def test_anyios_cancellation_waits_for_the_end() -> None:
    """A scope that is cancelled is left behind the work."""
    slow = Slow()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(completed, slow.work)
        await slow.begun.wait()
        tasks.cancel_scope.cancel()
        slow.may_end.set()
    assert slow.ended


async def test_reports_are_with_all_writers_or_with_none() -> None:
    """A report that one writer has begun with is with the next one, too, when a cancelled task ends."""
    first, second = Slow(), Slow()
    second.may_end.set()
    await cancelled(lambda: dispatch([REPORT], [first, second]), first, times=1)
    assert (True, True) == (first.ended, second.ended)

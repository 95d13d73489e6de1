"""Work that is begun is ended, whoever cancels, and the cancellation comes behind it."""

import asyncio
from collections.abc import Awaitable, Callable

import anyio
import pytest

from auditor.concurrency.completion import completed
from auditor.errors import WriteError
from auditor.model.report import AccountReport
from auditor.output import keep
from tests.samples import REPORT

pytestmark = pytest.mark.anyio


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
    await cancelled(lambda: keep([REPORT], [first, second]), first, times=1)
    assert (True, True) == (first.ended, second.ended)

"""Work that is not left half done, however its task is cancelled."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from auditor.concurrency.fan_out import bare_errors

T = TypeVar("T")


async def completed(work: Callable[[], Awaitable[T]]) -> T:
    """What `work` returns; a cancellation is raised only once it has ended.

    anyio's shield holds off anyio's own cancellations. Those of asyncio (`Task.cancel`, `asyncio.timeout`, Ctrl-C under
    `asyncio.run`) end at once what the task awaits, while a thread that writes goes on. So the work has a task of its
    own, which they do not reach.
    """
    results: list[T] = []

    async def finish() -> None:
        with anyio.CancelScope(shield=True):
            results.append(await work())

    with bare_errors(), anyio.CancelScope(shield=True):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(finish)
    return results[0]

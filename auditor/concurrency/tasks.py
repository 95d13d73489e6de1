"""Tasks: so many at once, and work that is not left half done."""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import anyio

T = TypeVar("T")


async def fan_out(items: AsyncIterable[T] | Iterable[T], work: Callable[[T], Awaitable[None]], *, limit: int) -> None:
    """Do `work` on every item, on at most `limit` at once; items are taken only when there is a place for them.

    An error of one cancels the others and is raised bare, as if there were no group.
    """
    places = anyio.Semaphore(limit)

    async def occupy(item: T) -> None:
        try:
            await work(item)
        finally:
            places.release()

    with bare_errors():
        async with anyio.create_task_group() as tasks:
            waiting = _each(items)
            await places.acquire()
            async for item in waiting:
                tasks.start_soon(occupy, item)
                await places.acquire()


@contextmanager
def bare_errors() -> Iterator[None]:
    """Raise the one error inside task groups' groups as itself, so that callers can name it in `except`."""
    try:
        yield
    except BaseExceptionGroup as group:
        error = _lone_error(group)
        if error is None:
            raise
        raise error from error.__cause__


def _lone_error(group: BaseExceptionGroup[BaseException]) -> BaseException | None:
    if len(group.exceptions) != 1:
        return None
    error = group.exceptions[0]
    return _lone_error(error) if isinstance(error, BaseExceptionGroup) else error


async def _each(items: AsyncIterable[T] | Iterable[T]) -> AsyncIterator[T]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
        return
    for item in items:
        yield item


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

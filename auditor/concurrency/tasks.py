"""Tasks: so many at once, work that is done once for all who wait for it, and work that is not left half done."""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import anyio

from auditor.errors import AuditError

T = TypeVar("T")


async def fan_out(
    items: AsyncIterable[T] | Iterable[T],
    work: Callable[[T], Awaitable[None]],
    *,
    limit: int,
    further: Callable[[], int] = int,
) -> None:
    """Do `work` on every item, on at most `limit` at once; items are taken only when there is a place for them.

    `further` is asked at each item how many more at once there may be from then on.

    An error of one cancels the others and is raised bare, as if there were no group.
    """
    places = anyio.Semaphore(limit, fast_acquire=True)

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
                for _ in range(further()):
                    places.release()
                await places.acquire()


class Once(Generic[T]):
    """Work that is done when it is first asked for, and whose result, or AuditError, all have who ask for it.

    Where whoever asked first is cancelled, the next one does it.
    """

    def __init__(self, work: Callable[[], Awaitable[T]]) -> None:
        self._work = work
        self._turn = anyio.Lock()
        self._results: list[T] = []
        self._error: AuditError | None = None

    async def result(self) -> T:
        """What the work returned; raises what it raised."""
        async with self._turn:
            if self._error is None and not self._results:
                try:
                    self._results.append(await self._work())
                except AuditError as error:
                    self._error = error
        if self._error is not None:
            raise self._error
        return self._results[0]


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

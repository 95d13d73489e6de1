"""Outages that worker processes meet, told to the observer of the run: a worker's event loop is in another process."""

import os
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import anyio

from auditor.model.progress import Observer, ProgressEvent, Waiting, WaitingEnded, ignore


@asynccontextmanager
async def hearing(observe: Observer) -> AsyncIterator[Connection]:
    """Where worker processes tell; the observer hears of an outage once, however many of them wait for it."""
    received, told = Pipe(duplex=False)
    with received, told:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_hear, received, _FirstAndLast(observe))
            try:
                yield told
            finally:
                tasks.cancel_scope.cancel()


@contextmanager
def telling(descriptor: int | None) -> Iterator[Observer]:
    """An observer, in a worker, that tells the run of outages by this file descriptor, if there is one."""
    if descriptor is None:
        yield ignore
        return
    with Connection(os.dup(descriptor), readable=False) as told:

        def tell(event: ProgressEvent) -> None:
            # So short a message is written as a whole, whoever else writes.
            if isinstance(event, Waiting | WaitingEnded):
                told.send((os.getpid(), event))

        yield tell


async def _hear(received: Connection, tell: "_FirstAndLast") -> None:
    while True:
        await anyio.wait_readable(received)
        process, event = received.recv()
        tell(process, event)


class _FirstAndLast:
    """Tells of an outage when the first process waits, and of its end when the last one has ended."""

    def __init__(self, observe: Observer) -> None:
        self._observe = observe
        self._waiting: defaultdict[str, set[int]] = defaultdict(set)

    def __call__(self, process: int, event: Waiting | WaitingEnded) -> None:
        waiting = self._waiting[event.service]
        alone = waiting <= {process}
        if isinstance(event, Waiting):
            waiting.add(process)
        else:
            waiting.discard(process)
        if alone:
            self._observe(event)

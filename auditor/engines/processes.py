"""Worker processes of our own: spawned, mended once, ended with the run and with the process that began it."""

import logging
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Callable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from threading import Thread
from typing import Any

import anyio

from auditor.engines.batch import Batch
from auditor.engines.outcome import Reports, error_of
from auditor.engines.submission import Submissions, open_submissions
from auditor.engines.worker import audit_batch

logger = logging.getLogger(__name__)

_ENDING = 2
_SECONDS_BETWEEN_LOOKS = 1

Work = Callable[[Batch], Reports]


class OwnProcesses:
    """A pool of processes that survives the death of one: its batches are given to a new pool, once."""

    def __init__(self, workers: int, *, submissions: Submissions, work: Work) -> None:
        self.workers = workers
        self._submissions = submissions
        self._work = work
        self._pool = _Pool(workers, work=work)
        self._mended = False
        self._mending = anyio.Lock()

    async def audit(self, batch: Batch) -> Future[Reports]:
        """The batch's future when it has ended, after a second try where its worker died."""
        pool = self._pool
        outcome = await self._outcome(batch, pool)
        if isinstance(error_of(outcome), BrokenExecutor) and await self._mend(pool):
            outcome = await self._outcome(batch, self._pool)
        return outcome

    async def end(self) -> None:
        """Kill the processes, whatever they do; returns when they are gone, or soon."""
        await self._end(self._pool)

    async def _outcome(self, batch: Batch, pool: "_Pool") -> Future[Reports]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._end_when_one_died, pool)
            outcome = await self._submissions.outcome_of(batch, pool.submit, withdraw=False)
            tasks.cancel_scope.cancel()
        return outcome

    async def _mend(self, broken: "_Pool") -> bool:
        """Whether there is another pool than the broken one now."""
        async with self._mending:
            if self._pool is broken and not self._mended:
                self._mended = True
                logger.warning("A worker process died; what it had is given to new ones.")
                await self._end(broken)
                self._pool = _Pool(self.workers, work=self._work)
        return self._pool is not broken

    async def _end_when_one_died(self, pool: "_Pool") -> None:
        """The pool sees the death of a process by itself, but not while it reads what that process left half sent."""
        while not pool.has_died:  # noqa: ASYNC110 - nothing tells of it
            await anyio.sleep(_SECONDS_BETWEEN_LOOKS)
        await self._end(pool)

    async def _end(self, pool: "_Pool") -> None:
        with anyio.move_on_after(_ENDING, shield=True):
            await self._submissions.done(pool.end)


@asynccontextmanager
async def open_processes(workers: int, *, work: Work = audit_batch) -> AsyncIterator[OwnProcesses]:
    """So many processes, spawned when the first batches come, and gone when the block is left."""
    with open_submissions() as submissions:
        crew = OwnProcesses(workers, submissions=submissions, work=work)
        try:
            yield crew
        finally:
            await crew.end()


class _Pool:
    """A process pool that can be ended while its processes are at work; one thread submits to it and ends it."""

    def __init__(self, workers: int, *, work: Work) -> None:
        self._workers = workers
        self._work = work
        self._context = _RememberingContext()
        self._executor: ProcessPoolExecutor | None = None
        self._ended = False

    def submit(self, batch: Batch) -> Future[Reports]:
        """Hand over a batch, which spawns a process where none is idle."""
        if self._ended:
            raise BrokenExecutor
        if self._executor is None:
            self._executor = ProcessPoolExecutor(self._workers, mp_context=self._context, initializer=begin)
        # A process inherits it from the thread that spawns it: until `begin` runs there, Ctrl-C must not reach it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        return self._executor.submit(self._work, batch)

    @property
    def has_died(self) -> bool:
        """Whether one of the processes is gone."""
        return any(process.exitcode is not None for process in self._context.spawned)

    def end(self) -> None:
        """Kill the processes and wait until they are gone; may be called again."""
        self._ended = True
        for process in self._context.spawned:
            if process.pid is not None:
                process.kill()
        if self._executor is not None:
            _let_go(self._executor)
            self._executor.shutdown()


class _RememberingContext(SpawnContext):
    """Spawns processes and remembers them: a pool can't be told to end one that is at work."""

    def __init__(self) -> None:
        self.spawned: list[SpawnProcess] = []

    def Process(self, *args: Any, **options: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: ANN401, N802 - as the pool calls it
        process = SpawnProcess(*args, **options)
        self.spawned.append(process)
        return process


def _let_go(executor: ProcessPoolExecutor) -> None:
    """Close this process's own end of the pipe of results.

    A process that was killed while it sent one leaves half of it: with this end open the pool waits for the other half
    for ever, and the interpreter's exit for the pool.
    """
    results = executor._result_queue  # noqa: SLF001 - there is no public way to it
    if results is not None:
        results._writer.close()  # type: ignore[attr-defined]  # noqa: SLF001 - as above


def begin() -> None:
    """Make a process a worker: Ctrl-C is for the process that began it, and it ends with that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Without a handler Python writes warnings on stderr, those of other libraries with their tracebacks.
    logging.getLogger().addHandler(logging.NullHandler())
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

"""Worker processes of our own: started by loky, mended once, ended with the run and with the process that began it."""

import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

import anyio
from loky.process_executor import ShutdownExecutorError

from auditor.engines.outages import hearing
from auditor.engines.starting import start_processes, workers_path
from auditor.engines.submissions import Reports, Submissions, ended_with, error_of, open_submissions, reason_of
from auditor.engines.worker import Batch, audit_batch, check_version, try_worker
from auditor.errors import AuditError, CallerError, EngineError
from auditor.model.progress import Observer, ignore

logger = logging.getLogger(__name__)

_ENDING = 2
_SECONDS_BETWEEN_LOOKS = 1
_LOGGED_BY_LOKY = "Exception in executor manager thread:"

T = TypeVar("T")
Work = Callable[[Batch], Reports]


class OwnPool:
    """A pool of processes that survives the death of one: its batches are given to a new pool, once."""

    def __init__(self, workers: int, *, version: str, submissions: Submissions, told: Connection, work: Work) -> None:
        self.workers = workers
        self.version = version
        self._submissions = submissions
        self._work = work
        self._told = told
        self._processes = _Processes(workers, told=told)
        self._mended = False
        self._have_audited = False
        self._mending = anyio.Lock()

    async def check(self) -> None:
        """Start the processes and have one answer.

        Raises:
            EngineError: They can't be started, or the package has been replaced since this process began.
        """
        outcome = await self._outcome(self._processes, try_worker)
        error = error_of(outcome)
        if isinstance(error, EngineError):
            raise error
        if error is not None:
            raise EngineError(f"The worker processes could not be started: {reason_of(error)}.") from error
        check_version(outcome.result(), ours=self.version)

    async def audit(self, batch: Batch) -> Future[Reports]:
        """The batch's future when it has ended, after a second try where its worker died.

        Raises:
            EngineError: The worker can't audit on this machine, nor has any other: they are all alike.
        """
        pool = self._processes
        batch = replace(batch, told=self._told.fileno())
        outcome = await self._outcome(pool, self._work, batch)
        if isinstance(error_of(outcome), BrokenExecutor) and await self._mend(pool):
            outcome = await self._outcome(self._processes, self._work, batch)
        error = error_of(outcome)
        # What AWS has refused one of them may be given to the next one.
        if isinstance(error, AuditError) and not (isinstance(error, CallerError) or self._have_audited):
            raise EngineError(f"The worker processes can't audit: {error}") from error
        self._have_audited = self._have_audited or error is None
        return outcome

    async def end(self) -> None:
        """Kill the processes, whatever they do; returns when they are gone, or soon."""
        await self._end(self._processes)

    async def _outcome(self, pool: "_Processes", work: Callable[..., T], *arguments: object) -> Future[T]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._end_when_one_died, pool)
            outcome = await self._submissions.outcome_of(partial(pool.submit, work, *arguments), withdraw=False)
            tasks.cancel_scope.cancel()
        # Which of the two it is depends on who saw first that a process was dead, loky or this.
        return ended_with(BrokenExecutor()) if isinstance(error_of(outcome), ShutdownExecutorError) else outcome

    async def _mend(self, broken: "_Processes") -> bool:
        """Replace the broken pool, once; returns whether there is another one now."""
        async with self._mending:
            if self._processes is broken and not self._mended:
                self._mended = True
                logger.warning("A worker process died; what it had is given to new ones.")
                await self._end(broken)
                self._processes = _Processes(self.workers, told=self._told)
        return self._processes is not broken

    async def _end_when_one_died(self, pool: "_Processes") -> None:
        """The pool sees the death of a process by itself, but not while it reads what that process left half sent."""
        while not pool.has_died:  # noqa: ASYNC110 - nothing tells of it
            await anyio.sleep(_SECONDS_BETWEEN_LOOKS)
        await self._end(pool)

    async def _end(self, pool: "_Processes") -> None:
        with anyio.move_on_after(_ENDING, shield=True):
            await self._submissions.done(pool.end)


@asynccontextmanager
async def open_processes(
    workers: int, *, version: str, observe: Observer = ignore, work: Work = audit_batch
) -> AsyncIterator[OwnPool]:
    """So many processes, started when the first accounts come, and gone when the block is left.

    The observer is told of outages that they meet.
    """
    async with hearing(observe) as told:
        with _told_once(), open_submissions() as submissions:
            pool = OwnPool(workers, version=version, submissions=submissions, told=told, work=work)
            try:
                yield pool
            finally:
                await pool.end()


@contextmanager
def _told_once() -> Iterator[None]:
    """Let loky not log what ended its executor: the futures of its work tell it, too."""
    theirs = logging.getLogger("concurrent.futures")
    theirs.addFilter(_is_news)
    try:
        yield
    finally:
        theirs.removeFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    return record.msg != _LOGGED_BY_LOKY


class _Processes:
    """A loky executor that can be ended while its processes are at work; one thread submits to it and ends it."""

    def __init__(self, workers: int, *, told: Connection) -> None:
        self._workers = workers
        self._told = told
        self._executor: Any = None
        self._lifeline: Sequence[Connection] = ()
        self._ended = False

    def submit(self, work: Callable[..., T], *arguments: object) -> Future[T]:
        """Submit some work; the first starts the processes."""
        if self._ended:
            raise BrokenExecutor
        if self._executor is None:
            self._lifeline = Pipe(duplex=False)
            self._executor = start_processes(self._workers, lifeline=self._lifeline[0], told=self._told)
        # A process inherits it from the thread that starts it: until `begin` runs there, Ctrl-C must not reach it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        with workers_path():
            future: Future[T] = self._executor.submit(work, *arguments)
        return future

    @property
    def has_died(self) -> bool:
        """Whether one of the processes is gone."""
        return any(process.exitcode is not None for process in list(self._processes.values()))

    def end(self) -> None:
        """Kill the processes and wait until they are gone; may be called again."""
        self._ended = True
        ending = list(self._taken())
        for process in ending:
            _kill(process)
        for process in ending:
            process.join()
        for connection in self._lifeline:
            connection.close()
        if self._executor is not None:
            _let_go(self._executor)
            with suppress(RuntimeError):  # its own thread could not be started
                self._executor.shutdown(kill_workers=True)
            # The semaphores are given back here, and not on the event loop.
            self._executor = None

    @property
    def _processes(self) -> dict[int, BaseProcess]:
        executor = self._executor
        return {} if executor is None else executor._processes  # noqa: SLF001 - there is no public way to them

    def _taken(self) -> Iterator[BaseProcess]:
        """The processes, which loky has no more: it would run another program to look for the children of each."""
        with suppress(KeyError):
            while True:
                yield self._processes.popitem()[1]


def _kill(process: BaseProcess) -> None:
    # loky's processes can't be told to: only to terminate, which one that is busy may not hear of.
    if process.exitcode is None and process.pid is not None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def _let_go(executor: Any) -> None:  # noqa: ANN401 - loky has no types
    """Close this process's own end of the pipe of results.

    A process that was killed while it sent one leaves half of it: with this end open loky waits for the other half for
    ever, and the interpreter's exit for loky.
    """
    results = executor._result_queue  # noqa: SLF001 - there is no public way to it
    if results is not None:
        with suppress(OSError):  # loky's thread closes it in this moment, since its executor broke
            results._writer.close()  # noqa: SLF001 - as above

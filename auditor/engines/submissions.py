"""Work into an executor and outcomes out of it, without ever blocking the event loop; errors are values."""

import asyncio
import errno
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from auditor.concurrency.event_loop import TOO_FEW_FILES, is_out_of_files
from auditor.engines.worker import Batch
from auditor.errors import AuditError, EngineError, RequestError
from auditor.model.coverage import Failure, Section
from auditor.model.placeholders import failed
from auditor.model.report import AccountReport

logger = logging.getLogger(__name__)

WORKER_DIED = "WorkerDied"
WORKER_FAILED = "WorkerFailed"
WRONG_VERSION = "WrongVersion"

Reports = tuple[AccountReport, ...]

T = TypeVar("T")


class Submissions:
    """A thread that talks to executors: to submit may block, and so may to cancel."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self._thread = thread

    async def outcome_of(self, hand_over: Callable[[], Future[T]], *, withdraw: bool) -> Future[T]:
        """The future that `hand_over` returns when it has ended; what `hand_over` raises is an outcome too.

        With `withdraw`, work that is not waited for any more is cancelled, as far as its executor can do that.
        """
        submission = self._thread.submit(hand_over)
        ended = False
        try:
            await ending(submission).wait()
            outcome = _outcome(submission)
            await ending(outcome).wait()
            ended = True
        finally:
            if withdraw and not ended:
                # In the same thread: behind the submission, whether it has ended or not.
                self._thread.submit(_withdraw, submission)
        return outcome

    async def done(self, work: Callable[[], None]) -> None:
        """Wait until some other work is done, behind all that was submitted before it."""
        doing = self._thread.submit(work)
        await ending(doing).wait()
        doing.result()


@contextmanager
def open_submissions() -> Iterator[Submissions]:
    """A thread for the time of the block; what it has in hand then, it ends by itself.

    Raises:
        EngineError: The system allows no more threads.
    """
    thread = ThreadPoolExecutor(1, thread_name_prefix="auditor-submissions")
    try:
        thread.submit(int)
    except RuntimeError as error:
        raise EngineError(f"The workers can't be talked to: {reason_of(error)}.") from error
    try:
        yield Submissions(thread)
    finally:
        thread.shutdown(wait=False)


def _outcome(submission: Future[Future[T]]) -> Future[T]:
    error = error_of(submission)
    return submission.result() if error is None else ended_with(error)


def _withdraw(submission: Future[Future[Any]]) -> None:
    _outcome(submission).cancel()


def ending(future: Future[Any]) -> asyncio.Event:
    """An event of this loop that is set when the future has ended, in whichever way.

    `asyncio.wrap_future` would make a future that its executor cancelled look as if this task were cancelled, and
    would cancel the future on this loop, where some executors block.
    """
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def tell(_: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nothing waits any more
            loop.call_soon_threadsafe(ended.set)

    future.add_done_callback(tell)
    return ended


def ended_with(error: BaseException) -> Future[Any]:
    """A future that has ended with this error."""
    future: Future[Any] = Future()
    future.set_exception(error)
    return future


def error_of(future: Future[Any]) -> BaseException | None:
    """What a future that has ended failed with, None where it did not."""
    return CancelledError() if future.cancelled() else future.exception()


def reason_of(error: BaseException) -> str:
    """Why workers could not be had, in one line without a full stop."""
    # In what loky cleans up after a fault of the system there are others, which say nothing.
    error = next((each for each in _chain(error) if isinstance(each, OSError)), error)
    if isinstance(error, BrokenExecutor):
        return "a worker process ended before it could answer (has it memory, and threads by ulimit -u?)"
    if isinstance(error, OSError) and is_out_of_files(error):
        return TOO_FEW_FILES
    if isinstance(error, OSError) and error.errno in {errno.EAGAIN, errno.ENOMEM}:
        return f"the system allows no more processes (ulimit -u) or has no memory for them: {error.strerror}"
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return f"the system allows no more threads (ulimit -u): {error}"
    said = (error.strerror if isinstance(error, OSError) else "") or str(error)
    return said.strip().partition("\n")[0].rstrip(".") or type(error).__name__


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def reports_of(batch: Batch, outcome: Future[Reports]) -> Reports:
    """One report for each account of the batch: the worker's, or why there is none."""
    error = error_of(outcome)
    if error is None:
        return outcome.result()
    if not isinstance(error, Exception):
        raise error
    logger.debug("a batch of %s accounts failed", len(batch.accounts), exc_info=error)
    failure = _failure(error)
    return tuple(failed(account, failure) for account in batch.accounts)


def _failure(error: Exception) -> Failure:
    if isinstance(error, BrokenExecutor | CancelledError):
        return Failure(Section.ROLE, WORKER_DIED, f"{WORKER_DIED}: the workers ended before this account was done")
    code = _code(error)
    foreseen = isinstance(error, AuditError)
    said = str(error) if foreseen else f"an unforeseen error in the batch of this account ({type(error).__name__})"
    return Failure(Section.ROLE, code, f"{code}: {said}")


def _code(error: Exception) -> str:
    if isinstance(error, EngineError):
        return WRONG_VERSION
    return error.code if isinstance(error, RequestError) else WORKER_FAILED

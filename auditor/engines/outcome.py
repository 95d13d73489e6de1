"""The outcome of work that was handed to an executor: waited for without blocking, and errors as values."""

import asyncio
import logging
from concurrent.futures import BrokenExecutor, CancelledError, Future
from contextlib import suppress
from typing import Any

from auditor.coverage import Failure, Section
from auditor.engines.batch import Batch
from auditor.errors import AuditError, RequestError
from auditor.models import AccountReport
from auditor.unread import failed

logger = logging.getLogger(__name__)

WORKER_DIED = "WorkerDied"

Reports = tuple[AccountReport, ...]


def ending(future: Future[Any]) -> asyncio.Event:
    """An event of this loop that is set when the future has ended, in whichever way.

    `asyncio.wrap_future` would make a future that its executor cancelled look as if this task were cancelled, and
    would cancel the future on this loop, where some executors block.
    """
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def tell(_: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(ended.set)

    future.add_done_callback(tell)
    return ended


def error_of(future: Future[Any]) -> BaseException | None:
    """What a future that has ended failed with, None where it did not."""
    return CancelledError() if future.cancelled() else future.exception()


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
    code = error.code if isinstance(error, RequestError) else type(error).__name__
    said = str(error) if isinstance(error, AuditError) else "an unforeseen error in the batch of this account"
    return Failure(Section.ROLE, code, f"{code}: {said}")

"""Who takes batches: the workers of a caller's executor, or processes of our own."""

from collections.abc import AsyncIterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import asynccontextmanager
from functools import partial
from typing import Protocol

import aioboto3
from anyio import to_thread

from auditor.engines.dask import check_cluster, is_cluster
from auditor.engines.submissions import Reports, Submissions, error_of, open_submissions, reason_of
from auditor.engines.worker import Batch, audit_batch, check_version, package_version, worker_version
from auditor.errors import ConfigurationError, EngineError
from auditor.model.kinds import check_kind, check_method
from auditor.model.progress import Observer


class Pool(Protocol):
    """Takes as many batches at once as it has workers."""

    @property
    def workers(self) -> int:
        """How many batches it takes at once."""

    @property
    def version(self) -> str:
        """That of the package in this process, which workers must have, too."""

    async def check(self) -> None:
        """Raise EngineError unless there are workers that have this version; to be awaited before the first batch."""

    async def audit(self, batch: Batch) -> Future[Reports]:
        """The batch's future when it has ended; cancelling leaves the batch."""


class LentPool:
    """The workers of an executor that a caller lends, and that is left open."""

    def __init__(self, executor: Executor, *, workers: int, version: str, submissions: Submissions) -> None:
        self.workers = workers
        self.version = version
        self._submissions = submissions
        self._executor = executor

    async def check(self) -> None:
        """Ask a worker for its version, and each of a Dask cluster, whose scheduler knows them.

        However long that takes: an executor may have other work before it.
        """
        if is_cluster(self._executor):
            await check_cluster(self._executor, version=self.version)
            return
        asking = partial(self._executor.submit, worker_version)
        outcome = await self._submissions.outcome_of(asking, withdraw=True)
        error = error_of(outcome)
        if error is not None:
            raise EngineError(_no_answer(error, version=self.version)) from error
        check_version(outcome.result(), ours=self.version)

    async def audit(self, batch: Batch) -> Future[Reports]:
        """The batch's future when it has ended; one that is left is cancelled, if it has not begun."""
        return await self._submissions.outcome_of(partial(self._executor.submit, audit_batch, batch), withdraw=True)


def _no_answer(error: BaseException, *, version: str) -> str:
    advice = f"Its workers need version {version} of auditor"
    if isinstance(error, BrokenExecutor):
        advice += ', and processes that are spawned a main module with `if __name__ == "__main__":`'
    return f"The executor's workers can't audit: {reason_of(error)}. {advice}."


def check_pool(workers: int | None, *, executor: Executor | None, session: aioboto3.Session | None) -> None:
    """Raise ConfigurationError for what can't be right: workers, an executor, or a session that they can't have."""
    check_kind("workers", workers, int | None)
    if executor is not None:
        check_method("executor", executor, "submit")
    if workers is None and executor is not None:
        raise ConfigurationError("An executor does not say how many workers it has: give their number.")
    if workers is not None and workers < 1:
        raise ConfigurationError(f"{workers} workers can't audit: 1 is the least.")
    if session is not None and (executor is not None or (workers or 1) > 1):
        raise ConfigurationError(
            "Workers can't have a session, and build their own: give the profile in the configuration instead."
        )


@asynccontextmanager
async def open_pool(workers: int | None, *, executor: Executor | None, observe: Observer) -> AsyncIterator[Pool | None]:
    """Workers on the executor, or in so many processes of our own; None where this event loop is to do it all.

    The observer is told of outages that our own processes meet.
    """
    if workers is None or (executor is None and workers == 1):
        yield None
        return
    version = await to_thread.run_sync(package_version)
    if executor is not None:
        with open_submissions() as submissions:
            yield LentPool(executor, workers=workers, version=version, submissions=submissions)
        return
    # Importing what starts processes takes a third of a second.
    from auditor.engines.processes import open_processes  # noqa: PLC0415 - said above

    async with open_processes(workers, version=version, observe=observe) as processes:
        yield processes

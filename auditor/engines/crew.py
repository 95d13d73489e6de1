"""Who takes batches: the workers of a caller's executor, or processes of our own."""

from collections.abc import AsyncIterator
from concurrent.futures import Executor, Future
from contextlib import asynccontextmanager
from typing import Protocol

import aioboto3

from auditor.engines.batch import Batch
from auditor.engines.outcome import Reports
from auditor.engines.submission import Submissions, open_submissions
from auditor.engines.worker import audit_batch
from auditor.errors import ConfigurationError


class Crew(Protocol):
    """Takes as many batches at once as it has workers."""

    @property
    def workers(self) -> int:
        """How many batches it takes at once."""

    async def audit(self, batch: Batch) -> Future[Reports]:
        """The batch's future when it has ended; cancelling leaves the batch."""


class Lent:
    """The workers of an executor that a caller lends, and that is left open."""

    def __init__(self, executor: Executor, *, workers: int, submissions: Submissions) -> None:
        self.workers = workers
        self._submissions = submissions
        self._executor = executor

    async def audit(self, batch: Batch) -> Future[Reports]:
        """The batch's future when it has ended; one that is left is cancelled, if it has not begun."""
        return await self._submissions.outcome_of(batch, self._hand_over, withdraw=True)

    def _hand_over(self, batch: Batch) -> Future[Reports]:
        return self._executor.submit(audit_batch, batch)


def check_crew(workers: int | None, *, executor: Executor | None, session: aioboto3.Session | None) -> None:
    """Raise ConfigurationError for what can't be right: no executor's workers, or a session that they can't have."""
    if workers is None and executor is not None:
        raise ConfigurationError("An executor does not say how many workers it has: give their number.")
    if workers is not None and workers < 1:
        raise ConfigurationError(f"{workers} workers can't audit: 1 is the least.")
    if session is not None and (executor is not None or (workers or 1) > 1):
        raise ConfigurationError(
            "Workers can't have a session, and build their own: give the profile in the configuration instead."
        )


@asynccontextmanager
async def open_crew(workers: int | None, *, executor: Executor | None) -> AsyncIterator[Crew | None]:
    """Workers on the executor, or in so many processes of our own; None where this event loop is to do it all."""
    if executor is not None and workers is not None:
        with open_submissions() as submissions:
            yield Lent(executor, workers=workers, submissions=submissions)
    elif workers is not None and workers > 1:
        # The standard library's processes are not for every start to load.
        from auditor.engines.processes import open_processes  # noqa: PLC0415 - said above

        async with open_processes(workers) as processes:
            yield processes
    else:
        yield None

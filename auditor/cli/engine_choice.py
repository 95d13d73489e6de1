"""Which workers a person chose: this event loop, processes of our own, or a Dask cluster."""

from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass

from auditor.engines.dask import open_dask
from auditor.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChoice:
    """Where to audit; raises ConfigurationError for what can't be right."""

    processes: int = 1
    dask_scheduler: str | None = None
    workers: int | None = None
    """Batches at once on the Dask cluster; None is one for each of its workers."""

    def __post_init__(self) -> None:
        if self.processes < 1:
            raise ConfigurationError(f"{self.processes} processes can't audit: 1 is the least.")
        if self.workers is not None and self.workers < 1:
            raise ConfigurationError(f"{self.workers} workers can't audit: 1 is the least.")
        if self.dask_scheduler is None and self.workers is not None:
            raise ConfigurationError(
                "--workers are those of a Dask cluster: give its --dask-scheduler, or --processes."
            )
        if self.dask_scheduler is not None and self.processes > 1:
            raise ConfigurationError("--processes and --dask-scheduler both say where to audit: give one of them.")


@asynccontextmanager
async def open_engine(choice: EngineChoice) -> AsyncIterator[tuple[Executor | None, int | None]]:
    """The executor that was chosen and its number of workers, as `run_audit` takes them.

    Raises:
        AuditError: The Dask cluster could not be reached.
    """
    if choice.dask_scheduler is None:
        yield None, choice.processes
        return
    async with open_dask(choice.dask_scheduler, workers=choice.workers) as chosen:
        yield chosen

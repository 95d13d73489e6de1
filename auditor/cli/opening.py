"""The audits that `auditor audit` can run: a new one, and one that was cut off; on the workers that were chosen."""

import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from anyio import to_thread

from auditor.aws.permissions import policy_text
from auditor.config import AuditConfig, Labels
from auditor.engines.dask import open_dask
from auditor.errors import ConfigurationError
from auditor.files.run_names import TABLES, names_beside
from auditor.journal import FreeSettings, check_agreement, reopen_journal
from auditor.model.progress import Observer
from auditor.model.summary import AuditSummary
from auditor.output.run_files import open_run_files
from auditor.run.orchestrator import run_audit
from auditor.run.resume import resume_audit

_ACCESS = ("profile", "lister_profile", "lister_role", "session_duration", "source_identity")
"""Settings that the journal does not have, without which the next run may not get in."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAudit:
    """An audit whose files are open and whose workers can be reached; nothing was asked of AWS yet."""

    rows: tuple[Path, ...]
    """The CSV files."""
    journal: Path
    finished: int | None
    """Accounts that were finished before, None for a new one."""
    again: Mapping[str, int] = field(default_factory=dict)
    """How many accounts are asked again, by the code of their first failure."""
    role: str = ""
    policy: str = ""
    """The IAM policy of a role that may do all that it asks for, as JSON."""
    labels: Labels = Labels.ES
    anew: Mapping[str, object] = field(default_factory=dict)
    """What the journal does not know, and who goes on must say again, by the options' parameters."""
    audit: Callable[[Observer], Awaitable[AuditSummary]]
    """Run it, told of what happens by the observer; to be called once."""

    @property
    def files(self) -> dict[str, Path]:
        """All its files, from the root on, by what they hold."""
        tables = zip(TABLES, self.rows, strict=False)
        return {name: path.absolute() for name, path in (*tables, ("journal", self.journal))}

    @property
    def folder(self) -> Path:
        """Where its files are, from the root on."""
        return self.journal.parent.absolute()

    @property
    def resume_command(self) -> str:
        """What a shell in the same folder resumes it with: the journal does not say with whose credentials."""
        told = [(name, value) for name, value in self.anew.items() if name in _ACCESS and value is not None]
        options = [word for name, value in told for word in (f"--{name.replace('_', '-')}", str(value))]
        return shlex.join(["auditor", "audit", "--resume", str(self.journal), *options])


@asynccontextmanager
async def begin_audit(config: AuditConfig, *, directory: Path, engine: EngineChoice) -> AsyncIterator[OpenAudit]:
    """A new audit, with files of its own in the directory; they are removed where it ends before its first account.

    Raises:
        AuditError: The files can't be there, or the workers could not be reached.
    """
    async with (
        open_run_files(directory, config=config) as files,
        open_engine(engine) as (executor, workers),
    ):
        yield OpenAudit(
            rows=files.csv.paths,
            journal=files.journal.path,
            finished=None,
            role=" or ".join(config.roles),
            policy=policy_text(config.freshness, users=config.users),
            labels=config.labels,
            anew={name: getattr(config, name) for name in _ACCESS},
            audit=lambda observe: run_audit(
                config, writers=files.writers, observe=observe, executor=executor, workers=workers
            ),
        )


@asynccontextmanager
async def resume_from(
    path: Path, *, given: Mapping[str, object], anew: FreeSettings, engine: EngineChoice
) -> AsyncIterator[OpenAudit]:
    """The audit of this journal, with its settings and its CSV files; `anew` are settings that it may choose anew.

    Raises:
        AuditError: It can't be resumed, the given options differ from its own, or the workers could not be reached.
    """
    async with reopen_journal(path) as journal:
        await to_thread.run_sync(partial(check_agreement, journal.header, given=given, path=path))
        async with open_engine(engine) as (executor, workers):
            config = journal.header.config()
            yield OpenAudit(
                rows=names_beside(path).tables,
                journal=path,
                finished=len(journal.finished - journal.excluded),
                again=journal.again,
                role=" or ".join(config.roles),
                policy=policy_text(config.freshness, users=config.users),
                labels=config.labels,
                anew=anew,
                audit=lambda observe: resume_audit(
                    journal,
                    **anew,
                    observe=observe,
                    executor=executor,
                    workers=workers,
                ),
            )

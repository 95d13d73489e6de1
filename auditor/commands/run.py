"""One run of `auditor audit`: begun or gone on with, shown while it runs, and told how it ended."""

import shlex
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread
from rich.console import Console

from auditor.config import AuditConfig
from auditor.console import print_paths, print_summary
from auditor.engines.choice import EngineChoice, open_engine
from auditor.errors import WriteError
from auditor.interruption import Interruption
from auditor.journal import check_agreement, reopen_journal
from auditor.orchestrator import run_audit
from auditor.output import Output
from auditor.progress import AccountFinished, AuditStarted, Observer, ProgressEvent
from auditor.resumption import resume_audit
from auditor.run_files import open_run_files
from auditor.run_names import names_beside
from auditor.summary import AuditSummary

_INCOMPLETE = 3


@dataclass(slots=True)
class Run:
    """What a run is given, and tells of its files as soon as it has them."""

    engine: EngineChoice
    observe: Observer
    earlier: Callable[[int], None]
    """Told how many accounts were finished before."""
    rows: tuple[Path, ...] = ()
    journal: Path | None = None
    finished: int = 0
    """Accounts, those that were finished before too."""


Auditing = Callable[[Run], Awaitable[AuditSummary]]


async def begin_audit(config: AuditConfig, run: Run, *, directory: Path) -> AuditSummary:
    """A new audit, with files of its own in the directory."""
    async with (
        open_run_files(directory, config=config) as files,
        open_engine(run.engine) as (executor, workers),
    ):
        run.rows, run.journal = files.csv.paths, files.journal.path
        return await run_audit(config, writers=files.writers, observe=run.observe, executor=executor, workers=workers)


async def go_on_with_audit(
    path: Path, run: Run, *, given: Mapping[str, object], profile: str | None, concurrency: int
) -> AuditSummary:
    """The audit of this journal, unless the given options differ from its own."""
    async with reopen_journal(path) as journal:
        await to_thread.run_sync(partial(check_agreement, journal.header, given=given, path=path))
        run.rows, run.journal = names_beside(path).tables, path
        run.earlier(len(journal.finished))
        async with open_engine(run.engine) as (executor, workers):
            return await resume_audit(
                journal,
                profile=profile,
                concurrency=concurrency,
                observe=run.observe,
                executor=executor,
                workers=workers,
            )


async def show_run(  # noqa: PLR0913 - what the options chose
    auditing: Auditing,
    *,
    engine: EngineChoice,
    longest: float,
    output: Output,
    quiet: bool,
    interruption: Interruption,
) -> int:
    """Run it for `longest` seconds at most, and show how it goes and ends; returns the exit code."""
    summary: AuditSummary | None = None
    with (
        anyio.CancelScope(deadline=anyio.current_time() + longest) as scope,
        output.display() as display,
    ):

        def observe(event: ProgressEvent) -> None:
            if isinstance(event, AuditStarted):
                interruption.arm(scope)
            run.finished += isinstance(event, AccountFinished)
            display(event)

        def go_on(accounts: int) -> None:
            run.finished += accounts
            display.resume(accounts)

        run = Run(engine, observe, go_on)
        try:
            summary = await auditing(run)
        except WriteError as error:
            output.say(f"Error: {error}")
            _say_how_to_go_on(output, run)
            return error.exit_code
    if summary is None or interruption.exit_code is not None:
        word = "Interrupted" if interruption.exit_code is not None else "Stopped by --max-duration"
        output.say(f"{word}: {run.finished} accounts are finished, and their rows are on disk.")
        _say_how_to_go_on(output, run)
        if run.finished:
            print_paths(Console(), run.rows)
        return interruption.exit_code or _INCOMPLETE
    return _show_end(summary, run, output=output, quiet=quiet)


def _show_end(summary: AuditSummary, run: Run, *, output: Output, quiet: bool) -> int:
    if summary.interruption:
        output.say(f"Error: {summary.interruption}")
    if not quiet:
        print_summary(Console(), summary, paths=run.rows)
    return summary.exit_code


def _say_how_to_go_on(output: Output, run: Run) -> None:
    if run.journal is not None and run.finished:
        output.say(f"Go on with: auditor audit --resume {shlex.quote(str(run.journal))}")

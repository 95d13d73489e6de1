"""One run of `auditor audit`: begun or gone on with, shown while it runs, and told how it ended."""

import shlex
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread

from auditor.commands.console import print_paths, print_summary
from auditor.commands.engine_choice import EngineChoice, open_engine
from auditor.commands.interruption import Interruption
from auditor.commands.output import Output
from auditor.commands.streams import guarded_stdout
from auditor.config import AuditConfig
from auditor.errors import WriteError
from auditor.journal import check_agreement, journal_path, open_journal, reopen_journal
from auditor.journal.rendering import csv_paths
from auditor.orchestrator import run_audit
from auditor.progress import AccountFinished, AuditStarted, Observer, ProgressEvent
from auditor.resumption import resume_audit
from auditor.summary import AuditSummary
from auditor.writers import open_csv_writer

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
        open_csv_writer(directory, labels=config.labels) as csv,
        open_journal(journal_path(csv.paths[0]), config=config) as journal,
        open_engine(run.engine) as (executor, workers),
    ):
        run.rows, run.journal = csv.paths, journal.path

        def observe(event: ProgressEvent) -> None:
            journal.observe(event)
            run.observe(event)

        return await run_audit(config, writers=[csv, journal], observe=observe, executor=executor, workers=workers)


async def go_on_with_audit(
    path: Path, run: Run, *, given: Mapping[str, object], profile: str | None, concurrency: int
) -> AuditSummary:
    """The audit of this journal, unless the given options differ from its own."""
    async with reopen_journal(path) as journal:
        await to_thread.run_sync(partial(check_agreement, journal.header, given=given, path=path))
        run.rows, run.journal = csv_paths(path), path
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
            _show_paths(run, output=output)
        return interruption.exit_code or _INCOMPLETE
    return _show_end(summary, run, output=output, quiet=quiet)


def _show_end(summary: AuditSummary, run: Run, *, output: Output, quiet: bool) -> int:
    if summary.interruption:
        output.say(f"Error: {summary.interruption}")
    if quiet or _show_summary(summary, run, output=output):
        return summary.exit_code
    return summary.exit_code or _INCOMPLETE


def _show_summary(summary: AuditSummary, run: Run, *, output: Output) -> bool:
    """Whether the summary could be written on stdout; that it could not is said on stderr."""
    stdout = guarded_stdout()
    print_summary(stdout.console(), summary, paths=run.rows)
    if stdout.failure:
        output.say(f"The summary could not be written: {stdout.failure}; the files are whole: {_folder(run)}")
    return not stdout.failure


def _show_paths(run: Run, *, output: Output) -> None:
    stdout = guarded_stdout()
    print_paths(stdout.console(), run.rows)
    if stdout.failure:
        output.say(f"The paths could not be written: {stdout.failure}; the files are whole: {_folder(run)}")


def _folder(run: Run) -> Path:
    return run.rows[0].parent.absolute()


def _say_how_to_go_on(output: Output, run: Run) -> None:
    if run.journal is not None and run.finished:
        output.say(f"Go on with: auditor audit --resume {shlex.quote(str(run.journal))}")

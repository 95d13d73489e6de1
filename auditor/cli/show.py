"""How a run is shown, its progress and its end with what to do about it; and how a plan is."""

import errno
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial
from os import path

import anyio
from anyio import to_thread

from auditor.cli.next_step import GivenOptions, Step, next_step
from auditor.cli.opening import OpenAudit
from auditor.cli.terminal.output import Display, Output
from auditor.cli.terminal.plan import plan_json, print_plan
from auditor.cli.terminal.signals import Interruption
from auditor.cli.terminal.streams import GuardedStream, guarded_stdout, show_result, write_result
from auditor.cli.terminal.summary import print_paths, print_summary
from auditor.config import AuditConfig
from auditor.errors import WriteError
from auditor.model.progress import AccountFinished, AuditStarted, AuditWarning, ProgressEvent
from auditor.model.summary import AuditSummary
from auditor.run.plan import plan_audit

_INCOMPLETE = 3
_PLAN_NOT_WRITTEN = 1
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class Ending:
    """How far a run came."""

    audit: OpenAudit | None
    """None where it was cut off before its files were open."""
    finished: int
    """Accounts, those that were finished before too."""
    summary: AuditSummary | None
    """None where it was cut off."""
    resumable: bool
    """Whether it can be gone on with, and its journal is still there: one that was told nothing is gone with it."""
    failure: WriteError | None = None
    """What could not be written, where that ended it."""
    next_step: str = ""
    """What to do where it came to its end."""


async def show_run(  # noqa: PLR0913 - what a run is shown with
    opening: AbstractAsyncContextManager[OpenAudit],
    *,
    resumable: bool,
    longest: float,
    output: Output,
    quiet: bool,
    interruption: Interruption,
    next_step: str = "",
) -> int:
    """Run it for `longest` seconds at most, and show how it goes and ends; returns the exit code.

    One that is not `resumable` is not said to be: what it audits is gone with it.
    """
    with output.display() as display:
        ending = await _run(opening, resumable=resumable, longest=longest, display=display, interruption=interruption)
    ending = replace(ending, next_step=next_step)
    if ending.failure:
        return _show_failure(ending.failure, ending=ending, output=output)
    if ending.summary is None or interruption.exit_code is not None:
        return _show_cut(ending, output=output, code=interruption.exit_code)
    return _show_end(ending.summary, ending=ending, output=output, quiet=quiet)


async def _run(
    opening: AbstractAsyncContextManager[OpenAudit],
    *,
    resumable: bool,
    longest: float,
    display: Display,
    interruption: Interruption,
) -> Ending:
    audit: OpenAudit | None = None
    summary: AuditSummary | None = None
    failure: WriteError | None = None
    finished = 0

    def watch(event: ProgressEvent) -> None:
        nonlocal finished
        if isinstance(event, AuditStarted):
            # The caller's credentials have been asked for, perhaps at the terminal.
            interruption.arm(scope, last_words=last_words)
        finished += isinstance(event, AccountFinished) and not event.report.excluded
        display(event)

    def last_words() -> str:
        there = resumable and audit is not None and audit.journal.exists()
        return _resume_sentence(audit) if audit is not None and there else ""

    # The scope is around the opening, so that files see that they are closed because the run was cut off.
    with anyio.CancelScope(deadline=anyio.current_time() + longest) as scope:
        try:
            async with opening as audit:
                finished = audit.finished or 0
                display.open(audit)
                summary = await audit.audit(watch)
        except WriteError as error:
            failure = error
    there = audit is not None and (finished > 0 or await to_thread.run_sync(path.exists, audit.journal))
    return Ending(audit, finished, summary, resumable and there, failure)


def _show_failure(failure: WriteError, *, ending: Ending, output: Output) -> int:
    output.say(f"Error: {failure}")
    _show_resume_command(ending, output=output)
    return failure.exit_code


def _show_cut(ending: Ending, *, output: Output, code: int | None) -> int:
    word = "Stopped by --max-duration" if code is None else "Interrupted"
    output.say(f"{word}: {_finished(ending.finished)} on disk.")
    _show_resume_command(ending, output=output)
    if ending.audit is not None and ending.finished:
        _show_paths(ending.audit, output=output)
    return code or _INCOMPLETE


def _finished(accounts: int) -> str:
    if accounts == 1:
        return "1 account is finished, and its rows are"
    return f"{accounts:,} accounts are finished, and their rows are"


def _show_end(summary: AuditSummary, *, ending: Ending, output: Output, quiet: bool) -> int:
    if summary.interruption:
        output.say(f"Error: {summary.interruption}")
    command = ending.audit.resume_command if ending.audit is not None and ending.resumable else ""
    show = partial(_show_summary, summary, command=command, next_step=ending.next_step, output=output)
    if quiet or ending.audit is None or show(ending.audit):
        return summary.exit_code
    return summary.exit_code or _INCOMPLETE


def _show_summary(summary: AuditSummary, audit: OpenAudit, *, command: str, next_step: str, output: Output) -> bool:
    """Whether it could be written; if not, that is said."""
    stdout = guarded_stdout()
    print_summary(
        stdout.console(),
        summary,
        paths=audit.rows,
        role=audit.role,
        policy=audit.policy,
        resume_command=command,
        next_step=next_step,
    )
    return _is_whole(stdout, what="summary", audit=audit, output=output)


def _show_paths(audit: OpenAudit, *, output: Output) -> None:
    stdout = guarded_stdout()
    print_paths(stdout.console(), audit.rows)
    _is_whole(stdout, what="paths", audit=audit, output=output)


def _is_whole(stdout: GuardedStream, *, what: str, audit: OpenAudit, output: Output) -> bool:
    if stdout.failure:
        output.say(f"The {what} could not be written: {stdout.failure}; the files are whole: {audit.folder}")
    return not stdout.failure


def _show_resume_command(ending: Ending, *, output: Output) -> None:
    if ending.audit is not None and ending.resumable:
        output.say(_resume_sentence(ending.audit, failure=ending.failure))


def _resume_sentence(audit: OpenAudit, *, failure: WriteError | None = None) -> str:
    cause = None if failure is None else failure.__cause__
    full = isinstance(cause, OSError) and cause.errno in _NO_SPACE
    return f"{'Free space on the disk, then go on' if full else 'Go on'} with: {audit.resume_command}"


async def show_plan(  # noqa: PLR0913 - what is planned, and how it is shown
    config: AuditConfig, *, processes: int, sample: int, as_json: bool, words: GivenOptions, output: Output
) -> int:
    """Plan the audit, and print the plan and the step after it; returns the exit code.

    Raises:
        AuditError: It could not be planned.
    """
    with output.display() as display:

        def warn(event: ProgressEvent) -> None:
            if isinstance(event, AuditWarning):
                display(event)

        plan = await plan_audit(config, processes=processes, sample=sample, observe=warn)
    if as_json:
        failure = write_result(plan_json(plan))
    else:
        failure = show_result(partial(print_plan, plan=plan, next_step=next_step(Step.PLAN, words, pilot=plan.pilot)))
    if failure:
        output.say(f"Error: The plan could not be written: {failure}.")
    return _PLAN_NOT_WRITTEN if failure else 0

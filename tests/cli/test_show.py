"""How a run ends for a person: what is said, the command that resumes it, and the exit code."""

import errno
import logging
import os
import shlex
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

import anyio
import pytest
from typer.testing import CliRunner

from auditor import AccountFinished, AuditConfig, AuditStarted, AuditSummary, WriteError, open_journal
from auditor.cli.app import app
from auditor.cli.opening import OpenAudit
from auditor.cli.show import show_run
from auditor.cli.terminal.output import Display
from auditor.cli.terminal.signals import Interruption, one_sentence
from auditor.model.progress import Observer, ProgressEvent
from tests.samples import CALLER, PERIOD, REPORT, SUMMARY

NAME = "audit_20260301_120000.journal.jsonl"
AUDIT = OpenAudit(rows=(Path("a.csv"),), journal=Path("with space") / NAME, finished=None, audit=lambda _: no_audit())
COMMAND = f"auditor audit --resume 'with space/{NAME}'"
NOT_CONFIGURED = "Error: The profile 'no body' is not configured: see `aws configure list-profiles`.\n"
WHOLE = replace(SUMMARY, failed_accounts=0)


async def no_audit() -> AuditSummary:
    """Nothing that a test runs."""
    raise NotImplementedError


class Said:
    """An output and its display, which remember what they are told."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.events: list[ProgressEvent] = []
        self.opened: list[OpenAudit] = []
        self.handler: logging.Handler = logging.NullHandler()

    def display(self) -> Display:
        """It shows the run too."""
        return self

    def say(self, message: str) -> None:
        """Remember a sentence."""
        self.sentences.append(message)

    def open(self, audit: OpenAudit) -> None:
        """Remember which run it is."""
        self.opened.append(audit)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is to be ended."""

    def __call__(self, event: ProgressEvent) -> None:
        """Remember an event."""
        self.events.append(event)


@asynccontextmanager
async def opened(audit: OpenAudit) -> AsyncIterator[OpenAudit]:
    """An audit whose files need no opening."""
    yield audit


def auditing(end: Callable[[], Awaitable[AuditSummary]]) -> Callable[[Observer], Awaitable[AuditSummary]]:
    """An audit of one account, and what comes then."""

    async def audit(observe: Observer) -> AuditSummary:
        observe(AuditStarted(CALLER, PERIOD))
        observe(AccountFinished(REPORT))
        return await end()

    return audit


async def shown(
    end: Callable[[], Awaitable[AuditSummary]],
    *,
    said: Said,
    of: OpenAudit = AUDIT,
    longest: float = 30,
    interruption: Interruption | None = None,
) -> int:
    """The exit code of a run that ends so after its first account."""
    audit = replace(of, audit=auditing(end))
    return await show_run(
        opened(audit),
        resumable=True,
        longest=longest,
        output=said,
        quiet=True,
        interruption=interruption or Interruption(),
    )


async def fail() -> AuditSummary:
    """Meet a full disk."""
    raise WriteError("The disk is full.")


async def stay() -> AuditSummary:
    """Go on until it is cut off."""
    await anyio.sleep_forever()
    raise NotImplementedError


async def succeed() -> AuditSummary:
    """Leave nothing out."""
    return WHOLE


async def end_early() -> AuditSummary:
    """Audit what was listed."""
    return replace(WHOLE, interruption="The list ended early.")


@pytest.mark.anyio
async def test_a_file_that_can_not_be_written() -> None:
    """What failed is said, and the command that resumes the audit."""
    said = Said()
    assert 3 == await shown(fail, said=said)
    assert ["Error: The disk is full.", f"Go on with: {COMMAND}"] == said.sentences


@pytest.mark.anyio
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
async def test_a_full_disk_needs_space_before_the_audit_goes_on(number: int) -> None:
    """The command would fail again at once: what to do before it is said with it."""

    async def fill() -> AuditSummary:
        raise WriteError("a.csv could not be written.") from OSError(number, os.strerror(number))

    said = Said()
    assert 3 == await shown(fill, said=said)
    assert f"Free space on the disk, then go on with: {COMMAND}" == said.sentences[-1]


@pytest.mark.parametrize(("there", "resumable", "sentences"), [(True, True, 1), (True, False, 0), (False, True, 0)])
def test_after_a_second_signal_the_resume_command_is_said_too(
    *, there: bool, resumable: bool, sentences: int, tmp_path: Path
) -> None:
    """Where the journal is still there, and what it audits: nothing else is waited for."""
    journal, said = tmp_path / NAME, Said()
    if there:
        journal.touch()

    async def interrupt_twice(interruption: Interruption) -> AuditSummary:
        interruption.receive(signal.SIGINT, None)
        interruption.receive(signal.SIGINT, None)
        raise NotImplementedError

    async def run(interruption: Interruption) -> int:
        audit = replace(AUDIT, journal=journal, audit=auditing(lambda: interrupt_twice(interruption)))
        return await show_run(
            opened(audit), resumable=resumable, longest=30, output=said, quiet=True, interruption=interruption
        )

    with pytest.raises(SystemExit) as ended, one_sentence(said) as interruption:
        anyio.run(run, interruption)
    assert 130 == ended.value.code
    command = f"Go on with: {replace(AUDIT, journal=journal).resume_command}"
    assert ["Interrupted.", *([command] * sentences)] == said.sentences


@pytest.mark.anyio
async def test_the_time_is_over() -> None:
    """The accounts of earlier runs count as finished too."""
    said = Said()
    assert 3 == await shown(stay, said=said, of=replace(AUDIT, finished=5), longest=0)
    assert [5] == [audit.finished for audit in said.opened]
    assert [
        "Stopped by --max-duration: 6 accounts are finished, and their rows are on disk.",
        f"Go on with: {COMMAND}",
    ] == said.sentences


@pytest.mark.anyio
async def test_a_signal() -> None:
    """Once the caller is known a signal stops the run, and its exit code is the signal's."""
    said, interruption = Said(), Interruption()

    async def interrupted() -> AuditSummary:
        interruption.receive(signal.SIGTERM, None)
        return await stay()

    assert 143 == await shown(interrupted, said=said, interruption=interruption)
    assert "Interrupted: 1 account is finished, and its rows are on disk." == said.sentences[0]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("end", "code", "sentences"), [(succeed, 0, []), (end_early, 3, ["Error: The list ended early."])]
)
async def test_the_end(end: Callable[[], Awaitable[AuditSummary]], code: int, sentences: list[str]) -> None:
    """A run that came to its end has the summary's exit code; a new one has no earlier accounts."""
    said = Said()
    assert code == await shown(end, said=said)
    assert (sentences, [None]) == (said.sentences, [audit.finished for audit in said.opened])
    assert [AuditStarted(CALLER, PERIOD), AccountFinished(REPORT)] == said.events


@pytest.mark.anyio
@pytest.mark.parametrize("resumable", [True, False])
async def test_the_summary_offers_only_what_can_be_resumed(
    resumable: bool,  # noqa: FBT001 - a parameter
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A run whose organization is gone with it names no command that goes on."""
    code = await show_run(
        opened(replace(AUDIT, audit=auditing(end_early))),
        resumable=resumable,
        longest=30,
        output=Said(),
        quiet=False,
        interruption=Interruption(),
    )
    assert (3, resumable) == (code, f"Ask again for what may succeed now: {COMMAND}" in capsys.readouterr().out)


@pytest.mark.anyio
async def test_before_the_files_are_open() -> None:
    """A run that was cut off before it had files has nothing to resume."""

    @asynccontextmanager
    async def never() -> AsyncIterator[OpenAudit]:
        await anyio.sleep_forever()
        yield AUDIT

    said = Said()
    assert 3 == await show_run(never(), resumable=True, longest=0, output=said, quiet=True, interruption=Interruption())
    assert ["Stopped by --max-duration: 0 accounts are finished, and their rows are on disk."] == said.sentences


def test_the_command_that_resumes_works(tmp_path: Path) -> None:
    """It names the profile that was given, which the journal does not, in a shell's words."""
    journal = tmp_path / "with 'quotes'" / NAME
    journal.parent.mkdir()
    anyio.run(one_account, journal)
    resume_command = replace(AUDIT, journal=journal, anew={"profile": "no body"}).resume_command
    program, *words = shlex.split(resume_command)
    result = CliRunner().invoke(app, words)
    assert "auditor" == program
    assert (1, NOT_CONFIGURED) == (result.exit_code, result.stderr)


def test_the_command_that_resumes_has_all_that_the_journal_has_not() -> None:
    """Who lists and how sessions are asked for is to be said again; how many accounts at once is not."""
    anew = {"lister_profile": "lister", "source_identity": "ana", "session_duration": 900, "profile": None}
    command = replace(AUDIT, anew={**anew, "concurrency": 7}).resume_command
    assert f"{COMMAND} --lister-profile lister --source-identity ana --session-duration 900" == command


async def one_account(journal: Path) -> None:
    """A journal of one account."""
    async with open_journal(journal, config=AuditConfig(role="Audit")) as writer:
        await writer.begin(AuditStarted(CALLER, PERIOD))
        await writer.write(REPORT)

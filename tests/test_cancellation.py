"""An audit that is left, cancelled or broken stops at once, and leaves whole accounts behind."""

import random
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from auditor import (
    AccountReport,
    AuditConfig,
    OrganizationError,
    Rates,
    WriteError,
    open_audit,
    open_csv_writer,
    open_journal,
    reopen_journal,
    resume_audit,
    run_audit,
)
from auditor.demo import Scenario
from auditor.journal import JournalWriter
from auditor.journal.file import JournalFile
from auditor.journal.reader import read_content
from auditor.model.progress import AccountFinished, ProgressEvent
from tests.expectations import as_set, read_csv, truth_of
from tests.organizations import served

pytestmark = [pytest.mark.anyio, pytest.mark.long]

SCENARIO = Scenario(accounts=30, users=3, largest_account=20, latency=0.005)
CONFIG = AuditConfig(role=SCENARIO.role_name, rates=Rates(iam=1000, events=1000), concurrency=8)
ONE_PAGE = replace(SCENARIO, accounts=20)
"""All of whose accounts are listed before the first is finished."""
MOMENTS = 12


class BrokenWriter:
    """Fails at its third report of an account that was reached."""

    def __init__(self) -> None:
        self.taken = 0
        self.unreached: list[str] = []

    async def write(self, report: AccountReport) -> None:
        """Take two reports, and what was not reached."""
        if not report.reached:
            self.unreached.append(report.account.id)
            return
        self.taken += 1
        if self.taken == 3:
            raise WriteError("the disk is full.")


async def test_cancelled_at_any_moment_whole_accounts_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever it is cancelled, the files hold all rows of the accounts that were finished, and none of another."""
    dice = random.Random(20261124)
    async with served(SCENARIO, monkeypatch) as server:
        whole = await run_audit(CONFIG, collect=True)
        expected = truth_of(server, whole)
        for moment in range(MOMENTS):
            finished: set[str] = set()

            def note(event: ProgressEvent, finished: set[str] = finished) -> None:
                if isinstance(event, AccountFinished):
                    finished.add(event.report.account.id)

            async with open_csv_writer(tmp_path / str(moment)) as writer:
                with anyio.move_on_after(dice.uniform(0, 1.2)):
                    await run_audit(CONFIG, writers=[writer], observe=note)
            rows = read_csv(writer.paths[0])
            ours = {row["account_id"] for row in rows}
            assert ours <= finished
            assert as_set(r for r in expected.findings if r["account_id"] in ours) == as_set(rows)
            words = [(row["account_id"], row["role"]) for row in read_csv(writer.paths[2])]
            assert len(words) == len(dict(words))
            assert finished == {account for account, word in words if word != "not reached"}
            assert "organization" in dict(words) or not words or len(server.organization.accounts) == len(words)


async def test_what_was_not_listed_yet_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut off while the accounts are listed, the files name the rest of the organization; a resumed run's do so too."""
    scenario = Scenario(accounts=20, users=0, page_size_organizations=2, latency=0.01, denied_every=None)
    journal_file = tmp_path / "audit_20260301_120000.journal.jsonl"
    async with served(scenario, monkeypatch):
        with anyio.CancelScope() as scope:

            def stop(event: ProgressEvent) -> None:
                if isinstance(event, AccountFinished):
                    scope.cancel()

            async with open_csv_writer(tmp_path) as writer, open_journal(journal_file, config=CONFIG) as journal:
                await run_audit(CONFIG, writers=[writer, journal], observe=stop)
        begun = [row for row in read_csv(writer.paths[2]) if row["account_id"] == "organization"]
    assert [("not reached", "NotListed")] == [(row["role"], row["error_code"]) for row in begun]
    async with served(replace(scenario, listing_denied_page=0), monkeypatch):
        async with reopen_journal(journal_file) as journal:
            with pytest.raises(OrganizationError):
                await resume_audit(journal)
        resumed = read_csv(tmp_path / "coverage_20260301_120000.csv")
    assert [("not reached", "NotListed")] == [
        (row["role"], row["error_code"]) for row in resumed if row["account_id"] == "organization"
    ]


async def test_leaving_the_stream_early_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who has seen enough leaves the block, and nothing is left running."""
    async with served(SCENARIO, monkeypatch):
        for wanted in range(1, 8):
            reports: list[AccountReport] = []
            async with open_audit(CONFIG) as stream:
                async for report in stream:
                    reports.append(report)
                    if len(reports) == wanted:
                        break
            assert wanted == len(reports)


async def test_a_writer_that_fails_stops_the_run_with_its_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of a writer arrives bare, as the error that it is."""
    async with served(SCENARIO, monkeypatch):
        writer = BrokenWriter()
        with pytest.raises(WriteError, match="the disk is full"):
            await run_audit(CONFIG, writers=[writer])
    assert 3 == writer.taken


async def test_a_full_disk_does_not_hide_what_was_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer that failed, and one behind it, are told each account that they do not have, and none that they do."""
    first, broken, last = KeepingWriter(), BrokenWriter(), KeepingWriter()
    async with served(ONE_PAGE, monkeypatch) as server:
        with pytest.raises(WriteError, match="the disk is full"):
            await run_audit(CONFIG, writers=[first, broken, last])
        accounts = {account.id for account in server.organization.accounts}
    for reached, unreached in ((first.reached, first.unreached), (last.reached, last.unreached)):
        assert accounts == {*reached, *unreached}
        assert len(accounts) == len(reached) + len(unreached)
    assert len(accounts) - 2 == len(broken.unreached) == len(set(broken.unreached))
    assert 3 <= len(first.reached)
    assert len(last.reached) < len(first.reached)


async def test_a_resumed_run_that_can_not_go_on_writing_names_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the journal can't grow and the CSV files can, the coverage has a row for each account."""
    journal_file = tmp_path / "audit_20260301_120000.journal.jsonl"
    async with served(ONE_PAGE, monkeypatch) as server:
        async with open_journal(journal_file, config=CONFIG) as journal:
            with anyio.CancelScope() as scope:

                def observe(event: ProgressEvent) -> None:
                    if isinstance(event, AccountFinished):
                        scope.cancel()

                await run_audit(CONFIG, writers=[journal], observe=observe)
        file = await to_thread.run_sync(partial(FullFile, journal_file, new=False))
        content = await to_thread.run_sync(read_content, file)
        with closing(file), pytest.raises(WriteError, match="the disk is full"):
            await resume_audit(JournalWriter(file, content=content))
        accounts = {account.id for account in server.organization.accounts}
    told = [row["account_id"] for row in read_csv(tmp_path / "coverage_20260301_120000.csv")]
    assert accounts == {*told}
    assert len(told) == len(set(told))


class KeepingWriter:
    """Remembers which accounts it was given."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.unreached: list[str] = []

    async def write(self, report: AccountReport) -> None:
        """Take one."""
        (self.reached if report.reached else self.unreached).append(report.account.id)


class FullFile(JournalFile):
    """A journal that can't grow."""

    def append(self, data: bytes) -> None:
        """Fail."""
        del data
        raise WriteError("the disk is full.")


async def test_an_error_of_the_reader_arrives_bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a caller raises inside the block is not wrapped in a group."""
    async with served(SCENARIO, monkeypatch):
        with pytest.raises(KeyError):
            await _raise_at_first_report()


async def _raise_at_first_report() -> None:
    async with open_audit(CONFIG) as stream:
        async for report in stream:
            raise KeyError(report.account.id)

"""A resumed audit whose journal has an account with a word of a later version: it is asked again, or is named."""

import json
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from auditor import (
    AuditConfig,
    AuditStarted,
    ProgressEvent,
    Rates,
    open_journal,
    reopen_journal,
    resume_audit,
    run_audit,
)
from auditor.demo import Scenario
from auditor.journal.format import line_of
from tests.expectations import as_set, read_csv, truth_of_all
from tests.organizations import served

pytestmark = pytest.mark.anyio

NAME = "audit_20260301_120000.journal.jsonl"
SCENARIO = Scenario(accounts=6, users=2, largest_account=5, denied_every=None)
CONFIG = AuditConfig(role=SCENARIO.role_name, rates=Rates(iam=1000, events=1000))


async def journal_with_a_later_word(folder: Path) -> str:
    """The journal of a whole audit in which an account with devices has a kind of device more; that account."""
    path = anyio.Path(folder / NAME)
    async with open_journal(Path(path), config=CONFIG) as journal:
        await run_audit(CONFIG, writers=[journal])
    lines = (await path.read_bytes()).splitlines(keepends=True)
    entered = f'"role":"{CONFIG.role}"'.encode()
    place = next(place for place, line in enumerate(lines) if entered in line and b'"kind":"virtual"' in line)
    report = json.loads(lines[place].replace(b'"kind":"virtual"', b'"kind":"implant"', 1))["report"]
    lines[place] = line_of("report", json.dumps(report).encode())
    await path.write_bytes(b"".join(lines))
    account: str = report["account"]["id"]
    return account


def rows_in(folder: Path, table: str) -> list[dict[str, str]]:
    """The rows of a table of the only run in a folder."""
    (path,) = folder.glob(f"{table}_*.csv")
    return read_csv(path)


async def test_that_account_alone_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are those of a run that was never cut off."""
    async with served(SCENARIO, monkeypatch) as server:
        account = await journal_with_a_later_word(tmp_path)
        before = dict(server.counts)
        async with reopen_journal(tmp_path / NAME) as journal:
            summary = await resume_audit(journal, rates=CONFIG.rates)
        asked = {key[0] for key, count in server.counts.items() if count > before.get(key, 0) and key[1] == "ListUsers"}
        expected = truth_of_all(server)
    assert {account} == asked
    assert (0, SCENARIO.accounts) == (summary.exit_code, summary.accounts)
    assert as_set(expected.findings) == as_set(rows_in(tmp_path, "iam_audit_report"))
    assert as_set(expected.events) == as_set(rows_in(tmp_path, "cloudtrail_events"))


async def test_it_is_named_where_the_run_does_not_come_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut off before anything is listed, the coverage has it as not reached, beside those that are not listed."""
    async with served(SCENARIO, monkeypatch):
        account = await journal_with_a_later_word(tmp_path)
        with anyio.CancelScope() as scope:

            def stop(event: ProgressEvent) -> None:
                if isinstance(event, AuditStarted):
                    scope.cancel()

            async with reopen_journal(tmp_path / NAME) as journal:
                await resume_audit(journal, rates=CONFIG.rates, observe=stop)
    words = {row["account_id"]: row["role"] for row in rows_in(tmp_path, "coverage")}
    assert SCENARIO.accounts == len(words.keys() - {"organization"})
    assert {account, "organization"} == {name for name, word in words.items() if word == "not reached"}


async def test_it_is_named_where_it_left_the_organization(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not listed any more and can't be asked again: the audit is not complete."""
    async with served(SCENARIO, monkeypatch):
        account = await journal_with_a_later_word(tmp_path)
    async with served(replace(SCENARIO, accounts=1), monkeypatch) as server:
        assert account not in {found.id for found in server.organization.accounts}
        async with reopen_journal(tmp_path / NAME) as journal:
            summary = await resume_audit(journal, rates=CONFIG.rates)
    assert (3, SCENARIO.accounts) == (summary.exit_code, summary.accounts)
    (row,) = [row for row in rows_in(tmp_path, "coverage") if row["account_id"] == account]
    assert "not reached" == row["role"]

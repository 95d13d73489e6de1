"""An audit that was cut off goes on: the files equal the truth, each row once, however it was cut off."""

import codecs
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from anyio.abc import Process
from typer.testing import CliRunner

from auditor import (
    AccountId,
    AccountReport,
    AuditConfig,
    AuditStarted,
    AuditSummary,
    CallerError,
    ConfigurationError,
    EarlierRun,
    Failure,
    Labels,
    OrganizationError,
    ProgressEvent,
    Rates,
    Section,
    WriteError,
    open_journal,
    reopen_journal,
    resume_audit,
    run_audit,
)
from auditor.cli.app import app
from auditor.demo import Request, Scenario, build_organization, serve
from auditor.journal import JournalWriter
from auditor.journal.file import JournalFile, open_journal_file
from auditor.journal.format import line_of
from auditor.journal.reader import Content, report_at
from auditor.model.scopes import UserScope
from auditor.output.run_files import open_run_files
from auditor.output.user_rows import ROOT_NAME
from tests.chaos.simulation import environment_of
from tests.expectations import as_set, read_csv, truth_of, truth_of_all
from tests.organizations import served
from tests.samples import CALLER, PERIOD, REPORT

pytestmark = pytest.mark.long

AUDITOR = [sys.executable, "-m", "auditor", "audit"]
QUICK = Scenario(accounts=30, users=2, largest_account=9, denied_every=9, latency=0.002)
SLOW = Scenario(accounts=70, users=2, largest_account=9, denied_every=30, latency=0.03)
STARTED = 1_000
"""More bytes than a journal has before its first account."""
NAME = "audit_20260301_120000.journal.jsonl"
CONFIG = AuditConfig(role=QUICK.role_name, rates=Rates(iam=1000, events=1000))


class StopAudit(Exception):  # noqa: N818 - no error
    """Raised in a writer."""


class Stopping:
    """A writer that stops the run at an account."""

    def __init__(self, after: int) -> None:
        self.left = after

    async def write(self, report: AccountReport) -> None:
        """Take some reports."""
        del report
        self.left -= 1
        if self.left < 0:
            raise StopAudit


def rows_in(folder: Path) -> list[list[dict[str, str]]]:
    """Findings, events and coverage of the only run in a folder."""
    names = ("iam_audit_report", "cloudtrail_events", "coverage")
    return [read_csv(path) for name in names for path in folder.glob(f"{name}_*.csv")]


def journal_in(folder: Path) -> Path:
    """The journal of the only run in a folder."""
    (journal,) = folder.glob("audit_*.journal.jsonl")
    return journal


async def until_journaled(folder: Path, *, size: int) -> None:
    """Wait until a journal has so many bytes."""
    while await journaled(folder) <= size:  # noqa: ASYNC110 - another process writes it
        await anyio.sleep(0.005)


async def journaled(folder: Path) -> int:
    """The bytes of the folder's journal."""
    return sum([(await path.stat()).st_size async for path in anyio.Path(folder).glob("*.jsonl")])


async def run_to_end(*arguments: str) -> tuple[int, str, str]:
    """A command's exit code, output and error output."""
    done = await anyio.run_process([*AUDITOR, *arguments], check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.anyio
async def test_a_process_that_is_killed_goes_on_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at several moments, resumed too, the files are those of a run that was never cut off."""
    async with served(SLOW, monkeypatch) as server:
        first = [*AUDITOR, "--role", SLOW.role_name, "--output-dir", str(tmp_path), "--concurrency", "16"]
        command = first
        for size in (0, STARTED, 60_000):
            async with await anyio.open_process(command, stdout=subprocess.DEVNULL) as process:
                await until_journaled(tmp_path, size=size)
                process.kill()
                await process.wait()
            command = [*AUDITOR, "--resume", str(journal_in(tmp_path)), "--concurrency", "16"]
        code, output, errors = await run_to_end("--resume", str(journal_in(tmp_path)))
        expected = truth_of_all(server)
    findings, events, coverage = rows_in(tmp_path)
    assert "Traceback" not in errors
    assert 3 == code
    assert as_set(expected.findings) == as_set(findings)
    assert as_set(expected.events) == as_set(events)
    assert sorted(account.id for account in server.organization.accounts) == sorted(r["account_id"] for r in coverage)
    assert f"{len(server.organization.accounts):,}" in output
    assert 5 == len(os.listdir(tmp_path))  # noqa: PTH208 - no event loop is held up by it


@pytest.mark.anyio
async def test_an_interrupted_run_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C prints the command that goes on; Ctrl-C in that one leaves whole files; and so does the time's end."""
    folder = tmp_path / "with space"
    async with served(SLOW, monkeypatch) as server:
        process = await anyio.open_process(
            [*AUDITOR, "--role", SLOW.role_name, "--output-dir", str(folder), "--concurrency", "16"]
        )
        text = await interrupted(process, folder, size=STARTED)
        hint = f"Go on with: auditor audit --resume '{journal_in(folder)}'"
        assert hint in text
        stopped = await run_to_end("--resume", str(journal_in(folder)), "--max-duration", "2s", "--concurrency", "1")
        assert 3 == stopped[0]
        assert hint in stopped[2]
        findings, _, coverage = rows_in(folder)
        reached = {row["account_id"] for row in coverage if row["role"] != "not reached"}
        expected = truth_of_all(server)
        wanted = [row for row in expected.findings if row["account_id"] in reached]
        assert as_set(wanted) == as_set(findings)
        assert len(reached) < len(coverage) == len({row["account_id"] for row in coverage})
        code, _, _ = await run_to_end("--resume", str(journal_in(folder)), "--role", SLOW.role_name)
        assert 3 == code
    findings, events, _ = rows_in(folder)
    assert as_set(expected.findings) == as_set(findings)
    assert as_set(expected.events) == as_set(events)


async def interrupted(process: Process, folder: Path, *, size: int) -> str:
    """What a process says on stderr that is interrupted once its journal has so many bytes."""
    async with process:
        assert process.stderr is not None
        await until_journaled(folder, size=size)
        process.send_signal(signal.SIGINT)
        text = b"".join([part async for part in process.stderr])
        assert 130 == await process.wait()
    return text.decode()


async def begun(folder: Path, *, after: int) -> None:
    """An audit that stops after so many accounts; its journal."""
    async with open_journal(folder / NAME, config=CONFIG) as journal:
        with pytest.raises(StopAudit):
            await run_audit(CONFIG, writers=[Stopping(after), journal])


async def gone_on_with(folder: Path) -> AuditSummary:
    """The audit of the folder's journal, resumed."""
    async with reopen_journal(folder / NAME) as journal:
        return await resume_audit(journal, rates=CONFIG.rates)


@pytest.mark.anyio
async def test_what_is_complete_is_not_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resumed audit asks only accounts of which something is missing, and its summary counts all of them."""
    async with served(QUICK, monkeypatch) as server:
        await begun(tmp_path, after=12)
        complete = await resumed_accounts(tmp_path)
        before = dict(server.counts)
        summary = await gone_on_with(tmp_path)
        expected = truth_of_all(server)
        assert len(complete) >= 5
        asked = {key[0] for key, count in server.counts.items() if count > before.get(key, 0) and key[1] == "ListUsers"}
        assert not asked & complete
        whole = await run_audit(CONFIG)
        second = await gone_on_with(tmp_path)
    assert (len(server.organization.accounts), len(expected.denied_accounts)) == (
        summary.accounts,
        summary.failed_accounts,
    )
    for counted in (summary, second):
        same = {"accounts", "audited", "complete", "users", "keys", "failed_accounts", "events_by_name", "failures"}
        assert {name: getattr(whole, name) for name in same} == {name: getattr(counted, name) for name in same}
    findings, events, coverage = rows_in(tmp_path)
    assert as_set(expected.findings) == as_set(findings)
    assert as_set(expected.events) == as_set(events)
    assert summary.accounts == len(coverage)


async def of_version_2(folder: Path) -> None:
    """Make a journal's first line that of a version that had no scopes."""
    path = anyio.Path(folder / NAME)
    first, *others = (await path.read_bytes()).splitlines(keepends=True)
    header = json.loads(first)["header"]
    header["version"] = 2
    header["settings"] = {name: kept for name, kept in header["settings"].items() if name not in {"users", "events"}}
    await path.write_bytes(b"".join([line_of("header", json.dumps(header).encode()), *others]))


@pytest.mark.anyio
async def test_an_audit_of_an_older_version_gets_its_file_of_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on as what it was begun as: each user that was listed has a row, and nothing is asked of root."""
    async with served(QUICK, monkeypatch) as server:
        async with open_journal(tmp_path / NAME, config=replace(CONFIG, users=UserScope.WITH_KEYS)) as journal:
            with pytest.raises(StopAudit):
                await run_audit(journal.header.config(rates=CONFIG.rates), writers=[Stopping(12), journal])
        await of_version_2(tmp_path)
        summary = await gone_on_with(tmp_path)
        actions = {action for _, action, _ in server.counts}
    users = read_csv(tmp_path / "iam_users_20260301_120000.csv")
    findings, _, coverage = rows_in(tmp_path)
    assert summary.users == len(users) > len({row["username"] for row in findings})
    assert ROOT_NAME not in {row["username"] for row in users}
    assert {"Desconocido (NotAsked)"} == {row["service_credentials"] for row in users}
    keyless = [row for row in users if row["active_keys"] == row["inactive_keys"] == "0"]
    assert {"Desconocido (NotAsked)"} == {row["password_status"] for row in keyless}
    assert {"skipped", "not reached"} >= {row["root"] for row in coverage}
    assert not actions & {"GetAccountSummary", "ListServiceSpecificCredentials"}


async def resumed_accounts(folder: Path) -> frozenset[str]:
    """The accounts that a resumed audit need not ask."""
    async with reopen_journal(folder / NAME) as journal:
        return journal.finished


@pytest.mark.anyio
async def test_the_period_is_the_journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resumed audit asks for the same events as before; those that CloudTrail dropped since are named."""
    async with served(QUICK, monkeypatch):
        await begun(tmp_path, after=12)
        async with reopen_journal(tmp_path / NAME) as journal:
            assert journal.header.started is not None
            old = moved(journal.header.started)
            file = await to_thread.run_sync(partial(JournalFile, tmp_path / "other", new=True))
            content = Content(replace(journal.header, started=old), partial(report_at, file))
            resumed = JournalWriter(file, content=content)
            summary = await run_audit(CONFIG, writers=[resumed], earlier=EarlierRun(old), collect=True)
            await to_thread.run_sync(file.close)
    assert old.period == summary.period
    assert 1 == sum("CloudTrail keeps 90 days" in warning for warning in summary.warnings)
    assert summary.audited == sum("EventsDropped" in codes_of(report) for report in summary.reports)
    assert 3 == summary.exit_code


def codes_of(report: AccountReport) -> set[str]:
    """The codes of an account's failures."""
    return {failure.code for failure in report.failures}


def moved(started: AuditStarted) -> AuditStarted:
    """The same audit, begun in another year."""
    period = started.period
    earlier = replace(period, start=period.start.replace(year=2020), end=datetime(2020, 12, 24, tzinfo=UTC))
    return replace(started, period=earlier)


class Listener:
    """What the server was asked, and a writer that notes how much that was when the audit was begun."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.before: list[str] | None = None

    def hear(self, request: Request) -> None:
        """Note a request."""
        self.asked.append(request.action)

    async def begin(self, started: AuditStarted) -> None:
        """Note what was asked before, and let all that is under way go on."""
        del started
        for _ in range(50):
            await anyio.lowlevel.checkpoint()
        self.before = list(self.asked)

    async def write(self, report: AccountReport) -> None:
        """Take a report."""
        del report


@pytest.mark.anyio
async def test_writers_are_told_of_the_start_before_anything_is_asked_of_the_organization() -> None:
    """What a journal must know is in it before there is anything to lose."""
    listener = Listener()
    async with serve(build_organization(QUICK), record=False, hear=listener.hear) as server:
        with environment_of(server):
            await run_audit(CONFIG, writers=[listener])
    assert listener.before == ["GetCallerIdentity"]
    assert "ListAccounts" in listener.asked


class Stuck:
    """A writer that can't even keep the start."""

    async def begin(self, started: AuditStarted) -> None:
        """Fail."""
        raise WriteError(f"no place for {started.caller.arn}.")

    async def write(self, report: AccountReport) -> None:
        """Take a report."""
        raise AssertionError(report)


@pytest.mark.anyio
async def test_a_start_that_can_not_be_kept_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No account is asked, and the files of the run are removed."""
    async with served(QUICK, monkeypatch) as server:
        with pytest.raises(WriteError, match="no place for"):
            async with open_run_files(tmp_path, config=CONFIG) as files:
                await run_audit(CONFIG, writers=[Stuck(), *files.writers])
        assert {"GetCallerIdentity"} == {action for _, action, _ in server.counts}
    assert [] == os.listdir(tmp_path)  # noqa: PTH208 - no event loop is held up by it


@pytest.mark.anyio
@pytest.mark.parametrize("rest", [b"", b'{"crc32":"0000'])
async def test_a_journal_of_an_audit_that_did_not_start_is_begun_anew(
    rest: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before its caller was known, it has the settings alone: the audit has them, the names, and all rows."""
    asked = replace(CONFIG, labels=Labels.EN, csv_bom=True, start_date=datetime.now(UTC) - timedelta(days=30))
    async with open_run_files(tmp_path / "killed", config=asked) as files:
        killed = await anyio.Path(files.journal.path).read_bytes()
    left = tmp_path / "left"
    await anyio.Path(left).mkdir()
    await anyio.Path(left / NAME).write_bytes(killed + rest)
    async with served(QUICK, monkeypatch) as server:
        async with reopen_journal(left / NAME) as journal:
            summary = await resume_audit(journal, rates=CONFIG.rates)
        assert summary.period is not None
        expected = truth_of(server, summary, labels=Labels.EN)
    findings, events, coverage = rows_in(left)
    marks = [(await anyio.Path(path).read_bytes())[:3] for path in left.glob("*.csv")]
    assert [codecs.BOM_UTF8] * 4 == marks
    assert as_set(expected.findings) == as_set(findings)
    assert as_set(expected.events) == as_set(events)
    assert summary.accounts == len(coverage) == len(server.organization.accounts)
    assert asked.start_date is not None
    assert asked.start_date.replace(microsecond=0) == summary.period.start
    async with reopen_journal(left / NAME) as journal:
        assert AuditStarted(summary.caller or CALLER, summary.period) == journal.header.started


@pytest.mark.anyio
async def test_an_audit_that_is_cut_off_again_before_any_account_leaves_no_empty_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty tables would say that there is nothing: the coverage says that no account was listed."""
    async with open_journal(tmp_path / "open", config=CONFIG) as journal:
        await anyio.Path(tmp_path / NAME).write_bytes(await anyio.Path(journal.path).read_bytes())
    async with served(QUICK, monkeypatch):
        with anyio.CancelScope() as scope:

            def stop(event: ProgressEvent) -> None:
                if isinstance(event, AuditStarted):
                    scope.cancel()

            async with reopen_journal(tmp_path / NAME) as journal:
                await resume_audit(journal, observe=stop)
    assert scope.cancelled_caught
    findings, events, coverage = rows_in(tmp_path)
    assert ([], []) == (findings, events)
    assert [("organization", "NotListed")] == [(row["account_id"], row["error_code"]) for row in coverage]


@pytest.mark.anyio
async def test_a_listing_that_is_refused_when_it_is_gone_on_with_names_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where none of the accounts before was whole: those of the journal are not all of the organization."""
    incomplete = replace(REPORT, failures=(Failure(Section.MFA, "AccessDenied", "no"),))
    async with served(replace(QUICK, listing_denied_page=0), monkeypatch) as server:
        organization = server.organization
        began = AuditStarted(replace(CALLER, account_id=AccountId(organization.caller.id)), PERIOD)
        async with open_journal(tmp_path / NAME, config=CONFIG) as journal:
            await journal.begin(began)
            await journal.write(incomplete)
        with pytest.raises(OrganizationError):
            await gone_on_with(tmp_path)
    *_, coverage = rows_in(tmp_path)
    assert {REPORT.account.id, "organization"} == {row["account_id"] for row in coverage}


@pytest.mark.anyio
async def test_what_was_read_stays_where_less_is_read_when_it_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accounts that refused their events only, and later their role too, keep their keys, and the exit code is 3."""
    denied = {"*": frozenset({"cloudtrail:LookupEvents"})}
    scenario = replace(QUICK, accounts=6, denied_every=None, denied_actions=denied, now=datetime.now(UTC))
    async with served(scenario, monkeypatch) as server:
        async with open_journal(tmp_path / NAME, config=CONFIG) as journal:
            await run_audit(CONFIG, writers=[journal])
        expected = truth_of_all(server)
    async with served(replace(scenario, denied_every=1), monkeypatch):
        summary = await gone_on_with(tmp_path)
    findings, events, coverage = rows_in(tmp_path)
    assert 3 == summary.exit_code
    assert (as_set(expected.findings), []) == (as_set(findings), events)
    active = [row for row in coverage if row["state"] == "ACTIVE"]
    assert {("complete", "denied")} == {(row["users"], row["events"]) for row in active}


@pytest.mark.anyio
async def test_a_directory_in_which_nothing_can_be_made_is_known_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the resumed audit asks anything, since its rows could not be shown."""
    async with served(QUICK, monkeypatch) as server:
        await begun(tmp_path, after=3)
        before = dict(server.counts)
        await anyio.Path(tmp_path / ".coverage_20260301_120000.csv.unfinished").mkdir()
        with pytest.raises(ConfigurationError, match="Nothing can be written in"):
            await gone_on_with(tmp_path)
        assert before == dict(server.counts)


@pytest.mark.anyio
async def test_another_caller_can_not_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of another account than the one that began are refused, and the files stay as they are."""
    async with served(QUICK, monkeypatch):
        await begun(tmp_path, after=12)
    async with served(replace(QUICK, seed=8, delegated_administrator=True), monkeypatch):
        with pytest.raises(CallerError, match="was begun by the account"):
            await gone_on_with(tmp_path)
    assert [NAME] == os.listdir(tmp_path)  # noqa: PTH208 - no event loop is held up by it


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--labels", "en"], "--labels differs"),
        (["--role", "Other"], "--role differs"),
        (["--output-dir", "x"], "--output-dir differs"),
        (["--days", "3"], "--days differs"),
        (["--labels", "es", "--external-id", "x:1"], "--external-id differs"),
    ],
)
def test_a_command_with_other_options_is_refused(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence on stderr, exit code 2, and nothing is asked or written."""
    monkeypatch.chdir(tmp_path)
    anyio.run(one_account, tmp_path)
    content = (tmp_path / NAME).read_bytes()
    result = CliRunner().invoke(app, ["audit", "--resume", NAME, *arguments])
    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert said in result.stderr
    assert content == (tmp_path / NAME).read_bytes()
    assert [tmp_path / NAME] == list(tmp_path.iterdir())


def test_a_journal_that_another_audit_has_is_refused(tmp_path: Path) -> None:
    """The second of two commands that resume it gets one sentence, and exit code 2."""
    anyio.run(one_account, tmp_path)
    file = open_journal_file(tmp_path / NAME)
    result = CliRunner().invoke(app, ["audit", "--resume", str(tmp_path / NAME)])
    file.close()
    assert 2 == result.exit_code
    assert "Another audit is writing" in result.stderr


def test_a_journal_of_another_name_is_refused(tmp_path: Path) -> None:
    """The names of the CSV files come from the journal's."""
    anyio.run(one_account, tmp_path)
    other = (tmp_path / NAME).rename(tmp_path / "mine.jsonl")
    result = CliRunner().invoke(app, ["audit", "--resume", str(other)])
    assert 2 == result.exit_code
    assert "is not named as an audit names its journal" in result.stderr


async def one_account(folder: Path) -> None:
    """A journal of one account."""
    async with open_journal(folder / NAME, config=CONFIG) as journal:
        await journal.begin(AuditStarted(CALLER, PERIOD))
        await journal.write(REPORT)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--resume", "missing"], "could not be opened"),
        (["--role", "R", "--max-duration", "14"], "is no duration"),
        (["--role", "R", "--max-duration", "0s"], "is no duration"),
        (["--role", "R", "--max-duration", "-1m"], "is no duration"),
        ([], "--role is missing"),
    ],
)
def test_bad_options_get_one_sentence(
    arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be right is told with exit code 2, and no file is left."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["audit", *arguments])
    assert 2 == result.exit_code
    assert sentence in result.stderr
    assert [] == list(tmp_path.iterdir())

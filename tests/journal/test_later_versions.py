"""Journals that a later version of the program wrote, or that are damaged: what is read, asked again, or refused."""

import json
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from auditor import AccountId, AccountReport, AuditConfig, ConfigurationError, open_journal, reopen_journal
from auditor.journal import JournalWriter
from auditor.journal.format import line_of
from auditor.model.placeholders import not_reached
from auditor.model.progress import AuditStarted
from tests.samples import ACCOUNT, CALLER, FAILURE, PERIOD, REPORT

pytestmark = pytest.mark.anyio

CONFIG = AuditConfig(role="Audit")
STARTED = AuditStarted(CALLER, PERIOD)
ONE = REPORT
TWO = replace(REPORT, account=replace(ACCOUNT, id=AccountId("222233334444")))


async def written(path: Path, *reports: AccountReport) -> list[bytes]:
    """A journal of these reports, closed again, and its lines."""
    async with open_journal(path, config=CONFIG) as journal:
        await journal.begin(STARTED)
        await journal.write_all(reports)
    return (await anyio.Path(path).read_bytes()).splitlines(keepends=True)


async def read(path: Path) -> list[AccountReport]:
    """The reports of a journal."""
    async with reopen_journal(path) as journal:
        return await reports_of(journal)


async def reports_of(journal: JournalWriter) -> list[AccountReport]:
    """The reports of an open journal."""
    return await to_thread.run_sync(lambda: list(journal.reports()))


def of_later_version(line: bytes, *, state: str = "ACTIVE", kind: str = "implant") -> bytes:
    """The line of a report as a later version might write it: with a field, a kind of device and a state more."""
    report = json.loads(line)["report"]
    report["regions"] = ["eu-west-1"]
    report["account"]["state"] = report["account"]["state_word"] = state
    report["users"][0]["mfa_devices"][0]["kind"] = kind
    return line_of("report", json.dumps(report).encode())


@pytest.mark.parametrize(("state", "kind"), [("ASLEEP", "virtual"), ("ACTIVE", "implant"), ("ASLEEP", "implant")])
async def test_an_account_with_words_of_a_later_version_is_asked_again(state: str, kind: str, tmp_path: Path) -> None:
    """It is not finished, it is named among those that were not reached, and a report that can be read counts."""
    path = tmp_path / "a.journal.jsonl"
    first, second, one, two = await written(path, ONE, TWO)
    whole = b"".join([first, second, of_later_version(one, state=state, kind=kind), two])
    await anyio.Path(path).write_bytes(whole)
    async with reopen_journal(path) as journal:
        assert {TWO.account.id} == journal.finished
        assert [TWO] == await reports_of(journal)
        (unread,) = journal.unread
        known = None if state == "ASLEEP" else ONE.account.state
        assert replace(ONE.account, state=known, state_word=state) == unread.account
        assert (False, False) == (unread.reached, unread.complete)
        assert whole == await anyio.Path(path).read_bytes()
        await journal.write(ONE)
        assert {ONE.account.id, TWO.account.id} == journal.finished
        assert () == journal.unread
    assert [TWO, ONE] == await read(path)


async def test_an_earlier_report_counts_where_a_later_version_wrote_another_one(tmp_path: Path) -> None:
    """Until the account has been asked again, what can be read of it is there."""
    path = tmp_path / "a.journal.jsonl"
    earlier = replace(ONE, failures=(FAILURE,))
    *lines, one = await written(path, earlier, ONE)
    await anyio.Path(path).write_bytes(b"".join([*lines, of_later_version(one)]))
    async with reopen_journal(path) as journal:
        assert (frozenset(), ()) == (journal.finished, journal.unread)
        assert [earlier] == await reports_of(journal)


async def test_a_journal_with_words_of_a_later_version_only_is_no_empty_one(tmp_path: Path) -> None:
    """It was used, and the account is named once, whether or not the run that resumes it comes to it."""
    path = tmp_path / "a.journal.jsonl"
    *lines, one = await written(path, ONE)
    await anyio.Path(path).write_bytes(b"".join([*lines, of_later_version(one)]))
    async with reopen_journal(path) as journal:
        assert journal.used
        assert ((not_reached(ONE.account),), ()) == (journal.unread, journal.unreached)
        await journal.write(not_reached(ONE.account))
        assert ((not_reached(ONE.account),), ()) == (journal.unread, journal.unreached)
        assert [] == await reports_of(journal)


async def test_what_a_later_version_adds_is_passed_over(tmp_path: Path) -> None:
    """Fields, and lines of other kinds wherever they stand; what is appended comes behind them."""
    path = tmp_path / "a.journal.jsonl"
    first, second, one = await written(path, ONE)
    note = line_of("note", b'{"text":"checked"}')
    whole = b"".join([first, note, second, note, of_later_version(one, kind="virtual"), note])
    await anyio.Path(path).write_bytes(whole)
    async with reopen_journal(path) as journal:
        assert STARTED == journal.header.started
        assert [ONE] == await reports_of(journal)
        await journal.write(TWO)
    assert [ONE, TWO] == await read(path)
    assert whole == (await anyio.Path(path).read_bytes())[: len(whole)]


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        (line_of("report", b"{}"), "report.account: field required"),
        (line_of("report", b'{"account":'), "invalid JSON"),
        (line_of("report", b"[" * 9_999), "invalid JSON"),
        (line_of("report", b'{"account":"\xff"}'), "invalid JSON"),
        (line_of("started", b"{}"), "report: field required"),
        (line_of("header", b"{}"), "report: field required"),
    ],
)
async def test_a_whole_line_that_is_damaged_is_refused(damaged: bytes, reason: str, tmp_path: Path) -> None:
    """Wrong types and bad JSON are no additions: one sentence names the byte and the fault, and the file stays."""
    path = tmp_path / "a.journal.jsonl"
    whole = b"".join(await written(path, ONE))
    await anyio.Path(path).write_bytes(whole + damaged)
    with pytest.raises(ConfigurationError) as caught:
        await read(path)
    expected = f"{path} is not a journal of this version: the line at byte {len(whole)} can't be read: {reason}"
    assert str(caught.value).startswith(expected)
    assert (True, 0) == (str(caught.value).endswith("."), str(caught.value).count("\n"))
    assert whole + damaged == await anyio.Path(path).read_bytes()


async def test_a_later_version_is_refused_in_one_sentence(tmp_path: Path) -> None:
    """It says what to do, and the file stays as it is."""
    path = tmp_path / "a.journal.jsonl"
    content = line_of("header", b'{"version":4,"begun":{}}') + line_of("part", b"{}")
    await anyio.Path(path).write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        await read(path)
    assert (
        f"{path} is not a journal that can be resumed: it has version 4 of the format, and this version of auditor "
        "reads 2 and 3: use the version of auditor that began it, or a later one."
    ) == str(caught.value)
    assert content == await anyio.Path(path).read_bytes()


async def test_a_lone_surrogate_does_no_harm(tmp_path: Path) -> None:
    """Neither in a report nor in the start: the account is finished, and its name has an escape in its place."""
    path = tmp_path / "a.journal.jsonl"
    odd = replace(ONE, account=replace(ONE.account, name="a\ud800"))
    async with open_journal(path, config=CONFIG) as journal:
        await journal.begin(replace(STARTED, caller=replace(CALLER, arn="\udfff")))
        await journal.write(odd)
    async with reopen_journal(path) as journal:
        assert journal.header.started is not None
        assert "\\udfff" == journal.header.started.caller.arn
        assert {odd.account.id} == journal.finished
        assert [replace(odd, account=replace(odd.account, name="a\\ud800"))] == await reports_of(journal)

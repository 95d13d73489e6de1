"""The journal: on the disk before it returns, whole after any tear, and one audit's only."""

import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread

from auditor import AccountId, AccountReport, AuditConfig, ConfigurationError, Failure, Section
from auditor.journal import JournalWriter, open_journal, reopen_journal
from auditor.model.merge import merged
from auditor.model.placeholders import Unlisted, failed, not_reached
from auditor.model.progress import AuditStarted
from tests.samples import ACCOUNT, CALLER, PERIOD, REPORT

pytestmark = pytest.mark.anyio

CONFIG = AuditConfig(role="a/b/Audit", external_id="x:1", profile="security", concurrency=7)
STARTED = AuditStarted(CALLER, PERIOD)
FAILURE = Failure(Section.ROLE, "AccessDenied", "no")


def report(number: int, *failures: Failure) -> AccountReport:
    """The report of one of several accounts."""
    account = replace(ACCOUNT, id=AccountId(f"{number:012}"), name="a\nb")
    return replace(REPORT, account=account, failures=failures)


async def written(path: Path, *batches: Sequence[AccountReport]) -> bytes:
    """A journal of these batches, closed again, and what is in it."""
    async with open_journal(path, config=CONFIG) as journal:
        await journal.begin(STARTED)
        for batch in batches:
            await journal.write_all(batch)
    return await anyio.Path(path).read_bytes()


async def read(path: Path) -> list[AccountReport]:
    """The reports of a journal."""
    async with reopen_journal(path) as journal:
        return await reports_of(journal)


async def reports_of(journal: JournalWriter) -> list[AccountReport]:
    """The reports of an open journal."""
    return await to_thread.run_sync(lambda: list(journal.reports()))


async def test_accounts_that_were_not_listed_are_not_in_the_file(tmp_path: Path) -> None:
    """A resumed audit lists them anew: the journal remembers them for its run, and stays as it is."""
    path, rest = tmp_path / "a.journal.jsonl", Unlisted("NotListed", "the run was cut off")
    async with open_journal(path, config=CONFIG) as journal:
        with pytest.raises(ConfigurationError, match="begin"):
            await journal.write_unlisted(rest)
        await journal.begin(STARTED)
        before = path.read_bytes()
        await journal.write_unlisted(rest)
        assert (before, rest, True) == (path.read_bytes(), journal.unlisted, journal.used)


async def test_a_first_reading_is_in_the_file(tmp_path: Path) -> None:
    """It counts where the process did not live to ask again; the report has it, and so takes its place."""
    path = tmp_path / "a.journal.jsonl"
    async with open_journal(path, config=CONFIG) as journal:
        await journal.begin(STARTED)
        await journal.write_first([report(1, FAILURE), report(2, FAILURE), report(3, FAILURE)])
        assert ([], True) == (await reports_of(journal), journal.used)
        await journal.write_all([report(3), report(1)])
    for _ in range(2):
        async with reopen_journal(path) as journal:
            assert [report(3), report(1), report(2, FAILURE)] == await reports_of(journal)
            assert ({report(2).account.id: FAILURE.code}, {FAILURE.code: 1}) == (journal._content.failed, journal.again)  # noqa: SLF001 - which account it is


async def test_what_a_later_run_reads_adds_to_a_first_reading(tmp_path: Path) -> None:
    """That run does not know it, so that its own report has not all of it."""
    path = tmp_path / "a.journal.jsonl"
    async with open_journal(path, config=CONFIG) as journal:
        await journal.begin(STARTED)
        await journal.write_first([report(1, FAILURE)])
    async with reopen_journal(path) as journal:
        await journal.write(failed(report(1).account, FAILURE))
    (found,) = await read(path)
    assert (report(1, FAILURE).users, report(1, FAILURE).failures) == (found.users, found.failures)


async def test_a_journal_comes_back_whole(tmp_path: Path) -> None:
    """Settings, period, caller and reports are read as they were written, and the file is its owner's only."""
    path = tmp_path / "a.journal.jsonl"
    await written(path, [report(1), report(2, FAILURE)], [report(3)])
    async with reopen_journal(path) as journal:
        assert STARTED == journal.header.started
        expected = replace(CONFIG, profile=None, concurrency=256, start_date=PERIOD.start, end_date=PERIOD.end)
        assert expected == journal.header.config()
        assert [report(1), report(2, FAILURE), report(3)] == await reports_of(journal)
        assert {report(1).account.id, report(3).account.id} == journal.finished
    assert 0o600 == stat.S_IMODE((await anyio.Path(path).stat()).st_mode)


async def test_an_account_that_is_audited_again_is_there_once(tmp_path: Path) -> None:
    """It has what both readings have, and stands where the later one is."""
    path = tmp_path / "a.journal.jsonl"
    await written(path, [report(1, FAILURE), report(2)])
    async with reopen_journal(path) as journal:
        assert {report(2).account.id} == journal.finished
        await journal.write(report(1))
        assert {report(1).account.id, report(2).account.id} == journal.finished
        whole = merged(report(1, FAILURE), report(1))
        assert [report(2), whole] == await reports_of(journal)
    assert (REPORT.users, ()) == (whole.users, whole.failures)
    assert [report(2), whole] == await read(path)


async def test_accounts_that_are_asked_again_are_counted_by_code(tmp_path: Path) -> None:
    """By their first failure, the most frequent code first."""
    path = tmp_path / "a.journal.jsonl"
    slow = replace(FAILURE, code="Throttling")
    await written(path, [report(1, slow, FAILURE), report(2, FAILURE), report(3, FAILURE, slow), report(4)])
    async with reopen_journal(path) as journal:
        assert [("AccessDenied", 2), ("Throttling", 1)] == list(journal.again.items())


async def test_a_torn_last_line_is_cut_off_wherever_it_is_torn(tmp_path: Path) -> None:
    """From its first byte to its last but one: the line goes, all before it stays, and writing goes on."""
    path = tmp_path / "a.journal.jsonl"
    small = [replace(report(number), users=(), events=(), coverage=()) for number in (1, 2, 3)]
    whole = await written(path, small)
    before = whole.rindex(b"\n", 0, -1) + 1
    for end in range(before, len(whole)):
        await anyio.Path(path).write_bytes(whole[:end])
        assert small[:2] == await read(path)
        assert whole[:before] == await anyio.Path(path).read_bytes()
    async with reopen_journal(path) as journal:
        await journal.write(small[2])
    assert whole == await anyio.Path(path).read_bytes()


async def test_zeros_at_the_end_are_a_torn_line(tmp_path: Path) -> None:
    """What some file systems leave after a power failure is cut off, too."""
    path = tmp_path / "a.journal.jsonl"
    whole = await written(path, [report(1)])
    for rest in (bytes(4096), b"\n", b'{"crc32":"00000000","report":{}}\n'):
        await anyio.Path(path).write_bytes(whole + rest)
        assert [report(1)] == await read(path)


async def test_a_torn_first_line_is_no_journal(tmp_path: Path) -> None:
    """Without its first line nobody knows what was asked: one sentence, and the file stays as it is."""
    path = tmp_path / "a.journal.jsonl"
    whole = await written(path, [report(1)])
    length = whole.index(b"\n") + 1
    for end in {0, 1, length // 2, length - 1}:
        await anyio.Path(path).write_bytes(whole[:end])
        with pytest.raises(ConfigurationError, match="is not a journal"):
            await read(path)
        assert whole[:end] == await anyio.Path(path).read_bytes()


async def test_it_is_there_with_its_first_line(tmp_path: Path) -> None:
    """From its first moment it tells the settings and the dates that were asked for, and can be gone on with."""
    path = tmp_path / "a.journal.jsonl"
    before = datetime.now(UTC)
    asked = replace(CONFIG, start_date=PERIOD.start)
    async with open_journal(path, config=asked) as journal:
        assert [path.name] == os.listdir(tmp_path)  # noqa: PTH208 - no event loop is held up by it
        first = await anyio.Path(path).read_bytes()
        await journal.begin(STARTED)
    copy = tmp_path / "copy"
    for rest in (b"", b'{"crc32":"00', bytes(99)):
        await anyio.Path(copy).write_bytes(first + rest)
        async with reopen_journal(copy) as journal:
            assert journal.header.started is None
            assert before <= journal.header.asked.at <= datetime.now(UTC)
            assert replace(asked, profile=None, concurrency=256) == journal.header.config()
            assert (frozenset(), []) == (journal.finished, await reports_of(journal))
        assert first == await anyio.Path(copy).read_bytes()


async def test_a_torn_second_line_is_none(tmp_path: Path) -> None:
    """Wherever it is torn, the audit has not started, and the journal takes its start anew."""
    path = tmp_path / "a.journal.jsonl"
    whole = await written(path)
    length = whole.index(b"\n") + 1
    for end in range(length, len(whole), 7):
        await anyio.Path(path).write_bytes(whole[:end])
        async with reopen_journal(path) as journal:
            assert journal.header.started is None
            assert whole[:length] == await anyio.Path(path).read_bytes()
            await journal.begin(STARTED)
        assert whole == await anyio.Path(path).read_bytes()


async def test_the_start_is_written_once(tmp_path: Path) -> None:
    """A resumed audit keeps the start that it had: its caller and its period."""
    path = tmp_path / "a.journal.jsonl"
    whole = await written(path, [report(1)])
    other = AuditStarted(replace(CALLER, arn="arn:aws:iam::999988887777:user/other"), PERIOD)
    async with reopen_journal(path) as journal:
        await journal.begin(other)
        assert STARTED == journal.header.started
    assert whole == await anyio.Path(path).read_bytes()


async def test_damage_before_the_end_is_refused(tmp_path: Path) -> None:
    """A line that is torn in the middle of the file may have been a finished account: nothing is guessed."""
    path = tmp_path / "a.journal.jsonl"
    lines = (await written(path, [report(1), report(2)])).splitlines(keepends=True)
    first, second, *reports = lines
    for damaged in (
        [first, second, reports[0][:-9] + b"\n", reports[1]],
        [first, b"\n", second, *reports],
        [first, second[:-9] + b"\n", *reports],
        [first, *reports],
        [first, second, second, *reports],
        lines[1:],
    ):
        await anyio.Path(path).write_bytes(b"".join(damaged))
        with pytest.raises(ConfigurationError, match="journal"):
            await read(path)


@pytest.mark.parametrize(
    "content", [b"account_id,account_name\n", b"{}\n", b'{"crc32":"00000000","header":{}}\n', b"\xff\n", b"\n\n"]
)
async def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    """A file of another kind is left as it is."""
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="is not a journal"):
        await read(path)
    assert content == await anyio.Path(path).read_bytes()


@pytest.mark.parametrize("path", [None, 5, b"a", ["a"], "a\0", "\ud800", Path("a\0"), "", ".", "..", "/"])
async def test_a_path_of_another_kind_is_refused(path: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names or repeats it, and nothing is left in the folder."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r"^path must|^The journal \.\. could not be made"):
        async with open_journal(path, config=CONFIG):
            pass
    with pytest.raises(ConfigurationError, match=r"^path must|^The journal \S+ could not be opened"):
        async with reopen_journal(path):
            pass
    assert [] == [left async for left in anyio.Path(tmp_path).iterdir()]


@pytest.mark.parametrize("config", [None, "a", {"role": "Audit"}, AuditConfig])
async def test_settings_of_another_kind_are_refused(config: Any, tmp_path: Path) -> None:
    """A journal of an audit that could not be gone on with is none."""
    with pytest.raises(ConfigurationError, match=r"^config must be of the type AuditConfig: "):
        async with open_journal(tmp_path / "a", config=config):
            pass
    assert [] == [left async for left in anyio.Path(tmp_path).iterdir()]


async def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder, a link and a pipe get one sentence, at once."""
    await written(tmp_path / "a", [report(1)])
    os.symlink(tmp_path / "a", tmp_path / "link")  # noqa: PTH211 - beside mkfifo
    os.mkfifo(tmp_path / "pipe")
    for name in ("missing", "link", "pipe", "."):
        with pytest.raises(ConfigurationError, match="journal"):
            await read(tmp_path / name)


async def test_a_name_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    """A new journal is never one that was there before."""
    path = tmp_path / "a.journal.jsonl"
    before = await written(path, [report(1)])
    with pytest.raises(ConfigurationError, match="could not be made"):
        await written(path, [report(2)])
    assert before == await anyio.Path(path).read_bytes()


async def test_one_audit_has_it(tmp_path: Path) -> None:
    """Neither the first run nor a resumed one shares its journal, with another process neither."""
    path = tmp_path / "a.journal.jsonl"
    async with open_journal(path, config=CONFIG) as journal:
        await journal.begin(STARTED)
        await journal.write(report(1))
        with pytest.raises(ConfigurationError, match="Another audit is writing"):
            await read(path)
    async with reopen_journal(path):
        with pytest.raises(ConfigurationError, match="Another audit is writing"):
            await read(path)
        locked = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)"
        done = await anyio.run_process([sys.executable, "-c", locked, str(path)], check=False)
        assert b"BlockingIOError" in done.stderr
    assert [report(1)] == await read(path)


async def test_nothing_finished_leaves_no_journal(tmp_path: Path) -> None:
    """A block that fails before the first report removes the file."""

    async def begin_and_fail() -> None:
        async with open_journal(tmp_path / "a", config=CONFIG) as journal:
            await journal.begin(STARTED)
            raise KeyError

    with pytest.raises(KeyError):
        await begin_and_fail()
    assert [] == list(os.listdir(tmp_path))  # noqa: PTH208 - no event loop is held up by it


async def test_accounts_that_were_not_reached_are_no_lines(tmp_path: Path) -> None:
    """They are left to be gone on with, and so the journal stays, whatever happens next."""
    path = tmp_path / "a"

    async def begin_and_fail() -> None:
        async with open_journal(path, config=CONFIG) as journal:
            await journal.begin(STARTED)
            await journal.write(not_reached(ACCOUNT))
            assert (not_reached(ACCOUNT),) == journal.unreached
            raise KeyError

    with pytest.raises(KeyError):
        await begin_and_fail()
    assert [] == await read(path)


async def test_reports_come_after_the_start(tmp_path: Path) -> None:
    """A report without the audit's caller and period could not be gone on with."""
    async with open_journal(tmp_path / "a", config=CONFIG) as journal:
        with pytest.raises(ConfigurationError, match="must `begin`"):
            await journal.write(report(1))


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import anyio
from auditor import WriteError
from auditor.journal import open_journal
from tests.journal.test_journal import CONFIG, STARTED, report

async def run():
    async with open_journal(Path(sys.argv[1]), config=CONFIG) as journal:
        await journal.begin(STARTED)
        await journal.write(report(1))
        size = journal.path.stat().st_size
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
        try:
            await journal.write_all([report(2), report(3)])
        except WriteError as error:
            print(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await journal.write(report(4))

anyio.run(run)
"""


async def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    """What could not be written is cut off again, the error says so, and the journal can be used."""
    path = tmp_path / "a.journal.jsonl"
    done = await anyio.run_process([sys.executable, "-c", FULL_DISK, str(path)], check=False, stderr=subprocess.STDOUT)
    assert done.stdout.decode().startswith(f"{path} could not be written: ")
    assert 0 == done.returncode
    assert [report(1), report(4)] == await read(path)

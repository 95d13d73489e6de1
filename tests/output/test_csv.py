"""The four CSV files: exact when read back, whole accounts only, nothing that a spreadsheet runs."""

import codecs
import csv
import inspect
import io
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread
from hypothesis import example, given
from hypothesis import strategies as st

from auditor import AccountReport, ConfigurationError, Event, EventResource, Labels, User, WriteError, open_csv_writer
from auditor.files.private_file import PrivateFile
from auditor.model.placeholders import Unlisted
from auditor.output.csv import (
    CsvWriter,
    account_texts,
    check_rendering,
    header_texts,
    line,
    render_csv_files,
    table_text,
)
from auditor.output.rows import COVERAGE_COLUMNS, EVENT_COLUMNS, FINDING_COLUMNS
from auditor.output.user_rows import USER_COLUMNS
from tests.manual.pages import text_of as manual_text_of
from tests.output.limits import files_no_longer_than
from tests.output.reading import read_back, unguarded
from tests.samples import ACCOUNT, EVENT, KEY, REFUSED_EVENT, REPORT, USER, report_of

FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""What a spreadsheet runs where it begins a cell."""
ENDS = ";\t\r\n"
"""What may end a cell, beside the comma."""

cells = st.text(st.characters(exclude_categories=["Cs"])) | st.text("=+-@\t\r\n'\";, a1()é\uff1d\uff0b\uff0d\uff20")
tables = st.integers(2, 5).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width)))
COLUMNS = (FINDING_COLUMNS, EVENT_COLUMNS, COVERAGE_COLUMNS, USER_COLUMNS)
HEADERS = [",".join(columns) + "\n" for columns in COLUMNS]
MANY_EVENTS: tuple[Event, ...] = tuple(
    replace(EVENT, id=str(number), resources=(EventResource("AWS::IAM::User", "x" * 50),)) for number in range(200)
)
MANY_KEYS: tuple[User, ...] = tuple(replace(USER, name=f"user-{number}", keys=(KEY,)) for number in range(200))


@given(tables)
@example([["=1+1", "'=1+1"], ["''", "\r\n"], ["\x00", "\u2028"], ["", ""]])
@example([["x;=cmd()", 'x;"=cmd()'], ["\t=1", "\t\t'="], [";;'", "';'"], ['""\'=', '"\'"=']])
def test_reading_back_is_exact(rows: list[list[str]]) -> None:
    """Whatever the cells hold, a reader of CSV that applies the manual's one expression gets them back."""
    assert rows == read_back("".join(line(row) for row in rows))


def test_the_expression_that_reads_back_is_the_manuals() -> None:
    """What the manual gives to take the guard off is what these tests take it off with."""
    source = inspect.getsource(unguarded)
    expression = source[source.index("re.sub(") :].strip()
    assert all(expression in manual_text_of(page) for page in ("files", "recipes"))


@given(cells, cells)
@example('a"; "=1+1', "x\n\t=1")
def test_no_cell_is_run(first: str, second: str) -> None:
    """Wherever a spreadsheet may begin a cell, and behind double quotes there, nothing stands that it runs."""
    (row,) = csv.reader(io.StringIO(line([first, second]), newline=""))
    for cell, written in zip((first, second), row, strict=True):
        starts = re.split(f"[{ENDS}]", written)
        assert not any(start.lstrip('"').startswith(tuple(FORMULA)) for start in starts)
        assert all(written[at + 1 : at + 2] not in set(FORMULA) for at, end in enumerate(written) if end in ENDS)
        assert not written.startswith(tuple(FORMULA))
        assert cell.replace("'", "") == written.replace("'", "")


@given(st.text(st.characters(exclude_characters="'" + ENDS + FORMULA, exclude_categories=["Cs"]), min_size=1), cells)
def test_what_no_spreadsheet_runs_is_as_it_was(ordinary: str, rest: str) -> None:
    """Behind an ordinary letter, and up to the next end of a cell, all is left as it is."""
    tail = re.sub(f"[{ENDS}]", "", rest)
    text = f"a{ordinary}{tail}"
    ((_, written),) = csv.reader(io.StringIO(line(["x", text]), newline=""))
    assert text == written


@given(tables)
def test_lines_end_with_a_line_feed(rows: list[list[str]]) -> None:
    """Outside of quotes a line feed ends a line, and there is no carriage return."""
    outside = "".join("".join(line(row) for row in rows).split('"')[::2])
    assert len(rows) == outside.count("\n")
    assert "\r" not in outside


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("plain", "plain"),
        ("", ""),
        ("a,b", '"a,b"'),
        ('say "no"', '"say ""no"""'),
        ("two\nlines", '"two\nlines"'),
        ("two\rlines", '"two\rlines"'),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@sum", "'@sum"),
        ("\tx", "'\tx"),
        ("\rx", '"\'\rx"'),
        ("'x", "''x"),
        ('=HYPERLINK("x","y")', '"\'=HYPERLINK(""x"",""y"")"'),
        ("a=b", "a=b"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff0d1", "'\uff0d1"),
        ("\uff20sum", "'\uff20sum"),
        ("\n=1", "\"'\n'=1\""),
        ("x;=cmd()", "x;'=cmd()"),
        ('x;"=cmd()', '"x;""\'=cmd()"'),
        ("x; =cmd()", "x; =cmd()"),
        ("x;'y", "x;''y"),
        ("x\t-1", "x\t'-1"),
        ("x\r\n@a", "\"x\r'\n'@a\""),
        ('"=1', '"""\'=1"'),
        ("a;b", "a;b"),
        ("it's", "it's"),
        ("a,=b", '"a,=b"'),
        ("\ud800", "\ud800"),
    ],
)
def test_cells(cell: str, expected: str) -> None:
    """Each special character is guarded, quoted or doubled, and no other."""
    assert f"x,{expected}\n" == line(["x", cell])


def test_no_rows_are_no_text() -> None:
    """A table without rows is empty."""
    assert table_text([]) == ""


def test_a_text_for_each_file() -> None:
    """Headers and accounts have one text a file; no accounts have empty ones."""
    assert tuple(header.encode() for header in HEADERS) == header_texts()
    assert (b"", b"", b"", b"") == account_texts([], labels=Labels.ES)
    assert [2, 2, 2, 2] == [text.count(b"\n") for text in account_texts([REPORT, REPORT], labels=Labels.ES)]


async def text_of(path: Path) -> str:
    """What a file holds, its line ends as they are."""
    return (await anyio.Path(path).read_bytes()).decode()


@pytest.mark.anyio
async def test_a_folder_may_be_a_text(tmp_path: Path) -> None:
    """Paths are given as they come."""
    async with open_csv_writer(str(tmp_path / "new")) as writer:
        assert [tmp_path / "new"] * 4 == [path.parent for path in writer.paths]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("directory", {"directory": None}),
        ("directory", {"directory": 5}),
        ("directory", {"directory": b"new"}),
        ("directory", {"directory": ["new"]}),
        ("directory", {"directory": "new\0"}),
        ("directory", {"directory": "new/\ud800"}),
        ("directory", {"directory": Path("new\0")}),
        ("labels", {"labels": "x"}),
        ("labels", {"labels": None}),
        ("labels", {"labels": []}),
        ("bom", {"bom": "x"}),
        ("bom", {"bom": None}),
    ],
)
async def test_files_of_another_kind_are_refused(
    name: str, given: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names what can't be right, and neither a file nor a folder is made."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=rf"^{name} must be "):
        async with open_csv_writer(**{"directory": "new", **given}):
            pass
    assert [] == [path async for path in anyio.Path(tmp_path).iterdir()]


@pytest.mark.anyio
async def test_the_language_may_be_a_text(tmp_path: Path) -> None:
    """As in the settings of an audit."""
    word: Any = "en"
    async with open_csv_writer(tmp_path / "word", labels=word) as by_word:
        await by_word.write(REPORT)
    async with open_csv_writer(tmp_path / "label", labels=Labels.EN) as by_label:
        await by_label.write(REPORT)
    assert [await text_of(path) for path in by_label.paths] == [await text_of(path) for path in by_word.paths]


@pytest.mark.anyio
async def test_headers_are_always_there(tmp_path: Path) -> None:
    """The files have their headers from the beginning, and keep them where no account has a row."""
    async with open_csv_writer(tmp_path) as writer:
        assert HEADERS == [await text_of(path) for path in writer.paths]
        await writer.write(AccountReport(account=ACCOUNT, role=""))
    assert HEADERS == [(await text_of(path)).splitlines(keepends=True)[0] for path in writer.paths]
    assert [1, 1, 2, 1] == [len((await text_of(path)).splitlines()) for path in writer.paths]


@pytest.mark.anyio
async def test_a_byte_order_mark_for_spreadsheets(tmp_path: Path) -> None:
    """Each file begins with it where that is asked for, once; a reader that knows of it reads the same rows."""
    async with open_csv_writer(tmp_path, bom=True) as writer:
        await writer.write(REPORT)
        await writer.write(REPORT)
    for path, header in zip(writer.paths, HEADERS, strict=True):
        data = await anyio.Path(path).read_bytes()
        assert (True, 1) == (data.startswith(codecs.BOM_UTF8), data.count(codecs.BOM_UTF8))
        assert data.decode("utf-8-sig").startswith(header)


@pytest.mark.anyio
async def test_no_accounts_are_headers_alone(tmp_path: Path) -> None:
    """A run without accounts that ends well leaves all files."""
    async with open_csv_writer(tmp_path) as writer:
        pass
    assert HEADERS == [await text_of(path) for path in writer.paths]


@pytest.mark.anyio
async def test_accounts_that_were_not_listed_are_a_row_of_coverage(tmp_path: Path) -> None:
    """Nothing is said of them in the other files, and the files count as used."""
    async with open_csv_writer(tmp_path) as writer:
        await writer.write_unlisted(Unlisted("NotListed", "the run was cut off"))
        assert writer.used
    findings, events, coverage, users = (path.read_text(encoding="utf-8") for path in writer.paths)
    assert [*HEADERS[:2], HEADERS[3]] == [findings, events, users]
    assert coverage.startswith(f"{HEADERS[2]}organization,,,,not reached,")
    assert 2 == coverage.count("\n")


@pytest.mark.anyio
async def test_a_block_that_fails_before_the_first_report_leaves_no_file(tmp_path: Path) -> None:
    """An empty table would say that there is nothing: it goes where nothing could be audited."""

    class NothingWorksError(Exception):
        """Raised in the block."""

    with pytest.raises(NothingWorksError):
        async with open_csv_writer(tmp_path):
            raise NothingWorksError
    assert [] == [path async for path in anyio.Path(tmp_path).iterdir()]


@pytest.mark.anyio
async def test_a_block_that_fails_later_leaves_the_rows(tmp_path: Path) -> None:
    """What was written is kept, whatever happens next."""

    class LaterError(Exception):
        """Raised in the block."""

    async def write_and_fail() -> None:
        async with open_csv_writer(tmp_path) as writer:
            await writer.write(REPORT)
            raise LaterError

    with pytest.raises(LaterError):
        await write_and_fail()
    paths = [Path(path) async for path in anyio.Path(tmp_path).iterdir()]
    assert [2, 2, 2, 2] == [len((await text_of(path)).splitlines()) for path in paths]


@pytest.mark.anyio
async def test_names_and_modes(tmp_path: Path) -> None:
    """All files have one stem, the second in UTC in which they were made, and are their owner's only."""
    before = datetime.now(UTC).replace(microsecond=0)
    async with open_csv_writer(tmp_path) as writer:
        findings, *others = writer.paths
    stem = findings.name.removeprefix("iam_audit_report_")
    expected = [f"cloudtrail_events_{stem}", f"coverage_{stem}", f"iam_users_{stem}"]
    assert expected == [path.name for path in others]
    assert {tmp_path} == {path.parent for path in writer.paths}
    made = datetime.strptime(stem, "%Y%m%d_%H%M%S.csv").replace(tzinfo=UTC)
    assert before <= made <= datetime.now(UTC)
    assert {0o600} == {stat.S_IMODE((await anyio.Path(path).stat()).st_mode) for path in writer.paths}


@pytest.mark.anyio
async def test_rows_are_on_disk_at_once(tmp_path: Path) -> None:
    """What was written can be read before the writer is closed."""
    async with open_csv_writer(tmp_path, labels=Labels.EN) as writer:
        await writer.write(REPORT)
        findings, events, coverage, users = [(await text_of(path)).splitlines() for path in writer.paths]
    identity, use = "111122223333,pagos-dev,ana", "2026-02-02T03:04:05+00:00,s3"
    password, key = "Configured,2026-02-28T12:00:00+00:00", "AKIA1,Active,2026-02-19T12:00:00+00:00"
    assert [f"{identity},{password},{key},{use},Virtual"] == findings[1:]
    assert ['2026-02-27T12:00:00+00:00,CreateUser,root-of-all,111122223333,pagos-dev,"ana, AIDA1"'] == events[1:]
    words = ",".join(["complete"] * 7)
    assert [f"111122223333,pagos-dev,ACTIVE,Audit,{words},1,1,1,1,,,7,1,1.5,live,,3,complete,complete,"] == coverage[1:]
    arn, made = "arn:aws:iam::111122223333:user/ana", "2025-11-21T12:00:00+00:00"
    used = "2026-02-28T12:00:00+00:00"
    assert [f"{identity},{arn},{made},{password},Virtual,1,0,Unknown (NotAsked),{used}"] == users[1:]


@pytest.mark.anyio
async def test_reports_in_turn(tmp_path: Path) -> None:
    """Rows are in the order of the reports; refused events are none."""
    names = ["=1+1", "two\r\nlines", 'Ventas, "EMEA"', "研究", "'comilla"]
    async with open_csv_writer(tmp_path) as writer:
        for name in names:
            account = replace(ACCOUNT, name=name)
            await writer.write(report_of(USER, events=(EVENT, REFUSED_EVENT), account=account))
    for path, column in zip(writer.paths, (1, 4, 1, 1), strict=True):
        assert names == [row[column] for row in read_back(await text_of(path))[1:]]


@pytest.mark.anyio
async def test_what_utf8_cannot_hold_is_spelled_out(tmp_path: Path) -> None:
    """Half a character, which JSON can carry, does not stop a run."""
    async with open_csv_writer(tmp_path) as writer:
        await writer.write(report_of(replace(USER, name="half-\ud800")))
    assert read_back(await text_of(writer.paths[0]))[1][2] == "half-\\ud800"


@pytest.mark.anyio
async def test_directories_are_made(tmp_path: Path) -> None:
    """A directory that is missing is made, with those above it."""
    async with open_csv_writer(tmp_path / "a" / "b") as writer:
        pass
    assert all([await anyio.Path(path).is_file() for path in writer.paths])


@pytest.mark.anyio
@pytest.mark.parametrize("below", [".", "below"])
async def test_a_file_in_the_place_of_the_directory(tmp_path: Path, below: str) -> None:
    """What is no directory, or can't become one, is said before anything else is done."""
    file = tmp_path / "file"
    await anyio.Path(file).write_text("mine")
    with pytest.raises(ConfigurationError, match=r"^Nothing can be written in") as caught:
        async with open_csv_writer(file / below):
            pass
    assert caught.value.exit_code == 2
    assert await text_of(file) == "mine"


def seconds() -> list[str]:
    """This second and the next one, as names of files tell them."""
    now = datetime.now(UTC)
    return [f"{moment:%Y%m%d_%H%M%S}.csv" for moment in (now, now + timedelta(seconds=1))]


@pytest.mark.anyio
async def test_names_that_are_taken(tmp_path: Path) -> None:
    """Files and links that have the name, one of the four is enough, are left alone: a later second's is used."""
    outside = tmp_path / "outside"
    stems = seconds()

    def occupy() -> None:
        for name in ("files", "links", "events", "coverage", "users"):
            (tmp_path / name).mkdir()
        for stem in stems:
            (tmp_path / "files" / f"iam_audit_report_{stem}").write_text("mine")
            (tmp_path / "links" / f"iam_audit_report_{stem}").symlink_to(outside)
            (tmp_path / "events" / f"cloudtrail_events_{stem}").write_text("mine")
            (tmp_path / "coverage" / f"coverage_{stem}").write_text("mine")
            (tmp_path / "users" / f"iam_users_{stem}").write_text("mine")

    async def write(name: str) -> None:
        async with open_csv_writer(tmp_path / name) as writer:
            await writer.write(REPORT)
        for path in writer.paths:
            assert not path.name.endswith(tuple(stems))
            assert len((await text_of(path)).splitlines()) == 2

    await to_thread.run_sync(occupy)
    async with anyio.create_task_group() as tasks:
        for name in ("files", "links", "events", "coverage", "users"):
            tasks.start_soon(write, name)

    def left() -> tuple[set[str], int, bool]:
        kept = {*(tmp_path / "files").glob("iam*"), *(tmp_path / "events").glob("cloudtrail*")}
        texts = {path.read_text() for path in kept if path.name.endswith(tuple(stems))}
        links = [path for path in (tmp_path / "links").iterdir() if path.is_symlink()]
        return texts, len(links), outside.exists()

    assert ({"mine"}, 2, False) == await to_thread.run_sync(left)
    # One file of a run is never left without the others: two that were there, four that were written.
    for name in ("events", "coverage", "users"):
        assert 2 + 4 == len([path async for path in anyio.Path(tmp_path / name).iterdir()])


@pytest.mark.anyio
@pytest.mark.skipif(sys.platform != "linux", reason="limits of a file's size are tried on Linux")
@pytest.mark.parametrize(
    "too_much",
    [
        report_of(USER, events=MANY_EVENTS),
        report_of(*MANY_KEYS, events=(EVENT,)),
        report_of(*MANY_KEYS, events=MANY_EVENTS),
    ],
    ids=["events", "findings", "both"],
)
async def test_an_account_that_does_not_fit_is_not_there_at_all(tmp_path: Path, too_much: AccountReport) -> None:
    """Where a write fails midway, all files end with the last whole account, and more can be written."""
    async with open_csv_writer(tmp_path) as writer:
        await writer.write(REPORT)
        whole = [await text_of(path) for path in writer.paths]
        with files_no_longer_than(8192), pytest.raises(WriteError, match="could not be written") as caught:
            await writer.write(too_much)
        assert any(str(path) in str(caught.value) for path in writer.paths)
        assert whole == [await text_of(path) for path in writer.paths]
        await writer.write(REPORT)
    expected = [text + text.splitlines(keepends=True)[1] for text in whole]
    assert expected == [await text_of(path) for path in writer.paths]


@pytest.mark.anyio
@pytest.mark.skipif(sys.platform != "linux", reason="limits of a file's size are tried on Linux")
@pytest.mark.parametrize("size", [0, 10], ids=["nothing", "a part"])
async def test_headers_that_do_not_fit(tmp_path: Path, size: int) -> None:
    """Where a header can't be written, nothing can be written there, and nothing is left behind."""

    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    async with open_csv_writer(tmp_path / "before"):
        before = await to_thread.run_sync(descriptors)
    with files_no_longer_than(size), pytest.raises(ConfigurationError):
        async with open_csv_writer(tmp_path / "full"):
            pass
    assert [] == [path async for path in anyio.Path(tmp_path / "full").iterdir()]
    assert before - 4 == await to_thread.run_sync(descriptors)


@pytest.mark.anyio
async def test_cancelled_writes_are_whole(tmp_path: Path) -> None:
    """A write that was cancelled is in all files or in none."""
    report = report_of(*MANY_KEYS, events=MANY_EVENTS)
    async with open_csv_writer(tmp_path) as writer:
        for turns in range(6):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(writer.write, report)
                for _ in range(turns):
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()
    rows = [len(read_back(await text_of(path))) - 1 for path in writer.paths]
    assert rows[0] == rows[1]
    assert rows[0] in range(200, 1200, 200)
    assert [True] * 4 == [(await text_of(path)).endswith("\n") for path in writer.paths]


@pytest.mark.anyio
async def test_the_loop_goes_on_while_writing(tmp_path: Path) -> None:
    """The files are written beside the event loop: other tasks run meanwhile."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with open_csv_writer(tmp_path) as writer, anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        await anyio.lowlevel.checkpoint()
        before = turns
        await writer.write(report_of(*MANY_KEYS))
        assert turns > before
        tasks.cancel_scope.cancel()


class Stuck(PrivateFile):
    """A file that can't be cut back."""

    def cut(self, size: int) -> None:
        """Fail."""
        raise WriteError(f"{self.path} can't be cut to {size}.")


class Full(PrivateFile):
    """A file that takes nothing."""

    def append(self, data: bytes) -> None:
        """Fail."""
        raise WriteError(f"no place for {len(data)} bytes.")


@pytest.mark.anyio
async def test_a_file_that_can_not_be_cut_back_leaves_no_other_uncut(tmp_path: Path) -> None:
    """All others end with the last whole account, and the error is told."""

    def opened() -> list[PrivateFile]:
        kinds = {"a": PrivateFile, "b": Stuck, "c": Full, "d": PrivateFile}
        return [kind(tmp_path / name) for name, kind in kinds.items()]

    for order in ((0, 1, 2, 3), (1, 0, 3, 2)):
        files = await to_thread.run_sync(opened)
        with pytest.raises(WriteError, match="can't be cut"):
            await CsvWriter([files[place] for place in order], labels=Labels.ES).write(REPORT)
        assert (0, True, 0, 0) == (files[0].size, files[1].size > 0, files[2].size, files[3].size)
        for file in files:
            await to_thread.run_sync(file.discard)


def test_files_are_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    """An error while they are made leaves the old ones and nothing else; what a killed run left is no hindrance."""
    paths = [tmp_path / f"{name}.csv" for name in "abcd"]
    for path in paths:
        path.write_text("old")
        path.with_name(f".{path.name}.unfinished").write_text("torn")
    with pytest.raises(WriteError, match="could not be made anew"):
        render_csv_files(paths, failing(), labels=Labels.ES)
    assert ["old"] * 4 == [path.read_text() for path in paths]
    render_csv_files(paths, [REPORT], labels=Labels.ES)
    assert [2, 2, 2, 2] == [len(path.read_text().splitlines()) for path in paths]
    assert {0o600} == {path.stat().st_mode & 0o777 for path in paths}
    assert 4 == len(list(tmp_path.iterdir()))


@pytest.mark.parametrize("bom", [False, True])
def test_a_byte_order_mark_stays(tmp_path: Path, bom: bool) -> None:  # noqa: FBT001 - a parameter
    """Files that had one have one when they are made anew."""
    paths = [tmp_path / f"{name}.csv" for name in "abcd"]
    render_csv_files(paths, [REPORT], labels=Labels.ES, bom=bom)
    assert [bom] * 4 == [path.read_bytes().startswith(codecs.BOM_UTF8) for path in paths]


def failing() -> Iterator[AccountReport]:
    """A full disk, met while the reports are read."""
    yield REPORT
    raise OSError(28, "No space left on device")


def test_whether_they_can_be_made_is_known_before(tmp_path: Path) -> None:
    """What stands in the way is told in one sentence, and nothing is left or changed."""
    paths = [tmp_path / f"{name}.csv" for name in "abcd"]
    check_rendering(paths)
    assert [] == list(tmp_path.iterdir())
    in_the_way = tmp_path / ".b.csv.unfinished"
    in_the_way.mkdir()
    with pytest.raises(ConfigurationError, match="Nothing can be written in"):
        check_rendering(paths)
    assert [in_the_way] == list(tmp_path.iterdir())
    with pytest.raises(WriteError, match="could not be made anew"):
        render_csv_files(paths, [REPORT], labels=Labels.ES)
    with pytest.raises(ConfigurationError, match="Nothing can be written in"):
        check_rendering([tmp_path / "missing" / path.name for path in paths])

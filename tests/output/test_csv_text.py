"""The text of CSV files: exact when read back, and nothing in it that a spreadsheet runs."""

import csv
import inspect
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditor.config import Labels
from auditor.output.csv_text import account_texts, header_texts, line, table_text
from auditor.output.rows import COVERAGE_COLUMNS, EVENT_COLUMNS, FINDING_COLUMNS
from tests.manual.pages import text_of
from tests.output.reading import read_back, unguarded
from tests.samples import REPORT

FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""What a spreadsheet runs where it begins a cell."""
ENDS = ";\t\r\n"
"""What may end a cell, beside the comma."""

cells = st.text(st.characters(exclude_categories=["Cs"])) | st.text("=+-@\t\r\n'\";, a1()é\uff1d\uff0b\uff0d\uff20")
tables = st.integers(2, 5).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width)))


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
    assert all(expression in text_of(page) for page in ("files", "recipes"))


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
    columns = (FINDING_COLUMNS, EVENT_COLUMNS, COVERAGE_COLUMNS)
    assert tuple(f"{','.join(names)}\n".encode() for names in columns) == header_texts()
    assert (b"", b"", b"") == account_texts([], labels=Labels.ES)
    assert [2, 2, 2] == [text.count(b"\n") for text in account_texts([REPORT, REPORT], labels=Labels.ES)]

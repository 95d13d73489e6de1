"""The text of CSV files: exact when read back, and nothing in it that a spreadsheet runs."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditor.config import Labels
from auditor.rows import COVERAGE_COLUMNS, EVENT_COLUMNS, FINDING_COLUMNS
from auditor.writers.csv_text import account_texts, header_texts, line, table_text
from tests.samples import REPORT
from tests.writers.reading import read_back

GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")

cells = st.text(st.characters(exclude_categories=["Cs"])) | st.text("=+-@\t\r\n'\", a;é")
tables = st.integers(2, 5).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width)))


@given(tables)
@example([["=1+1", "'=1+1"], ["''", "\r\n"], ["\x00", "\u2028"], ["", ""]])
def test_reading_back_is_exact(rows: list[list[str]]) -> None:
    """Whatever the cells hold, a reader of CSV that takes one leading apostrophe off gets them back."""
    assert rows == read_back("".join(line(row) for row in rows))


@given(cells, cells)
def test_no_cell_is_run(first: str, second: str) -> None:
    """No cell begins with what a spreadsheet runs; one that would begins with an apostrophe."""
    (row,) = csv.reader(io.StringIO(line([first, second]), newline=""))
    for cell, written in zip((first, second), row, strict=True):
        assert not written.startswith(tuple(set(GUARDED) - {"'"}))
        assert cell.startswith(GUARDED) == (written == f"'{cell}")
        assert cell.startswith(GUARDED) != (written == cell)


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

"""What the three CSV files of a run hold: findings, events that took place, and coverage, as text."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping

from auditor.config import Labels
from auditor.model.report import AccountReport
from auditor.output.rows import (
    COVERAGE_COLUMNS,
    EVENT_COLUMNS,
    FINDING_COLUMNS,
    coverage_row,
    event_cells,
    finding_rows,
)

COLUMNS = (FINDING_COLUMNS, EVENT_COLUMNS, COVERAGE_COLUMNS)
"""The columns of each file, in the files' order."""

# What a spreadsheet takes for a formula, and what it may take for the end of a cell: where the decimal sign is a comma,
# cells are parted by semicolons. Double quotes before a formula do not hold it back. The apostrophe is doubled so that
# reading back is exact.
# https://owasp.org/www-community/attacks/CSV_Injection
_RUN = "'=+@\t\r\n\uff1d\uff0b\uff0d\uff20-"
_START = r"(?:^|[;\t\r\n])\"*"
_GUARDED = re.compile(rf"{_START}(?=[{_RUN}])")
_SPECIAL = re.compile(r"""[;,"\t\r\n]""")
"""What an ordinary cell has nowhere."""
_FIRST = frozenset(_RUN)
_QUOTED = frozenset(',"\r\n')


def header_texts(*, bom: bool = False) -> tuple[bytes, ...]:
    """The first line of each file, behind a byte order mark where that is wanted."""
    mark = BOM_UTF8 if bom else b""
    return tuple(mark + _encoded(line(columns)) for columns in COLUMNS)


def account_texts(reports: Iterable[AccountReport], *, labels: Labels) -> tuple[bytes, ...]:
    """The lines of these accounts for each of the files."""
    texts = [
        (
            table_text(finding_rows(report, labels=labels)),
            table_text(event_cells(report)),
            table_text([coverage_row(report)]),
        )
        for report in reports
    ]
    return tuple(_encoded("".join(parts)) for parts in zip(*texts, strict=True)) if texts else (b"",) * len(COLUMNS)


def table_text(rows: Iterable[Mapping[str, str]]) -> str:
    """Lines of CSV, one a row."""
    return "".join(line(row.values()) for row in rows)


def line(cells: Iterable[str]) -> str:
    """One line of CSV, guarded against spreadsheets."""
    return ",".join(map(_cell, cells)) + "\n"


def guarded(text: str) -> str:
    r"""The text with an apostrophe before whatever a spreadsheet would run, and before an apostrophe in such a place.

    `re.sub(r"((?:^|[;\t\r\n])\"*)'", r"\1", cell)` takes them off again, exactly.
    """
    return _GUARDED.sub(r"\g<0>'", text)


def _cell(text: str) -> str:
    if _SPECIAL.search(text) is None and text[:1] not in _FIRST:
        return text
    text = guarded(text)
    return text if _QUOTED.isdisjoint(text) else '"' + text.replace('"', '""') + '"'


def _encoded(text: str) -> bytes:
    # A lone surrogate, which JSON can carry and UTF-8 can't, must not stop a run.
    return text.encode("utf-8", errors="backslashreplace")

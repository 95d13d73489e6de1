"""What the three CSV files of a run hold: findings, events that took place, and coverage, as text."""

from collections.abc import Iterable, Mapping

from auditor.config import Labels
from auditor.models import AccountReport
from auditor.rows import COVERAGE_COLUMNS, EVENT_COLUMNS, FINDING_COLUMNS, coverage_row, event_cells, finding_rows

COLUMNS = (FINDING_COLUMNS, EVENT_COLUMNS, COVERAGE_COLUMNS)
"""The columns of each file, in the files' order."""

# What a spreadsheet takes for a formula; the apostrophe is doubled so that reading back is exact.
# https://owasp.org/www-community/attacks/CSV_Injection
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")
_QUOTED = frozenset(',"\r\n')


def header_texts() -> tuple[bytes, ...]:
    """The first line of each file."""
    return tuple(_encoded(line(columns)) for columns in COLUMNS)


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
    return ",".join(_cell(cell) for cell in cells) + "\n"


def _cell(text: str) -> str:
    if text.startswith(_GUARDED):
        text = f"'{text}"
    if _QUOTED.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def _encoded(text: str) -> bytes:
    # A lone surrogate, which JSON can carry and UTF-8 can't, must not stop a run.
    return text.encode("utf-8", errors="backslashreplace")

"""The four CSV files of a run: findings, events that took place, coverage, and users.

`open_csv_writer` appends to new ones while the audit runs; `render_csv_files` makes those of a resumed audit anew.
"""

import re
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from anyio import to_thread

from auditor.config import Labels
from auditor.errors import ConfigurationError, WriteError
from auditor.files.private_file import PrivateFile, close_all, closing, sync_directory
from auditor.files.run_names import RunNames, claim
from auditor.model.kinds import check_kind, path_of, word_of
from auditor.model.placeholders import Unlisted
from auditor.model.report import AccountReport
from auditor.output.rows import (
    COVERAGE_COLUMNS,
    EVENT_COLUMNS,
    FINDING_COLUMNS,
    coverage_row,
    event_cells,
    finding_rows,
    unlisted_row,
)
from auditor.output.user_rows import USER_COLUMNS, user_rows

COLUMNS = (FINDING_COLUMNS, EVENT_COLUMNS, COVERAGE_COLUMNS, USER_COLUMNS)
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
            table_text(user_rows(report, labels=labels)),
        )
        for report in reports
    ]
    return tuple(_encoded("".join(parts)) for parts in zip(*texts, strict=True)) if texts else (b"",) * len(COLUMNS)


def unlisted_texts(unlisted: Unlisted) -> tuple[bytes, ...]:
    """The lines of the accounts that were not listed for each of the files: one, in the file of coverage."""
    return b"", b"", _encoded(table_text([unlisted_row(unlisted)])), b""


def table_text(rows: Iterable[Mapping[str, str]]) -> str:
    """Lines of CSV, one per row."""
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


class CsvWriter:
    """Appends the rows of whole accounts to four files; an account's rows are there entirely, or not at all."""

    def __init__(self, tables: Sequence[PrivateFile], *, labels: Labels) -> None:
        self._tables = tables
        self._labels = labels
        self.used = False
        """Whether a report is in it."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of findings, of events, of coverage, and of users."""
        return tuple(table.path for table in self._tables)

    async def write(self, report: AccountReport) -> None:
        """Append the account's rows to the files and hand them to the operating system.

        Raises:
            WriteError: They could not be written; the rows of the accounts before are whole.
        """
        await self.write_all([report])

    async def write_all(self, reports: Sequence[AccountReport]) -> None:
        """Append the rows of several accounts, as `write` does with one: all of them, or none."""
        await to_thread.run_sync(self._append, account_texts(reports, labels=self._labels))

    async def write_unlisted(self, unlisted: Unlisted) -> None:
        """Append the row of the accounts that were not listed to the file of coverage, as `write` does with one."""
        await to_thread.run_sync(self._append, unlisted_texts(unlisted))

    def _append(self, texts: Sequence[bytes]) -> None:
        sizes = [table.size for table in self._tables]
        try:
            for table, text in zip(self._tables, texts, strict=True):
                table.append(text)
        except WriteError:
            with ExitStack() as stack:  # one that can't be cut back leaves no other uncut
                for table, size in zip(self._tables, sizes, strict=True):
                    stack.callback(table.cut, size)
            raise
        self.used = True


@asynccontextmanager
async def open_csv_writer(
    directory: Path | str, *, labels: Labels = Labels.ES, bom: bool = False
) -> AsyncIterator[CsvWriter]:
    """Four new files in `directory`, which is made where it is missing; their headers are written at once.

    The files are readable by their owner only, and never one that was there before: a name that is taken, a link put
    in its place too, is left alone, and the next second's is used. Where the block fails before the first report, they
    are removed: an empty table would say that there is nothing. With `bom` they begin with UTF-8's byte order mark.

    Raises:
        ConfigurationError: There can be no such directory, or nothing can be written in it.
    """
    folder, words = path_of("directory", directory), word_of("labels", labels, Labels)
    check_kind("bom", bom, bool)
    tables = await claim(folder, create=partial(create_tables, bom=bom))
    async with csv_writer_of(tables, labels=words) as writer:
        yield writer


@asynccontextmanager
async def csv_writer_of(tables: Sequence[PrivateFile], *, labels: Labels) -> AsyncIterator[CsvWriter]:
    """A writer of tables that were just created; they are closed, or removed, as `open_csv_writer` promises."""
    writer = CsvWriter(tables, labels=labels)
    async with closing(tables, used=lambda: writer.used):
        yield writer


def create_tables(names: RunNames, *, bom: bool = False) -> tuple[PrivateFile, ...]:
    """New files with their headers; blocks.

    Raises:
        FileExistsError: One of the names is taken.
        OSError: There can be no such file.
        WriteError: A header could not be written.
    """
    tables: list[PrivateFile] = []
    try:
        for path, header in zip(names.tables, header_texts(bom=bom), strict=True):
            tables.append(PrivateFile(path))
            tables[-1].append(header)
    except (OSError, WriteError):
        close_all(tables, keep=False)
        raise
    return tuple(tables)


def check_rendering(paths: Sequence[Path]) -> None:
    """Raise ConfigurationError where `render_csv_files` could not make its files; leaves nothing behind, and blocks."""
    try:
        close_all(_create(paths), keep=False)
    except (OSError, WriteError) as error:
        raise ConfigurationError(f"Nothing can be written in {paths[0].parent}: {_reason(error)}.") from error


def render_csv_files(
    paths: Sequence[Path],
    reports: Iterable[AccountReport],
    *,
    unlisted: Unlisted | None = None,
    labels: Labels,
    bom: bool = False,
) -> None:
    """Replace the CSV files by ones with the rows of these reports, in their order, and of what is unlisted; blocks.

    Each is written beside its place and put there once it is on the disk: whoever reads meanwhile sees the old files
    or the new ones, and they are readable by their owner only.

    Raises:
        WriteError: They could not be written; the old ones may still be there.
    """
    try:
        tables = _create(paths)
        try:
            for table, text in zip(tables, header_texts(bom=bom), strict=True):
                table.append(text)
            _append_all(tables, (account_texts([report], labels=labels) for report in reports))
            _append_all(tables, [] if unlisted is None else [unlisted_texts(unlisted)])
            for table in tables:
                table.sync()
            for table, path in zip(tables, paths, strict=True):
                table.path.replace(path)
            sync_directory(paths[0].parent)
        finally:
            close_all(tables, keep=False)  # those that are in their places have no other name to be removed
    except (OSError, WriteError) as error:
        raise WriteError(f"{paths[0]} could not be made anew: {_reason(error)}.") from error


def _create(paths: Sequence[Path]) -> tuple[PrivateFile, ...]:
    """An empty file beside each of the places."""
    tables: list[PrivateFile] = []
    try:
        for path in paths:
            beside = path.with_name(f".{path.name}.unfinished")
            beside.unlink(missing_ok=True)  # of a run that was killed here
            tables.append(PrivateFile(beside))
    except OSError:
        close_all(tables, keep=False)
        raise
    return tuple(tables)


def _append_all(tables: Sequence[PrivateFile], parts: Iterable[tuple[bytes, ...]]) -> None:
    for texts in parts:
        for table, text in zip(tables, texts, strict=True):
            table.append(text)


def _reason(error: OSError | WriteError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error).removesuffix(".")

"""The three CSV files of a run: findings, events that took place, and coverage."""

import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
from anyio import to_thread

from auditor.config import Labels
from auditor.errors import ConfigurationError, WriteError
from auditor.models import AccountReport
from auditor.rows import COVERAGE_COLUMNS, EVENT_COLUMNS, FINDING_COLUMNS, coverage_row, event_rows, finding_rows

FILES = (
    ("iam_audit_report", FINDING_COLUMNS),
    ("cloudtrail_events", EVENT_COLUMNS),
    ("coverage", COVERAGE_COLUMNS),
)
"""What each file's name begins with, and its columns."""

# What a spreadsheet takes for a formula; the apostrophe is doubled so that reading back is exact.
# https://owasp.org/www-community/attacks/CSV_Injection
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")
_QUOTED = frozenset(',"\r\n')


class CsvWriter:
    """Appends the rows of whole accounts to three files; an account's rows are there entirely, or not at all."""

    def __init__(self, tables: "_Tables", *, labels: Labels) -> None:
        self._tables = tables
        self._labels = labels
        self.used = False
        """Whether a report is in it."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of findings, of events, and of coverage."""
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

    def _append(self, texts: tuple[str, ...]) -> None:
        sizes = [table.size for table in self._tables]
        written: list[tuple[_Table, int]] = []
        try:
            for table, size, text in zip(self._tables, sizes, texts, strict=True):
                table.append(text)
                written.append((table, size))
        except WriteError:
            for table, size in written:
                table.cut(size)
            raise
        self.used = True


def account_texts(reports: Iterable[AccountReport], *, labels: Labels) -> tuple[str, ...]:
    """The lines of these accounts for each of the files, in the files' order."""
    texts = [
        (
            table_text(finding_rows(report, labels=labels)),
            table_text(event_rows(report)),
            table_text([coverage_row(report)]),
        )
        for report in reports
    ]
    return tuple("".join(parts) for parts in zip(*texts, strict=True)) if texts else ("",) * len(FILES)


@asynccontextmanager
async def open_csv_writer(directory: Path, *, labels: Labels = Labels.ES) -> AsyncIterator[CsvWriter]:
    """Three new files in `directory`, which is made where it is missing; their headers are written at once.

    The files are readable by their owner only, and never one that was there before: a name that is taken, a link put
    in its place too, is left alone, and the next second's is used. Where the block fails before the first report, they
    are removed: an empty table would say that there is nothing.

    Raises:
        ConfigurationError: There can be no such directory, or nothing can be written in it.
    """
    try:
        await to_thread.run_sync(_make_directory, directory)
        tables = await _new_tables(directory)
    except OSError as error:
        raise ConfigurationError(f"Nothing can be written in {directory}: {error.strerror or error}.") from error
    except WriteError as error:
        raise ConfigurationError(str(error)) from error
    writer = CsvWriter(tables, labels=labels)
    ended = False
    try:
        yield writer
        ended = True
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(_close, tables, ended or writer.used)


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


def _make_directory(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)


async def _new_tables(directory: Path) -> "_Tables":
    moment = datetime.now(UTC)
    while True:
        stem = f"{moment:%Y%m%d_%H%M%S}"
        try:
            return await to_thread.run_sync(_create_tables, directory, stem)
        except FileExistsError:
            moment = moment.replace(microsecond=0) + timedelta(seconds=1)
            await anyio.sleep((moment - datetime.now(UTC)).total_seconds())


def _close(tables: "_Tables", keep: bool) -> None:  # noqa: FBT001 - called through a thread
    with ExitStack() as stack:  # an error of one leaves no other open
        for table in tables:
            stack.callback(table.close if keep else table.discard)


def _create_tables(directory: Path, stem: str) -> "_Tables":
    tables: list[_Table] = []
    try:
        for name, columns in FILES:
            tables.append(_new_table(directory / f"{name}_{stem}.csv", columns=columns))
    except (OSError, WriteError):
        _close(tuple(tables), False)  # noqa: FBT003 - called through a thread elsewhere
        raise
    return tuple(tables)


def _new_table(path: Path, *, columns: Iterable[str]) -> "_Table":
    table = _Table(path)
    try:
        table.append(line(columns))
    except WriteError:
        table.discard()
        raise
    return table


class _Table:
    """One file that only grows by whole texts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        self._file = os.open(path, flags, 0o600)

    def append(self, text: str) -> None:
        # A lone surrogate, which JSON can carry and UTF-8 can't, must not stop a run.
        data = memoryview(text.encode("utf-8", errors="backslashreplace"))
        written = 0
        try:
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError as error:
            self.cut(self.size)
            raise WriteError(f"{self.path} could not be written: {error.strerror or error}.") from error
        self.size += len(data)

    def cut(self, size: int) -> None:
        try:
            os.ftruncate(self._file, size)
            os.lseek(self._file, size, os.SEEK_SET)
        except OSError as error:
            raise WriteError(f"{self.path} ends with a torn row: {error.strerror or error}.") from error
        self.size = size

    def close(self) -> None:
        try:
            os.close(self._file)
        except OSError as error:
            raise WriteError(f"{self.path} could not be closed: {error.strerror or error}.") from error

    def discard(self) -> None:
        self.close()
        self.path.unlink(missing_ok=True)


_Tables = tuple[_Table, ...]

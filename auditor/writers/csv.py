"""The two CSV files of a run: findings, and events that took place."""

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
from anyio import to_thread

from auditor.config import Labels
from auditor.errors import ConfigurationError, WriteError
from auditor.models import AccountReport
from auditor.rows import EVENT_COLUMNS, FINDING_COLUMNS, event_rows, finding_rows

FINDINGS = "iam_audit_report"
EVENTS = "cloudtrail_events"

# What a spreadsheet takes for a formula; the apostrophe is doubled so that reading back is exact.
# https://owasp.org/www-community/attacks/CSV_Injection
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")
_QUOTED = frozenset(',"\r\n')


class CsvWriter:
    """Appends the rows of whole accounts to two files; an account's rows are there entirely, or not at all."""

    def __init__(self, *, findings: "_Table", events: "_Table", labels: Labels) -> None:
        self._findings = findings
        self._events = events
        self._labels = labels
        self.used = False
        """Whether a report is in it."""

    @property
    def paths(self) -> tuple[Path, Path]:
        """The findings' file and the events' file."""
        return self._findings.path, self._events.path

    async def write(self, report: AccountReport) -> None:
        """Append the account's rows to both files and hand them to the operating system.

        Raises:
            WriteError: They could not be written; the rows of the accounts before are whole.
        """
        findings = table_text(finding_rows(report, labels=self._labels))
        events = table_text(event_rows(report))
        if findings or events:
            await to_thread.run_sync(self._append, findings, events)
        self.used = True

    def _append(self, findings: str, events: str) -> None:
        before = self._findings.size
        self._findings.append(findings)
        try:
            self._events.append(events)
        except WriteError:
            self._findings.cut(before)
            raise
        self.used = True


@asynccontextmanager
async def open_csv_writer(directory: Path, *, labels: Labels = Labels.ES) -> AsyncIterator[CsvWriter]:
    """Two new files in `directory`, which is made where it is missing; their headers are written at once.

    The files are readable by their owner only, and never one that was there before: a name that is taken, a link put
    in its place too, is left alone, and the next second's is used. Where the block fails before the first report, they
    are removed: an empty table would say that there is nothing.

    Raises:
        ConfigurationError: There can be no such directory, or nothing can be written in it.
    """
    try:
        await to_thread.run_sync(_make_directory, directory)
        findings, events = await _new_tables(directory)
    except OSError as error:
        raise ConfigurationError(f"Nothing can be written in {directory}: {error.strerror or error}.") from error
    except WriteError as error:
        raise ConfigurationError(str(error)) from error
    writer = CsvWriter(findings=findings, events=events, labels=labels)
    ended = False
    try:
        yield writer
        ended = True
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(_close, (findings, events), ended or writer.used)


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


async def _new_tables(directory: Path) -> tuple["_Table", "_Table"]:
    moment = datetime.now(UTC)
    while True:
        stem = f"{moment:%Y%m%d_%H%M%S}"
        try:
            return await to_thread.run_sync(_create_tables, directory, stem)
        except FileExistsError:
            moment = moment.replace(microsecond=0) + timedelta(seconds=1)
            await anyio.sleep((moment - datetime.now(UTC)).total_seconds())


def _close(tables: tuple["_Table", "_Table"], keep: bool) -> None:  # noqa: FBT001 - called through a thread
    with ExitStack() as stack:  # an error of one leaves no other open
        for table in tables:
            stack.callback(table.close if keep else table.discard)


def _create_tables(directory: Path, stem: str) -> tuple["_Table", "_Table"]:
    findings = _new_table(directory / f"{FINDINGS}_{stem}.csv", columns=FINDING_COLUMNS)
    try:
        return findings, _new_table(directory / f"{EVENTS}_{stem}.csv", columns=EVENT_COLUMNS)
    except (OSError, WriteError):
        findings.discard()
        raise


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

"""The journal as a writer: an account is finished once its report is on the disk."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio import to_thread

from auditor.config import AuditConfig
from auditor.errors import ConfigurationError
from auditor.journal.content import Content, last_reports, read_content, report_line
from auditor.journal.file import JournalFile
from auditor.journal.header import Header, header_line, header_of
from auditor.models import AccountId, AccountReport
from auditor.progress import AuditStarted, ProgressEvent

SUFFIX = ".journal.jsonl"


class JournalWriter:
    """Appends whole account reports to one file of JSON Lines; give it to `run_audit` as the last of the writers.

    Accounts that were not reached are not finished, and are kept in `unreached` only.
    """

    def __init__(self, file: JournalFile, *, config: AuditConfig | None = None, content: Content | None = None) -> None:
        self._file = file
        self._config = config
        self._content = content
        self._unreached: dict[AccountId, AccountReport] = {}

    @property
    def path(self) -> Path:
        """The journal's file."""
        return self._file.path

    @property
    def used(self) -> bool:
        """Whether a report is in it."""
        return self._content is not None and bool(self._content.places)

    @property
    def header(self) -> Header:
        """What the audit was told; raises ConfigurationError before it has started."""
        if self._content is None:
            raise ConfigurationError("The journal was not told of the audit's start: run_audit must `observe` with it.")
        return self._content.header

    @property
    def accounts(self) -> int:
        """How many accounts are in it."""
        return 0 if self._content is None else len(self._content.places)

    @property
    def finished(self) -> frozenset[AccountId]:
        """The accounts of which nothing is missing: a resumed audit passes over them."""
        return frozenset() if self._content is None else frozenset(self._content.complete)

    @property
    def unreached(self) -> tuple[AccountReport, ...]:
        """The reports of accounts that were not reached, and of which the journal has no other."""
        known = {} if self._content is None else self._content.places
        return tuple(report for account, report in self._unreached.items() if account not in known)

    def observe(self, event: ProgressEvent) -> None:
        """Take the start of the audit, for the header of a new journal; of other events nothing."""
        if isinstance(event, AuditStarted) and self._content is None and self._config is not None:
            self._content = Content(header_of(self._config, started=event))

    async def write(self, report: AccountReport) -> None:
        """Append one report; once this returns it is on the disk.

        Raises:
            WriteError: It could not be written; the lines before it are whole, and the audit can be resumed.
        """
        await self.write_all([report])

    async def write_all(self, reports: Sequence[AccountReport]) -> None:
        """Append several reports with one trip to the disk, as `write` does with one: all of them, or none."""
        self._unreached.update((report.account.id, report) for report in reports if not report.reached)
        reached = [report for report in reports if report.reached]
        if reached:
            await to_thread.run_sync(self._append, reached)

    def reports(self) -> Iterator[AccountReport]:
        """The last report of each account, in the order of their lines; reads the file, and so blocks."""
        return iter(()) if self._content is None else last_reports(self._file, self._content)

    def _append(self, reports: Sequence[AccountReport]) -> None:
        header, lines = self.header, [report_line(report) for report in reports]
        opening = b"" if self._file.size else header_line(header)
        place = self._file.size + len(opening)
        self._file.append(opening + b"".join(lines))
        if self._content is None:
            return
        for report, line in zip(reports, lines, strict=True):
            self._content.note(report, place=place)
            place += len(line)


@asynccontextmanager
async def open_journal(path: Path, *, config: AuditConfig) -> AsyncIterator[JournalWriter]:
    """A new journal of an audit with these settings, locked until the block is left.

    It must hear of the audit's start: give its `observe` the progress events. The file is readable by its owner only,
    and never one that was there before. Where the block fails before the first report, it is removed.

    Raises:
        ConfigurationError: There can be no such file.
    """
    file = await _opened(lambda: JournalFile(path, new=True))
    writer = JournalWriter(file, config=config)
    ended = False
    try:
        yield writer
        ended = True
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(file.close if ended or writer.used else file.discard)


@asynccontextmanager
async def reopen_journal(path: Path) -> AsyncIterator[JournalWriter]:
    """The journal of an audit that was cut off, locked until the block is left; a torn last line is cut off.

    Raises:
        ConfigurationError: It is no journal, it is damaged before its end, or another audit has it.
        WriteError: The torn line could not be cut off.
    """
    file = await _opened(lambda: JournalFile(path, new=False))
    try:
        content = await to_thread.run_sync(read_content, file)
        yield JournalWriter(file, content=content)
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(file.close)


def journal_path(rows: Path) -> Path:
    """The journal beside a run's CSV files, one of which is given: they share the moment in their names."""
    *_, day, second = rows.stem.split("_")
    return rows.with_name(f"audit_{day}_{second}{SUFFIX}")


async def _opened(opening: Callable[[], JournalFile]) -> JournalFile:
    return await to_thread.run_sync(opening)

"""The journal as a writer: an account is finished once its report is on the disk."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate
from pathlib import Path

from anyio import to_thread

from auditor.concurrency.tasks import completed
from auditor.config import AuditConfig
from auditor.errors import ConfigurationError, WriteError
from auditor.files.private_file import closing
from auditor.journal.file import JournalFile, create_journal_file, open_journal_file
from auditor.journal.header import Header, header_line, header_of, started_line
from auditor.journal.reader import Content, first_line, read_content, report_at, report_line
from auditor.model.facts import AccountId
from auditor.model.kinds import check_kind, path_of
from auditor.model.placeholders import Unlisted, not_reached
from auditor.model.progress import AuditStarted
from auditor.model.report import AccountReport

_AT_ONCE = 100
"""Reports in memory, where many are read again."""


class JournalWriter:
    """Appends whole account reports to one file of JSON Lines; give it to `run_audit` as the last of the writers.

    Accounts that were not reached are not finished, and are kept in `unreached` only; those that were not listed are
    told by `unlisted`.
    """

    def __init__(self, file: JournalFile, *, content: Content) -> None:
        self._file = file
        self._content = content
        self._unreached: dict[AccountId, AccountReport] = {}
        self.unlisted: Unlisted | None = None
        """Why there are accounts that were not listed, None where nobody said so."""

    @property
    def path(self) -> Path:
        """The journal's file."""
        return self._file.path

    @property
    def used(self) -> bool:
        """Whether it was given a report, be it of an account that was not reached or of those that were not listed."""
        content = self._content
        return bool(content.places or content.first or content.unread or self._unreached or self.unlisted)

    @property
    def header(self) -> Header:
        """What the audit was told, and how it was started if it was."""
        return self._content.header

    @property
    def finished(self) -> frozenset[AccountId]:
        """The accounts of which nothing is missing: a resumed audit passes over them."""
        return frozenset(self._content.complete)

    @property
    def excluded(self) -> frozenset[AccountId]:
        """Those of the finished accounts that the filters left out."""
        return frozenset(self._content.excluded)

    @property
    def again(self) -> dict[str, int]:
        """How many accounts are in it of which something is missing, by the code of their first failure."""
        return dict(Counter(self._content.failed.values()).most_common())

    @property
    def unreached(self) -> tuple[AccountReport, ...]:
        """The reports of accounts that were not reached, and of which the journal has no other."""
        known = self._content.places.keys() | self._content.unread.keys()
        return tuple(report for account, report in self._unreached.items() if account not in known)

    @property
    def unread(self) -> tuple[AccountReport, ...]:
        """Reports, as of accounts not reached, for those whose only line has words that this version does not know.

        It is asked again by the run that resumes the journal, unless that is cut off, or the account is gone by then.
        """
        known = self._content.places
        return tuple(not_reached(found) for account, found in self._content.unread.items() if account not in known)

    async def begin(self, started: AuditStarted) -> None:
        """Append the audit's start, on the disk once this returns; a resumed audit that started before keeps its own.

        Raises:
            WriteError: It could not be written.
        """
        if self.header.started is None:
            await to_thread.run_sync(self._start, started)

    async def write(self, report: AccountReport) -> None:
        """Append one report; once this returns it is on the disk.

        Raises:
            WriteError: It could not be written; the lines before it are whole, and the audit can be resumed.
        """
        await self.write_all([report])

    async def write_all(self, reports: Sequence[AccountReport]) -> None:
        """Append several reports with one trip to the disk, as `write` does with one: all of them, or none."""
        self._check_begun()
        self._unreached.update((report.account.id, report) for report in reports if not report.reached)
        reached = [report for report in reports if report.reached]
        if reached:
            await to_thread.run_sync(self._append, reached)

    async def write_first(self, reports: Sequence[AccountReport]) -> None:
        """Append what was read of accounts that will be asked once more: it counts until their reports follow.

        Raises:
            WriteError: It could not be written.
        """
        self._check_begun()
        await to_thread.run_sync(self._append_first, reports)

    async def write_unlisted(self, unlisted: Unlisted) -> None:
        """Remember why accounts were not listed; the file has nothing of it: a resumed audit lists them anew."""
        self._check_begun()
        self.unlisted = unlisted

    def reports(self) -> Iterator[AccountReport]:
        """The report of each account, in the order of their last lines; reads the file, and so blocks.

        Of an account that was read more than once it has what any of its readings has.
        """
        return self._content.reports(self._file.lines())

    def keep_first_readings(self) -> None:
        """Append as reports what a run that was killed had read first, so that later ones add to it; blocks.

        Raises:
            WriteError: They could not be written.
        """
        places = list(self._content.first.values())
        for few in (places[begin : begin + _AT_ONCE] for begin in range(0, len(places), _AT_ONCE)):
            self._append([report_at(self._file, place) for place in few])

    def _check_begun(self) -> None:
        if self.header.started is None:
            raise ConfigurationError("The journal must `begin` before it is given reports: run_audit sees to that.")

    def _start(self, started: AuditStarted) -> None:
        self._file.append(started_line(started))
        self._content.start(started)

    def _append(self, reports: Sequence[AccountReport]) -> None:
        for report, place in self._appended(reports, line_of=report_line):
            self._content.note(report, place=place)

    def _append_first(self, reports: Sequence[AccountReport]) -> None:
        for report, place in self._appended(reports, line_of=first_line):
            self._content.first[report.account.id] = place

    def _appended(
        self, reports: Sequence[AccountReport], *, line_of: Callable[[AccountReport], bytes]
    ) -> list[tuple[AccountReport, int]]:
        """Append these with one trip to the disk; returns where the line of each begins."""
        lines = [line_of(report) for report in reports]
        ends = accumulate(map(len, lines), initial=self._file.size)
        self._file.append(b"".join(lines))
        return list(zip(reports, ends, strict=False))


@asynccontextmanager
async def open_journal(path: Path | str, *, config: AuditConfig) -> AsyncIterator[JournalWriter]:
    """A new journal of an audit with these settings, locked until the block is left.

    The file is readable by its owner only, and never one that was there before. From its first moment it can be
    resumed. Where the block fails before the first report, it is removed.

    Raises:
        ConfigurationError: There can be no such file.
    """
    check_kind("config", config, AuditConfig)
    place = path_of("path", path)
    if not place.name:
        raise ConfigurationError(f"path must name a file: {path!r} names none.")
    header = header_of(config, at=datetime.now(UTC))
    try:
        file = await to_thread.run_sync(create_journal, place, header)
    except OSError as error:
        raise ConfigurationError(f"The journal {path} could not be made: {error.strerror or error}.") from error
    except WriteError as error:
        raise ConfigurationError(str(error)) from error
    async with journal_of(file, header) as writer:
        yield writer


@asynccontextmanager
async def journal_of(file: JournalFile, header: Header) -> AsyncIterator[JournalWriter]:
    """A writer of a journal that was just created; it is closed, or removed, as `open_journal` promises."""
    writer = JournalWriter(file, content=Content(header, partial(report_at, file)))
    async with closing([file], used=lambda: writer.used):
        yield writer


def create_journal(path: Path, header: Header) -> JournalFile:
    """A new journal's file, as `create_journal_file` makes it, with this header; blocks."""
    return create_journal_file(path, header_line(header))


@asynccontextmanager
async def reopen_journal(path: Path | str) -> AsyncIterator[JournalWriter]:
    """The journal of an audit that was cut off, locked until the block is left; a torn last line is cut off.

    Raises:
        ConfigurationError: It is no journal, it is damaged before its end, or another audit has it.
        WriteError: The torn line could not be cut off, or what was read first could not be kept as reports.
    """
    file = await to_thread.run_sync(open_journal_file, path_of("path", path))
    try:
        content = await to_thread.run_sync(_readable_content, file)
        writer = JournalWriter(file, content=content)
        await to_thread.run_sync(writer.keep_first_readings)
        yield writer
    finally:
        await completed(lambda: to_thread.run_sync(file.close))


def _readable_content(file: JournalFile) -> Content:
    try:
        return read_content(file)
    except OSError as error:
        raise ConfigurationError(f"The journal {file.path} could not be read: {error.strerror or error}.") from error

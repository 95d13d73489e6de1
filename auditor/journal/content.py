"""What is in a journal: how the audit was begun, and where the report of each account is."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from auditor.coverage import Completeness
from auditor.errors import ConfigurationError
from auditor.journal.codec import decode, encode
from auditor.journal.file import JournalFile
from auditor.journal.header import Header, read_header, read_started
from auditor.journal.lines import is_whole, line_of, value_of
from auditor.models import AccountId, AccountReport
from auditor.progress import AuditStarted

Extent = tuple[bool, int, int]
"""How much a report has: whether the account was entered, its sections, and the answers of those that are partial."""

_WEIGHTS = {Completeness.COMPLETE: 2, Completeness.PARTIAL: 1}


@dataclass(slots=True)
class Content:
    """A journal's header and accounts; the later line of an account counts unless it has less than the one before."""

    header: Header
    places: dict[AccountId, int] = field(default_factory=dict)
    """At which byte the line of each account begins that counts, in the order of those lines."""
    complete: set[AccountId] = field(default_factory=set)
    """The accounts of which nothing is missing."""
    failed: dict[AccountId, str] = field(default_factory=dict)
    """The code of the first failure of each other account."""
    extents: dict[AccountId, Extent] = field(default_factory=dict)
    """How much the line has that counts."""

    def start(self, started: AuditStarted) -> None:
        """Remember that the audit has started."""
        self.header = replace(self.header, started=started)

    def note(self, report: AccountReport, *, place: int) -> None:
        """Remember where a report begins, unless the account's report before it has more.

        An account that was read, and refuses the role or is suspended when it is asked again, keeps what was read.
        """
        account, extent = report.account.id, extent_of(report)
        if account in self.extents and extent < self.extents[account]:
            return
        self.extents[account] = extent
        self.places.pop(account, None)
        self.places[account] = place
        self.complete.discard(account)
        self.failed.pop(account, None)
        if report.complete:
            self.complete.add(account)
        else:
            self.failed[account] = report.failures[0].code if report.failures else ""


def extent_of(report: AccountReport) -> Extent:
    """How much a report has, to be compared with that of another report of its account."""
    sections = sum(_WEIGHTS.get(covered.completeness, 0) for covered in report.coverage)
    partial = (covered.answered for covered in report.coverage if covered.completeness is Completeness.PARTIAL)
    return report.audited, sections, sum(partial)


def report_line(report: AccountReport) -> bytes:
    """A report as a line of the journal."""
    return line_of("report", encode(report))


def read_content(file: JournalFile) -> Content:
    """All that the file holds; a torn last line is cut off, since what it tells was never told to be done.

    Raises:
        ConfigurationError: It is no journal of this version, or it is damaged before its end.
        WriteError: The torn line could not be cut off.
    """
    content: Content | None = None
    torn: int | None = None
    for place, line in file.lines():
        if torn is not None:
            raise ConfigurationError(f"{file.path} is not a whole journal: it is damaged at byte {torn}.")
        if content is None:
            content = Content(_header(file, line))
        elif not is_whole(line):
            torn = place
            continue
        elif content.header.started is None:
            content.start(_started(file, line, place=place))
        else:
            content.note(_report(file, line, place=place), place=place)
        file.size = place + len(line)
    if content is None:
        raise _no_journal(file)
    if torn is not None:
        file.cut(torn)
    return content


def last_reports(file: JournalFile, content: Content) -> Iterator[AccountReport]:
    """The report of each account that counts, in the order of their lines, one in memory at a time."""
    places = frozenset(content.places.values())
    for place, line in file.lines():
        if place in places:
            yield _report(file, line, place=place)


def _header(file: JournalFile, line: bytes) -> Header:
    try:
        if is_whole(line):
            return read_header(line)
    except ValueError as error:
        raise ConfigurationError(f"{file.path} is not a journal that can be resumed: {error}.") from error
    raise _no_journal(file)


def _started(file: JournalFile, line: bytes, *, place: int) -> AuditStarted:
    try:
        return read_started(line)
    except ValueError as error:
        raise _of_another_version(file, error, place=place) from error


def _report(file: JournalFile, line: bytes, *, place: int) -> AccountReport:
    try:
        return decode(AccountReport, value_of(line, name="report"))
    except ValueError as error:
        raise _of_another_version(file, error, place=place) from error


def _of_another_version(file: JournalFile, error: ValueError, *, place: int) -> ConfigurationError:
    return ConfigurationError(f"{file.path} is not a journal of this version: at byte {place} is {error}.")


def _no_journal(file: JournalFile) -> ConfigurationError:
    return ConfigurationError(f"{file.path} is not a journal: it does not begin as one.")

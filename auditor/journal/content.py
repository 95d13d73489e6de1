"""What is in a journal: how the audit was begun, and where the report of each account is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from auditor.coverage import Completeness
from auditor.errors import ConfigurationError
from auditor.journal.file import JournalFile
from auditor.journal.format import UnknownWordError, decode, encode, names_in
from auditor.journal.header import FirstLine, Header, read_header, read_started
from auditor.journal.lines import CHECKSUM, is_whole, line_of
from auditor.models import Account, AccountId, AccountReport
from auditor.progress import AuditStarted

Extent = tuple[bool, int, int]
"""How much a report has: whether the account was entered, its sections, and the answers of those that are partial."""

KINDS: Mapping[str, type] = {"header": FirstLine, "started": AuditStarted, "report": AccountReport}
"""What the kinds of lines have, by the names of the members that tell them."""

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
    """Why each other account is asked again: the code of its first failure."""
    extents: dict[AccountId, Extent] = field(default_factory=dict)
    """How much the line has that counts."""
    unread: dict[AccountId, Account] = field(default_factory=dict)
    """The accounts whose last line has words that this version does not know: they are asked again."""

    def start(self, started: AuditStarted) -> None:
        """Remember that the audit has started."""
        self.header = replace(self.header, started=started)

    def note(self, report: AccountReport, *, place: int) -> None:
        """Remember where a report begins, unless the account's report before it has more.

        An account that was read, and refuses the role or is suspended when it is asked again, keeps what was read.
        """
        account, extent = report.account.id, extent_of(report)
        self.unread.pop(account, None)
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

    def pass_over(self, account: Account) -> None:
        """Remember an account whose line can't be read here: it is not finished, and an earlier line counts on."""
        self.unread[account.id] = account
        self.complete.discard(account.id)
        self.failed[account.id] = "written by a later version"


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
        else:
            _take(content, line, place=place, file=file)
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
            yield _read_report(line)


def _header(file: JournalFile, line: bytes) -> Header:
    try:
        if is_whole(line):
            return read_header(line)
    except ValueError as error:
        raise ConfigurationError(f"{file.path} is not a journal that can be resumed: {error}.") from error
    raise _no_journal(file)


def _take(content: Content, line: bytes, *, place: int, file: JournalFile) -> None:
    try:
        if content.header.started is None:
            content.start(read_started(line))
        else:
            _note(content, line, place=place)
    except ValueError as error:
        if not _is_of_later_kind(line):
            raise ConfigurationError(
                f"{file.path} is not a journal of this version: the line at byte {place} can't be read: {error}."
            ) from error


def _note(content: Content, line: bytes, *, place: int) -> None:
    try:
        content.note(_read_report(line), place=place)
    except UnknownWordError as error:
        content.pass_over(error.value.account)


def _is_of_later_kind(line: bytes) -> bool:
    names = names_in(line) - {CHECKSUM}
    return bool(names) and not names & KINDS.keys()


def _read_report(line: bytes) -> AccountReport:
    return decode(AccountReport, line, name="report")


def _no_journal(file: JournalFile) -> ConfigurationError:
    return ConfigurationError(f"{file.path} is not a journal: it does not begin as one.")

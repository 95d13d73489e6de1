"""What is in a journal: how the audit was begun, and where the report of each account is."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial, reduce

from auditor.errors import ConfigurationError
from auditor.journal.file import JournalFile
from auditor.journal.format import CHECKSUM, UnknownWordError, decode, encode, is_named, is_whole, line_of, names_in
from auditor.journal.header import FirstLine, Header, SecondLine, read_header, read_started
from auditor.model.facts import Account, AccountId
from auditor.model.merge import merged
from auditor.model.progress import AuditStarted
from auditor.model.report import AccountReport

_REPORT = "report"
_FIRST = "first_reading"
KINDS: Mapping[str, type] = {
    "header": FirstLine,
    "started": SecondLine,
    _REPORT: AccountReport,
    _FIRST: AccountReport,
}
"""What the kinds of lines have, by the names of the members that tell them."""


@dataclass(slots=True)
class Content:
    """A journal's header and accounts; an account that was read more than once has all that its readings have."""

    header: Header
    report_at: Callable[[int], AccountReport]
    """The report whose line begins at that byte; blocks."""
    places: dict[AccountId, tuple[int, ...]] = field(default_factory=dict)
    """At which bytes the lines of each account begin, in the order of the accounts' last lines."""
    complete: set[AccountId] = field(default_factory=set)
    """The accounts of which nothing is missing."""
    excluded: set[AccountId] = field(default_factory=set)
    """Those of the complete ones that the filters left out."""
    failed: dict[AccountId, str] = field(default_factory=dict)
    """Why each other account is asked again: the code of its first failure."""
    first: dict[AccountId, int] = field(default_factory=dict)
    """Where the first readings begin of accounts that were to be asked once more, and have had no report since."""
    unread: dict[AccountId, Account] = field(default_factory=dict)
    """The accounts whose last line has words that this version does not know: they are asked again."""

    def start(self, started: AuditStarted) -> None:
        """Remember that the audit has started."""
        self.header = replace(self.header, started=started)

    def note(self, report: AccountReport, *, place: int) -> None:
        """Remember where a report begins, and whether anything is missing of its account now."""
        account = report.account.id
        self.unread.pop(account, None)
        # The report has what was read first, too.
        self.first.pop(account, None)
        earlier = self.places.pop(account, ())
        self.places[account] = (*earlier, place)
        whole = self._whole(earlier, report)
        self.complete.discard(account)
        self.excluded.discard(account)
        self.failed.pop(account, None)
        if whole.excluded:
            self.excluded.add(account)
        if whole.complete:
            self.complete.add(account)
        else:
            self.failed[account] = whole.failures[0].code if whole.failures else ""

    def pass_over(self, account: Account) -> None:
        """Remember an account whose line can't be read here: it is not finished, and an earlier line counts on."""
        self.unread[account.id] = account
        self.complete.discard(account.id)
        self.excluded.discard(account.id)
        self.failed[account.id] = "written by a later version"

    def reports(self, lines: Iterable[tuple[int, bytes]]) -> Iterator[AccountReport]:
        """The report of each account, in the order of the accounts' last lines; all lines of the file must be given."""
        earlier = {places[-1]: places[:-1] for places in self.places.values()}
        for place, line in lines:
            if place in earlier:
                yield self._whole(earlier[place], _read_report(line))

    def _whole(self, earlier: Iterable[int], report: AccountReport) -> AccountReport:
        return reduce(merged, [*map(self.report_at, earlier), report])


def report_line(report: AccountReport) -> bytes:
    """A report as a line of the journal."""
    return line_of(_REPORT, encode(report))


def first_line(report: AccountReport) -> bytes:
    """What was read first of an account as a line of the journal; earlier versions pass over it."""
    return line_of(_FIRST, encode(report))


def read_content(file: JournalFile) -> Content:
    """All that the file holds; a torn last line is cut off, since what it tells was never told to be done.

    Raises:
        ConfigurationError: It is no journal of a version that is read, or it is damaged before its end.
        WriteError: The torn line could not be cut off.
    """
    content: Content | None = None
    torn: int | None = None
    for place, line in file.lines():
        if torn is not None:
            raise ConfigurationError(f"{file.path} is not a whole journal: it is damaged at byte {torn}.")
        if content is None:
            content = Content(_header(file, line), partial(report_at, file))
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


def report_at(file: JournalFile, place: int) -> AccountReport:
    """The report, or first reading, whose line begins at that byte of the file; blocks."""
    return _read_report(file.line_at(place))


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
    first = is_named(line, _FIRST)
    try:
        report = _read_report(line)
    except UnknownWordError as error:
        # An account that has a first reading alone is asked anew in any case.
        if not first:
            content.pass_over(error.value.account)
        return
    if first:
        content.first[report.account.id] = place
    else:
        content.note(report, place=place)


def _is_of_later_kind(line: bytes) -> bool:
    names = names_in(line) - {CHECKSUM}
    return bool(names) and not names & KINDS.keys()


def _read_report(line: bytes) -> AccountReport:
    return decode(AccountReport, line, name=_FIRST if is_named(line, _FIRST) else _REPORT)


def _no_journal(file: JournalFile) -> ConfigurationError:
    return ConfigurationError(f"{file.path} is not a journal: it does not begin as one.")

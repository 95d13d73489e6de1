"""What is in a journal: its header, and where the last line of each account is."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from auditor.errors import ConfigurationError
from auditor.journal.codec import decode, encode
from auditor.journal.file import JournalFile
from auditor.journal.header import Header, read_header
from auditor.journal.lines import is_whole, line_of, value_of
from auditor.models import AccountId, AccountReport


@dataclass(slots=True)
class Content:
    """A journal's header and accounts; the later line of an account wins."""

    header: Header
    places: dict[AccountId, int] = field(default_factory=dict)
    """At which byte the last line of each account begins, in the order of those lines."""
    complete: set[AccountId] = field(default_factory=set)
    """The accounts of which nothing is missing."""

    def note(self, report: AccountReport, *, place: int) -> None:
        """Remember where a report begins."""
        account = report.account.id
        self.places.pop(account, None)
        self.places[account] = place
        if report.complete:
            self.complete.add(account)
        else:
            self.complete.discard(account)


def report_line(report: AccountReport) -> bytes:
    """A report as a line of the journal."""
    return line_of("report", encode(report))


def read_content(file: JournalFile) -> Content:
    """All that the file holds; a torn last line is cut off, since its account was never told to be finished.

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
        elif is_whole(line):
            content.note(_report(file, line, place=place), place=place)
        else:
            torn = place
            continue
        file.size = place + len(line)
    if content is None:
        raise _no_journal(file)
    if torn is not None:
        file.cut(torn)
    return content


def last_reports(file: JournalFile, content: Content) -> Iterator[AccountReport]:
    """The last report of each account, in the order of their lines, one in memory at a time."""
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


def _report(file: JournalFile, line: bytes, *, place: int) -> AccountReport:
    try:
        return decode(AccountReport, value_of(line, name="report"))
    except ValueError as error:
        raise ConfigurationError(
            f"{file.path} is not a journal of this version: at byte {place} is {error}."
        ) from error


def _no_journal(file: JournalFile) -> ConfigurationError:
    return ConfigurationError(f"{file.path} is not a journal, or was torn before an account was finished.")

"""What an audit has finished, on the disk: the journal from which an interrupted one goes on."""

from auditor.journal.agreement import check_agreement
from auditor.journal.header import Header
from auditor.journal.writer import JournalWriter, journal_path, open_journal, reopen_journal

__all__ = ["Header", "JournalWriter", "check_agreement", "journal_path", "open_journal", "reopen_journal"]

"""What an audit has finished, on the disk: the journal from which an interrupted one is resumed."""

from auditor.journal.header import FreeSettings, Header
from auditor.journal.resume_options import check_agreement
from auditor.journal.writer import JournalWriter, open_journal, reopen_journal

__all__ = ["FreeSettings", "Header", "JournalWriter", "check_agreement", "open_journal", "reopen_journal"]

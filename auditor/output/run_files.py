"""All files of a new run, claimed in one go: either all five names are its own, or none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from auditor.config import AuditConfig
from auditor.errors import AuditError
from auditor.files.private_file import PrivateFile, close_all
from auditor.files.run_names import RunNames, claim
from auditor.journal.file import JournalFile
from auditor.journal.header import Header, header_of
from auditor.journal.writer import JournalWriter, create_journal, journal_of
from auditor.output import CsvWriter, Writer
from auditor.output.csv import create_tables, csv_writer_of


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The open files of a run."""

    csv: CsvWriter
    journal: JournalWriter

    @property
    def writers(self) -> tuple[Writer, ...]:
        """Both, in the order in which they must be given to `run_audit`."""
        return (self.csv, self.journal)


@asynccontextmanager
async def open_run_files(directory: Path, *, config: AuditConfig) -> AsyncIterator[RunFiles]:
    """Four CSV files and a journal in `directory`, which is made where it is missing, with one second in their names.

    What `open_csv_writer` and `open_journal` promise of them holds; a name of any of the five that is taken makes all
    of them have the next second's.

    Raises:
        ConfigurationError: There can be no such directory, or nothing can be written in it.
    """
    header = header_of(config, at=datetime.now(UTC))
    tables, file = await claim(directory, create=partial(_create, header=header, bom=config.csv_bom))
    async with csv_writer_of(tables, labels=config.labels) as csv, journal_of(file, header) as journal:
        yield RunFiles(csv, journal)


def _create(names: RunNames, *, header: Header, bom: bool) -> tuple[tuple[PrivateFile, ...], JournalFile]:
    tables = create_tables(names, bom=bom)
    try:
        # The last one: whoever resumes a journal has its CSV files replaced, and they must be this run's.
        return tables, create_journal(names.journal, header)
    except (OSError, AuditError):
        close_all(tables, keep=False)
        raise

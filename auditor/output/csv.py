"""The three CSV files of a run, as a writer: findings, events that took place, and coverage."""

from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from anyio import to_thread

from auditor.config import Labels
from auditor.errors import WriteError
from auditor.files.private_file import PrivateFile, close_all, closing
from auditor.files.run_names import RunNames, claim
from auditor.model.report import AccountReport
from auditor.output.csv_text import account_texts, header_texts


class CsvWriter:
    """Appends the rows of whole accounts to three files; an account's rows are there entirely, or not at all."""

    def __init__(self, tables: Sequence[PrivateFile], *, labels: Labels) -> None:
        self._tables = tables
        self._labels = labels
        self.used = False
        """Whether a report is in it."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of findings, of events, and of coverage."""
        return tuple(table.path for table in self._tables)

    async def write(self, report: AccountReport) -> None:
        """Append the account's rows to the files and hand them to the operating system.

        Raises:
            WriteError: They could not be written; the rows of the accounts before are whole.
        """
        await self.write_all([report])

    async def write_all(self, reports: Sequence[AccountReport]) -> None:
        """Append the rows of several accounts, as `write` does with one: all of them, or none."""
        await to_thread.run_sync(self._append, account_texts(reports, labels=self._labels))

    def _append(self, texts: Sequence[bytes]) -> None:
        sizes = [table.size for table in self._tables]
        try:
            for table, text in zip(self._tables, texts, strict=True):
                table.append(text)
        except WriteError:
            with ExitStack() as stack:  # one that can't be cut back leaves no other uncut
                for table, size in zip(self._tables, sizes, strict=True):
                    stack.callback(table.cut, size)
            raise
        self.used = True


@asynccontextmanager
async def open_csv_writer(
    directory: Path | str, *, labels: Labels = Labels.ES, bom: bool = False
) -> AsyncIterator[CsvWriter]:
    """Three new files in `directory`, which is made where it is missing; their headers are written at once.

    The files are readable by their owner only, and never one that was there before: a name that is taken, a link put
    in its place too, is left alone, and the next second's is used. Where the block fails before the first report, they
    are removed: an empty table would say that there is nothing. With `bom` they begin with UTF-8's byte order mark.

    Raises:
        ConfigurationError: There can be no such directory, or nothing can be written in it.
    """
    tables = await claim(Path(directory), create=partial(create_tables, bom=bom))
    async with csv_writer_of(tables, labels=labels) as writer:
        yield writer


@asynccontextmanager
async def csv_writer_of(tables: Sequence[PrivateFile], *, labels: Labels) -> AsyncIterator[CsvWriter]:
    """A writer of tables that were just created; they are closed, or removed, as `open_csv_writer` promises."""
    writer = CsvWriter(tables, labels=labels)
    async with closing(tables, used=lambda: writer.used):
        yield writer


def create_tables(names: RunNames, *, bom: bool = False) -> tuple[PrivateFile, ...]:
    """New files with their headers; blocks.

    Raises:
        FileExistsError: One of the names is taken.
        OSError: There can be no such file.
        WriteError: A header could not be written.
    """
    tables: list[PrivateFile] = []
    try:
        for path, header in zip(names.tables, header_texts(bom=bom), strict=True):
            tables.append(PrivateFile(path))
            tables[-1].append(header)
    except (OSError, WriteError):
        close_all(tables, keep=False)
        raise
    return tuple(tables)

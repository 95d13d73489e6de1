"""The CSV files of a resumed audit: made anew, with the rows of all accounts."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from auditor.config import Labels
from auditor.errors import ConfigurationError, WriteError
from auditor.files.private_file import PrivateFile, close_all, sync_directory
from auditor.model.report import AccountReport
from auditor.output.csv_text import account_texts, header_texts


def check_rendering(paths: Sequence[Path]) -> None:
    """Raise ConfigurationError where `render_csv_files` could not make its files; leaves nothing behind, and blocks."""
    try:
        close_all(_create(paths), keep=False)
    except (OSError, WriteError) as error:
        raise ConfigurationError(f"Nothing can be written in {paths[0].parent}: {_reason(error)}.") from error


def render_csv_files(
    paths: Sequence[Path], reports: Iterable[AccountReport], *, labels: Labels, bom: bool = False
) -> None:
    """Replace the CSV files by ones with the rows of these reports, in their order; blocks.

    Each is written beside its place and put there once it is on the disk: whoever reads meanwhile sees the old files
    or the new ones, and they are readable by their owner only.

    Raises:
        WriteError: They could not be written; the old ones may still be there.
    """
    try:
        tables = _create(paths)
        try:
            for table, text in zip(tables, header_texts(bom=bom), strict=True):
                table.append(text)
            _write(tables, reports, labels=labels)
            for table, path in zip(tables, paths, strict=True):
                table.path.replace(path)
            sync_directory(paths[0].parent)
        finally:
            close_all(tables, keep=False)  # those that are in their places have no other name to be removed
    except (OSError, WriteError) as error:
        raise WriteError(f"{paths[0]} could not be made anew: {_reason(error)}.") from error


def _create(paths: Sequence[Path]) -> tuple[PrivateFile, ...]:
    """An empty file beside each of the places."""
    tables: list[PrivateFile] = []
    try:
        for path in paths:
            beside = path.with_name(f".{path.name}.unfinished")
            beside.unlink(missing_ok=True)  # of a run that was killed here
            tables.append(PrivateFile(beside))
    except OSError:
        close_all(tables, keep=False)
        raise
    return tuple(tables)


def _write(tables: Sequence[PrivateFile], reports: Iterable[AccountReport], *, labels: Labels) -> None:
    for report in reports:
        for table, text in zip(tables, account_texts([report], labels=labels), strict=True):
            table.append(text)
    for table in tables:
        table.sync()


def _reason(error: OSError | WriteError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error).removesuffix(".")

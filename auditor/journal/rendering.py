"""The CSV files of an audit that was cut off and went on: made anew from its journal."""

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from auditor.config import Labels
from auditor.errors import ConfigurationError, WriteError
from auditor.journal.file import sync_directory
from auditor.models import AccountReport
from auditor.writers.csv import FILES, account_texts, line

_NAME = re.compile(r"audit_(\d{8}_\d{6})\.journal\.jsonl", re.ASCII)


def csv_paths(journal: Path) -> tuple[Path, ...]:
    """The CSV files of the run that made this journal; raises ConfigurationError where its name doesn't tell them."""
    moment = _NAME.fullmatch(journal.name)
    if moment is None:
        raise ConfigurationError(
            f"{journal} is not named as an audit names its journal, audit_YYYYMMDD_HHMMSS.journal.jsonl: the names of "
            "the CSV files come from it."
        )
    return tuple(journal.with_name(f"{name}_{moment[1]}.csv") for name, _ in FILES)


def render_csv_files(paths: Sequence[Path], reports: Iterable[AccountReport], *, labels: Labels) -> None:
    """Replace the CSV files by ones with the rows of these reports, in their order; blocks.

    Each is written beside its place and put there once it is on the disk: whoever reads meanwhile sees the old files
    or the new ones, and they are readable by their owner only.

    Raises:
        WriteError: They could not be written; the old ones may still be there.
    """
    unfinished = [path.with_name(f".{path.name}.unfinished") for path in paths]
    try:
        _write(unfinished, reports, labels=labels)
        for new, path in zip(unfinished, paths, strict=True):
            new.replace(path)
        sync_directory(paths[0].parent)
    except OSError as error:
        raise WriteError(f"{paths[0]} could not be made anew: {error.strerror or error}.") from error
    finally:
        for path in unfinished:
            path.unlink(missing_ok=True)


def _write(paths: Sequence[Path], reports: Iterable[AccountReport], *, labels: Labels) -> None:
    with ExitStack() as stack:
        files = []
        for path, (_, columns) in zip(paths, FILES, strict=True):
            path.unlink(missing_ok=True)  # of a run that was killed here
            file = stack.enter_context(
                open(path, "x", encoding="utf-8", errors="backslashreplace", newline="", opener=_open_private)
            )
            file.write(line(columns))
            files.append(file)
        for report in reports:
            for file, text in zip(files, account_texts([report], labels=labels), strict=True):
                file.write(text)
        for file in files:
            file.flush()
            os.fsync(file.fileno())


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)

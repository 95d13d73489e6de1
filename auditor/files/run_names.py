"""The names of one run's files: four CSV files and a journal, with the same second in all five."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import to_thread

from auditor.errors import ConfigurationError, WriteError

T = TypeVar("T")

TABLES = ("iam_audit_report", "cloudtrail_events", "coverage", "iam_users")
"""What the names of the CSV files begin with: findings, events that took place, coverage, users."""
_JOURNAL = re.compile(r"audit_(\d{8}_\d{6})\.journal\.jsonl", re.ASCII)


@dataclass(frozen=True, slots=True)
class RunNames:
    """Where the files of one run are."""

    directory: Path
    second: str
    """When the run began, in UTC: YYYYMMDD_HHMMSS."""

    @property
    def tables(self) -> tuple[Path, ...]:
        """The CSV files, in the order of `TABLES`."""
        return tuple(self.directory / f"{name}_{self.second}.csv" for name in TABLES)

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.directory / f"audit_{self.second}.journal.jsonl"


def names_beside(journal: Path) -> RunNames:
    """The names of the run that made this journal; raises ConfigurationError where its name doesn't tell them."""
    found = _JOURNAL.fullmatch(journal.name)
    if found is None:
        raise ConfigurationError(
            f"{journal} is not named as an audit names its journal, audit_YYYYMMDD_HHMMSS.journal.jsonl: the names of "
            "the CSV files come from it."
        )
    return RunNames(journal.parent, found[1])


async def claim(directory: Path, *, create: Callable[[RunNames], T]) -> T:
    """What `create` makes under the names of this second or, where one is taken, of the first one that is free.

    The directory is made where it is missing. `create` runs in a thread; it raises FileExistsError for a name that is
    taken, and leaves nothing behind where it raises.

    Raises:
        ConfigurationError: There can be no such directory, or nothing can be written in it.
    """
    try:
        await to_thread.run_sync(_make, directory)
        return await _claimed(directory, create=create)
    except OSError as error:
        raise ConfigurationError(f"Nothing can be written in {directory}: {error.strerror or error}.") from error
    except WriteError as error:
        raise ConfigurationError(str(error)) from error


async def _claimed(directory: Path, *, create: Callable[[RunNames], T]) -> T:
    moment = datetime.now(UTC)
    while True:
        try:
            return await to_thread.run_sync(create, RunNames(directory, f"{moment:%Y%m%d_%H%M%S}"))
        except FileExistsError:
            moment = moment.replace(microsecond=0) + timedelta(seconds=1)
            await anyio.sleep((moment - datetime.now(UTC)).total_seconds())


def _make(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)

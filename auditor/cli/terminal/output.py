"""What a command says on stderr while it works, to people or to machines; results go to stdout."""

import logging
from datetime import timedelta
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from auditor.errors import ConfigurationError

if TYPE_CHECKING:
    from auditor.cli.opening import OpenAudit
    from auditor.model.progress import ProgressEvent


def check_loudness(*, quiet: bool, verbose: bool) -> None:
    """Raise ConfigurationError where both are wanted."""
    if quiet and verbose:
        raise ConfigurationError("--quiet and --verbose say the opposite of each other: give one of them.")


class LogFormat(StrEnum):
    """Who reads stderr: people, or machines that want one JSON object a line."""

    TEXT = "text"
    JSON = "json"


class Display(Protocol):
    """An observer that shows how one run goes, for as long as its block runs."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def open(self, audit: "OpenAudit") -> None:
        """Take note of the run, whose files are open: of what was finished before, too."""

    def __call__(self, event: "ProgressEvent") -> None:
        """Show one event."""


class Output(Protocol):
    """Where a command says what it has to say."""

    @property
    def handler(self) -> logging.Handler:
        """What log records go to."""

    def display(self) -> Display:
        """What shows a run."""

    def say(self, message: str) -> None:
        """One sentence that is said however quiet the command is: why and how it ended before its end."""


def counted(number: int, noun: str, *, plural: str = "") -> str:
    """The number, grouped by thousands, with its noun: 1 account, 2 accounts."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def clock(seconds: float) -> str:
    """Hours, minutes and seconds, as the progress bar has them."""
    return str(timedelta(seconds=round(seconds)))

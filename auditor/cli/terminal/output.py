"""What a command says on stderr while it works, to people or to machines; results go to stdout.

A log record of another library becomes a sentence without a traceback; none shows a secret.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from auditor.aws.redaction import redacted, without_secrets
from auditor.errors import ConfigurationError

if TYPE_CHECKING:
    from auditor.cli.opening import OpenAudit
    from auditor.model.progress import ProgressEvent

_OWN = "auditor"
_LONGEST = 500


def check_loudness(*, quiet: bool, verbose: bool) -> None:
    """Raise ConfigurationError where both are wanted."""
    if quiet and verbose:
        raise ConfigurationError("--quiet and --verbose say the opposite of each other: give one of them.")


class LogFormat(StrEnum):
    """Who reads stderr: people, or machines that want one JSON object per line."""

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


def clock(seconds: float) -> str:
    """Hours, minutes and seconds, as the progress bar has them."""
    return str(timedelta(seconds=round(seconds)))


def is_own(record: logging.LogRecord) -> bool:
    """Whether this package has logged it."""
    return record.name == _OWN or record.name.startswith(f"{_OWN}.")


def is_told(record: logging.LogRecord, *, level: int) -> bool:
    """Whether it is for anybody to read: what other libraries say of their insides, credentials among it, is not."""
    return record.levelno >= (level if is_own(record) else max(level, logging.WARNING))


def sentence_of(record: logging.LogRecord) -> str:
    """What it says, in one line; where its values do not fit, without them.

    Other libraries put whole objects behind their first line.
    """
    try:
        text = record.getMessage()
    except (TypeError, ValueError, LookupError, AttributeError):
        text = str(record.msg)
    if is_own(record):
        return without_secrets(text)
    lines = redacted(text).split("\n")
    told = " ".join(next((line for line in lines if line.strip()), "").split())
    return told if len(told) <= _LONGEST else f"{told[:_LONGEST]}…"


def fields_of(record: logging.LogRecord) -> Mapping[str, str | int | float | bool]:
    """What one of ours tells beside its sentence, by `extra={"fields": …}`."""
    return getattr(record, "fields", {}) if is_own(record) else {}


def traceback_of(record: logging.LogRecord) -> str:
    """The traceback of a mistake of our own, empty where there is none; no other library's is ever told."""
    if not record.exc_info or not is_own(record):
        return ""
    return redacted(logging.Formatter().formatException(record.exc_info))

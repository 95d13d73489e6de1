"""What a log record tells on stderr: of other libraries' ones sentences without tracebacks, of any no secret."""

import logging
from collections.abc import Mapping

from auditor.aws.redaction import redacted, without_secrets

_OWN = "auditor"
_LONGEST = 500


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

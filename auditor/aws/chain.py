"""The one place where the SDK's credential chain is asked: whatever a provider raises there is the provider's fault."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from auditor.errors import AuditError

T = TypeVar("T")

_LOGGERS = ("aiobotocore.credentials", "aiobotocore.tokens", "aiobotocore.utils", "botocore.credentials")


async def ask_chain(question: Callable[[], Awaitable[T]], *, explain: Callable[[Exception], AuditError]) -> T:
    """What the chain answers.

    Raises:
        AuditError: As `explain` has it, for any exception of the chain; with no cause, whose text may hold a secret.
    """
    try:
        with _unheard():
            return await question()
    # A provider is a program, a prompt, a file or a class of a caller's own: it may raise anything, and none of it is a
    # mistake of ours.
    except Exception as error:  # noqa: BLE001 - said above
        raise explain(error) from None


@contextmanager
def _unheard() -> Iterator[None]:
    """Leave unlogged what the SDK says of a failure before it raises it, with a traceback, and tokens in it."""

    def is_detail(record: logging.LogRecord) -> bool:
        return record.levelno < logging.WARNING

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(is_detail)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_detail)

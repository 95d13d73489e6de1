"""Whatever a credential provider raises is its fault, and what the SDK says of it is not logged."""

import asyncio
import logging

import pytest

from auditor.aws.credentials import ask_chain
from auditor.errors import AuditError, CallerError

pytestmark = pytest.mark.anyio

SECRET = "wJalrXUtnFEMI"
LOGGERS = ("aiobotocore.credentials", "aiobotocore.tokens")


def explained(error: Exception) -> AuditError:
    """The error of the audit for whatever was raised."""
    return CallerError(f"It was {type(error).__name__}.")


async def fail(error: BaseException) -> None:
    """Fail as the SDK does: with a traceback in its log first."""
    for name in LOGGERS:
        logging.getLogger(name).warning("Refreshing %s failed.", SECRET, exc_info=error)
    raise error


@pytest.mark.parametrize(
    "error", [RuntimeError(SECRET), EOFError(), KeyError(SECRET), ExceptionGroup("two", [OSError(), ValueError()])]
)
async def test_any_exception_of_a_provider_is_explained(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """It has no cause whose text could be shown, and nobody reads of it twice."""
    with pytest.raises(CallerError, match=type(error).__name__) as caught:
        await ask_chain(lambda: fail(error), explain=explained)
    assert (None, True) == (caught.value.__cause__, caught.value.__suppress_context__)
    assert [] == caplog.records


@pytest.mark.parametrize("error", [KeyboardInterrupt(), asyncio.CancelledError()])
async def test_an_interruption_is_no_fault(error: BaseException) -> None:
    """Ctrl-C at a prompt, and a run that is cut off, go on as they are."""
    with pytest.raises(type(error)):
        await ask_chain(lambda: fail(error), explain=explained)


async def test_the_sdks_loggers_are_as_they_were(caplog: pytest.LogCaptureFixture) -> None:
    """Behind a question to the chain the SDK's loggers say what they have to say."""

    async def answer() -> int:
        return 1

    assert await ask_chain(answer, explain=explained) == 1
    for name in LOGGERS:
        assert [] == logging.getLogger(name).filters
        logging.getLogger(name).warning("heard")
    assert 2 == len(caplog.records)

"""What all tests share: the event loop's kind, an environment without AWS, logging as it was, no blocked loop."""

import logging
import os
import signal
from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import settings

_FOREIGN = ("AWS_", "BOTO_", "AUDITOR_")
_PROXIES = frozenset({"http_proxy", "https_proxy", "no_proxy", "all_proxy", "requests_ca_bundle"})

# A busy machine makes an example slow, and no property wrong.
settings.register_profile("without deadlines", deadline=None)
settings.load_profile("without deadlines")


@pytest.fixture
def anyio_backend() -> str:
    """The SDK's HTTP session needs asyncio."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def interruptible_session() -> None:
    """Ctrl-C works in tests, and in the commands that they start, where the tests run in the background too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def clean_aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credential, endpoint, proxy, configuration file or variable of an option reaches a test from the machine."""
    for name in os.environ:
        if name.startswith(_FOREIGN) or name.lower() in _PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that a test runs takes the process's logging, which is given back as it was found."""
    loggers = [logging.getLogger(), logging.getLogger("auditor")]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    logging.captureWarnings(capture=False)
    for logger, handlers, level, propagate in before:
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.fixture(autouse=True)
def no_blocking() -> Iterator[BlockBuster]:
    """Fail a test in which the package blocks the event loop.

    The SDK reads the small files of its credential chain where it is asked for credentials: once, and before the first
    request. And wherever a semaphore is collected, a line is written to the pipe of the process that removes it.
    """
    with blockbuster_ctx(scanned_modules=["auditor"]) as blockbuster:
        for function in blockbuster.functions.values():
            function.can_block_in("aiobotocore/session.py", {"get_credentials"})
            function.can_block_in("aiobotocore/credentials.py", {"get_frozen_credentials"})
            function.can_block_in("_resource_tracker.py", {"_write"})
        yield blockbuster

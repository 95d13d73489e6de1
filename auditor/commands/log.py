"""What is logged on stderr, and what never is."""

import logging

from rich.console import Console

from auditor.console import ConsoleHandler

_VERBOSE_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def configure_logging(console: Console, *, quiet: bool, verbose: bool) -> None:
    """Log of this package on stderr; the SDK's own never below INFO, where it prints credentials."""
    handler = ConsoleHandler(console)
    handler.setFormatter(logging.Formatter(_VERBOSE_LINE if verbose else "%(message)s"))
    level = logging.ERROR if quiet else logging.DEBUG if verbose else logging.WARNING
    for name, lowest in (
        ("auditor", logging.DEBUG),
        ("botocore", logging.INFO),
        ("aiobotocore", logging.INFO),
    ):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(max(level, lowest))
        logger.propagate = False

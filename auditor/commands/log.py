"""What is logged on stderr, and what never is."""

import logging

from auditor.commands.console import ConsoleOutput
from auditor.commands.json_lines import JsonOutput
from auditor.commands.output import LogFormat, Output
from auditor.commands.streams import guarded_stderr


def open_output(log_format: LogFormat = LogFormat.TEXT, *, quiet: bool = False, verbose: bool = False) -> Output:
    """What a command says on stderr, this package's log and the SDK's too; where nobody can read it, nothing is said.

    The SDK's own log is never shown below INFO, where it prints credentials.
    """
    output = _output(log_format, quiet=quiet, verbose=verbose)
    level = logging.ERROR if quiet else logging.DEBUG if verbose else logging.WARNING
    for name, lowest in (
        ("auditor", logging.DEBUG),
        ("botocore", logging.INFO),
        ("aiobotocore", logging.INFO),
    ):
        logger = logging.getLogger(name)
        logger.addHandler(output.handler)
        logger.setLevel(max(level, lowest))
        logger.propagate = False
    return output


def _output(log_format: LogFormat, *, quiet: bool, verbose: bool) -> Output:
    stderr = guarded_stderr()
    if log_format is LogFormat.JSON:
        level = logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO
        return JsonOutput(stderr, level=level)
    return ConsoleOutput(stderr.console(), quiet=quiet, verbose=verbose)

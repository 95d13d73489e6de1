"""What is logged on stderr, and what never is."""

import logging
from functools import partial

from auditor.cli.terminal.console import ConsoleOutput
from auditor.cli.terminal.json_log import JsonOutput
from auditor.cli.terminal.output import LogFormat, Output, is_told
from auditor.cli.terminal.streams import guarded_stderr

_HANDLER = "auditor-output"


def open_output(log_format: LogFormat = LogFormat.TEXT, *, quiet: bool = False, verbose: bool = False) -> Output:
    """What a command says on stderr, with all that is logged in its process; a stderr that is closed loses it.

    Whatever another library logs, a warning too, goes the same way: by itself it would write tracebacks, and with them
    session tokens. An output that was opened before hears nothing more.
    """
    output = _output(log_format, quiet=quiet, verbose=verbose)
    level = logging.ERROR if quiet else logging.DEBUG if verbose else logging.WARNING
    output.handler.set_name(_HANDLER)
    output.handler.addFilter(partial(is_told, level=level))
    own, root = logging.getLogger("auditor"), logging.getLogger()
    for logger in (own, root):
        for handler in [before for before in logger.handlers if before.name == _HANDLER]:
            logger.removeHandler(handler)
        logger.addHandler(output.handler)
    own.setLevel(level)
    own.propagate = False
    logging.captureWarnings(capture=True)
    return output


def _output(log_format: LogFormat, *, quiet: bool, verbose: bool) -> Output:
    stderr = guarded_stderr()
    if log_format is LogFormat.JSON:
        level = logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO
        return JsonOutput(stderr, level=level)
    return ConsoleOutput(stderr.console(), quiet=quiet, verbose=verbose)

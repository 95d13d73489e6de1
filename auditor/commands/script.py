"""The script's own command line: options without a subcommand."""

from rich.console import Console

from auditor.commands.ending import exit_code_of
from auditor.commands.log import configure_logging
from auditor.script import run_script


def run_as_script() -> int:
    """The script's own command line; the exit code is that of `audit`."""
    errors = Console(stderr=True)
    configure_logging(errors, quiet=False, verbose=False)
    return exit_code_of(lambda _interruption: run_script().exit_code, errors=errors)

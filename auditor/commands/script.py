"""The script's own command line: options without a subcommand."""

from auditor.commands.ending import exit_code_of
from auditor.commands.log import open_output
from auditor.commands.streams import occupy_closed_descriptors
from auditor.script import run_script


def run_as_script() -> int:
    """The script's own command line; the exit code is that of `audit`."""
    occupy_closed_descriptors()
    return exit_code_of(lambda _interruption: run_script().exit_code, output=open_output())

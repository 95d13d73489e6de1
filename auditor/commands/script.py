"""The script's own command line: options without a subcommand."""

from auditor.commands.ending import one_sentence
from auditor.commands.log import open_output
from auditor.commands.streams import occupy_closed_descriptors
from auditor.script import run_script


def run_as_script() -> int:
    """The script's own command line; the exit code is that of `audit`.

    Raises:
        SystemExit: Nothing could be audited, or the options are wrong; why has been said.
    """
    occupy_closed_descriptors()
    with one_sentence(open_output()):
        return run_script().exit_code

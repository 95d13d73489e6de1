"""The script's own command line: options without a subcommand."""

from auditor.cli.terminal.leaving import at_once, leave_to_the_system
from auditor.cli.terminal.log import open_output
from auditor.cli.terminal.signals import one_sentence
from auditor.cli.terminal.streams import occupy_closed_descriptors
from auditor.compat.iam_audit import run_script


@at_once()
def run_as_script() -> int:
    """The script's own command line; the exit code is that of `audit`.

    Raises:
        SystemExit: Nothing could be audited, or the options are wrong; why has been said.
    """
    occupy_closed_descriptors()
    leave_to_the_system()
    with one_sentence(open_output()):
        return run_script().exit_code

"""`python -m auditor`: the command, or with options only, what the script did."""

import sys

from auditor.cli.app import run
from auditor.cli.terminal.process import begin_process, without_waiting_for_threads

_OF_THE_COMMAND = frozenset({"--help", "--version", "--install-completion", "--show-completion"})


@without_waiting_for_threads()
def _run_as_script() -> int:
    """The script's own command line, options without a subcommand; the exit code is that of `audit`."""
    begin_process()
    from auditor.cli.terminal.log import open_output  # noqa: PLC0415 - the command starts without
    from auditor.cli.terminal.signals import one_sentence  # noqa: PLC0415 - as above
    from auditor.compat import run_script  # noqa: PLC0415 - as above

    with one_sentence(open_output()):
        return run_script().exit_code


if __name__ == "__main__":
    first = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if first.startswith("-") and first not in _OF_THE_COMMAND:
        sys.exit(_run_as_script())
    run()

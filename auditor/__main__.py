"""`python -m auditor`: the command, or with options only, what the script did."""

import sys

from auditor.cli.app import run

_OF_THE_COMMAND = frozenset({"--help", "--version", "--install-completion", "--show-completion"})

if __name__ == "__main__":
    first = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if first.startswith("-") and first not in _OF_THE_COMMAND:
        from auditor.compat.entry import run_as_script

        sys.exit(run_as_script())
    run()

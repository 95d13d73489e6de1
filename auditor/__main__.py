"""`python -m auditor`: the command, or with options only, what the script did."""

import sys

from auditor.cli import run
from auditor.commands.script import run_as_script

if __name__ == "__main__":
    first = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if first.startswith("-") and first not in {"--help", "--version"}:
        sys.exit(run_as_script())
    run()

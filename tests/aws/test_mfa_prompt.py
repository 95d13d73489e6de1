"""An MFA code is asked for at a terminal, or not at all."""

import subprocess
import sys

_ASK = """
from auditor.aws.mfa_prompt import ask_for_code
try:
    ask_for_code("Code: ")
except EOFError:
    print("none")
"""


def test_without_a_terminal_nothing_is_written() -> None:
    """Neither the question, nor a warning of what would be seen."""
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        start_new_session=True,
        check=True,
        text=True,
    )

    assert ("none\n", "") == (done.stdout, done.stderr)

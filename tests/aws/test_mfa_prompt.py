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


def test_a_code_that_is_piped_in_is_taken() -> None:
    """A job has no terminal, and may have a code all the same."""
    program = _ASK.replace("    ask_for_code(", "    print(ask_for_code(").replace('"Code: ")', '"Code: "))')
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, input="123456\n", capture_output=True, start_new_session=True, check=True, text=True)

    assert ("123456\n", "") == (done.stdout, done.stderr)

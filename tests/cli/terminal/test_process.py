"""The end of the process after a second signal."""

import subprocess
import sys

import pytest

from auditor.cli.terminal.process import without_waiting_for_threads

PROGRAM = """
from threading import Event, Thread
from auditor.cli.terminal.signals import one_sentence
from auditor.cli.terminal.process import without_waiting_for_threads
from auditor.cli.terminal.log import open_output

Thread(target=Event().wait).start()
print("a line that nobody has flushed")
with without_waiting_for_threads(), one_sentence(open_output()):
    raise KeyboardInterrupt
"""


def test_a_thread_that_nobody_ends_is_not_waited_for() -> None:
    """Whoever presses Ctrl-C twice gets the prompt back, the exit code, and all that was said."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=False, capture_output=True, encoding="utf-8")
    assert (130, "a line that nobody has flushed\n", "Interrupted.\n") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("cause", [None, OSError()])
def test_any_other_end_is_python_s_own(cause: Exception | None) -> None:
    """What ends with an exit code for another reason ends as always."""
    with pytest.raises(SystemExit, match=r"^3$"), without_waiting_for_threads():
        raise SystemExit(3) from cause


@pytest.mark.parametrize(("handler", "expected"), [("default_int_handler", "SIG_DFL"), ("SIG_IGN", "SIG_IGN")])
def test_until_a_command_takes_it_ctrl_c_is_the_systems(handler: str, expected: str) -> None:
    """It ends the process without a traceback, unless it was ignored from the start."""
    program = (
        f"import signal; signal.signal(signal.SIGINT, signal.{handler})\n"
        "from auditor.cli.terminal.process import end_on_interrupt\n"
        f"end_on_interrupt(); print(signal.getsignal(signal.SIGINT) is signal.{expected})"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, encoding="utf-8")
    assert "True\n" == done.stdout

"""How the process ends by a signal: before a command takes signals, and after a second one."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def leave_to_the_system() -> None:
    """Let Ctrl-C end the process at once, until a command takes it: there is nothing yet that it could leave undone.

    Python would raise it in the middle of an import, and end with a traceback. One that was ignored from the start, as
    in the background of a shell's script, stays ignored.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def at_once() -> Iterator[None]:
    """End the process where a KeyboardInterrupt ended the block with an exit code, without waiting for its threads.

    It comes from a signal's handler, at any line: where a library had just started a thread, and did not yet know how
    to end it, Python would wait for that thread forever.
    """
    try:
        yield
    except SystemExit as ending:
        if isinstance(ending.__cause__, KeyboardInterrupt) and isinstance(ending.code, int):
            _flush()
            os._exit(ending.code)
        raise


def _flush() -> None:
    for stream in filter(None, (sys.stdout, sys.stderr)):  # a descriptor that was closed at the start has no stream
        with suppress(OSError, ValueError):
            stream.flush()

"""How the process of a command begins, and how a signal ends it: at first, and after a second Ctrl-C."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from auditor.cli.terminal.streams import occupy_closed_descriptors
from auditor.concurrency.collection import collect_seldom


def begin_process() -> None:
    """Make this process a command's own, before anything that a command needs is loaded."""
    occupy_closed_descriptors()
    end_on_interrupt()
    collect_seldom()


def end_on_interrupt() -> None:
    """Let Ctrl-C end the process silently until a command handles it.

    Python would raise KeyboardInterrupt in the middle of an import, and end with a traceback. A SIGINT that was ignored
    when the process started stays ignored, as in the background of a shell script.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def without_waiting_for_threads() -> Iterator[None]:
    """Exit without waiting for threads if a KeyboardInterrupt ended the block with an exit code.

    A signal handler raises it at any line. If a library had just started a thread and could not stop it yet, Python
    would wait for that thread forever.
    """
    try:
        yield
    except SystemExit as ending:
        if isinstance(ending.__cause__, KeyboardInterrupt) and isinstance(ending.code, int):
            _flush()
            os._exit(ending.code)
        raise


def _flush() -> None:
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None if the descriptor was closed at the start
        with suppress(OSError, ValueError):
            stream.flush()

"""The end of the process after a second signal, which waits for nothing."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def at_once() -> Iterator[None]:
    """End the process where a KeyboardInterrupt ended the block with an exit code, without waiting for its threads.

    It comes from a signal's handler, at any line: where a library had just started a thread, and did not yet know how
    to end it, Python would wait for that thread for ever.
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

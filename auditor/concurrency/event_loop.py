"""The event loop of a run: asyncio, on uvloop where it is installed (the extra `speed`)."""

import errno
import socket
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from importlib.util import find_spec
from threading import Event, Thread
from typing import TypeVar, TypeVarTuple

import anyio

from auditor.errors import AuditError

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


TOO_FEW_FILES = "this process may open too few files: allow more, with `ulimit -n 4096` for one"
_LEAST_FILES = 24
"""What an event loop, the files of a run, a connection to each service and a program that has credentials open."""
_LEAST_THREADS = 6
"""Those in which uvloop looks up names, without which it aborts the process, and two that files are written in."""


def run(work: Callable[[*Arguments], Awaitable[T]], *arguments: *Arguments) -> T:
    """What `work` returns, on an event loop of its own.

    Raises:
        AuditError: This process may open too few files for it, or start too few threads.
    """
    _check_files()
    _check_threads()
    options = {"use_uvloop": find_spec("uvloop") is not None}
    return anyio.run(work, *arguments, backend="asyncio", backend_options=options)


def is_out_of_files(error: OSError) -> bool:
    """Whether this process, or this machine, may open no more files."""
    return error.errno in {errno.EMFILE, errno.ENFILE}


def _check_files() -> None:
    """An event loop that can't have its own files ends in tracebacks."""
    try:
        with ExitStack() as stack:
            for _ in range(_LEAST_FILES):
                stack.enter_context(socket.socket())
    except OSError as error:
        if not is_out_of_files(error):
            raise
        raise AuditError(f"{TOO_FEW_FILES.capitalize()}.") from error


def _check_threads() -> None:
    """An event loop that can't have its own threads ends in tracebacks, or is ended."""
    over = Event()
    try:
        for _ in range(_LEAST_THREADS):
            Thread(target=over.wait, daemon=True).start()
    except RuntimeError as error:
        raise AuditError(
            "This process may start too few threads: allow more, with `ulimit -u 4096` for one."
        ) from error
    finally:
        over.set()

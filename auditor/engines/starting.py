"""How worker processes are started, and what each does first: no code comes from the current folder.

Processes are started by `-c` and `-m`, with which Python looks for modules in the current folder first: a `signal.py`
that lies there would run with the caller's credentials. PYTHONSAFEPATH keeps it out.
"""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from loky import ProcessPoolExecutor
from loky.backend import resource_tracker as loky_tracker
from loky.backend import spawn

from auditor.concurrency.collection import collect_seldom
from auditor.concurrency.event_loop import is_out_of_files
from auditor.errors import EngineError

_SAFE_PATH = "PYTHONSAFEPATH"
_WORKERS_ONLY = {_SAFE_PATH: "1", "LOKY_MAX_MEMORY_LEAK_SIZE": "1e18"}
"""Where psutil is installed, loky would take a worker whose memory grows for one that leaks, and start another."""
_STARTING = Lock()
"""Held while this process is not as it was."""


def start_processes(workers: int, *, lifeline: Connection, told: Connection) -> Executor:
    """An executor of so many processes, which start with the first work and end when the lifeline's other end closes.

    They have the file descriptor on which they tell, under the same number.

    Raises:
        EngineError: It can't be had, or helper processes would run what lies in the current folder.
        OSError: The helper processes could not be started, or this process may open no more files.
    """
    _start_trackers()
    inherited = {name: os.environ.get(name) for name in _WORKERS_ONLY}
    try:
        executor: Executor = ProcessPoolExecutor(
            workers, initializer=begin, initargs=(lifeline, told, inherited), env=_WORKERS_ONLY
        )
    except OSError as error:
        if is_out_of_files(error):
            raise
        reason = f"no semaphore can be made (on Linux in /dev/shm): {error.strerror}"
        raise EngineError(f"The worker processes could not be started: {reason}.") from error
    return executor


def _start_trackers() -> None:
    """Start the two processes that remove what dead processes leave, loky's and Python's, unless they run already.

    They take this process's environment and options. Started later, by what needs them, they would not be safe.
    """
    if sys.flags.ignore_environment and not sys.flags.safe_path:
        raise EngineError(
            "Python runs with -E, so that worker processes would run what lies in the current folder: give it -P, too."
        )
    with _STARTING, _variable(_SAFE_PATH, "1"):
        loky_tracker.ensure_running()
        resource_tracker.ensure_running()


@contextmanager
def workers_path() -> Iterator[None]:
    """Workers that start in the block look for modules where this process does, but not in the current folder."""
    prepare = spawn.get_preparation_data

    def prepare_safely(*arguments: Any, **options: Any) -> dict[str, object]:  # noqa: ANN401 - whatever loky gives
        path = safe_path()
        return {**prepare(*arguments, **options), "sys_path": path}

    with _STARTING:
        spawn.get_preparation_data = prepare_safely
        try:
            yield
        finally:
            spawn.get_preparation_data = prepare


def safe_path() -> list[str]:
    """`sys.path` without the current folder; where this package lies there, the folder comes last.

    Raises:
        EngineError: The current folder is gone.
    """
    try:
        here = Path.cwd()
    except FileNotFoundError as error:
        raise EngineError("The worker processes could not be started: the current folder is gone.") from error
    home = str(Path(__file__).parents[2])
    kept = [entry for entry in sys.path if entry and not _is_same(Path(entry), here)]
    return kept if home in kept else [*kept, home]


def _is_same(folder: Path, other: Path) -> bool:
    try:
        return folder.samefile(other)
    except OSError:
        return False


@contextmanager
def _variable(name: str, value: str | None) -> Iterator[None]:
    before = os.environ.get(name)
    _set_variable(name, value)
    try:
        yield
    finally:
        _set_variable(name, before)


def _set_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def begin(lifeline: Connection, told: Connection, inherited: dict[str, str | None]) -> None:
    """Make a process a worker: Ctrl-C is for the process that began it, with whose environment it goes on and ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    collect_seldom()
    # Without a handler Python writes warnings on stderr, those of other libraries with their tracebacks.
    logging.getLogger().addHandler(logging.NullHandler())
    for name, value in inherited.items():
        _set_variable(name, value)
    try:
        Thread(target=_end_with_parent, args=(lifeline, told), daemon=True).start()
    except RuntimeError:
        # No more threads are allowed, and this process could not audit either: whoever began it says so.
        os._exit(1)


def _end_with_parent(lifeline: Connection, told: Connection) -> None:
    """Keep both connections open until the parent ends, and end with it."""
    with told:
        lifeline.poll(None)
    os._exit(1)

"""How many connections a run may have: two thirds of the files that its process may open, less what is open."""

import os
import resource

_SHARE = 2 / 3
"""The rest is for files, name lookups, and connections that are being closed."""


class Connections:
    """The connections that the services of a run share; a place for a request in flight stands for one."""

    def __init__(self, taken: int = 0) -> None:
        self._taken = taken

    def take(self, wanted: int) -> int:
        """So many more, or as many as there are.

        What the process has open is counted, too: another run may be in it, or whatever its owner does beside this.
        """
        taken = max(0, min(wanted, most_connections() - self._taken, free_connections()))
        self._taken += taken
        return taken


def most_connections() -> int:
    """Two thirds of the files that this process may have open (`ulimit -n`)."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Without a limit it is -1 on some systems, and a very large number on others.
    return int(_SHARE * (soft if soft >= 0 else 2**31))


def free_connections() -> int:
    """How many of these the process may still open."""
    return most_connections() - open_files()


def open_files() -> int:
    """How many files and sockets this process has open at least: a new one gets the lowest number that is free."""
    try:
        ends = os.pipe()
    except OSError:
        return most_connections()
    for end in ends:
        os.close(end)
    return min(ends)

"""How many requests of one service are in flight at once: as many as its distance and this CPU ask for.

Little's law (https://en.wikipedia.org/wiki/Little%27s_law): in flight at once is the rate of answers, times the seconds
that one takes. The rate is the one at which this thread would use up its CPU, handshakes included; it is known from
what the last answers took of it. The seconds are those of the quickest answer so far: what others took longer was their
own work, or the delay of a busy loop, which more requests in flight would only make longer.

A request in flight needs a connection, and a connection an open file. A run may use two thirds of the files that its
process may open, less what is open already.
"""

import math
import os
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from auditor.aws.limits.rate import Clock
from auditor.errors import RequestError

_SHARE_OF_FILES = 2 / 3
"""The rest is for files, name lookups, and connections that are being closed."""
_HEADROOM = 1.5
"""Slots for each that is needed: answers do not come evenly."""
_WORTH = 1.1
"""How many times what there is must be needed: a handshake costs more than several requests."""
_GROWTH = 3
"""At most so many times as many at once: what the last step brought is seen first."""
_FARTHEST = 0.5
"""Seconds to the far side of the earth and back. A service that takes longer is slow, and no better for being asked
more at once."""


class Connections:
    """The connections that the services of a run share; a slot for a request in flight stands for one."""

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
    return int(_SHARE_OF_FILES * (soft if soft >= 0 else 2**31))


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


class Slots:
    """The slots of one service's requests in flight: fixed at first, more where it is far away.

    After as many answers as there are slots it is looked at how many are needed. Where requests wait for one, and far
    more are needed, some are added. None is taken away again: a slot that nobody takes costs nothing.
    """

    def __init__(
        self,
        first: int,
        *,
        connections: Connections | None = None,
        clock: Clock = anyio.current_time,
        cpu: Clock = time.thread_time,
    ) -> None:
        """Begin with so many slots, and take more from the connections; without them the number stays.

        `cpu` tells the seconds of CPU that the loop's thread has used.
        """
        self._limiter = anyio.CapacityLimiter(first)
        self._connections = connections
        self._clock = clock
        self._cpu = cpu
        self._quickest = math.inf
        self._answers = 0
        self._spent = cpu()

    @property
    def total(self) -> int:
        """How many there are."""
        return int(self._limiter.total_tokens)

    @property
    def taken(self) -> int:
        """How many requests are in flight."""
        return self._limiter.borrowed_tokens

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A slot for the block, in which one request is sent: who came first gets one first."""
        async with self._limiter:
            sent_at = self._clock()
            try:
                yield
            except RequestError as error:
                if error.status:
                    self._answered()
                raise
            self._quickest = min(self._quickest, self._clock() - sent_at)
            self._answered()

    def _answered(self) -> None:
        self._answers += 1
        if self._connections is not None and self._answers >= self.total:
            self._look(self._connections)

    def _look(self, connections: Connections) -> None:
        spent = self._cpu()
        needed = self._needed(spent - self._spent)
        if needed > _WORTH * self.total and self._limiter.statistics().tasks_waiting:
            wanted = min(_HEADROOM * needed, _GROWTH * self.total)
            self._limiter.total_tokens += connections.take(round(wanted) - self.total)
        self._answers, self._spent = 0, spent

    def _needed(self, spent: float) -> float:
        return min(self._quickest, _FARTHEST) * self._answers / spent if spent > 0 else 0.0

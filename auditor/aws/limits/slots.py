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
from contextlib import AbstractAsyncContextManager
from types import TracebackType

import anyio

from auditor.aws.limits.rate import Clock, loop_time
from auditor.errors import RequestError

_SHARE_OF_FILES = 2 / 3
"""The rest is for files, name lookups, and connections that are being closed."""
_HEADROOM = 1.5
"""Slots for each that is needed: answers do not come evenly."""
_WORTH = 1.1
"""How many times what there is must be needed: a handshake costs more than several requests."""
_GROWTH = 3
"""At most so many times as many at once: what the last step brought is seen first."""
NEAR = 0.05
"""Seconds up to which the first slots are enough: they were chosen for 0.03."""
_FARTHEST = 0.5
"""Seconds to the far side of the earth and back. A service that takes longer is slow, and no better for being asked
more at once."""


class Connections:
    """The connections that the services of a run share; a slot for a request in flight stands for one."""

    def __init__(self, taken: int = 0) -> None:
        self._taken = taken

    def take(self, wanted: int) -> int:
        """Take as many more as are wanted, or as are left; returns how many.

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
    more are needed, some are added. None is taken away again: a free slot costs nothing.
    """

    def __init__(
        self,
        first: int,
        *,
        connections: Connections | None = None,
        clock: Clock = loop_time,
        cpu: Clock = time.thread_time,
    ) -> None:
        """Begin with so many slots, and take more from the connections; without them the number stays.

        `cpu` tells the seconds of CPU that the loop's thread has used.
        """
        self.total = first
        """How many there are."""
        # With a free slot it does not yield to the loop; a limiter does for each request.
        self._free = anyio.Semaphore(first, fast_acquire=True)
        self._connections = connections
        self._clock = clock
        self._cpu = cpu
        self._quickest = math.inf
        self._answers = 0
        self._spent = cpu()

    @property
    def taken(self) -> int:
        """How many requests are in flight."""
        return self.total - self._free.value

    @property
    def quickest(self) -> float:
        """Seconds of the quickest answer so far, infinite before the first."""
        return self._quickest

    def one(self) -> AbstractAsyncContextManager[None]:
        """A slot for the block, in which one request is sent; first come, first served."""
        return _Slot(self)

    async def take(self) -> float:
        """Wait for a slot; the time at which it was had."""
        await self._free.acquire()
        return self._clock()

    def give_back(self, error: BaseException | None, *, taken_at: float) -> None:
        """End what the slot was taken for, an answer or an error, and let it be taken again."""
        self._free.release()
        if error is None:
            self._quickest = min(self._quickest, self._clock() - taken_at)
            self._answered()
        elif isinstance(error, RequestError) and error.status:
            self._answered()

    def _answered(self) -> None:
        self._answers += 1
        if self._connections is not None and self._answers >= self.total:
            self._look(self._connections)

    def _look(self, connections: Connections) -> None:
        spent = self._cpu()
        needed = self._needed(spent - self._spent)
        is_far = self._quickest > NEAR
        if is_far and needed > _WORTH * self.total and self._free.statistics().tasks_waiting:
            wanted = min(_HEADROOM * needed, _GROWTH * self.total)
            self._add(connections.take(round(wanted) - self.total))
        self._answers, self._spent = 0, spent

    def _add(self, slots: int) -> None:
        self.total += slots
        for _ in range(slots):
            self._free.release()

    def _needed(self, spent: float) -> float:
        return min(self._quickest, _FARTHEST) * self._answers / spent if spent > 0 else 0.0


class _Slot:
    """A slot while it is taken; no generator, which costs more than all else that a request waits for here."""

    __slots__ = ("_slots", "_taken_at")

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._taken_at = 0.0

    async def __aenter__(self) -> None:
        self._taken_at = await self._slots.take()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._slots.give_back(error, taken_at=self._taken_at)

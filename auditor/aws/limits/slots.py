"""How many requests of one service are in flight at once: as many as its distance and this CPU ask for.

Where requests wait for a slot, and the loop's thread does not use up its CPU, more in flight would: those that took
half of it need to be twice as many. Little's law (https://en.wikipedia.org/wiki/Little%27s_law) says where that ends:
in flight at once is the rate of answers, times the seconds that one takes. The rate is the one at which the thread uses
up its CPU, handshakes included. The seconds are those of the quickest answer so far: what others took longer was their
own work, or the delay of a busy loop, which more requests in flight would only make longer.

A request in flight needs a connection, and a connection an open file. A run may use two thirds of the files that its
process may open, less what is open already.
"""

import math
import os
import resource
import time
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType

import anyio

from auditor.aws.limits.rate import Clock, loop_time
from auditor.errors import RequestError

_SHARE_OF_FILES = 2 / 3
"""The rest is for files, name lookups, and connections that are being closed."""
_HEADROOM = 2
"""Slots for each that is needed at most: answers do not come evenly."""
_WORTH = 1.1
"""How many times what there is must be needed: a handshake costs more than several requests."""
_GROWTH = 4
"""At most so many times as many at once: what the last step brought is seen first."""
_SHARE_OF_CPU = 1 / 2
"""What one service may have of it though others use up all: an audit lasts as long as CloudTrail's pauses, and what is
asked of it must not wait behind IAM, too."""
NEAR = 0.05
"""Seconds up to which the first slots are enough: they were chosen for 0.03."""
_FARTHEST = 0.5
"""Seconds to the far side of the earth and back. A service that takes longer is slow, and no better for being asked
more at once."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the answers of all services have cost for a while."""

    used: float
    """The share of its CPU that the loop's thread has used."""
    rate: float
    """Answers in a second of CPU."""


class Connections:
    """The connections that the services of a run share; a slot for a request in flight stands for one."""

    def __init__(self, taken: int = 0, *, clock: Clock = loop_time, cpu: Clock = time.thread_time) -> None:
        """So many are taken at first; `cpu` tells the seconds of CPU that the loop's thread has used."""
        self._taken = taken
        self._clock = clock
        self._cpu = cpu
        self._answers = 0
        self._looked_at = math.inf
        self._spent = 0.0

    def answered(self) -> None:
        """An answer to any of the services has come."""
        if self._looked_at == math.inf:
            self._looked_at, self._spent = self._clock(), self._cpu()
        self._answers += 1

    def load(self, *, seconds: float) -> Load | None:
        """The load since the last look at it; None where that was not so many seconds ago, or costs were too small."""
        now, cpu = self._clock(), self._cpu()
        passed, spent = now - self._looked_at, cpu - self._spent
        if passed < seconds or spent <= 0:
            return None
        load = Load(spent / passed, self._answers / spent)
        self._looked_at, self._spent, self._answers = now, cpu, 0
        return load

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

    After as many answers as there are slots it is looked at whether requests wait for one, and how many are needed.
    None is taken away again: a free slot costs nothing.
    """

    def __init__(self, first: int, *, connections: Connections | None = None, clock: Clock = loop_time) -> None:
        """Begin with so many slots, and take more from the connections; without them the number stays."""
        self.total = first
        """How many there are."""
        # With a free slot it does not yield to the loop; a limiter does for each request.
        self._free = anyio.Semaphore(first, fast_acquire=True)
        self._connections = connections
        self._clock = clock
        self._quickest = math.inf
        self._answers = 0

    @property
    def taken(self) -> int:
        """How many requests are in flight."""
        return self.total - self._free.value

    @property
    def quickest(self) -> float:
        """Seconds of the quickest answer so far, infinite before the first."""
        return self._quickest

    @property
    def is_far(self) -> bool:
        """Whether the service is known to be far away."""
        return NEAR < self._quickest < math.inf

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
        if self._connections is None:
            return
        self._connections.answered()
        self._answers += 1
        if self._answers >= self.total and self.is_far:
            self._look(self._connections)

    def _look(self, connections: Connections) -> None:
        """Add slots where they are needed; looks once more at the next answer where too little has passed."""
        if self._free.statistics().tasks_waiting:
            load = connections.load(seconds=min(self._quickest, _FARTHEST))
            if load is None:
                return
            wanted = self._wanted(load)
            if wanted > _WORTH * self.total:
                self._add(connections.take(round(wanted) - self.total))
        self._answers = 0

    def _wanted(self, load: Load) -> float:
        seconds = min(self._quickest, _FARTHEST)
        needed = load.rate * seconds
        using_all = self.total / load.used * seconds / self._quickest
        return min(max(using_all, needed * _SHARE_OF_CPU), self.total * _GROWTH, needed * _HEADROOM)

    def _add(self, slots: int) -> None:
        self.total += slots
        for _ in range(slots):
            self._free.release()


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

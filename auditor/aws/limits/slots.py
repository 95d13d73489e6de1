"""How many requests of one service are in flight at once: as many as its distance and this CPU ask for.

Little's law (https://en.wikipedia.org/wiki/Little%27s_law): in flight at once is the rate of answers, times the seconds
that one takes. The rate is the one at which this thread would use up its CPU, handshakes included; it is known from
what the last answers took of it. The seconds are those of the quickest answer so far: what others took longer was their
own work, or the delay of a busy loop, which more requests in flight would only make longer.
"""

import math
import time
from contextlib import AbstractAsyncContextManager
from types import TracebackType

import anyio

from auditor.aws.clock import loop_time
from auditor.aws.limits.connections import Connections
from auditor.aws.limits.rate import Clock
from auditor.errors import RequestError

_HEADROOM = 1.5
"""Places for each that is needed: answers do not come evenly."""
_WORTH = 1.1
"""How many times what there is must be needed: a handshake costs more than several requests."""
_GROWTH = 3
"""At most so many times as many at once: what the last step brought is seen first."""
_NEAR = 0.05
"""Seconds up to which the first places are enough: they were chosen for 0.03."""
_FARTHEST = 0.5
"""Seconds to the far side of the earth and back. A service that takes longer is slow, and no better for being asked
more at once."""


class Places:
    """The places of one service's requests in flight: fixed at first, more where it is far away.

    After as many answers as there are places it is looked at how many are needed. Where requests wait for one, and far
    more are needed, some are added. None is taken away again: a place that nobody takes costs nothing.
    """

    def __init__(
        self,
        first: int,
        *,
        connections: Connections | None = None,
        clock: Clock = loop_time,
        cpu: Clock = time.thread_time,
    ) -> None:
        """Begin with so many places, and take more from the connections; without them the number stays.

        `cpu` tells the seconds of CPU that the loop's thread has used.
        """
        self.total = first
        """How many there are."""
        # It lets whoever finds a place free go on at once: a limiter gives the loop a turn for each request.
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

    def one(self) -> AbstractAsyncContextManager[None]:
        """A place for the block, in which one request is sent: who came first gets one first."""
        return _Place(self)

    async def take(self) -> float:
        """Wait for a place; the time at which it was had."""
        await self._free.acquire()
        return self._clock()

    def give_back(self, error: BaseException | None, *, taken_at: float) -> None:
        """End what the place was taken for, an answer or an error, and let it be taken again."""
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
        is_far = self._quickest > _NEAR
        if is_far and needed > _WORTH * self.total and self._free.statistics().tasks_waiting:
            wanted = min(_HEADROOM * needed, _GROWTH * self.total)
            self._add(connections.take(round(wanted) - self.total))
        self._answers, self._spent = 0, spent

    def _add(self, places: int) -> None:
        self.total += places
        for _ in range(places):
            self._free.release()

    def _needed(self, spent: float) -> float:
        return min(self._quickest, _FARTHEST) * self._answers / spent if spent > 0 else 0.0


class _Place:
    """A place while it is taken; no generator, which costs more than all else that a request waits for here."""

    __slots__ = ("_places", "_taken_at")

    def __init__(self, places: Places) -> None:
        self._places = places
        self._taken_at = 0.0

    async def __aenter__(self) -> None:
        self._taken_at = await self._places.take()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._places.give_back(error, taken_at=self._taken_at)

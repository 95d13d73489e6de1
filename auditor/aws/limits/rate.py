"""A rate that is kept to, and that learns from what AWS refuses.

AWS publishes no rate for the IAM APIs. So a budget begins at what is known to go well, grows a little while nothing is
refused, and gives way when AWS refuses: additive increase, multiplicative decrease
(https://en.wikipedia.org/wiki/Additive_increase/multiplicative_decrease). The rate that was refused last is remembered:
near it the budget grows slowly, since each time that it comes too far costs refused requests.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

import anyio
from aiolimiter import AsyncLimiter

Clock = Callable[[], float]


def loop_time() -> float:
    """Seconds on the running event loop's clock: read so often per request that anyio's detour would be too slow."""
    return asyncio.get_running_loop().time()


DECREASE = 0.8
ONE_THROTTLE = 1.0
"""Seconds in which all throttles are one: those in flight were sent before the first was known."""

_MEASURABLE = 3.0
"""Seconds between two throttles in which what was answered tells the limit."""
_TELLING = 8
"""Requests and refusals between them without which it does not."""
_STEEPEST = 0.25
"""Of the rate, what one throttle leaves at the least: a few requests tell little."""
_PAID = 1 - 1e-9
"""Of one request, as much as parts that are rounded add up to."""
_NEAR = 0.99
"""Of what a throttle leaves of a rate, where the rate comes near to what was refused."""
_PASSED = 1.1
"""Times the rate that was refused, from where on it is no limit any more."""

ALL_CLEAR = 60.0
"""Seconds without throttles after which one of them is forgiven to a rate that was published."""
_SLOWEST_PACE = 0.5
_SHORTEST_BURST = 0.1
"""Seconds: a request of a rate that is far below the published one is paid in so long parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How a rate follows what AWS allows."""

    growth: float = 0.015
    """Share of the rate that is gained in a second in which requests waited for it, and none was throttled."""
    probing: float = 0.003
    """The same near the rate that AWS last refused."""
    decrease: float = DECREASE
    """What a throttle leaves of the rate."""
    floor: float = 1.0
    """Requests per second below which no throttle brings a rate."""
    burst: float = 1.0
    """Seconds whose requests may be made up for at once, where none was sent in them."""


_ACCOUNTS = Learning()


class Budget:
    """A rate that learns: at most `rate` requests per second, from the first one on; first come, first served.

    An AsyncLimiter can't change its rate. It is made for the ceiling, and a slower rate pays more for a request, in
    parts of what the limiter holds at most: however slow it is, a new rate holds from the next part on.
    """

    def __init__(
        self, rate: float, *, ceiling: float, learning: Learning = _ACCOUNTS, clock: Clock = loop_time
    ) -> None:
        self._ceiling = max(ceiling, rate)
        self._rate = rate
        self._learning = learning
        self._floor = min(rate, learning.floor)
        self._refused = math.inf
        self._clock = clock
        self._limiter = AsyncLimiter(self._ceiling * learning.burst, learning.burst)
        self._turn = anyio.Lock(fast_acquire=True)
        self._paid = 0.0
        """What has been paid of the next request; a task that is cancelled while it pays leaves it to the next one."""
        self._grown_at = clock()
        self._throttled_at = -math.inf
        self._begun = self._binding = False
        self._sent = self._refusals = 0
        """Since the last decrease."""

    @property
    def rate(self) -> float:
        """Requests per second, as far as is known."""
        return self._rate

    @property
    def binding(self) -> bool:
        """Whether the last request had to wait for the rate."""
        return self._binding

    async def spend(self) -> None:
        """Wait until one more request may be sent; cancelled, it has spent nothing."""
        # One after another: the limiter serves the smallest charge first, and charges shrink as the rate grows.
        async with self._turn:
            if not self._begun:
                # A new limiter would let as much through at once as it holds.
                await self._limiter.acquire(self._limiter.max_rate)
                self._begun, self._paid = True, 1.0
            self._binding = not self._limiter.has_capacity(self._part())
            self._grow()
            while self._paid < _PAID:
                await self._pay(self._part())
            self._paid = max(0.0, self._paid - 1)
            self._sent += 1

    def give_back(self) -> None:
        """Take back one that was spent, and is not needed: no more than a burst, as if it had not been asked for."""
        self._sent -= 1
        self._paid = min(self._paid + 1, max(1.0, self._rate * self._learning.burst))

    def throttled(self) -> None:
        """AWS has refused a request for its rate: go slower."""
        self._refusals += 1
        passed = self._clock() - self._throttled_at
        if passed < ONE_THROTTLE:
            return
        answered = self._rate
        if passed < _MEASURABLE and self._sent + self._refusals >= _TELLING:
            answered = min(answered, max((self._sent - self._refusals) / passed, answered * _STEEPEST))
        self.slow_to(min(answered, self._rate * self._learning.decrease), refused=answered)

    def slow_to(self, rate: float, *, refused: float) -> None:
        """Go on at this rate, and grow from there, slowly near the one that AWS refuses."""
        self._refused = refused
        self._rate = min(self._ceiling, max(self._floor, rate))
        self._throttled_at = self._clock()
        self._sent = self._refusals = 0

    def _part(self) -> float:
        """The next part of what a request costs."""
        return min(max(0.0, 1 - self._paid) * self._ceiling / self._rate, self._limiter.max_rate)

    async def _pay(self, part: float) -> None:
        share = part * self._rate / self._ceiling
        await self._limiter.acquire(part)
        self._paid += share

    def _grow(self) -> None:
        now = self._clock()
        # An idle rate, and one that no request waited for, teach nothing.
        passed = min(now - self._grown_at, 1.0)
        self._grown_at = now
        if not self._binding or now - self._throttled_at < ONE_THROTTLE:
            return
        learning = self._learning
        near = self._refused * learning.decrease * _NEAR < self._rate < self._refused * _PASSED
        share = learning.probing if near else learning.growth
        self._rate = min(self._ceiling, self._rate * (1 + share * passed))


class Pace(Budget):
    """A rate that is published, one request and then a pause; slower for a while where others spend it too."""

    def __init__(self, rate: float, *, clock: Clock = loop_time) -> None:
        learning = Learning(floor=min(rate / 8, _SLOWEST_PACE), burst=max(1 / rate, _SHORTEST_BURST))
        super().__init__(rate, ceiling=rate, learning=learning, clock=clock)
        self._forgiven_at = -math.inf

    def _grow(self) -> None:
        now = self._clock()
        if now - max(self._throttled_at, self._forgiven_at) > ALL_CLEAR:
            # Asked or not: what one throttle took is given back, and no more, since those of a low limit are rare.
            self._forgiven_at = now
            self._rate = min(self._ceiling, self._rate / DECREASE)
        super()._grow()

"""A rate that is kept to, and that learns from what AWS refuses.

AWS publishes no rate for the IAM APIs. So a budget begins at what is known to go well, grows a little while nothing is
refused, and gives way when AWS refuses: additive increase, multiplicative decrease
(https://en.wikipedia.org/wiki/Additive_increase/multiplicative_decrease).
"""

import math
from collections.abc import Callable

import anyio
from aiolimiter import AsyncLimiter

Clock = Callable[[], float]

_GROWTH = 0.015
"""Share of the rate that is gained in a second without a throttle."""
_PROBING = 0.003
"""The same near the rate that AWS last refused."""
DECREASE = 0.8
_FLOOR = 1.0
"""Requests a second below which no throttle brings a rate."""
ONE_THROTTLE = 1.0
"""Seconds in which all throttles are one: those in flight were sent before the first was known."""

_MEASURABLE = 3.0
"""Seconds between two throttles in which what was answered tells the limit."""

ALL_CLEAR = 60.0
"""Seconds without throttles after which the rate that was published, or none, holds again."""


class Budget:
    """A rate that learns: at most `rate` requests a second, from the first one on.

    An AsyncLimiter can't change its rate; it is made for the ceiling, and a slower rate is charged more for a request.
    """

    def __init__(
        self, rate: float, *, ceiling: float, growth: float = _GROWTH, clock: Clock = anyio.current_time
    ) -> None:
        self._ceiling = max(ceiling, rate)
        self._rate = rate
        self._floor = min(rate, _FLOOR)
        self._growth = growth
        self._refused = math.inf
        self._clock = clock
        # The largest charge, that of the slowest rate, must fit into it.
        period = 1 / self._floor
        self._limiter = AsyncLimiter(self._ceiling * period, period)
        self._turn = anyio.Lock(fast_acquire=True)
        self._grown_at = clock()
        self._throttled_at = -math.inf
        self._begun = False
        self._sent = self._refusals = 0
        """Since the last decrease."""

    @property
    def rate(self) -> float:
        """Requests a second, as far as is known."""
        return self._rate

    async def spend(self) -> None:
        """Wait until one more request may be sent: who came first goes first."""
        # The limiter serves the smallest charge first, and charges shrink as the rate grows.
        async with self._turn:
            self._grow()
            self._sent += 1
            charge = min(self._ceiling / self._rate, self._limiter.max_rate)
            if not self._begun:
                self._begun = True
                # A new limiter would let a second's worth through at once.
                await self._limiter.acquire(self._limiter.max_rate - charge)
            await self._limiter.acquire(charge)

    def throttled(self) -> None:
        """AWS has refused a request for its rate: go slower."""
        now = self._clock()
        self._refusals += 1
        passed = now - self._throttled_at
        if passed < ONE_THROTTLE:
            return
        answered = (self._sent - self._refusals) / passed if passed < _MEASURABLE else math.inf
        self.slow_to(min(self._rate * DECREASE, answered))
        self._sent = self._refusals = 0

    def slow_to(self, rate: float) -> None:
        """Go on at this rate, and grow from there."""
        self._refused = self._rate
        self._rate = min(self._ceiling, max(self._floor, rate))
        self._throttled_at = self._clock()

    def _grow(self) -> None:
        now = self._clock()
        # Time in which nothing was asked has taught nothing.
        passed = min(now - self._grown_at, 1.0)
        self._grown_at = now
        if now - self._throttled_at < ONE_THROTTLE:
            return
        share = _PROBING if self._rate > self._refused * DECREASE else self._growth
        self._rate = min(self._ceiling, self._rate * (1 + share * passed))


class Pace:
    """A rate that is published, one request and then a pause; slower for a while where others spend it too."""

    def __init__(self, rate: float, *, clock: Clock = anyio.current_time) -> None:
        self._published = self._rate = rate
        self._clock = clock
        self._throttled_at = -math.inf
        self._limiter = AsyncLimiter(1, 1 / rate)
        self._renewed = False

    async def spend(self) -> None:
        """Wait until one more request may be sent."""
        if self._rate < self._published and self._clock() - self._throttled_at > ALL_CLEAR:
            self._set(self._published)
        if self._renewed:
            self._renewed = False
            # A new limiter would let one through at once, right behind the one before.
            await self._limiter.acquire()
        await self._limiter.acquire()

    def throttled(self) -> None:
        """AWS has refused a request for its rate: go slower for a minute."""
        now = self._clock()
        if now - self._throttled_at >= ONE_THROTTLE:
            self._throttled_at = now
            self._set(max(self._rate * DECREASE, self._published / 8))

    def _set(self, rate: float) -> None:
        self._rate = rate
        self._limiter = AsyncLimiter(1, 1 / rate)
        self._renewed = True

"""Which budget a request is paid from: its account's, one an API, and above it the run's."""

import math
from dataclasses import dataclass, field

import anyio

from auditor.aws.budget import ALL_CLEAR, DECREASE, ONE_THROTTLE, Budget, Clock, Pace
from auditor.config import Rates

_IAM_GROWTH = 2.0
"""How many times its first rate an account's may grow to: twenty a second to forty, the most in public hints."""

_AT_ONCE = 2.0
"""Seconds in which throttles of several accounts mean that they share a limit."""
_SEVERAL = 3
_TOO_MANY = 0.1
"""Share of the run's requests that is refused where they do; an account at its own limit has far fewer refused."""
_RUN_GROWTH = 0.05


@dataclass(frozen=True, slots=True)
class Api:
    """One API of one service, by the names that the SDK's clients give them."""

    service: str
    operation: str


@dataclass(slots=True)
class _Shared:
    """What the accounts of a run have met on one API in this second and the one before."""

    second: int = 0
    sent: int = 0
    refused: int = 0
    sent_before: int = 0
    refused_before: int = 0
    throttled: dict[object, float] = field(default_factory=dict)
    budget: Budget | None = None
    cut_at: float = -math.inf

    def turn(self, second: int) -> None:
        """Begin a new second, where it is one."""
        if second == self.second:
            return
        follows = second == self.second + 1
        self.sent_before = self.sent if follows else 0
        self.refused_before = self.refused if follows else 0
        self.second, self.sent, self.refused = second, 0, 0

    @property
    def refused_share(self) -> float:
        return (self.refused + self.refused_before) / max(1, self.sent + self.sent_before)

    @property
    def answered(self) -> float:
        """Requests a second that were not refused."""
        return float(max(1, self.sent - self.refused, self.sent_before - self.refused_before))


class RunBudgets:
    """One budget a run and API, for a limit that AWS sets on the caller and not on the account.

    There is none until several accounts at once are throttled on one API, and much of what the run asks is refused.
    """

    def __init__(self, *, clock: Clock = anyio.current_time) -> None:
        self._clock = clock
        self._apis: dict[Api, _Shared] = {}

    async def spend(self, api: Api) -> None:
        """Wait until the run may ask the API once more."""
        shared = self._at(api)
        if shared.budget is not None and self._clock() - shared.cut_at > ALL_CLEAR:
            shared.budget = None
        if shared.budget is not None:
            await shared.budget.spend()
        self._at(api).sent += 1

    def throttled(self, api: Api, *, account: object) -> bool:
        """Whether a throttle of one account is the run's: then the run goes slower, and the account need not."""
        shared, now = self._at(api), self._clock()
        shared.refused += 1
        shared.throttled[account] = now
        shared.throttled = {who: at for who, at in shared.throttled.items() if now - at <= _AT_ONCE}
        if len(shared.throttled) < _SEVERAL or shared.refused_share < _TOO_MANY:
            return False
        if now - shared.cut_at >= ONE_THROTTLE:
            shared.cut_at = now
            rate = shared.answered * DECREASE
            if shared.budget is None:
                shared.budget = Budget(rate, ceiling=rate * 4, growth=_RUN_GROWTH, clock=self._clock)
            shared.budget.slow_to(rate)
        return True

    def _at(self, api: Api) -> _Shared:
        shared = self._apis.get(api)
        if shared is None:
            shared = self._apis[api] = _Shared()
        shared.turn(int(self._clock()))
        return shared


class Budgets:
    """The budgets of one account, one an API; they are made when first spent, and end with the account."""

    def __init__(self, rates: Rates, *, run: RunBudgets) -> None:
        self._rates = rates
        self._run = run
        self._budgets: dict[Api, Budget | Pace] = {}

    async def spend(self, api: Api) -> None:
        """Wait until the account, and then the run, may ask the API once more."""
        await self._budget(api).spend()
        await self._run.spend(api)

    def throttled(self, api: Api) -> None:
        """AWS has refused a request for its rate."""
        if not self._run.throttled(api, account=self):
            self._budget(api).throttled()

    def _budget(self, api: Api) -> Budget | Pace:
        budget = self._budgets.get(api)
        if budget is None:
            budget = self._budgets[api] = self._new_budget(api)
        return budget

    def _new_budget(self, api: Api) -> Budget | Pace:
        match api.service:
            case "cloudtrail":
                return Pace(self._rates.events)
            case "organizations":
                return Pace(self._rates.organizations)
            case "sts":
                return Pace(self._rates.sts)
        return Budget(self._rates.iam, ceiling=self._rates.iam * _IAM_GROWTH)

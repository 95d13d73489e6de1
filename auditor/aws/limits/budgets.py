"""Which budget a request is paid from: its account's, one per API, and above it the run's."""

from dataclasses import dataclass, field

import anyio

from auditor.aws.limits.rate import Budget, Clock, Learning, Pace, loop_time
from auditor.config import Rates

IAM_GROWTH = 2.0
"""How many times its first rate an account's may grow to: twenty per second to forty, the most in public hints."""

# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html: 8 a second for ListAccounts, 5
# for what is in a root or unit, whichever is asked for, and 1 for ListRoots.
_SHARES = {"list_roots": 1 / 8, "list_accounts_for_parent": 5 / 8}
"""What APIs of Organizations may be asked, as a share of what ListAccounts may."""
_TOGETHER = {"list_organizational_units_for_parent": "list_accounts_for_parent"}
"""APIs that share the budget of another one."""

_RUN = Learning(growth=0.08, probing=0.002, decrease=0.85, floor=0.1, burst=0.5)
_RUN_CEILING = 10_000.0
"""Requests per second that no run reaches."""
_SEVERAL = 3
"""Accounts whose throttles mean that they share a limit."""
_TOO_MANY = 0.1
"""Share of the run's requests that is refused where they do; an account at its own limit has far fewer refused."""
_ENOUGH = 10
"""Requests from which a share can be told."""
_SPAN = 1.0
_LONGEST_SPAN = 30.0


@dataclass(frozen=True, slots=True)
class Api:
    """One API of one service, by the names that the SDK's clients give them."""

    service: str
    operation: str


@dataclass(slots=True)
class _Span:
    """What the accounts of a run have met on one API in a second, or in more where they ask little."""

    began: float
    sent: int = 0
    refused: int = 0
    throttled: set[object] = field(default_factory=set)


@dataclass(slots=True)
class _Shared:
    """What is known of one API for the run as a whole: from this span and the one before."""

    now: _Span
    before: _Span
    budget: Budget | None = None

    def turn(self, now: float) -> None:
        """Begin a new span, where this one is over."""
        passed = now - self.now.began
        if passed < _SPAN or (self.now.sent < _ENOUGH and passed < _LONGEST_SPAN):
            return
        self.before = self.now if passed < _LONGEST_SPAN else _Span(now)
        self.now = _Span(now)

    @property
    def is_limit(self) -> bool:
        """Whether so much of what so many accounts asked was refused that the limit must be that of all."""
        throttled = self.now.throttled | self.before.throttled
        refused, sent = self.now.refused + self.before.refused, self.now.sent + self.before.sent
        return len(throttled) >= _SEVERAL and refused >= _TOO_MANY * max(1, sent)

    def answered(self, now: float) -> float:
        """Requests per second that were not refused."""
        answered = self.now.sent - self.now.refused + self.before.sent - self.before.refused
        return max(1, answered) / max(_SPAN, now - self.before.began)


class RunBudgets:
    """One budget per run and API, for a limit that AWS sets on the caller and not on the account.

    There is none until several accounts at once are throttled on one API, and much of what the run asks is refused.
    From then on there is that one, and it learns.
    """

    def __init__(self, *, clock: Clock = loop_time) -> None:
        self._clock = clock
        self._apis: dict[Api, _Shared] = {}

    async def spend(self, api: Api) -> None:
        """Wait until the run may ask the API once more."""
        shared = self._at(api)
        if shared.budget is not None:
            await shared.budget.spend()
            shared.turn(self._clock())
        shared.now.sent += 1

    def throttled(self, api: Api, *, account: object) -> bool:
        """Whether a throttle of one account is the run's: then the run goes slower, and the account need not."""
        shared = self._at(api)
        again = account in shared.now.throttled or account in shared.before.throttled
        shared.now.refused += 1
        shared.now.throttled.add(account)
        if shared.budget is None:
            if shared.is_limit:
                shared.budget = self._new_budget(shared.answered(self._clock()))
            return shared.budget is not None
        # Of all that wait for the run's rate anyone may be refused; the same one twice has a limit of its own.
        if shared.is_limit or (shared.budget.binding and not again):
            shared.budget.throttled()
            return True
        return False

    def _new_budget(self, answered: float) -> Budget:
        budget = Budget(answered, ceiling=_RUN_CEILING, learning=_RUN, clock=self._clock)
        budget.slow_to(answered * _RUN.decrease, refused=answered)
        return budget

    def _at(self, api: Api) -> _Shared:
        now = self._clock()
        shared = self._apis.get(api)
        if shared is None:
            shared = self._apis[api] = _Shared(_Span(now), _Span(now))
        shared.turn(now)
        return shared


class Budgets:
    """The budgets of one account, one per API; they are made when first spent, and end with the account."""

    def __init__(self, rates: Rates, *, run: RunBudgets) -> None:
        self._rates = rates
        self._run = run
        self._budgets: dict[Api, Budget] = {}

    async def spend(self, api: Api) -> None:
        """Wait until the account, and then the run, may ask the API once more; cancelled, neither has spent it."""
        budget = self._budget(api)
        await budget.spend()
        try:
            await self._run.spend(api)
        except anyio.get_cancelled_exc_class():
            budget.give_back()
            raise

    def throttled(self, api: Api) -> None:
        """AWS has refused a request for its rate."""
        if not self._run.throttled(api, account=self):
            self._budget(api).throttled()

    def _budget(self, api: Api) -> Budget:
        if api.operation in _TOGETHER:
            api = Api(api.service, _TOGETHER[api.operation])
        budget = self._budgets.get(api)
        if budget is None:
            budget = self._budgets[api] = self._new_budget(api)
        return budget

    def _new_budget(self, api: Api) -> Budget:
        match api.service:
            case "cloudtrail":
                return Pace(self._rates.events)
            case "organizations":
                return Pace(self._rates.organizations * _SHARES.get(api.operation, 1))
            case "sts":
                return Pace(self._rates.sts)
        return Budget(self._rates.iam, ceiling=self._rates.iam * IAM_GROWTH)

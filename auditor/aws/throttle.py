"""How fast AWS is asked: a budget for each account and API, spent before every attempt and page."""

from dataclasses import dataclass

from aiolimiter import AsyncLimiter

from auditor.config import Rates


@dataclass(frozen=True, slots=True)
class Api:
    """One API of one service, by the names that the SDK's clients give them."""

    service: str
    operation: str


class Budgets:
    """The budgets of one account, one an API; they are made when first spent, and end with the account.

    Each is a leaky bucket of one request, so that no second sees more than its rate.
    """

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._limiters: dict[Api, AsyncLimiter] = {}

    async def spend(self, api: Api) -> None:
        """Wait until the API may be asked once more."""
        limiter = self._limiters.get(api)
        if limiter is None:
            limiter = self._limiters[api] = AsyncLimiter(1, 1 / self._rate_of(api))
        await limiter.acquire()

    def _rate_of(self, api: Api) -> float:
        return {
            "cloudtrail": self._rates.events,
            "organizations": self._rates.organizations,
            "sts": self._rates.sts,
        }.get(api.service, self._rates.iam)

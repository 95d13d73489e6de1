"""How fast AWS is asked: a budget for each account and API, spent before every attempt and page."""

from dataclasses import dataclass

from aiolimiter import AsyncLimiter

IAM_RATE = 20.0
"""Requests a second for each account and IAM API: AWS publishes none, public hints say 15 to 40."""
EVENTS_RATE = 2.0
"""https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html"""
ORGANIZATIONS_RATES = {"list_accounts": 8.0}
"""https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html"""
STS_RATE = 500.0
"""A little below the 600 a second that AWS gives to all of an account's STS requests in one region."""


@dataclass(frozen=True, slots=True)
class Api:
    """One API of one service, by the names that the SDK's clients give them."""

    service: str
    operation: str


class Budgets:
    """The budgets of one account, one an API; they are made when first spent, and end with the account.

    Each is a leaky bucket of one request, so that no second sees more than its rate.
    """

    def __init__(self) -> None:
        self._limiters: dict[Api, AsyncLimiter] = {}

    async def spend(self, api: Api) -> None:
        """Wait until the API may be asked once more."""
        limiter = self._limiters.get(api)
        if limiter is None:
            limiter = self._limiters[api] = AsyncLimiter(1, 1 / _rate_of(api))
        await limiter.acquire()


def _rate_of(api: Api) -> float:
    if api.service == "cloudtrail":
        return EVENTS_RATE
    if api.service == "organizations":
        return ORGANIZATIONS_RATES.get(api.operation, 1.0)
    return STS_RATE if api.service == "sts" else IAM_RATE

"""What goes wrong on purpose: token buckets that run dry, and answers that are not AWS's."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from auditor.demo.protocol import Parameters, ServiceError, element, expired
from auditor.demo.scenario import NO_FAULTS, FaultMix, Scenario


class Mishap(StrEnum):
    """How one request goes wrong."""

    INTERNAL_ERROR = "internal_error"
    UNAVAILABLE = "unavailable"
    RESET = "reset"
    TRUNCATED = "truncated"
    HTML = "html"
    THROTTLED = "throttled"
    EXPIRED = "expired"
    SLOW = "slow"
    LOST_TOKEN = "lost_token"
    REPEATED_TOKEN = "repeated_token"


HTML_PAGE = b"<html><head><title>Sign in</title></head><body>Please sign in to the network.</body></html>"

_INTERNAL = {"iam": "ServiceFailure", "organizations": "ServiceException"}
_THROTTLING = {"cloudtrail": "ThrottlingException", "organizations": "TooManyRequestsException"}
_LOST_TOKEN = {"cloudtrail": "InvalidNextTokenException", "organizations": "InvalidInputException"}
_TOKENS = ("Marker", "NextToken")
_SHARED = frozenset({"ListParents", "ListAccountsForParent", "ListOrganizationalUnitsForParent"})
"""Organizations counts these together, here under the name of the second."""


def draw_mishap(dice: random.Random, mix: FaultMix) -> Mishap | None:
    """A mishap with the mix's probabilities; mostly none."""
    if mix == NO_FAULTS:
        return None

    point = dice.random()
    for mishap in Mishap:
        point -= getattr(mix, mishap.value)
        if point < 0:
            return mishap

    return None


def refusal(mishap: Mishap | None, service: str, *, token: str | None, assumed: bool) -> ServiceError | None:
    """The error that a mishap is, in the service's own words; None for one that is no error of AWS's.

    `token` is the page token of the request, and `assumed` whether it is signed with a role's credentials.
    """
    match mishap:
        case Mishap.INTERNAL_ERROR:
            code = _INTERNAL.get(service, "InternalFailure")
            return ServiceError(code, "An internal error has occurred.", status=500)
        case Mishap.UNAVAILABLE:
            return ServiceError("ServiceUnavailable", "The service is unavailable. Please try again.", status=503)
        case Mishap.THROTTLED:
            return ServiceError(_THROTTLING.get(service, "Throttling"), "Rate exceeded")
        case Mishap.EXPIRED if assumed:
            return expired(service)
        case Mishap.LOST_TOKEN if token is not None:
            return ServiceError(_LOST_TOKEN.get(service, "ValidationError"), "The page token is no longer valid.")
    return None


def page_token(parameters: Parameters) -> str | None:
    """The page token of a request, None where it asks for the first page."""
    return next((str(parameters[name]) for name in _TOKENS if name in parameters), None)


def with_token(result: object, token: str) -> object:
    """A page that gives this token as that of the next page, where it gives any."""
    if isinstance(result, dict):
        return {**result, "NextToken": token} if "NextToken" in result else result

    return re.sub("<Marker>.*</Marker>", lambda _: element("Marker", token), str(result))


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """Token buckets that hold one second of their rate, one for each account and API, or for the caller and API."""

    scenario: Scenario
    clock: Callable[[], float]
    _buckets: dict[tuple[str, ...], _Bucket] = field(default_factory=dict, repr=False)

    def spend(self, *, account_id: str, service: str, action: str, region: str) -> None:
        """Take the tokens of one request; the service's own throttling error where there is none left."""
        scenario = self.scenario
        if service == "iam":
            self._take(scenario.iam_rate, (account_id, action), "Throttling")
            self._take(scenario.iam_caller_rate, ("*", action), "Throttling")
        elif service == "cloudtrail":
            self._take(scenario.events_rate, (account_id, action, region), "ThrottlingException")
            self._take(scenario.events_caller_rate, ("*", action), "ThrottlingException")
        elif service == "sts":
            self._take(scenario.sts_rate, ("*", action), "Throttling")
        elif service == "organizations":
            counted = "ListAccountsForParent" if action in _SHARED else action
            rate = scenario.organizations_rates.get(counted, scenario.organizations_rate)
            self._take(rate, ("organizations", counted), "TooManyRequestsException")

    def _take(self, rate: float | None, place: tuple[str, ...], code: str) -> None:
        if rate is None:
            return

        now, size = self.clock(), max(1.0, rate)
        bucket = self._buckets.setdefault(place, _Bucket(size, now))
        bucket.tokens = min(size, bucket.tokens + max(0.0, now - bucket.filled) * rate)
        bucket.filled = now
        if bucket.tokens < 1:
            raise ServiceError(code, "Rate exceeded")

        bucket.tokens -= 1

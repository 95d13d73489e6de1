"""What goes wrong on purpose: token buckets that run dry, and answers that are not AWS's."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from auditor.demo.protocol import ServiceError
from auditor.demo.scenario import NO_FAULTS, FaultMix, Scenario


class Mishap(StrEnum):
    """How one request goes wrong."""

    INTERNAL_ERROR = "internal_error"
    UNAVAILABLE = "unavailable"
    RESET = "reset"
    TRUNCATED = "truncated"
    HTML = "html"


HTML_PAGE = b"<html><head><title>Sign in</title></head><body>Please sign in to the network.</body></html>"

_INTERNAL = {"iam": "ServiceFailure", "organizations": "ServiceException"}


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


def internal_error(service: str) -> ServiceError:
    """The service's own word for a failure inside it."""
    code = _INTERNAL.get(service, "InternalFailure")
    return ServiceError(code, "An internal error has occurred.", status=500)


def unavailable() -> ServiceError:
    """The word for a service that is not there for the moment."""
    return ServiceError("ServiceUnavailable", "The service is unavailable. Please try again.", status=503)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """Token buckets that hold one second of their rate, one for each account and API."""

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
        elif service == "organizations":
            self._take(scenario.organizations_rate, ("organizations", action), "TooManyRequestsException")

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

"""When a failed request is sent again, and after what pause: the one place that decides it."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from auditor.aws.errors import is_expired, is_in_between, is_throttle, is_transient
from auditor.aws.limits.rate import loop_time
from auditor.errors import RequestError
from auditor.model.codes import CONNECTION_FAILED, PROXY_FAILED, TIMEOUT, TLS_FAILED, TOO_MANY_OPEN_FILES

_MOST_DOUBLINGS = 32
"""Far beyond any longest pause; a request that is throttled a thousand times would leave a float's range."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long one request is tried; times in seconds.

    Pauses are drawn at random below an exponentially growing bound, so that requests that failed together do not
    come back together (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """

    attempts: int = 8
    least_attempts: int = 3
    """So often a request is tried where its endpoint has ever answered, however slow each failure is in coming."""
    patience: float = 20.0
    """How long resets, server errors and unreadable replies are tried again."""
    first_contact_patience: float = 10.0
    """How long an endpoint that has never answered is tried."""
    timeout_patience: float = 600.0
    """How long a request that is not answered at all is tried, where its endpoint has answered others."""
    throttle_patience: float = 240.0
    """How long a request that is throttled every time is tried; throttles do not count as attempts."""
    renewals: int = 2
    """How often one request is signed anew because AWS says that its credentials have expired."""
    first_pause: float = 0.1
    longest_pause: float = 5.0


class Retries:
    """The attempts of one request; patience is for time inside `trying`, not for what is waited for on this side."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._tried = 0.0
        self._throttled: float | None = None
        """Seconds of trying since the first throttle."""
        self._attempts = 0
        self._throttles = 0
        self._renewals = 0

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Count the time of the block: a request in flight, or the pause before the next attempt."""
        began = loop_time()
        try:
            yield
        finally:
            self._tried += loop_time() - began

    def begin_anew(self) -> None:
        """Forget the failures so far: they were those of an outage, which the request has waited for."""
        self._tried, self._attempts = 0.0, 0

    def pause_after(self, error: RequestError, *, contacted: bool) -> float | None:
        """Seconds to wait before the next attempt, or None where there is to be none.

        `contacted` says whether the endpoint has ever answered, this request or another.
        """
        if is_throttle(error):
            self._throttles += 1
            return self._while_throttled(self._pause(self._throttles + 1))
        if is_expired(error):
            self._renewals += 1
            return self._pause(self._renewals) if self._renewals <= self._policy.renewals else None
        may_pass = is_transient(error) or (contacted and is_in_between(error))
        if not may_pass or (error.code == TOO_MANY_OPEN_FILES and not contacted):
            return None
        self._attempts += 1
        if self._attempts >= self._policy.attempts:
            return None
        pause = self._pause(self._attempts)
        if contacted and self._attempts < self._policy.least_attempts:
            return pause
        return pause if self._tried + pause <= self._patience(error, contacted=contacted) else None

    def _patience(self, error: RequestError, *, contacted: bool) -> float:
        unreachable = not contacted and error.code in {CONNECTION_FAILED, PROXY_FAILED, TIMEOUT, TLS_FAILED}
        if unreachable:
            return self._policy.first_contact_patience
        return self._policy.timeout_patience if error.code == TIMEOUT else self._policy.patience

    def _while_throttled(self, pause: float) -> float | None:
        """What throttles is well: patience with other faults begins anew."""
        self._throttled = 0.0 if self._throttled is None else self._throttled + self._tried
        self._tried = 0.0
        return pause if self._throttled + pause <= self._policy.throttle_patience else None

    def _pause(self, attempt: int) -> float:
        bound = min(self._policy.longest_pause, self._policy.first_pause * 2.0 ** min(attempt, _MOST_DOUBLINGS))
        return random.uniform(bound / 4, bound)  # noqa: S311 - jitter is no secret

"""Outages of an endpoint, or of the provider of the caller's credentials: the run waits until they are over."""

import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from typing import TypeVar

import anyio

from auditor.aws.errors import is_of_proxy, request_error
from auditor.errors import RequestError
from auditor.model.progress import Observer, Waiting, WaitingEnded, ignore

R = TypeVar("R")

CREDENTIALS = "credentials"
"""In the place of a service: what provides the caller's own credentials."""

_LISTING = "organizations"
_ASKED_BY_ONE = frozenset({CREDENTIALS, _LISTING})
"""What fails for the run as a whole, and never for one account."""
_SEVERAL = 3
"""Accounts that met with faults in a row, before it is the service's fault and no account's."""
_LEAST = 2.0
"""Seconds without a good reply before it is an outage: a request is tried again for longer."""
_ALONE = 240.0
"""Seconds for which faults are waited out where no other account shows whose they are: less than a silence."""
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 5.0
_PAUSE_OF_PASSWORDS = 30.0
"""Some proxies lock who comes with a wrong password too often."""


class Held(Exception):  # noqa: N818 - no error, but a request that is to be begun anew
    """Raised where a request was not sent, since its service has begun or ceased to fail for all."""


class PatienceEnded(Exception):  # noqa: N818 - it says what has ended
    """Raised where an outage outlasted the patience; `error` is what the request fails with, and with it the run."""

    def __init__(self, error: RequestError) -> None:
        self.error = error
        super().__init__(str(error))


@dataclass(slots=True, eq=False)
class Outage:
    """The faults of one service since its last good reply; `closed` means that the run waits for it."""

    service: str
    began: float
    error: RequestError
    accounts: set[str] = field(default_factory=set)
    closed: bool = False
    over: bool = False
    """Whether it has answered again."""
    ended: RequestError | None = None
    """What requests fail with once it has outlasted the patience."""
    probing: anyio.Lock = field(default_factory=anyio.Lock)
    pause: float = _FIRST_PAUSE

    def next_pause(self) -> float:
        """Seconds before the service is tried again."""
        if is_of_proxy(self.error):
            return _PAUSE_OF_PASSWORDS
        pause = random.uniform(self.pause / 2, self.pause)  # noqa: S311 - jitter is no secret
        self.pause = min(self.pause * 2, _LONGEST_PAUSE)
        return pause

    def is_the_services(self, now: float) -> bool:
        """Whether no single account can be the reason."""
        alone = self.service in _ASKED_BY_ONE or is_of_proxy(self.error)
        return alone or (len(self.accounts) >= _SEVERAL and now - self.began >= _LEAST)


class Outages:
    """The outages of one run: requests wait until the service answers again, and one at a time tries it.

    Only faults that may pass count, and only of a service that has answered before. Where it does not answer within
    `patience` seconds the run ends: what `cutting_off` surrounds is cancelled, and every later request fails with the
    code of the last fault. An outage of Organizations ends the listing alone. Without patience nothing is waited for.
    """

    def __init__(self, patience: float = 0.0, *, observe: Observer = ignore) -> None:
        self._patience = patience
        self._observe = observe
        self._scopes: set[anyio.CancelScope] = set()
        self.met: dict[str, Outage] = {}
        """By service; empty as long as all is well."""
        self.ended: RequestError | None = None
        """Why the run has ended."""

    def at(self, service: str) -> Outage | None:
        """The outage that a request to the service must wait for.

        Raises:
            PatienceEnded: It outlasted the patience.
        """
        if self.ended is not None:
            raise PatienceEnded(copy(self.ended))
        outage = self.met.get(service)
        if outage is None or not outage.closed:
            return None
        if outage.ended is not None:
            raise PatienceEnded(copy(outage.ended))
        return outage

    async def probe(self, outage: Outage, attempt: Callable[[], Awaitable[R]]) -> R:
        """Wait for the turn to try the service, and try it; the attempt is cancelled when the patience ends.

        Raises:
            Held: Another request has found that the outage is over, or it has outlasted the patience.
        """
        async with outage.probing:
            if not outage.over and outage.ended is None:
                with anyio.CancelScope(deadline=outage.began + self._patience):
                    await anyio.sleep(outage.next_pause())
                    return await attempt()
                if not outage.over:
                    self._end(outage)
        raise Held

    def failed(self, service: str, error: RequestError, *, account: str) -> bool:
        """A request failed with a fault that may pass; returns whether it is an outage's, and so not the account's."""
        if not self._patience:
            return False
        now = anyio.current_time()
        outage = self.met.get(service)
        if outage is None:
            outage = self.met[service] = Outage(service, now, error)
        outage.error = error
        outage.accounts.add(account)
        if not outage.closed and outage.is_the_services(now):
            outage.closed = True
            self._observe(Waiting(service, error.code, self._patience))
        return outage.closed

    def answered(self, service: str) -> None:
        """The service has answered somebody: there is no outage, or none any more."""
        outage = self.met.get(service)
        if outage is None or outage.ended is not None:
            return
        del self.met[service]
        outage.over = True
        if outage.closed:
            self._tell_end(outage)

    def may_pass(self, service: str) -> bool:
        """Whether the faults of one account may be the service's: it has answered no request for some time."""
        outage = self.met.get(service)
        return outage is not None and _LEAST <= anyio.current_time() - outage.began < min(self._patience, _ALONE)

    @contextmanager
    def cutting_off(self) -> Iterator[anyio.CancelScope]:
        """Cancel the block when the run ends, or at once where it has."""
        with anyio.CancelScope() as scope:
            if self.ended is not None:
                scope.cancel()
            self._scopes.add(scope)
            try:
                yield scope
            finally:
                self._scopes.discard(scope)

    def _end(self, outage: Outage) -> None:
        error = outage.error
        outage.ended = request_error(
            code=error.code,
            message=f"no good reply came for {self._patience:g} seconds: {error.message}",
            service=error.service,
            operation=error.operation,
            status=error.status,
            request_id=error.request_id,
        )
        self._tell_end(outage)
        if outage.service == _LISTING:
            return
        self.ended = outage.ended
        for scope in self._scopes:
            scope.cancel()

    def _tell_end(self, outage: Outage) -> None:
        seconds = anyio.current_time() - outage.began
        self._observe(WaitingEnded(outage.service, outage.error.code, seconds, answered=outage.over))

"""How long a service has given an account no sign of life, in time in which it was asked."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio

from auditor.aws.errors import no_answer
from auditor.aws.limits.budgets import Api
from auditor.aws.limits.rate import loop_time

_LONG = 10.0
"""Seconds without a sign of life after which an account is asked one thing at a time."""


class Liveness:
    """How long a service has been silent in one account: since its last sign of life, or since it was first asked.

    Signs of life are good replies and refusals, throttles among them.

    Only time in which a request is outstanding counts (inside `asking`), however many are. Once the silence is too
    long, every later request fails.
    """

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._asking = 0
        self._since = 0.0
        self._before = 0.0
        """Seconds of this silence before `_since`."""
        self._over = False
        self.only_throttles = False
        """Whether a request was throttled until its patience ended, and none has had a good reply since."""

    @property
    def is_long(self) -> bool:
        """Whether it has gone on for longer than a request that is answered takes."""
        return self._seconds() > min(_LONG, self._longest)

    def check(self, api: Api) -> None:
        """Raise RequestError (`NoAnswer`) where it has gone on for too long."""
        if self._over:
            raise no_answer(self._longest, service=api.service, operation=api.operation)

    def heard(self) -> None:
        """A good reply has come."""
        self.only_throttles = False
        self.begin_anew()

    def begin_anew(self) -> None:
        """The service is there, or what is not there is not the account's."""
        self._since, self._before = loop_time(), 0.0

    @contextmanager
    def asking(self, api: Api) -> Iterator[anyio.CancelScope]:
        """Count the time of the block, and cancel it when the silence that it began in has become too long.

        Where another request was answered meanwhile, only this block is cancelled, its scope says so, and it may be
        tried again: to move the end of every block with each reply would cost more.

        Raises:
            RequestError: It has gone on for too long (`NoAnswer`).
        """
        self.check(api)
        if not self._asking:
            self._since = loop_time()
        self._asking += 1
        try:
            with anyio.CancelScope(deadline=self._end()) as scope:
                yield scope
            if scope.cancelled_caught:
                self._over = self._over or self._end() <= scope.deadline
                self.check(api)
        finally:
            self._asking -= 1
            if not self._asking:
                self._before += loop_time() - self._since

    def _end(self) -> float:
        return self._since + self._longest - self._before

    def _seconds(self) -> float:
        return self._before + (loop_time() - self._since if self._asking else 0.0)

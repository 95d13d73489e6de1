"""Whose credentials sign a request: those of the task that sends it, read when it is signed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import anyio
from aiobotocore.credentials import AioCredentialResolver, AioCredentials
from botocore.credentials import CredentialProvider, ReadOnlyCredentials

from auditor.aws.clock import utc_now
from auditor.aws.faults import PARSER_ERRORS, SDK_ERRORS, safe_cause, unavailable
from auditor.errors import RequestError

_signing: ContextVar[ReadOnlyCredentials] = ContextVar("auditor_signing_credentials")


_EARLY = timedelta(minutes=5)
_QUARTER = 4


class CredentialSource(Protocol):
    """Gives credentials that are valid now; raises RequestError where there are none to be had."""

    async def current(self) -> ReadOnlyCredentials:
        """Credentials that live long enough to sign a request with."""
        ...

    def expire(self, refused: ReadOnlyCredentials) -> None:
        """Take AWS's word that these have expired, whatever was said of their end; others are not touched."""
        ...


@contextmanager
def signing_as(credentials: ReadOnlyCredentials) -> Iterator[None]:
    """Sign what this task sends inside the block with these credentials."""
    token = _signing.set(credentials)
    try:
        yield
    finally:
        _signing.reset(token)


class TaskCredentials(AioCredentials):
    """Credentials that are another's each time: those that the running task signs with.

    One client can so serve all accounts at once. A request outside `signing_as` is not sent at all.
    """

    def __init__(self) -> None:
        super().__init__("of-the-task", "of-the-task", method="auditor-task")

    # The SDK's asynchronous half overrides what its types, of the synchronous one, say.
    async def get_frozen_credentials(self) -> ReadOnlyCredentials:  # type: ignore[override]
        """The credentials of the running task; the SDK asks for them when it signs."""
        try:
            return _signing.get()
        except LookupError:
            raise RuntimeError("a request was about to be sent outside of any account") from None


class _TaskCredentialProvider(CredentialProvider):
    METHOD = "auditor-task"

    async def load(self) -> TaskCredentials:
        return TaskCredentials()


def task_credential_resolver() -> AioCredentialResolver:
    """A credential chain of one link, for the session whose clients all accounts share."""
    return AioCredentialResolver(providers=[_TaskCredentialProvider()])


class CallerCredentials:
    """The caller's own credentials: asked of the SDK's chain each time, which renews what rotates."""

    def __init__(self, credentials: Any) -> None:  # noqa: ANN401 - the SDK has no types
        self._credentials = credentials

    async def current(self) -> ReadOnlyCredentials:
        """The caller's credentials, renewed by the chain that they come from."""
        try:
            frozen: ReadOnlyCredentials = await self._credentials.get_frozen_credentials()
        except (*SDK_ERRORS, *PARSER_ERRORS, OSError) as error:
            raise unavailable(error, service="credentials", operation="refresh") from safe_cause(error)
        return frozen

    def expire(self, refused: ReadOnlyCredentials) -> None:
        """Nothing to forget: the chain alone keeps them, and is asked again anyway."""


class AssumesRole(Protocol):
    """Assumes the role once more; returns the `Credentials` of AWS's answer."""

    async def __call__(self) -> dict[str, Any]:
        """The fresh credentials."""
        ...


class RoleCredentials:
    """The credentials of one account's role, assumed when first needed and renewed before they end.

    They are renewed when less than five minutes or a quarter of their life is left, once for all tasks. A renewal that
    fails costs nothing while the old ones live.
    """

    def __init__(self, assume: AssumesRole, *, now: Callable[[], datetime] = utc_now) -> None:
        self._assume = assume
        self._now = now
        self._lock = anyio.Lock()
        self._frozen: ReadOnlyCredentials | None = None
        self._renew_at = self._end = datetime.min.replace(tzinfo=UTC)
        self._attempts = 0
        self._error: RequestError | None = None

    async def current(self) -> ReadOnlyCredentials:
        """Credentials with some life left; raises RequestError where the role is refused."""
        if self._frozen is not None and self._now() < self._renew_at:
            return self._frozen
        attempts = self._attempts
        async with self._lock:
            # Who waited while another tried takes what came of it.
            if attempts == self._attempts:
                await self._renew()
                self._attempts += 1
        if self._frozen is not None and (self._error is None or self._now() < self._end):
            return self._frozen
        assert self._error is not None  # noqa: S101 - a renewal has given credentials, or this
        raise copy(self._error)

    def expire(self, refused: ReadOnlyCredentials) -> None:
        """Have these renewed by whoever needs credentials next; those that have come since stay."""
        if refused == self._frozen:
            self._renew_at = self._end = datetime.min.replace(tzinfo=UTC)

    async def _renew(self) -> None:
        now = self._now()
        try:
            fresh = await self._assume()
        except RequestError as error:
            self._error = error
            self._renew_at = now + (self._end - now) / 2 if now < self._end else now
            return
        self._error = None
        self._frozen = ReadOnlyCredentials(fresh["AccessKeyId"], fresh["SecretAccessKey"], fresh["SessionToken"], None)
        self._end = fresh["Expiration"].astimezone(UTC)
        self._renew_at = self._end - min(_EARLY, (self._end - now) / _QUARTER)

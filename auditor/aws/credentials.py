"""Whose credentials sign a request: those of the task that sends it, read when it is signed."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import anyio
from aiobotocore.credentials import AioCredentialResolver, AioCredentials
from botocore.credentials import CredentialProvider, ReadOnlyCredentials

from auditor.aws.faults import SDK_ERRORS, translate

_signing: ContextVar[ReadOnlyCredentials] = ContextVar("auditor_signing_credentials")

_EARLY = timedelta(minutes=5)
_QUARTER = 4


class CredentialSource(Protocol):
    """Gives credentials that are valid now; raises RequestError where there are none to be had."""

    async def current(self) -> ReadOnlyCredentials:
        """Credentials that live long enough to sign a request with."""
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
        except SDK_ERRORS as error:
            raise translate(error, service="credentials", operation="refresh") from error
        return frozen


class AssumesRole(Protocol):
    """Assumes the role once more; returns the `Credentials` of AWS's answer."""

    async def __call__(self) -> dict[str, Any]:
        """The fresh credentials."""
        ...


class RoleCredentials:
    """The credentials of one account's role, assumed when first needed and renewed before they end.

    They are renewed when less than five minutes or a quarter of their life is left, once for all tasks.
    """

    def __init__(self, assume: AssumesRole) -> None:
        self._assume = assume
        self._lock = anyio.Lock()
        self._frozen: ReadOnlyCredentials | None = None
        self._renew_at = datetime.min.replace(tzinfo=UTC)

    async def current(self) -> ReadOnlyCredentials:
        """Credentials with some life left; raises RequestError where the role is refused."""
        if self._frozen is None or datetime.now(UTC) >= self._renew_at:
            async with self._lock:
                await self._renew()
        assert self._frozen is not None  # noqa: S101 - _renew has set it or raised
        return self._frozen

    async def _renew(self) -> None:
        now = datetime.now(UTC)
        if self._frozen is not None and now < self._renew_at:
            return
        fresh = await self._assume()
        expiration = fresh["Expiration"].astimezone(UTC)
        self._frozen = ReadOnlyCredentials(fresh["AccessKeyId"], fresh["SecretAccessKey"], fresh["SessionToken"], None)
        self._renew_at = expiration - min(_EARLY, (expiration - now) / _QUARTER)

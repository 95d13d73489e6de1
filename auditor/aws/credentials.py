"""Whose credentials sign a request: those of the task that sends it, read when it is signed."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

import anyio
from aiobotocore.client import AioBaseClient
from aiobotocore.credentials import AioCredentialResolver, AioCredentials
from botocore.client import BaseClient
from botocore.credentials import CredentialProvider, ReadOnlyCredentials

from auditor.aws.caller_errors import check_given
from auditor.aws.errors import unavailable
from auditor.errors import AuditError, ConfigurationError, RequestError

T = TypeVar("T")
_NOW = partial(datetime.now, UTC)

_CHAIN_LOGGERS = ("aiobotocore.credentials", "aiobotocore.tokens", "aiobotocore.utils", "botocore.credentials")
logger = logging.getLogger(__name__)
_signing: ContextVar[ReadOnlyCredentials] = ContextVar("auditor_signing_credentials")
_EARLY = timedelta(minutes=5)
_QUARTER = 4
_LONGEST_RENEWAL = 120.0
"""Seconds: what has given credentials once, and gives none for so long, has hung. The first ones may need a person."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


async def ask_chain(question: Callable[[], Awaitable[T]], *, explain: Callable[[Exception], AuditError]) -> T:
    """What the chain answers.

    Raises:
        AuditError: As `explain` has it, for any exception of the chain; with no cause, whose text may hold a secret.
    """
    try:
        with _unheard():
            return await question()
    # A provider is a program, a prompt, a file or a class of a caller's own: it may raise anything, and none of it is a
    # mistake of ours.
    except Exception as error:  # noqa: BLE001 - said above
        raise explain(error) from None


@contextmanager
def _unheard() -> Iterator[None]:
    """Leave unlogged what the SDK says of a failure before it raises it, with a traceback, and tokens in it."""

    def is_detail(record: logging.LogRecord) -> bool:
        return record.levelno < logging.WARNING

    loggers = [logging.getLogger(name) for name in _CHAIN_LOGGERS]
    for logger in loggers:
        logger.addFilter(is_detail)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_detail)


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
    async def get_frozen_credentials(self) -> ReadOnlyCredentials:  # type: ignore[override]  # asynchronous, and the stubs are not
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


@dataclass(frozen=True, slots=True)
class Lease:
    """Credentials, and when they end."""

    frozen: ReadOnlyCredentials
    end: datetime


class RenewedCredentials:
    """Credentials that are fetched when first needed, and anew before they end, once for all tasks.

    They are renewed when less than five minutes or a quarter of their life is left. A renewal that fails costs nothing
    while the old ones live.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Lease]], *, now: Callable[[], datetime] = _NOW) -> None:
        """Take what fetches them, and raises RequestError where it can't."""
        self._fetch = fetch
        self._now = now
        self._lock = anyio.Lock()
        self._frozen: ReadOnlyCredentials | None = None
        self._renew_at = self._end = _LONG_AGO
        self._attempts = 0
        self._error: RequestError | None = None

    async def current(self) -> ReadOnlyCredentials:
        """Credentials with some life left; raises RequestError where they are refused, or can't be had."""
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
        """Renew these when credentials are needed next; newer ones stay."""
        if refused == self._frozen:
            self._renew_at = self._end = _LONG_AGO

    async def _renew(self) -> None:
        now = self._now()
        try:
            lease = await self._fetch()
        except RequestError as error:
            logger.debug("credentials could not be renewed: %s", error)
            self._error = error
            self._renew_at = now + (self._end - now) / 2 if now < self._end else now
            return
        self._error, self._frozen, self._end = None, lease.frozen, lease.end
        self._renew_at = self._end - min(_EARLY, (self._end - now) / _QUARTER)


class AssumesRole(Protocol):
    """Assumes the role once more; returns the `Credentials` of AWS's answer."""

    async def __call__(self) -> dict[str, Any]:
        """The fresh credentials."""
        ...


class RoleCredentials(RenewedCredentials):
    """The credentials of one account's role, assumed when first needed and renewed before they end."""

    def __init__(self, assume: AssumesRole, *, now: Callable[[], datetime] = _NOW) -> None:
        async def fetch() -> Lease:
            fresh = await assume()
            frozen = ReadOnlyCredentials(fresh["AccessKeyId"], fresh["SecretAccessKey"], fresh["SessionToken"], None)
            return Lease(frozen, fresh["Expiration"].astimezone(UTC))

        super().__init__(fetch, now=now)


def _unavailable(error: Exception) -> RequestError:
    return unavailable(error, service="credentials", operation="refresh")


class CallerCredentials(RenewedCredentials):
    """The caller's own credentials, from the SDK's chain.

    The SDK asks their source for others when less than fifteen minutes are left, and then for each request, though the
    source may have none that live longer. Here it is asked once for all, ahead of their end, as for a role's. Those
    that have no end are the SDK's to keep: a caller's own session may change them at any time.
    """

    def __init__(
        self,
        credentials: Any,  # noqa: ANN401 - the SDK has no types
        *,
        explain: Callable[[Exception], RequestError] = _unavailable,
        now: Callable[[], datetime] = _NOW,
    ) -> None:
        """Take the SDK's credentials, and what makes an error of whatever their provider raises."""
        super().__init__(self._lease, now=now)
        self._credentials = credentials
        self._explain = explain
        self._has_given = False

    async def current(self) -> ReadOnlyCredentials:
        """The caller's credentials; raises RequestError (`CredentialsUnavailable`) where they ended and none came."""
        return await super().current() if self._renewable else await self._ask()

    @property
    def link(self) -> str:
        """The SDK's word for the link of the chain that they are from, such as `env`; empty where it has none."""
        return str(getattr(self._credentials, "method", None) or "")

    @property
    def end(self) -> datetime | None:
        """When those that were last given end; None where nothing is said of it."""
        return self._end if self._renewable and _LONG_AGO < self._end < _NEVER else None

    @property
    def _renewable(self) -> bool:
        return hasattr(self._credentials, "_expiry_time")

    async def _ask(self) -> ReadOnlyCredentials:
        try:
            with anyio.fail_after(_LONGEST_RENEWAL if self._has_given else None):
                frozen = await ask_chain(self._checked, explain=self._explain)
        except TimeoutError:
            raise self._explain(TimeoutError(f"it gave none for {_LONGEST_RENEWAL:g} seconds")) from None
        self._has_given = True
        return frozen

    async def _checked(self) -> ReadOnlyCredentials:
        frozen: ReadOnlyCredentials = await self._credentials.get_frozen_credentials()
        check_given(*frozen[:3])
        return frozen

    async def _lease(self) -> Lease:
        frozen = await self._ask()
        end: datetime | None = self._credentials._expiry_time  # noqa: SLF001 - said nowhere else
        return Lease(frozen, _NEVER if end is None else end.astimezone(UTC))


def credentials_of(client: Any) -> CallerCredentials | None:  # noqa: ANN401 - the SDK has no types
    """Those with which a client of the caller's own signs, asked for before it does; None where it has none to ask for.

    Raises:
        ConfigurationError: It is a client that would block the event loop.
    """
    if isinstance(client, BaseClient) and not isinstance(client, AioBaseClient):
        raise ConfigurationError("The client must be one of aioboto3's: boto3's would block the event loop.")
    if not isinstance(client, AioBaseClient):
        return None
    sdk: Any = client
    own = sdk._request_signer._credentials  # noqa: SLF001 - the only way to them
    return None if own is None else CallerCredentials(own)

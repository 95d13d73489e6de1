"""The SDK session of a run: made from the caller's settings, verified, and apart from the caller's own."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

import aioboto3
from aiobotocore.credentials import AioCredentialResolver
from aiobotocore.session import AioSession
from anyio import to_thread
from botocore.exceptions import ClientError, NoCredentialsError, ProfileNotFound
from botocore.loaders import Loader, create_loader

from auditor.aws.clock import clock_fault
from auditor.aws.credentials import CallerCredentials, task_credential_resolver
from auditor.aws.faults import PARSER_ERRORS, SDK_ERRORS, safe_cause, translate
from auditor.aws.partitions import DEFAULT_REGION
from auditor.aws.redaction import without_secrets
from auditor.aws.transport import TlsContexts, VerifyingConfig, VerifyingSession, verified
from auditor.errors import CallerError

SERVICES = ("sts", "organizations", "iam", "cloudtrail")

_RESOLVED_BY_CLIENTS = frozenset({"assume-role", "assume-role-with-web-identity", "sso"})
_YEAR = 4
"""Letters of a year: without a dash behind them, digits are seconds, though they would make a date, too."""
_SSO_ERRORS = ("SSOTokenLoadError", "TokenRetrievalError", "UnauthorizedSSOTokenError")


class Sessions:
    """Two SDK sessions with the same settings: `caller` signs with the caller's chain, `shared` with the task's."""

    def __init__(self, *, caller: AioSession, shared: AioSession, region: str) -> None:
        self.caller = caller
        self.shared = shared
        self.region = region


async def open_sessions(*, profile: str | None, session: aioboto3.Session | None) -> Sessions:
    """Sessions for one run; a session that is given lends its settings and credentials, and is left as it is.

    Raises:
        CallerError: The profile does not exist, or the configuration can't be read.
    """
    try:
        return await to_thread.run_sync(_make_sessions, profile, session)
    except (*SDK_ERRORS, *PARSER_ERRORS, OSError) as error:
        raise caller_error(error, profile=profile) from safe_cause(error)


async def resolve_credentials(sessions: Sessions, *, profile: str | None) -> CallerCredentials:
    """The caller's credentials, already proven to be there: an MFA prompt has been answered.

    Raises:
        CallerError: There are none, or they could not be renewed.
    """
    try:
        credentials = await sessions.caller.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        await credentials.get_frozen_credentials()
    except (*SDK_ERRORS, *PARSER_ERRORS, OSError) as error:
        raise caller_error(error, profile=profile) from safe_cause(error)
    return CallerCredentials(credentials)


def caller_error(error: Exception, *, profile: str | None) -> CallerError:
    """One sentence on why the caller has no usable credentials, with what to do about it."""
    whose = f"profile {profile!r}" if profile else "the default credentials"
    if isinstance(error, ProfileNotFound):
        return CallerError(f"The profile {error.kwargs['profile']!r} is not configured.")
    if isinstance(error, NoCredentialsError):
        return CallerError("No AWS credentials were found: give --profile, or set up the SDK's own chain.")
    if type(error).__name__ in _SSO_ERRORS:
        command = f"aws sso login --profile {profile}" if profile else "aws sso login"
        return CallerError(f"The SSO session of {whose} has expired or is missing: run `{command}`.")
    fault = clock_fault(translate(error, service="sts", operation="assume_role"), now=datetime.now(UTC))
    if fault is not None:
        return CallerError(fault)
    text = without_secrets(str(error)) or type(error).__name__
    verb = "was refused" if isinstance(error, ClientError) else "could not be used"
    return CallerError(f"{whose[0].upper()}{whose[1:]} {verb}: {text}")


def _make_sessions(profile: str | None, given: aioboto3.Session | None) -> Sessions:
    config = VerifyingConfig(http_session_cls=partial(VerifyingSession, contexts=TlsContexts()))
    caller = _session_like(given, profile=profile, config=config)
    shared = _session_like(given, profile=profile, config=config)
    shared.register_component("credential_provider", task_credential_resolver())
    if given is not None and profile is None and _brings_credentials(given, caller):
        caller.register_component("credential_provider", _Borrowed(given))
    loader = _loaded_models(caller.get_config_variable("data_path"))
    region = _region(caller)
    for session in (caller, shared):
        session.register_component("data_loader", loader)
        # The clients of the credential chain need one, too.
        session.set_config_variable("region", region)
    return Sessions(caller=caller, shared=shared, region=region)


def _session_like(given: aioboto3.Session | None, *, profile: str | None, config: VerifyingConfig) -> AioSession:
    session = AioSession()
    if given is not None:
        botocore_session: Any = given._session  # noqa: SLF001 - the only way from aioboto3 to its settings
        for name, value in botocore_session.instance_variables().items():
            session.set_config_variable(name, value)
        default = botocore_session.get_default_client_config()
        if default is not None:
            session.set_default_client_config(default)
    if profile is not None:
        session.set_config_variable("profile", profile)
    verified(session, config=config)
    session.full_config  # noqa: B018 - reads the configuration files, and keeps them
    parsers = session.get_component("response_parser_factory")
    parsers.set_parser_defaults(timestamp_parser=parse_timestamp)
    return session


def _brings_credentials(given: aioboto3.Session, own: AioSession) -> bool:
    """Whether the session has credentials, or a chain, that are not just what its settings say.

    Those that its settings say are resolved anew: the clients which the SDK would make for them, for an assume-role, a
    web-identity or an SSO profile, verify no host name unless they are made from a session of ours.
    """
    lent: Any = given._session  # noqa: SLF001 - as above
    if lent._credentials is not None:  # noqa: SLF001 - to ask for them would resolve them
        return lent._credentials.method not in _RESOLVED_BY_CLIENTS  # noqa: SLF001
    theirs, ours = (session.get_component("credential_provider") for session in (lent, own))
    return [type(link) for link in getattr(theirs, "providers", ())] != [type(link) for link in ours.providers]


class _Borrowed(AioCredentialResolver):
    """A chain of one link: the credentials of a session that was given."""

    def __init__(self, given: aioboto3.Session) -> None:
        super().__init__(providers=[])
        self._given = given

    # The SDK's asynchronous half overrides what its types, of the synchronous one, say.
    async def load_credentials(self) -> Any:  # type: ignore[override]  # noqa: ANN401
        return await self._given.get_credentials()


def parse_timestamp(value: str | float) -> datetime:
    """The time that AWS sent, as ISO 8601 or seconds since 1970, in UTC.

    The SDK's own parser guesses formats and takes nine times as long.
    """
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if value[_YEAR:][:1] != "-":
        with suppress(ValueError):
            return datetime.fromtimestamp(float(value), UTC)
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@lru_cache(maxsize=1)
def _loaded_models(data_path: str | None) -> Loader:
    """What clients are made from, read here, in a thread: the SDK would read it on the event loop.

    Kept for the process: a worker makes its clients anew for each batch, and to read it is most of that work.
    """
    loader = create_loader(data_path)
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        loader.load_data(name)
    for service in SERVICES:
        for kind in ("service-2", "endpoint-rule-set-1"):
            # As the SDK calls it, to the letter: the loader remembers by the arguments.
            loader.load_service_model(service, kind, api_version=None)
    return loader


def _region(session: AioSession) -> str:
    """The caller's region; the SDK for Python overlooks AWS_REGION, which all others read."""
    given = session.instance_variables().get("region")
    return given or os.environ.get("AWS_REGION") or session.get_config_variable("region") or DEFAULT_REGION

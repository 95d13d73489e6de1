"""The SDK session of a run: made from the caller's settings, verified, and apart from the caller's own."""

import os
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import aioboto3
from aiobotocore.credentials import AioCredentialResolver
from aiobotocore.session import AioSession
from anyio import to_thread
from botocore.exceptions import NoCredentialsError
from botocore.loaders import Loader, create_loader

from auditor.aws.caller_errors import (
    CallerSettings,
    UnusableText,
    caller_sentence,
    check_keys,
    check_region,
    refresh_error,
    whole,
)
from auditor.aws.credential_sources import tame_sources
from auditor.aws.credentials import CallerCredentials, ask_chain, task_credential_resolver
from auditor.aws.endpoints import check_endpoints
from auditor.aws.errors import PARSER_ERRORS, SDK_ERRORS, safe_cause
from auditor.aws.partitions import DEFAULT_REGION
from auditor.aws.profiles import keys_in_use, profiles_in_use, written_keys
from auditor.aws.reading import response_parsers
from auditor.aws.wire.tls import TlsContexts, VerifyingConfig, VerifyingSession, verified
from auditor.errors import CallerError, ConfigurationError, RequestError

SERVICES = ("sts", "organizations", "iam", "cloudtrail")

SDK_EXTRAS = Path(__file__).parent / "sdk_extras"
"""Members of replies that are younger than the SDK, in the form that its loader merges into its own models."""
_RESOLVED_BY_CLIENTS = frozenset({"assume-role", "assume-role-with-web-identity", "sso"})


class Sessions:
    """Two SDK sessions with the same settings: `caller` signs with the caller's chain, `shared` with the task's."""

    def __init__(self, *, caller: AioSession, shared: AioSession, region: str) -> None:
        self.caller = caller
        self.shared = shared
        self.region = region


async def open_sessions(*, profile: str | None, session: aioboto3.Session | None) -> Sessions:
    """Sessions for one run; a session that is given lends its settings and credentials, and is left as it is.

    An empty profile is none, as an empty AWS_PROFILE is.

    Raises:
        CallerError: The profile does not exist, the configuration can't be read, or a key, a region or an
            endpoint can't be one.
        ConfigurationError: The session is none of aioboto3's.
    """
    if session is not None and not isinstance(session, aioboto3.Session):
        raise ConfigurationError(
            f"The session must be an aioboto3.Session: {type(session).__module__}.{type(session).__name__} is none."
        )
    profile = profile or None
    try:
        return await to_thread.run_sync(_make_sessions, profile, session)
    except (*SDK_ERRORS, *PARSER_ERRORS, OSError, UnusableText) as error:
        raise caller_error(error, profile=profile) from safe_cause(error)


async def resolve_credentials(sessions: Sessions, *, profile: str | None) -> CallerCredentials:
    """The caller's credentials, already proven to be there: an MFA prompt has been answered.

    Raises:
        CallerError: There are none, or they could not be renewed.
    """
    explain = partial(refresh_error, settings=settings_of(sessions, profile=profile))

    async def load() -> Any:  # noqa: ANN401 - the SDK has no types
        credentials = await sessions.caller.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        return credentials

    try:
        credentials = CallerCredentials(await ask_chain(load, explain=explain), explain=explain)
        await credentials.current()
    except RequestError as error:
        raise CallerError(whole(error.message)) from None
    return credentials


def settings_of(sessions: Sessions, *, profile: str | None) -> CallerSettings:
    """Where the caller's credentials come from; `profile` is the one that was asked for by name."""
    caller = sessions.caller
    named = profile or (None if keys_in_use(caller) else caller.get_config_variable("profile"))
    return CallerSettings(named, profiles_in_use(caller), sessions.region)


def caller_error(error: Exception, *, profile: str | None, sessions: Sessions | None = None) -> CallerError:
    """One sentence on why the caller has no usable credentials, with what to do about it."""
    settings = CallerSettings(profile) if sessions is None else settings_of(sessions, profile=profile)
    return CallerError(whole(caller_sentence(error, settings=settings)))


def _make_sessions(profile: str | None, given: aioboto3.Session | None) -> Sessions:
    config = VerifyingConfig(http_session_cls=partial(VerifyingSession, contexts=TlsContexts()))
    caller = _session_like(given, profile=profile, config=config)
    shared = _session_like(given, profile=profile, config=config)
    shared.register_component("credential_provider", task_credential_resolver())
    if given is not None and profile is None and _brings_credentials(given, caller):
        caller.register_component("credential_provider", _Borrowed(given))
    else:
        check_keys(written_keys(caller))
    check_endpoints(caller, SERVICES)
    loader = _loaded_models(caller.get_config_variable("data_path"))
    region, where = _region(caller)
    check_region(region, where=where)
    for session in (caller, shared):
        session.register_component("data_loader", loader)
        # The clients of the credential chain need one, too.
        session.set_config_variable("region", region)
    tame_sources(caller)
    return Sessions(caller=caller, shared=shared, region=region)


def _session_like(given: aioboto3.Session | None, *, profile: str | None, config: VerifyingConfig) -> AioSession:
    session = AioSession()
    if given is not None:
        botocore_session: Any = given._session  # noqa: SLF001 - the only way from aioboto3 to its settings
        for name, value in botocore_session.instance_variables().items():
            if value != "":
                session.set_config_variable(name, value)
        default = botocore_session.get_default_client_config()
        if default is not None:
            session.set_default_client_config(default)
    if profile is not None:
        session.set_config_variable("profile", profile)
    _overlook_empty_variables(session)
    verified(session, config=config)
    session.full_config  # noqa: B018 - reads the configuration files, and keeps them
    session.register_component("response_parser_factory", response_parsers())
    return session


def _overlook_empty_variables(session: AioSession) -> None:
    """Let an empty AWS_PROFILE or AWS_DEFAULT_REGION be none, as for AWS's own command; the SDK looks for '' then."""
    for name in ("profile", "region"):
        setting, variables, default, conversion = session.session_var_map[name]
        listed = [variables] if isinstance(variables, str) else variables
        told = [variable for variable in listed if os.environ.get(variable) != ""]
        session.session_var_map[name] = (setting, told, default, conversion)


def _brings_credentials(given: aioboto3.Session, own: AioSession) -> bool:
    """Whether the session has credentials, or a chain, that are not just what its settings say.

    Those that its settings say are resolved anew: the clients which the SDK would make for them, for an assume-role, a
    web-identity or an SSO profile, verify no host name unless they are made from a session of ours.
    """
    lent: Any = given._session  # noqa: SLF001 - as above
    if lent._credentials is not None:  # noqa: SLF001 - to ask for them would resolve them
        return lent._credentials.method not in _RESOLVED_BY_CLIENTS  # noqa: SLF001 - as above
    theirs, ours = (session.get_component("credential_provider") for session in (lent, own))
    return [type(link) for link in getattr(theirs, "providers", ())] != [type(link) for link in ours.providers]


class _Borrowed(AioCredentialResolver):
    """A chain of one link: the credentials of a session that was given."""

    def __init__(self, given: aioboto3.Session) -> None:
        super().__init__(providers=[])
        self._given = given

    # The SDK's asynchronous half overrides what its types, of the synchronous one, say.
    async def load_credentials(self) -> Any:  # type: ignore[override]  # noqa: ANN401 - as the SDK's own
        return await self._given.get_credentials()


@lru_cache(maxsize=1)
def _loaded_models(data_path: str | None) -> Loader:
    """What clients are made from, read here, in a thread: the SDK would read it on the event loop.

    Kept for the process: a worker makes its clients anew for each batch, and to read it is most of that work.
    """
    loader = create_loader(data_path)
    # First of all: of the extras of one service the loader takes only those that it finds first.
    loader.search_paths.insert(0, str(SDK_EXTRAS))
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        loader.load_data(name)
    for service in SERVICES:
        for kind in ("service-2", "endpoint-rule-set-1"):
            # As the SDK calls it, to the letter: the loader remembers by the arguments.
            loader.load_service_model(service, kind, api_version=None)
    return loader


def _region(session: AioSession) -> tuple[str, str]:
    """The caller's region, and where it is from; the SDK for Python overlooks AWS_REGION, which all others read."""
    if given := session.instance_variables().get("region"):
        return given, "the region of the session"
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if told := os.environ.get(variable):
            return told, variable
    configured = session.get_config_variable("region")
    profile = session.get_config_variable("profile") or "default"
    return configured or DEFAULT_REGION, f"the region of profile {profile!r}"

"""The caller's settings and credentials, from wherever the SDK takes them, and a sentence where there are none."""

import os
from functools import partial
from pathlib import Path
from typing import Any

import aioboto3
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import AioSession
from blockbuster import BlockBuster

from auditor.aws.gateway import open_gateway
from auditor.aws.session import Sessions, open_sessions, resolve_credentials
from auditor.aws.wire.tls import VerifyingConfig
from auditor.demo import Scenario
from auditor.errors import CallerError
from tests.fakes import write_profiles
from tests.organizations import served

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration file with one profile for each way to get credentials, or to fail at it."""
    write_profiles(tmp_path)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


@pytest.fixture
def lent() -> aioboto3.Session:
    """A caller's session with keys, a region, a proxy and a handler of its own."""
    sdk = AioSession()
    sdk.set_default_client_config(AioConfig(proxies={"https": "http://proxy.example:8080"}, user_agent_extra="mine"))
    sdk.register("before-send.iam", _handler)
    return aioboto3.Session("AKIALENT", "secret", "token", region_name="ap-south-1", botocore_session=sdk)


def _handler(**_: Any) -> None:
    pass


async def key_of(profile: str | None, session: aioboto3.Session | None = None) -> str:
    """The access key id of the caller."""
    sessions = await open_sessions(profile=profile, session=session)
    return str((await (await resolve_credentials(sessions, profile=profile)).current()).access_key)


async def test_a_profiles_keys_are_used() -> None:
    """The named profile's keys are the caller's."""
    assert await key_of("keys") == "AKIAKEYS"


async def test_the_environment_is_used_without_a_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a profile the SDK's own chain begins with the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    assert await key_of(None) == "AKIAENVIRONMENT"
    assert await key_of("keys") == "AKIAKEYS"


async def test_the_environments_profile_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_PROFILE names the profile where no option does."""
    monkeypatch.setenv("AWS_PROFILE", "keys")

    assert await key_of(None) == "AKIAKEYS"


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_credential_process_is_asked(no_blocking: BlockBuster) -> None:
    """The keys that a profile's own command prints are the caller's."""
    no_blocking.deactivate()  # asyncio itself starts the process so.

    assert await key_of("process") == "AKIAPROCESS"


SENTENCES = [
    ("nobody", "The profile 'nobody' is not configured: see `aws configure list-profiles`."),
    (None, "No AWS credentials were found: give --profile, or set up the SDK's own chain."),
    ("half", "Profile 'half' could not be used: Partial credentials found in"),
    ("sso", "The SSO session of profile 'sso' has expired or is missing: run `aws sso login --profile sso`."),
    ("sso-session", "The SSO session of profile 'sso-session' has expired or is missing: run `aws sso login"),
    ("broken-process", "Profile 'broken-process' could not be used: Error when retrieving credentials from"),
    ("no-token", "Profile 'no-token' could not be used: "),
]


@pytest.mark.parametrize(("profile", "sentence"), SENTENCES)
async def test_a_caller_without_credentials_is_told_why(
    profile: str | None, sentence: str, no_blocking: BlockBuster
) -> None:
    """Every way to have no usable credentials is one sentence, and no traceback."""
    no_blocking.deactivate()  # asyncio starts processes so, and the SDK reads its token cache so.

    with pytest.raises(CallerError) as caught:
        await key_of(profile)

    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


async def test_a_process_says_itself_why(no_blocking: BlockBuster) -> None:
    """What a broken credential process printed is in the sentence."""
    no_blocking.deactivate()  # asyncio itself starts the process so.

    with pytest.raises(CallerError, match="the vault is locked"):
        await key_of("broken-process")


@pytest.mark.parametrize(
    "variable",
    ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"],
)
async def test_an_unknown_profile_of_the_environment_is_named(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the profile that is not there, whoever asked for it."""
    monkeypatch.setenv(variable, "mislaid")

    with pytest.raises(CallerError, match="The profile 'mislaid' is not configured"):
        await key_of(None)


async def test_an_unreadable_configuration_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration file that is none is an error in a sentence."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "process.py"))

    with pytest.raises(CallerError, match=r"process\.py"):
        await key_of(None)


@pytest.mark.parametrize(
    ("variables", "profile", "region"),
    [
        ({}, None, "eu-south-2"),
        ({}, "keys", "eu-central-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-3"}, None, "eu-west-3"),
        ({"AWS_DEFAULT_REGION": "eu-west-3"}, "keys", "eu-west-3"),
        ({"AWS_REGION": "eu-north-1"}, "keys", "eu-north-1"),
        ({"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "eu-west-3"}, None, "eu-north-1"),
        ({"AWS_CONFIG_FILE": os.devnull}, None, "us-east-1"),
    ],
)
async def test_the_callers_region(
    variables: dict[str, str], profile: str | None, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS_REGION, AWS_DEFAULT_REGION, the profile, and one that is always there, in this order."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert (await open_sessions(profile=profile, session=None)).region == region


async def test_a_lent_session_lends_its_settings(lent: aioboto3.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials, region and client settings are those of the session that was given."""
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    sessions = await open_sessions(profile=None, session=lent)
    credentials = await resolve_credentials(sessions, profile=None)

    assert (await credentials.current()).access_key == "AKIALENT"
    assert sessions.region == "ap-south-1"
    for session in (sessions.caller, sessions.shared):
        config: Any = session.get_default_client_config()
        kinds = type(config)
        assert kinds is VerifyingConfig
        assert (config.proxies, config.user_agent_extra) == ({"https": "http://proxy.example:8080"}, "mine")


async def test_a_lent_sessions_profile_is_used(no_blocking: BlockBuster) -> None:
    """A session that was made for a profile lends its keys and region."""
    no_blocking.deactivate()  # The caller's own session reads its files when it is asked.
    sessions = await open_sessions(profile=None, session=aioboto3.Session(profile_name="keys"))
    credentials = await resolve_credentials(sessions, profile=None)

    assert ((await credentials.current()).access_key, sessions.region) == ("AKIAKEYS", "eu-central-1")


class TellingSession(AIOHTTPSession):
    """An HTTP session that tells when it is made."""

    def __init__(self, made: list[str], **options: Any) -> None:
        super().__init__(**options)
        made.append(type(self).__name__)


async def test_the_chain_of_a_lent_session_verifies(monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster) -> None:
    """The clients of a lent session's credential chain check the server's certificate, as all others do."""
    no_blocking.deactivate()  # The caller's own session reads its files when it is asked.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    made: list[str] = []
    sdk = AioSession(profile="role")
    sdk.set_default_client_config(AioConfig(http_session_cls=partial(TellingSession, made)))  # type: ignore[arg-type]  # any callable will do

    with pytest.raises(CallerError):
        await key_of(None, aioboto3.Session(botocore_session=sdk))

    assert made == []


async def test_a_profile_goes_before_a_lent_session(lent: aioboto3.Session) -> None:
    """A profile that is asked for by name is the caller's, with a session, too."""
    assert await key_of("keys", lent) == "AKIAKEYS"


def state(session: aioboto3.Session) -> dict[str, Any]:
    """All that could be changed in a session."""
    sdk: Any = session._session  # noqa: SLF001 - there is no other way to see that nothing was changed
    return {
        **{name: id(value) for name, value in vars(sdk).items()},
        "variables": sdk.instance_variables(),
        "config": vars(sdk.get_default_client_config()).copy(),
        "components": dict(sdk._components._components),  # noqa: SLF001 - nothing public tells
        "deferred": dict(sdk._components._deferred),  # noqa: SLF001 - as above
        "handlers": [
            list(sdk._events._emitter._handlers.prefix_search(event))  # noqa: SLF001 - as above
            for event in ("before-send.iam", "before-sign.iam.ListUsers", "creating-client-class.sts")
        ],
    }


async def test_a_lent_session_is_left_as_it_is(lent: aioboto3.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole gateway over a session that was given changes nothing in it."""
    async with served(Scenario(accounts=1, users=0), monkeypatch) as server:
        lent_key = server.environment()["AWS_ACCESS_KEY_ID"]
        lent._session.set_credentials(lent_key, server.environment()["AWS_SECRET_ACCESS_KEY"])  # noqa: SLF001 - no public way
        monkeypatch.setenv("NO_PROXY", "*")
        before = state(lent)
        async with open_gateway(session=lent) as gateway:
            assert gateway.caller.account_id == server.organization.caller.id

    assert state(lent) == before


async def test_the_two_sessions_sign_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shared session has nobody's credentials but the task's, the caller's has the caller's."""
    monkeypatch.setenv("AWS_PROFILE", "keys")
    sessions: Sessions = await open_sessions(profile=None, session=None)
    caller: Any = await sessions.caller.get_credentials()
    shared: Any = await sessions.shared.get_credentials()

    assert (caller.access_key, shared.method) == ("AKIAKEYS", "auditor-task")

"""Why a caller has no credentials: whatever is wrong, one sentence says what, and what to do about it."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from aiobotocore.session import AioSession
from anyio import to_thread
from blockbuster import BlockBuster

from auditor.aws.advice import with_advice
from auditor.aws.endpoints import endpoint_setting
from auditor.aws.errors import request_error
from auditor.aws.gateway import open_gateway
from auditor.aws.role import RoleRequest
from auditor.aws.session import caller_error, open_sessions, resolve_credentials
from auditor.demo import Scenario
from auditor.errors import CallerError, ConfigurationError, RequestError
from tests.fakes import account, write_profiles
from tests.organizations import served

pytestmark = pytest.mark.anyio

PROFILES = """
[profile login]
login_session = arn:aws:iam::111122223333:user/ana
region = eu-west-1
[profile of-login]
role_arn = arn:aws:iam::111122223333:role/Role
source_profile = login
[profile empty]
region = eu-west-1
[profile mfa]
role_arn = arn:aws:iam::111122223333:role/Role
source_profile = keys
mfa_serial = arn:aws:iam::111122223333:mfa/ana
[profile of-mfa]
role_arn = arn:aws:iam::111122223333:role/Other
source_profile = mfa
[profile broken-key]
aws_access_key_id = AKIABROKEN
aws_secret_access_key = first
  second
[profile open-process]
credential_process = "left open
[profile of-open-process]
role_arn = arn:aws:iam::111122223333:role/Role
source_profile = open-process
[profile no-command]
credential_process =
[profile "my sso"]
sso_start_url = https://nobody.example/start
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = Role
[profile of-sso]
role_arn = arn:aws:iam::111122223333:role/Role
source_profile = my sso
[profile of-broken-key]
role_arn = arn:aws:iam::111122223333:role/Role
source_profile = broken-key
"""
DEAD = "http://127.0.0.1:1"
KEY = {"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "secret", "SessionToken": "token"}
PRINTED = {
    "ended": {**KEY, "Expiration": "2020-01-01T00:00:00Z"},
    "list": [],
    "odd": {**KEY, "SecretAccessKey": "secret\n"},
    "half": {"Version": 1, "AccessKeyId": "A"},
    "unset": {**KEY, "AccessKeyId": None},
    "empty": {**KEY, "SecretAccessKey": ""},
    "late": {**KEY, "Expiration": "whenever"},
}
"""What some programs print that are asked for credentials."""
SENTENCES = {
    "login": "The profile 'login' is one of `aws login`, which this SDK can't read: give a profile with the line "
    "`credential_process = aws configure export-credentials --profile login --format process`.",
    "of-login": "The profile 'login' is one of `aws login`",
    "empty": "Profile 'empty' has no credentials: it names no keys, role, SSO session or credential_process",
    "ended-process": "Profile 'ended-process' could not be used: what its provider gave had already "
    "expired: sign in again.",
    "list-process": "Profile 'list-process' could not be used: what its credential_process printed is not what",
    "unset-process": "The access key id is empty",
    "empty-process": "The secret access key is empty",
    "open-process": "Profile 'open-process' could not be used: the credential_process of profile 'open-process' has a "
    "quote that is left open, or a backslash at its end.",
    "of-open-process": "Profile 'of-open-process' could not be used: the credential_process of profile 'open-process'",
    "no-command": "Profile 'no-command' could not be used: the credential_process of profile 'no-command' is empty.",
    "silent-process": f"Profile 'silent-process' could not be used: the program {sys.executable!r} of its "
    "credential_process has failed, and does not say why.",
    "my sso": "The SSO session of profile 'my sso' has expired or is missing: run `aws sso login --profile 'my sso'`.",
    "of-sso": "The SSO session of profile 'my sso' has expired or is missing: run `aws sso login --profile 'my sso'`.",
    "half-process": "Profile 'half-process' could not be used: Error when retrieving credentials from custom-process",
    "late-process": "Profile 'late-process' could not be used: what its credential_process printed is not what",
    "odd-process": "The secret access key has a line break in it",
    "broken-key": "The aws_secret_access_key of profile 'broken-key' has a line break in it",
    "of-broken-key": "The aws_secret_access_key of profile 'broken-key' has a line break in it",
    "no-process": "Profile 'no-process' could not be used: the program '/nowhere/there-is-no-such-command' of its "
    "credential_process is not there.",
    "talking-process": "Profile 'talking-process' could not be used: Expecting value at character 0: what its "
    "credential_process printed is no JSON.",
}


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration file with a profile for each way to fail."""
    write_profiles(tmp_path)
    for name, printed in PRINTED.items():
        (tmp_path / f"{name}.py").write_text(f"print({json.dumps(printed)!r})")
    with (tmp_path / "config").open("a", encoding="utf-8") as config:
        config.write(PROFILES)
        config.write(f'[profile silent-process]\ncredential_process = {sys.executable} -c "raise SystemExit(3)"\n')
        for name in PRINTED:
            config.write(f"[profile {name}-process]\ncredential_process = {sys.executable} {tmp_path}/{name}.py\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


async def key_of(profile: str | None) -> str:
    """The access key id of the caller."""
    sessions = await open_sessions(profile=profile, session=None)
    return str((await (await resolve_credentials(sessions, profile=profile)).current()).access_key)


@pytest.mark.parametrize(("profile", "sentence"), SENTENCES.items(), ids=SENTENCES)
async def test_whatever_a_provider_raises_is_a_sentence(
    profile: str, sentence: str, no_blocking: BlockBuster, caplog: pytest.LogCaptureFixture
) -> None:
    """What is wrong with a profile and what to do about it, in one line, with no record of the SDK's beside it."""
    no_blocking.deactivate()  # asyncio itself starts processes so.

    with pytest.raises(CallerError) as caught:
        await key_of(profile)

    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)
    assert [] == [record for record in caplog.records if record.levelno > logging.INFO]


@pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": True})])
async def test_a_program_that_is_missing_is_named_on_every_event_loop(no_blocking: BlockBuster) -> None:
    """Also on one whose error does not say which file it was."""
    no_blocking.deactivate()  # the event loop itself starts processes so.

    with pytest.raises(CallerError, match="'/nowhere/there-is-no-such-command' of its credential_process is not there"):
        await key_of("no-process")


@pytest.mark.parametrize("profile", ["mfa", "of-mfa"])
async def test_an_mfa_code_without_a_terminal(profile: str) -> None:
    """Who can't be asked for a code is told how to do without."""
    sessions = await open_sessions(profile=profile, session=None)
    sentence = str(caller_error(EOFError("EOF when reading a line"), profile=profile, sessions=sessions))

    command = f"`aws configure export-credentials --profile {profile} --format env`"
    assert sentence.startswith(f"Profile {profile!r} needs an MFA code of arn:aws:iam::111122223333:mfa/ana, and")
    assert sentence.endswith(f"first get credentials of a session, with {command} for one, and leave the profile out.")


@pytest.mark.parametrize("profile", ["mfa", "of-mfa"])
async def test_workers_do_not_ask_for_mfa_codes(profile: str) -> None:
    """Each would ask for one of its own: that is said before anybody is asked."""
    with pytest.raises(CallerError, match=r"needs an MFA code of .*, and each worker would .* export-credentials"):
        async with open_gateway(profile=profile, alone=False):
            pass


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
async def test_an_empty_profile_is_none(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable, and an empty option, name no profile."""
    monkeypatch.setenv(variable, "")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    assert ["AKIAENVIRONMENT"] * 2 == [await key_of(None), await key_of("")]


async def test_an_empty_variable_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the profile's region, nor the other variable that names a profile."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_DEFAULT_PROFILE"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("AWS_PROFILE", "keys")

    assert (await key_of(None), (await open_sessions(profile=None, session=None)).region) == (
        "AKIAKEYS",
        "eu-central-1",
    )


KEYS = {"AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}


@pytest.mark.parametrize("name", [*KEYS, "AWS_REGION", "AWS_DEFAULT_REGION"])
@pytest.mark.parametrize(
    ("odd", "what"),
    [("q9\n", "a line break"), ("\rq9", "a line break"), ("q9 q9", "a blank"), ("q9\u200b", r"character '\\u200b'")],
)
async def test_what_no_key_and_no_region_has_is_said(
    name: str, odd: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is sent, the sentence names the variable, and not what is in it."""
    for variable, value in (KEYS | {name: odd}).items():
        monkeypatch.setenv(variable, value)

    with pytest.raises(CallerError, match=f"^{name} .*{what}") as caught:
        await key_of(None)
    assert "q9" not in str(caught.value)


async def test_a_synchronous_session_is_refused() -> None:
    """boto3's own session is none for an asynchronous audit, which is said."""
    session: Any = await to_thread.run_sync(boto3.Session)

    with pytest.raises(ConfigurationError, match=r"must be an aioboto3.Session: boto3.session.Session is none"):
        await open_sessions(profile=None, session=session)


@pytest.mark.parametrize("partition", ["aws-us-gov", "aws-cn"])
async def test_keys_of_another_partition_need_a_region(partition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The STS of the standard partition knows no keys of GovCloud: the sentence says which variable to set."""
    async with served(Scenario(accounts=1, users=0, partition=partition), monkeypatch):
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        with pytest.raises(CallerError, match=r"InvalidClientTokenId.* STS was asked in us-east-1: .* AWS_REGION"):
            async with open_gateway():
                pass


async def test_a_region_without_sts_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where STS is switched off, the error says where, and what to set."""
    scenario = Scenario(accounts=2, users=0, sts_disabled=frozenset({"me-south-1"}))
    async with served(scenario, monkeypatch) as server:
        monkeypatch.setenv("AWS_REGION", "me-south-1")
        there = account(server.organization.accounts[1].id)
        async with open_gateway() as gateway:
            with pytest.raises(RequestError, match=r"STS is switched off in me-south-1: set AWS_REGION") as caught:
                await gateway.enter(there, roles=[RoleRequest("R", "SecurityAudit")])
    assert caught.value.code == "RegionDisabledException"


@pytest.mark.parametrize(
    ("endpoint", "sentence"),
    [
        ("localhost:1234", "its URL has no scheme: write it as https://sts.us-east-1.amazonaws.com."),
        ("http://bob:pa55word@localhost:port", "its URL has no valid host and port"),
        ("http://localhost:99999", "its URL has no valid host and port"),
        ("http://localhost:1234\n", "a blank, a line break or an invisible character is in its URL."),
        (" http://bob:pa55 word@localhost", "a blank, a line break or an invisible character is in its URL."),
        ("ftp://bob:pa55word@localhost", "the scheme is ftp, and only http and https are known."),
        ("http://bob:pa55word@localhost:1234", "a user is in its URL, and requests are signed with keys instead."),
        ("http://10.0.0.256:1234", "its URL has no valid host and port"),
        ("http://a_b:1234", "its host may have letters, digits, hyphens and dots only."),
    ],
)
async def test_an_endpoint_that_is_none_is_said(endpoint: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken for a reply of AWS's, and nothing is tried again."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(CallerError) as caught:
        async with open_gateway(profile="keys"):
            pass
    assert str(caught.value).startswith(f"AWS_ENDPOINT_URL is no endpoint that can be used: {sentence}")
    assert "pa55" not in str(caught.value)


@pytest.mark.parametrize("service", ["STS", "ORGANIZATIONS", "IAM", "CLOUDTRAIL"])
async def test_an_endpoint_of_one_service_that_is_none_is_said(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the chain, whose clients have the same endpoints, asks for anything."""
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", "ftp://localhost:1234")
    with pytest.raises(CallerError, match=f"^AWS_ENDPOINT_URL_{service} is no endpoint that can be used: the scheme"):
        await key_of("role")


async def test_an_endpoint_of_sso_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a service that only the chain asks the SDK itself refuses the URL."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", "localhost:1234")
    with pytest.raises(CallerError, match=r"An endpoint .* can't be used: its URL has no scheme"):
        await key_of("sso")


@pytest.mark.parametrize(
    ("variables", "config", "named"),
    [
        ({"AWS_ENDPOINT_URL_STS": DEAD, "AWS_ENDPOINT_URL": "http://127.0.0.1:2"}, "", "AWS_ENDPOINT_URL_STS"),
        ({"AWS_ENDPOINT_URL": DEAD}, "endpoint_url = http://127.0.0.1:2\n", "AWS_ENDPOINT_URL"),
        ({}, f"endpoint_url = {DEAD}\n", "the endpoint_url of profile 'dead'"),
        (
            {},
            f"services = local\n[services local]\nsts =\n  endpoint_url = {DEAD}\n",
            "the endpoint_url of sts in section [services local] of the AWS configuration",
        ),
    ],
)
async def test_what_names_an_endpoint_is_found(
    variables: dict[str, str], config: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the variable or the line that the SDK takes it from."""
    (tmp_path / "config").write_text(f"[profile dead]\n{config}")
    for name, value in {"AWS_PROFILE": "dead", **variables}.items():
        monkeypatch.setenv(name, value)
    session = AioSession()
    async with session.create_client("sts", "us-east-1", aws_access_key_id="A", aws_secret_access_key="B") as client:
        assert (DEAD, named) == (client.meta.endpoint_url, endpoint_setting(session, "sts"))


async def test_what_to_do_about_an_endpoint_that_is_dead_is_said() -> None:
    """Where nobody named it, AWS's own is there, and the way to it is what to look at."""
    dead = request_error(code="Timeout", message="late", service="sts", operation="get_caller_identity")
    assert "late. Check network, VPN, name server and proxy" == with_advice(dead, region="us-east-1").message
    named = with_advice(dead, region="us-east-1", endpoint_from="AWS_ENDPOINT_URL").message
    assert (
        "late. This endpoint is the one that AWS_ENDPOINT_URL names: see whether it is right and has started" == named
    )


async def test_an_endpoint_that_is_ignored_is_named_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_IGNORE_CONFIGURED_ENDPOINT_URLS has the SDK ask AWS itself."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", DEAD)
    assert "AWS_ENDPOINT_URL" == await to_thread.run_sync(endpoint_setting, AioSession(), "sts")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert "" == await to_thread.run_sync(endpoint_setting, AioSession(), "sts")

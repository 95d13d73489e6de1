"""No link of the credential chain shows a secret, whatever refuses it, whoever reads along."""

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
from aiobotocore.utils import AioContainerMetadataFetcher
from anyio.from_thread import start_blocking_portal
from blockbuster import BlockBuster
from botocore.credentials import SSOProvider
from botocore.tokens import SSOTokenProvider
from typer.testing import CliRunner

from auditor.cli.app import app
from tests.hostile import Refusal, hostile

TOKEN = "FwoGZXIvYXdzE" + "SourceToken/+" * 14
GIVEN = {
    "AccessKeyId": "ASIAGIVEN",
    "SecretAccessKey": "GivenSecret/bPxRfiCY",
    "SessionToken": "Given+Token/" * 16 + "=",
}
WEB_TOKEN = "eyJraWQiOiJ3ZWIi.eyJzdWIiOiJ3ZWItaWRlbnRpdHki.d2ViLXNpZ25hdHVyZQ"
SSO_TOKEN = "aoaAAAAAGcached-sso-token" * 6
CONTAINER_TOKEN = "Basic-container-authorization"
SECRETS = {
    "SourceSecret/wJalrXUtn",
    TOKEN,
    GIVEN["SecretAccessKey"],
    GIVEN["SessionToken"],
    WEB_TOKEN,
    SSO_TOKEN,
    "sso-client-secret",
    "sso-refresh-token",
    CONTAINER_TOKEN,
}
PRINTED = json.dumps({"Version": 1, **GIVEN})
START_URL = "https://example.awsapps.com/start"
PROFILES = """
[profile static]
aws_access_key_id = ASIASOURCE
aws_secret_access_key = SourceSecret/wJalrXUtn
aws_session_token = {token}
[profile assume-role]
role_arn = arn:aws:iam::111122223333:role/R
source_profile = static
[profile mfa]
role_arn = arn:aws:iam::111122223333:role/R
source_profile = static
mfa_serial = arn:aws:iam::111122223333:mfa/ana
[profile web-identity]
role_arn = arn:aws:iam::111122223333:role/R
web_identity_token_file = {folder}/web-token
[profile sso]
sso_start_url = {start_url}
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = Role
[profile sso-session]
sso_session = corporate
sso_account_id = 111122223333
sso_role_name = Role
[profile expired-sso]
sso_session = expired
sso_account_id = 111122223333
sso_role_name = Role
[sso-session corporate]
sso_start_url = {start_url}
sso_region = us-east-1
[sso-session expired]
sso_start_url = {start_url}
sso_region = us-east-1
[profile process]
credential_process = {python} {folder}/right.py
[profile failing-process]
credential_process = {python} {folder}/fails.py
[profile cut-process]
credential_process = {python} {folder}/cut.py
[profile ended-process]
credential_process = {python} {folder}/ended.py
"""
PROGRAMS = {
    "right": f"print({PRINTED!r})",
    "fails": f"import sys; print({PRINTED!r}); sys.exit({PRINTED!r})",
    "cut": f"print({PRINTED[:-5]!r})",
    "ended": f"print({json.dumps({'Version': 1, **GIVEN, 'Expiration': '2020-01-01T00:00:00Z'})!r})",
}
QUESTIONS = {
    "static": [],
    "assume-role": ["AssumeRole"],
    "web-identity": ["AssumeRoleWithWebIdentity"],
    "sso": ["GetRoleCredentials"],
    "sso-session": ["GetRoleCredentials"],
    "process": [],
    "container": ["Container"],
}
"""What each link asks before it has credentials; with them, all ask who they are."""
REFUSALS = [
    *((link, question, refusal) for link, asked in QUESTIONS.items() for question in asked for refusal in Refusal),
    *(("static", "GetCallerIdentity", refusal) for refusal in Refusal),
    *((link, "GetCallerIdentity", Refusal.MISMATCH) for link in QUESTIONS if link != "static"),
]
ALONE = ["expired-sso", "failing-process", "cut-process", "ended-process"]
"""Profiles that fail by themselves."""
LOGS = [[], ["--verbose"], ["--log-format", "json"], ["--log-format", "json", "--verbose"]]


@dataclass
class Told:
    """How a command ended, and all that it left behind."""

    code: int
    text: str
    files: list[Path] = field(default_factory=list)

    @property
    def secrets(self) -> list[str]:
        """The secrets that it shows."""
        return [secret for secret in SECRETS if secret in self.text]


@pytest.fixture(autouse=True)
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster) -> None:
    """A profile for each link of the chain, and what it needs beside."""
    no_blocking.deactivate()  # The chain's own files and programs are read so.
    settings = {"token": TOKEN, "folder": tmp_path, "start_url": START_URL, "python": sys.executable}
    (tmp_path / "config").write_text(PROFILES.format(**settings))
    (tmp_path / "web-token").write_text(WEB_TOKEN)
    for name, program in PROGRAMS.items():
        (tmp_path / f"{name}.py").write_text(program)
    for name, expires in ((START_URL, "2099"), ("corporate", "2099"), ("expired", "2020")):
        _write_sso_token(tmp_path, name, expires=f"{expires}-01-01T00:00:00Z")
    for provider in (SSOProvider, SSOTokenProvider):
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(AioContainerMetadataFetcher, "SLEEP_TIME", 0)
    variables = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "out").mkdir()


def _write_sso_token(folder: Path, name: str, *, expires: str) -> None:
    token = {
        "accessToken": SSO_TOKEN,
        "expiresAt": expires,
        "clientId": "id",
        "clientSecret": "sso-client-secret",
        "refreshToken": "sso-refresh-token",
        "registrationExpiresAt": "2020-01-01T00:00:00Z",
    }
    key = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
    (folder / f"{key}.json").write_text(json.dumps(token))


def told(
    link: str, refused: Mapping[str, Refusal], logs: list[str], *, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Told:
    """How an audit ends through this link, against an endpoint that refuses these questions."""
    command = ["audit", "--role", "R", "--output-dir", str(folder / "out"), *logs]
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(hostile(GIVEN, refused)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        if link == "container":
            monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/container")
            monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", CONTAINER_TOKEN)
        else:
            command += ["--profile", link]
        result = CliRunner().invoke(app, command)
        missing = refused.keys() - set(server.asked)
    assert not missing
    files = list((folder / "out").iterdir())
    return Told(result.exit_code, "\n".join([result.output, *(path.read_text() for path in files)]), files)


def assert_one_sentence(ending: Told, logs: list[str]) -> None:
    """The command says that nothing could be audited, and why, in one sentence."""
    assert (1, []) == (ending.code, ending.files)
    assert [] == ending.secrets
    assert "Traceback" not in ending.text
    lines = [line for line in ending.text.splitlines() if line]
    if "json" in logs:
        entries = [json.loads(line) for line in lines]
        lines = [entry["message"] for entry in entries if entry["event"] == "message"]
        assert all(entry.get("logger", "auditor").startswith("auditor") for entry in entries)
    errors = [line for line in lines if line.startswith("Error: ")]
    assert 1 == len(errors)
    assert "--verbose" in logs or errors == lines


@pytest.mark.parametrize(("link", "question", "refusal"), REFUSALS)
@pytest.mark.parametrize("logs", LOGS, ids=" ".join)
def test_a_refusal_shows_no_secret(  # noqa: PLR0913, PLR0917 - what is varied
    link: str, question: str, refusal: Refusal, logs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what was sent, which a refusal may repeat, nor what an answer that can't be read has in it."""
    ending = told(link, {question: refusal}, logs, folder=tmp_path, monkeypatch=monkeypatch)
    assert_one_sentence(ending, logs)


@pytest.mark.parametrize("link", ALONE)
@pytest.mark.parametrize("logs", LOGS, ids=" ".join)
def test_a_link_that_fails_by_itself_shows_no_secret(
    link: str, logs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what a program has printed nor what an SSO cache holds is in what is said of it."""
    assert_one_sentence(told(link, {}, logs, folder=tmp_path, monkeypatch=monkeypatch), logs)


@pytest.mark.anyio
@pytest.mark.parametrize("logs", [[], ["--log-format", "json", "--verbose"]], ids=" ".join)
async def test_an_mfa_code_that_nobody_can_give_is_one_sentence(logs: list[str], tmp_path: Path) -> None:
    """Without a terminal the prompt of the SDK ends the audit in a sentence."""
    command = [sys.executable, "-m", "auditor", "audit", "--role", "R", "--profile", "mfa", *logs]
    done = await anyio.run_process(
        [*command, "--output-dir", str(tmp_path / "out")],
        input=b"",
        check=False,
        start_new_session=True,
        env=os.environ,
    )
    text = (done.stdout + done.stderr).decode()
    assert (1, []) == (done.returncode, [secret for secret in SECRETS if secret in text])
    assert "needs an MFA code of arn:aws:iam::111122223333:mfa/ana, and there is no terminal" in text
    assert "Traceback" not in text

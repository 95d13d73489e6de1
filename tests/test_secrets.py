"""No secret, session token or signed header is in anything that an audit leaves behind or shows."""

import subprocess
import sys
import traceback
from pathlib import Path

import aioboto3
import anyio
import pytest

from auditor import AuditConfig, CallerError, open_audit
from auditor.aws.errors import translate
from auditor.demo import FaultMix, LocalServer, Scenario
from tests.fakes import refusal
from tests.organizations import served

pytestmark = pytest.mark.long

MARKS = ("X-Amz-Security-Token", "AWS4-HMAC-SHA256", "Signature=", "Authorization:", "aws4_request", "SecretAccessKey")
"""What stands beside a secret wherever one is sent."""
SCENARIO = Scenario(
    accounts=13,
    users=3,
    largest_account=9,
    caller_is_role=True,
    credential_lifetime=2,
    faults=FaultMix(internal_error=0.05, truncated=0.05, html=0.05),
)
COMMAND = [sys.executable, "-m", "auditor", "audit", "--role", SCENARIO.role_name, "--verbose"]


def found_in(text: str, server: LocalServer) -> list[str]:
    """Whatever of the server's secrets, and of what marks one, is in the text."""
    return [word for word in (*server.secrets, *MARKS) if word.lower() in text.lower()]


def command_lines(process: int) -> set[str]:
    """The command lines of a process and its children, as anybody on the machine can read them."""
    children = Path(f"/proc/{process}/task/{process}/children")
    running = [str(process), *(children.read_text(encoding="ascii").split() if children.exists() else [])]
    files = [Path(f"/proc/{number}/cmdline") for number in running]
    return {file.read_bytes().decode() for file in files if file.exists()}


def texts_in(folder: Path) -> list[str]:
    """What is in the files that a command left behind."""
    return [path.read_text(encoding="utf-8") for path in folder.iterdir()]


@pytest.mark.anyio
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="command lines are read from Linux's /proc")
@pytest.mark.parametrize("options", [["--log-format", "json"], ["--processes", "2"]], ids=["JSON", "processes"])
async def test_a_run_shows_no_secret(options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither streams, files nor command lines have one, while requests fail and credentials are renewed."""
    lines: set[str] = set()
    command = [*COMMAND, *options, "--output-dir", str(tmp_path)]
    printed = b""
    async with served(SCENARIO, monkeypatch) as server:
        process = await anyio.open_process(command, stderr=subprocess.STDOUT)
        assert process.stdout is not None
        async for part in process.stdout:
            printed += part
            lines.update(command_lines(process.pid))
        code = await process.wait()
    files = texts_in(tmp_path)
    assert (5, 3) == (len(files), code)
    assert len(server.secrets) > SCENARIO.accounts
    assert ("--processes" in options) is any("loky" in line for line in lines)
    assert [] == found_in("\n".join([printed.decode(), *files, *lines]), server)


@pytest.mark.anyio
async def test_a_refused_signature_shows_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS answers to a wrong signature with what should have been signed; sentence and traceback leave it out."""
    async with served(SCENARIO, monkeypatch) as server:
        environment = server.environment()
        session = aioboto3.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key="wrong-secret",
            aws_session_token=environment["AWS_SESSION_TOKEN"],
        )
        with pytest.raises(CallerError, match="SignatureDoesNotMatch") as caught:
            async with open_audit(AuditConfig(role=SCENARIO.role_name), session=session):
                pass
        shown = "".join(traceback.format_exception(caught.value))
    assert [] == found_in(shown, server)
    assert "wrong-secret" not in shown
    assert "does not match the signature you provided" in shown


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("No.\n\nThe Canonical String for this request should have been\n'POST\n/'\n", "No. …"),
        ("Bad header x-amz-security-token: FwoG+/=abc, sorry", "Bad header x-amz-security-token…, sorry"),
        ("Bad Authorization AWS4-HMAC-SHA256 Credential=AKIA/1/2, Signature=0f", "Bad Authorization …"),
        ("Cannot connect to proxy http://bob:pw@proxy:3128/", "Cannot connect to proxy http://…@proxy:3128/"),
        ("Access denied on arn:aws:iam::1:role/A", "Access denied on arn:aws:iam::1:role/A"),
    ],
)
def test_what_is_left_of_what_aws_says(said: str, kept: str) -> None:
    """The message of a refusal is one line, without the headers of the request that it may repeat."""
    translated = translate(refusal("SignatureDoesNotMatch", message=said), service="sts", operation="assume_role")
    assert kept == translated.message

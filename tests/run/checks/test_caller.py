"""Which credentials there are, and until when: only those that nothing renews are warned of."""

import json
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from blockbuster import BlockBuster

from auditor.aws.errors import request_error
from auditor.aws.session import open_sessions
from auditor.config import AuditConfig
from auditor.model.diagnosis import Finding, Outcome
from auditor.run.checks.caller import check_credentials, unidentified
from auditor.run.checks.check import Setup
from tests.fakes import limits

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC).replace(microsecond=0)


async def found(profile: str | None = None) -> Finding:
    """What the check of credentials finds."""
    config = AuditConfig(role="R", profile=profile)
    async with AsyncExitStack() as stack:
        setup = Setup(config=config, limits=limits(), stack=stack, now=lambda: NOW)
        (finding,) = (await check_credentials(setup, await open_sessions(profile=profile, session=None))).findings
    return finding


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of a session in the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "ASIAEXAMPLE")


@pytest.mark.usefixtures("keys")
async def test_an_end_that_nobody_tells_is_not_known() -> None:
    """A session's keys have one, but the environment need not say it."""
    finding = await found()
    assert (Outcome.OK, "from the environment's variables; no end of theirs is known") == (
        finding.outcome,
        finding.found,
    )


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(("minutes", "outcome"), [(59, Outcome.WARNING), (60, Outcome.OK), (600, Outcome.OK)], ids=str)
async def test_an_end_within_an_hour_is_warned_of(
    minutes: int, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told in any case."""
    end = NOW + timedelta(minutes=minutes)
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", end.isoformat())
    finding = await found()
    assert outcome is finding.outcome
    assert f"until {end:%Y-%m-%d %H:%M:%S} UTC" in finding.found
    assert ("in 59 minutes" in finding.found) is (outcome is Outcome.WARNING)


async def test_what_a_provider_renews_is_not_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster
) -> None:
    """A program is asked again when its credentials end."""
    no_blocking.deactivate()  # asyncio itself starts the programs of profiles so.
    end = (NOW + timedelta(minutes=20)).isoformat()
    printed = {"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": end}
    (tmp_path / "print.py").write_text(f"print({json.dumps(printed)!r})\n")
    (tmp_path / "config").write_text(
        f"[profile program]\ncredential_process = {sys.executable} {tmp_path / 'print.py'}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    finding = await found("program")
    assert Outcome.OK is finding.outcome
    assert finding.found.startswith("from a credential_process, until ")
    assert finding.found.endswith(" UTC, and renewed then")


async def test_a_caller_who_may_not_know_who_it_is_looks_on_the_way() -> None:
    """AWS needs no right for that, so something in between denies."""
    error = request_error(code="AccessDenied", message="No.", service="sts", operation="get_caller_identity")
    finding = unidentified(error, now=NOW)
    assert (Outcome.FAILED, "AccessDenied", "No.") == (finding.outcome, finding.code, finding.said)
    assert "VPC endpoint" in finding.cure


async def test_the_shared_credentials_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wonders whose credentials these are knows where to look."""
    (tmp_path / "credentials").write_text("[ana]\naws_access_key_id = AKIAANA\naws_secret_access_key = secret\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    assert "from the shared credentials file; no end of theirs is known" == (await found("ana")).found

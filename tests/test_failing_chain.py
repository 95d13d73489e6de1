"""The caller's own credentials in the midst of a run: fetched when it is time, and no end of the run where they end."""

import json
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from blockbuster import BlockBuster

from auditor import AccountFinished, AuditConfig, AuditSummary, CallerError, ProgressEvent, Rates, run_audit
from auditor.demo import LocalServer, Scenario
from tests.organizations import served

pytestmark = pytest.mark.anyio

SCENARIO = Scenario(accounts=12, users=2, largest_account=4, caller_is_role=True, denied_every=None)
RATES = Rates(iam=1000, events=1000, organizations=1000)
PROGRAM = """
import json, sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
folder = Path(sys.argv[0]).parent
with (folder / "starts").open("a") as starts:
    starts.write("x")
given = json.loads((folder / "store.json").read_text())
end = datetime.now(timezone.utc) + timedelta(seconds=given.pop("seconds"))
print(json.dumps({**given, "Expiration": end.isoformat()}))
"""


class Vault:
    """A program that gives out the caller's credentials, and what it has in store."""

    def __init__(self, folder: Path, server: LocalServer) -> None:
        self._folder = folder
        self._server = server
        (folder / "vault.py").write_text(PROGRAM)

    def store(self, life: timedelta) -> None:
        """Give out from now on what lives for so long."""
        environment = self._server.environment()
        given = {
            "Version": 1,
            "AccessKeyId": environment["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": environment["AWS_SECRET_ACCESS_KEY"],
            "SessionToken": environment["AWS_SESSION_TOKEN"],
            "seconds": life.total_seconds(),
        }
        (self._folder / "store.json").write_text(json.dumps(given))

    @property
    def starts(self) -> int:
        """How often it was started."""
        return len((self._folder / "starts").read_text())


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster) -> str:
    """A profile that takes its credentials from the program."""
    no_blocking.deactivate()  # asyncio itself starts a process so.
    command = f"{sys.executable} {tmp_path / 'vault.py'}"
    (tmp_path / "config").write_text(
        f"[profile vault]\ncredential_process = {command}\n[profile mfa]\nrole_arn = arn:aws:iam::111122223333:role/R\n"
        "source_profile = vault\nmfa_serial = arn:aws:iam::111122223333:mfa/ana\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    return "vault"


async def test_a_program_is_started_when_it_is_time(
    profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nine minutes are less than the SDK wants, and more than enough: a whole audit starts it twice at the most."""
    async with served(SCENARIO, monkeypatch) as server:
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        vault = Vault(tmp_path, server)
        vault.store(timedelta(minutes=9))
        summary = await run_audit(AuditConfig(role=SCENARIO.role_name, profile=profile, rates=RATES))

    assert (0, True) == (summary.exit_code, summary.requests > 50)
    assert vault.starts <= 2


async def test_a_program_that_has_nothing_more_ends_no_run(
    profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accounts that are not entered yet fail by that code, and all others are there."""
    async with served(SCENARIO, monkeypatch) as server:
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        vault = Vault(tmp_path, server)
        vault.store(timedelta(seconds=4))

        def run_dry(event: ProgressEvent) -> None:
            if isinstance(event, AccountFinished):
                vault.store(timedelta(seconds=-1))

        config = AuditConfig(role=SCENARIO.role_name, profile=profile, concurrency=1, patience=3)
        summary: AuditSummary = await run_audit(config, observe=run_dry, collect=True)

    codes = {failure.code for report in summary.reports for failure in report.failures}
    assert (3, {"CredentialsUnavailable"}) == (summary.exit_code, codes)
    assert 0 < summary.failed_accounts < SCENARIO.accounts
    failures = [failure.message for report in summary.reports for failure in report.failures]
    assert all("what its provider gave had already expired" in message for message in failures)


@pytest.mark.parametrize("workers", [2, 5])
async def test_workers_that_would_ask_for_mfa_codes_are_not_begun(
    workers: int, profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the program nor anybody at the terminal is asked for anything."""
    del profile
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises(CallerError, match="each worker would have to ask for one of its own"):
        await run_audit(AuditConfig(role="R", profile="mfa"), workers=workers)
    assert not (tmp_path / "starts").exists()

"""Whole audits through outages: what AWS would have told a minute later is in the rows, and a long one is said so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aioboto3
import anyio
import pytest
from aiobotocore.credentials import AioCredentials
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import CredentialRetrievalError

from auditor import (
    AccountFinished,
    AuditConfig,
    AuditSummary,
    AuditWarning,
    ProgressEvent,
    Waiting,
    WaitingEnded,
    reopen_journal,
    resume_audit,
    run_audit,
)
from auditor.demo import LocalServer, Outage, Scenario, build_organization
from auditor.output.run_files import open_run_files
from tests.expectations import as_set, joined, read_csv, truth_of
from tests.fakes import JUMPING
from tests.organizations import served

pytestmark = [pytest.mark.anyio, pytest.mark.long]

SCENARIO = Scenario(
    accounts=24,
    users=2,
    largest_account=6,
    events=2,
    latency=0.05,
    denied_every=None,
    page_size_organizations=4,
    now=datetime.now(UTC),
)
SERVICES = ("organizations", "sts", "iam", "cloudtrail")
BEGINS = 0.4
"""Seconds after the server's beginning: the caller is known then, and the first page of accounts."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Outages take no time."""
    return JUMPING


class Run:
    """One audit of an organization with outages, and what was told meanwhile."""

    def __init__(self, *outages: Outage, **settings: Any) -> None:
        self.scenario = replace(SCENARIO, outages=outages)
        self.events: list[ProgressEvent] = []
        self._settings = settings
        self.seconds = 0.0

    async def audit(self, monkeypatch: pytest.MonkeyPatch, **arguments: Any) -> tuple[LocalServer, AuditSummary]:
        """Run it."""
        config = AuditConfig(role=self.scenario.role_name, **self._settings)
        async with served(self.scenario, monkeypatch, timer=anyio.current_time) as server:
            began = anyio.current_time()
            summary = await run_audit(config, observe=self.events.append, collect=True, **arguments)
            self.seconds = anyio.current_time() - began
        return server, summary

    def told(self, kind: type[ProgressEvent]) -> list[Any]:
        """The events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]


def is_whole(server: LocalServer, summary: AuditSummary) -> bool:
    """Whether every row is there, and nothing failed."""
    true = truth_of(server, summary)
    rows = as_set(true.findings) == as_set(summary.findings) and as_set(true.events) == as_set(joined(summary.events))
    return rows and (summary.failures, summary.accounts) == (0, SCENARIO.accounts)


@pytest.mark.parametrize(
    ("seconds", "kind"),
    [(5.0, "reset"), (45.0, "unavailable"), (120.0, "html"), (120.0, "truncated"), (120.0, "internal_error")],
)
@pytest.mark.parametrize("service", SERVICES)
async def test_an_outage_loses_nothing(
    service: str, seconds: float, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is out, however it fails, every row of every account is there."""
    run = Run(Outage(of=service, begins=BEGINS, seconds=seconds, kind=kind), concurrency=8)
    assert is_whole(*await run.audit(monkeypatch))
    assert [event.service for event in run.told(Waiting)] == [event.service for event in run.told(WaitingEnded)]
    assert all(event.answered for event in run.told(WaitingEnded))


@pytest.mark.parametrize("concurrency", [1, 2])
@pytest.mark.parametrize("service", SERVICES)
async def test_few_accounts_at_once_lose_nothing_either(
    service: str, concurrency: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one account after another is asked, each waits for itself."""
    run = Run(Outage(of=service, begins=BEGINS, seconds=120.0), concurrency=concurrency)
    assert is_whole(*await run.audit(monkeypatch))


async def test_a_listing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is out for a minute ends no listing, and the display says what is waited for."""
    run = Run(Outage(of="organizations", begins=BEGINS, seconds=60.0))
    assert is_whole(*await run.audit(monkeypatch))
    assert run.told(Waiting) == [Waiting("organizations", "ServiceUnavailable", 600.0)]


@pytest.mark.parametrize("service", ["sts", "iam", "cloudtrail"])
async def test_a_long_outage_ends_the_run(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the patience all accounts that are not finished are not reached, at once, with the code that ended it."""
    run = Run(Outage(of=service, begins=1.0, seconds=1e9), concurrency=4, patience=100.0)
    _, summary = await run.audit(monkeypatch)
    missing = [report for report in summary.reports if not report.complete]

    assert SCENARIO.accounts == summary.accounts
    assert missing
    assert [False] * len(missing) == [report.reached for report in missing]
    assert {"ServiceUnavailable"} == {failure.code for report in missing for failure in report.failures}
    assert 100 <= run.seconds < 120
    assert 3 == summary.exit_code
    (warning,) = [event.message for event in run.told(AuditWarning) if service in event.message]
    assert f"{service} was unavailable for 100 seconds (ServiceUnavailable)" in warning
    assert [False] == [event.answered for event in run.told(WaitingEnded)]


async def test_a_listing_that_is_out_for_long_ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The accounts that were listed are all audited, and the rest is said to be missing, with the code."""
    run = Run(Outage(of="organizations", begins=BEGINS, seconds=1e9), patience=100.0)
    _, summary = await run.audit(monkeypatch)

    assert 0 < summary.accounts < SCENARIO.accounts
    assert 0 == summary.failures
    assert "ServiceUnavailable: no good reply came for 100 seconds" in summary.interruption
    assert 3 == summary.exit_code


@pytest.mark.parametrize("of", ["iam", "cloudtrail", "iam:GetLoginProfile"])
async def test_an_account_that_always_fails_stops_no_other(of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One account's trouble is its own: all others are complete, and nothing is waited for."""
    accounts = [one for one in build_organization(SCENARIO).accounts if one.works and not one.management]
    bad = accounts[len(accounts) // 2].id
    run = Run(Outage(of=of, begins=0, seconds=1e9, kind="internal_error", accounts=frozenset({bad})), concurrency=8)
    _, summary = await run.audit(monkeypatch)

    assert [bad] == [report.account.id for report in summary.reports if not report.complete]
    assert [] == run.told(Waiting)
    # It is asked once more at the end.
    assert run.seconds < 2 * 330


@pytest.mark.parametrize("of", ["iam:GetAccountSummary", "iam:ListServiceSpecificCredentials"])
async def test_an_api_that_is_not_there_is_waited_for_by_nobody(of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What never answers while its service does fails in each account, and every row that needs it not is there."""
    run = Run(Outage(of=of, begins=0, seconds=1e9, kind="internal_error"))
    server, summary = await run.audit(monkeypatch)
    true = truth_of(server, summary)

    assert [] == run.told(Waiting)
    assert {"ServiceFailure"} == {failure.code for report in summary.reports for failure in report.failures}
    assert summary.failures == summary.audited
    assert as_set(true.findings) == as_set(summary.findings)


def only(folder: Path, pattern: str) -> Path:
    """The only file of its kind."""
    (path,) = folder.glob(pattern)
    return path


async def test_what_was_not_reached_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal of a run that an outage has ended goes on with the accounts that it lacks."""
    config = AuditConfig(role=SCENARIO.role_name, concurrency=4, patience=50.0)
    broken = replace(SCENARIO, outages=(Outage(of="sts", begins=1.0, seconds=1.0),))
    entered: list[str] = []

    def observe(event: ProgressEvent) -> None:
        if isinstance(event, AccountFinished) and event.report.role:
            entered.append(event.report.role)

    async with served(broken, monkeypatch, timer=lambda: float(bool(entered))):
        async with open_run_files(tmp_path, config=config) as files:
            first = await run_audit(config, writers=[files.csv, files.journal], observe=observe)
        path = only(tmp_path, "*.jsonl")
        unread = [row for row in read_csv(only(tmp_path, "coverage_*.csv")) if row["role"] == "not reached"]
    async with served(SCENARIO, monkeypatch) as server, reopen_journal(path) as journal:
        whole = await resume_audit(journal, patience=60.0)
        true = truth_of(server, whole)
    findings = only(tmp_path, "iam_audit_report_*.csv")

    assert first.failed_accounts == len(unread) > 0
    assert {"ServiceUnavailable"} == {row["error_code"] for row in unread}
    assert (0, SCENARIO.accounts, 0) == (whole.failures, whole.accounts, whole.exit_code)
    assert len(true.findings) == len(read_csv(findings))


class Vault(AioCredentials):
    """Credentials of a provider that is out for a time."""

    def __init__(self, server_keys: dict[str, str], out: Callable[[], bool]) -> None:
        super().__init__(server_keys["AWS_ACCESS_KEY_ID"], server_keys["AWS_SECRET_ACCESS_KEY"], method="vault")
        self._out = out

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:  # type: ignore[override] # the asynchronous half
        """The credentials, or the provider's error."""
        if self._out():
            raise CredentialRetrievalError(provider="vault", error_msg="the vault is locked")
        return await super().get_frozen_credentials()


@pytest.mark.parametrize("seconds", [5.0, 120.0, 1e9])
async def test_the_callers_credentials_are_waited_for(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that fails in mid-run is tried again; in the end the code says whose fault it was."""
    run = Run(patience=200.0, concurrency=4)
    async with served(SCENARIO, monkeypatch) as server:
        began = anyio.current_time()
        session = aioboto3.Session(region_name=SCENARIO.region)
        vault: Any = Vault(server.environment(), lambda: 1.0 <= anyio.current_time() - began < 1.0 + seconds)
        session._session._credentials = vault  # noqa: SLF001 - as a session keeps what it has resolved
        config = AuditConfig(role=SCENARIO.role_name, patience=200.0, concurrency=4)
        summary = await run_audit(config, session=session, observe=run.events.append, collect=True)
        true = truth_of(server, summary)

    assert ["credentials"] == [event.service for event in run.told(Waiting)]
    codes = {failure.code for report in summary.reports for failure in report.failures}
    if seconds > config.patience:
        assert {"CredentialsUnavailable"} == codes
        assert {False} == {report.reached for report in summary.reports if report.failures}
        return
    assert (set(), as_set(true.findings)) == (codes, as_set(summary.findings))

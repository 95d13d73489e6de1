"""Whole audits by credential report: the rows of a live audit where the report is not old, and fewer calls."""

import re
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from typer.testing import CliRunner

from auditor import AuditConfig, AuditSummary, Freshness, Labels, Rates, ReportWait, Section, run_audit
from auditor.cli.app import app
from auditor.demo import Account, FaultMix, LocalServer, Scenario, User, build_organization, serve
from tests.expectations import as_set, joined, read_csv, truth_of, truth_of_all
from tests.organizations import served

SMALL = Scenario(accounts=11, users=2, largest_account=8, denied_every=None)
"""With all special accounts, none of which refuses the role."""
HOUR = 3600.0
QUICK = ReportWait(first_pause=0.001, longest_pause=0.01)
IMPATIENT = ReportWait(patience=5, first_pause=10, longest_pause=10)
"""Gives up before the first pause."""


async def audited(server: LocalServer, *, wait: ReportWait = QUICK, labels: Labels = Labels.ES) -> AuditSummary:
    """An audit by credential report, its rows collected."""
    config = AuditConfig(
        role=server.organization.scenario.role_name,
        rates=Rates(iam=1000, events=1000, organizations=1000),
        freshness=Freshness.REPORT,
        report_wait=wait,
        labels=labels,
    )
    return await run_audit(config, collect=True)


def rows_that_stay(server: LocalServer, summary: AuditSummary) -> list[dict[str, str]]:
    """The rows of what is not deleted while it is read: who asks less sees less of that."""
    gone = set(truth_of(server, summary).vanished)
    return [row for row in summary.findings if not gone & {row["username"], row["access_key_id"]}]


def users_of(server: LocalServer) -> list[User]:
    """All users of the accounts that can be audited."""
    organization = server.organization
    return [user for account in organization.accounts if account.works for user in organization.facts(account).users]


def calls_of(server: LocalServer) -> Counter[str]:
    """How often each action was asked."""
    calls = Counter[str]()
    for (_, action, _), count in server.counts.items():
        calls[action] += count
    return calls


@pytest.mark.anyio
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_rows_equal_the_truth(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that was made for this audit gives the rows of a live one, for every special case."""
    async with served(replace(SMALL, seed=seed), monkeypatch) as server:
        summary = await audited(server)
        expected = truth_of(server, summary)
        assert as_set(expected.findings) == as_set(rows_that_stay(server, summary))
    assert as_set(expected.events) == as_set(joined(summary.events))
    assert (0, 0, 0) == (summary.failures, summary.fallbacks, summary.exit_code)
    assert summary.oldest_report_age is not None
    assert summary.oldest_report_age < timedelta(minutes=5)


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(replace(SMALL, delegated_administrator=True), id="delegated"),
        pytest.param(replace(SMALL, partition="aws-cn"), id="China"),
        pytest.param(replace(SMALL, users_page=4), id="short pages"),
        pytest.param(replace(SMALL, denied_every=3), id="roles refused"),
        pytest.param(replace(SMALL, report_refusals=2), id="another report is being made"),
        pytest.param(replace(SMALL, report_age=5 * HOUR), id="the report has expired"),
        pytest.param(replace(SMALL, report_age=0.0), id="another tool's report"),
        pytest.param(replace(SMALL, users=0, largest_account=0), id="no users"),
        pytest.param(
            replace(SMALL, faults=FaultMix(internal_error=0.03, unavailable=0.03, reset=0.03, truncated=0.03)),
            id="faults",
        ),
    ],
)
@pytest.mark.anyio
async def test_rows_equal_the_truth_in(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes before the report is there, and whatever the organization is, rows are the live ones."""
    async with served(scenario, monkeypatch) as server:
        summary = await audited(server)
        expected = truth_of(server, summary)
        assert as_set(expected.findings) == as_set(rows_that_stay(server, summary))
    assert as_set(expected.events) == as_set(joined(summary.events))
    assert len(expected.denied_accounts) == summary.failed_accounts
    assert 0 == summary.fallbacks


@pytest.mark.anyio
async def test_odd_items_cost_only_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are the live ones, but for a last use that can't be read, which the report tells."""
    async with served(replace(SMALL, odd_items=True), monkeypatch) as server:
        summary = await audited(server)
        expected = truth_of(server, summary)
        told = {key.id for user in users_of(server) for key in user.keys if key.odd == "use"}
        rows = rows_that_stay(server, summary)
    for row in (*expected.findings, *rows):
        if row["access_key_id"] in told:
            row.pop("last_used_date"), row.pop("service_name")
    assert as_set(expected.findings) == as_set(rows)
    assert as_set(expected.events) == as_set(joined(summary.events))
    assert {"InvalidResponse"} == {failure.code for report in summary.reports for failure in report.failures}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        pytest.param(replace(SMALL, report_never_ready=True), "ReportNotReady", id="never ready"),
        pytest.param(replace(SMALL, report_refusals=10**6), "ReportNotReady", id="always another one"),
        pytest.param(
            replace(SMALL, denied_actions={"*": frozenset({"iam:GetCredentialReport"})}), "AccessDenied", id="reading"
        ),
        pytest.param(
            replace(SMALL, denied_actions={"*": frozenset({"iam:GenerateCredentialReport"})}),
            "AccessDenied",
            id="making",
        ),
    ],
)
async def test_without_a_report_all_is_read_live(
    scenario: Scenario, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account that gives no report is read live: nothing fails, and each account says why."""
    async with served(scenario, monkeypatch) as server:
        summary = await audited(server, wait=IMPATIENT)
        expected = truth_of(server, summary)
    assert as_set(expected.findings) == as_set(summary.findings)
    assert (0, 0, None) == (summary.failures, summary.reported, summary.oldest_report_age)
    assert len(expected.vanished) == summary.vanished
    entered = [report for report in summary.reports if report.audited]
    assert len(entered) == summary.fallbacks
    assert {Freshness.LIVE} == {report.freshness for report in entered}
    reasons = [sentence for report in entered for sentence in report.fallbacks]
    assert len(entered) == len(reasons) == sum(f": {reason}: " in sentence for sentence in reasons)
    assert 0 == summary.exit_code


@pytest.mark.anyio
async def test_virtual_devices_that_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then MFA is read live, and the rows are the same; only the kind of root's is not known."""
    denied = {"*": frozenset({"iam:ListVirtualMFADevices"})}
    async with served(replace(SMALL, denied_actions=denied), monkeypatch) as server:
        summary = await audited(server)
        expected = truth_of(server, summary)
        assert as_set(expected.findings) == as_set(rows_that_stay(server, summary))
    assert summary.fallbacks == sum(1 for report in summary.reports if report.users)
    assert {Section.ROOT} == {failure.section for report in summary.reports for failure in report.failures}


@pytest.mark.anyio
async def test_an_old_report_costs_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a report of two hours ago every key has its row, and all that is not old in it is true."""
    async with served(replace(SMALL, report_age=2 * HOUR), monkeypatch) as server:
        summary = await audited(server)
        expected = truth_of(server, summary)
        rows = rows_that_stay(server, summary)
    stale = {row["username"] for row in expected.findings if row["username"].startswith("new.password-")}
    assert as_set(row for row in expected.findings if row["username"] not in stale) == as_set(
        row for row in rows if row["username"] not in stale
    )
    assert {"No configurada"} == {row["password_status"] for row in rows if row["username"] in stale}
    assert len(stale) == sum(1 for row in rows if row["username"] in stale)
    assert 0 == summary.failures
    assert summary.oldest_report_age is not None
    assert timedelta(hours=2) <= summary.oldest_report_age < timedelta(hours=2, minutes=5)


@pytest.mark.anyio
async def test_a_new_key_of_a_user_who_had_none_is_found_by_its_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is there where CloudTrail tells of it; where CloudTrail is refused, since all are asked then."""
    scenario = replace(SMALL, report_age=HOUR)
    denied = replace(scenario, denied_actions={"*": frozenset({"cloudtrail:LookupEvents"})})
    for one in (scenario, denied):
        async with served(one, monkeypatch) as server:
            summary = await audited(server)
            expected = {user.name for user in users_of(server) if user.name.startswith("new.key-")}
            calls, users = calls_of(server)["ListAccessKeys"], len(users_of(server))
        assert expected == {row["username"] for row in summary.findings if row["username"].startswith("new.key-")}
        assert (one is denied) == (calls == users)


@pytest.mark.anyio
async def test_a_key_that_no_event_tells_of_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key too young for CloudTrail, of a user who had none, is what such an audit can't see."""
    whole = await to_thread.run_sync(build_organization, replace(SMALL, report_age=HOUR))
    silent = replace(whole, _build=lambda account: replace(whole.facts(account), events=()))
    async with serve(silent) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        summary = await audited(server)
        expected = {row["access_key_id"] for row in truth_of(server, summary).findings}
    missing = {row["username"] for row in truth_of(server, summary).findings} - {
        row["username"] for row in summary.findings
    }
    assert {user.name for user in users_of(server) if user.name.startswith("new.key-")} == missing
    assert len(missing) == len(expected - {row["access_key_id"] for row in summary.findings})


@pytest.mark.anyio
async def test_only_the_calls_that_are_needed_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four calls get a new report; then users, devices, and one call a user with a key.

    Of users without a key, those cost one who have a password and a device that is in no list of virtual ones.
    """
    async with served(SMALL, monkeypatch) as server:
        summary = await audited(server)
    calls, users = calls_of(server), [user for user in users_of(server) if user.keys]
    alike = [user for user in users if len({key.created for key in user.keys}) < len(user.keys)]
    untold = [key for user in users for key in user.keys if not key.rotation_told]
    console = [user for user in users_of(server) if user.password_created and not user.keys]
    unexplained = [user for user in console if user.devices and all(one.kind != "virtual" for one in user.devices)]
    expected = {
        "ListUsers": summary.audited + sum(1 for account in server.organization.accounts if _has_short_page(account)),
        "GetCredentialReport": 3 * summary.reported,
        "GenerateCredentialReport": summary.reported,
        "ListVirtualMFADevices": summary.reported,
        "ListAccessKeys": len(users),
        "GetAccessKeyLastUsed": 2 * len(alike) + len(untold),
        "ListMFADevices": sum(1 for user in users if user.devices) + len(unexplained),
        "GetLoginProfile": 0,
        "GetAccountSummary": summary.audited,
        "ListServiceSpecificCredentials": summary.audited,
    }
    assert min(len(alike), len(untold), len(unexplained)) >= 1
    assert expected == {action: calls[action] for action in expected}


@pytest.mark.anyio
async def test_a_report_that_is_there_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another tool's report costs one call, and none is made."""
    async with served(replace(SMALL, report_age=HOUR), monkeypatch) as server:
        summary = await audited(server)
    calls = calls_of(server)
    assert (summary.reported, 0) == (calls["GetCredentialReport"], calls["GenerateCredentialReport"])


@pytest.mark.anyio
async def test_the_command_audits_by_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files hold the live rows, and the summary tells how old the oldest report was."""
    async with served(replace(SMALL, accounts=3, report_age=0.0), monkeypatch) as server:
        command = [sys.executable, "-m", "auditor", "audit", "--role", SMALL.role_name, "--freshness", "report"]
        done = await anyio.run_process([*command, "--output-dir", str(tmp_path)], check=False)
        expected = truth_of_all(server)
    assert (0, 3) == (done.returncode, len(expected.audited_accounts))
    printed = done.stdout.decode()
    assert re.search(r"age of the oldest report, in minutes\s*│\s*0 ", printed)
    assert re.search(r"facts from their credential report\s*│\s*3 ", printed)
    (findings,) = (Path(line) for line in printed.splitlines() if "iam_audit_report" in line)
    assert as_set(expected.findings) == as_set(read_csv(findings))


def test_the_command_knows_two_freshnesses() -> None:
    """A third word is a wrong option."""
    done = CliRunner().invoke(app, ["audit", "--role", "Audit", "--freshness", "stale"])
    assert 2 == done.exit_code


def _has_short_page(account: Account) -> bool:
    """Whether the local organization gives the account's users in two pages."""
    return account.works and account.index % 5 == 3

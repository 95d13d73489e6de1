"""Whole audits of local organizations give exactly what is true of them."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor import (
    AuditConfig,
    AuditSummary,
    Completeness,
    Labels,
    Rates,
    Section,
    UserScope,
    open_csv_writer,
    run_audit,
)
from auditor.demo import FaultMix, LocalServer, Scenario
from tests.expectations import as_set, joined, read_csv, truth_of
from tests.organizations import served

pytestmark = pytest.mark.anyio

UNHURRIED = Rates(iam=1000, events=1000, organizations=1000)
"""The local organization allows more than AWS, unless it is told not to."""


async def audited(
    server: LocalServer,
    *,
    external_id: str | None = None,
    rates: Rates = UNHURRIED,
    users: UserScope = UserScope.ALL,
) -> AuditSummary:
    """An audit of all that the server has, its rows collected."""
    config = AuditConfig(role=server.organization.scenario.role_name, external_id=external_id, rates=rates, users=users)
    return await run_audit(config, collect=True)


@pytest.mark.parametrize("labels", list(Labels))
async def test_files_equal_the_truth(labels: Labels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files hold the rows that are true of the organization, each once, and no others."""
    async with served(Scenario(accounts=30, users=5, largest_account=120), monkeypatch) as server:
        config = AuditConfig(role=server.organization.scenario.role_name, labels=labels, rates=UNHURRIED)
        async with open_csv_writer(tmp_path, labels=labels) as writer:
            summary = await run_audit(config, writers=[writer])
        expected = truth_of(server, summary, labels=labels)
    findings, events, coverage, _ = map(read_csv, writer.paths)
    assert as_set(expected.findings) == as_set(findings)
    assert as_set(expected.events) == as_set(events)
    assert sorted(account.id for account in server.organization.accounts) == sorted(
        row["account_id"] for row in coverage
    )
    assert set(expected.denied_accounts) == {
        row["account_id"] for row in coverage if row["error_code"] == "AccessDenied"
    }
    assert len(expected.denied_accounts) == summary.failed_accounts
    assert len(expected.vanished) == summary.vanished
    assert (len(expected.findings), len(expected.events)) == (summary.keys, sum(summary.events_by_name.values()))


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(Scenario(accounts=13, users=3, largest_account=9, delegated_administrator=True), id="delegated"),
        pytest.param(Scenario(accounts=13, users=3, largest_account=9, caller_is_role=True), id="caller is a role"),
        pytest.param(Scenario(accounts=13, users=3, largest_account=9, partition="aws-cn"), id="China"),
        pytest.param(Scenario(accounts=13, users=3, largest_account=9, partition="aws-us-gov"), id="GovCloud"),
        pytest.param(Scenario(accounts=13, users=3, largest_account=9, state_member="both"), id="State and Status"),
        pytest.param(Scenario(accounts=13, users=3, largest_account=9, users_page=4), id="short pages"),
        pytest.param(Scenario(accounts=45, users=1, largest_account=3, page_size_organizations=7), id="many pages"),
        pytest.param(Scenario(accounts=13, users=3, largest_account=9, role_name="a/b/Role"), id="role with a path"),
        pytest.param(Scenario(accounts=13, users=0, largest_account=0, events=0), id="no users at all"),
    ],
)
async def test_every_kind_of_organization_is_read_as_it_is(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows equal the truth whoever the caller is, whatever the partition, the pages and the members."""
    async with served(scenario, monkeypatch) as server:
        monkeypatch.setenv("AWS_DEFAULT_REGION", scenario.other_region)
        summary = await audited(server)
        expected = truth_of(server, summary)
    assert as_set(expected.findings) == as_set(summary.findings)
    assert as_set(expected.events) == as_set(joined(summary.events))
    assert (len(expected.denied_accounts), 3) == (summary.failed_accounts, summary.exit_code)


async def test_faults_cost_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Server errors, resets, cut bodies and foreign pages are tried again until every row is there."""
    faults = FaultMix(internal_error=0.04, unavailable=0.04, reset=0.04, truncated=0.04, html=0.04)
    scenario = Scenario(accounts=12, users=3, largest_account=9, denied_every=None, faults=faults)
    async with served(scenario, monkeypatch) as server:
        summary = await audited(server)
        expected = truth_of(server, summary)
    assert as_set(expected.findings) == as_set(summary.findings)
    assert as_set(expected.events) == as_set(joined(summary.events))
    assert () == tuple(failure for report in summary.reports for failure in report.failures)


async def test_throttles_cost_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts that allow far less than AWS does are waited for."""
    scenario = Scenario(
        accounts=3, users=2, largest_account=6, denied_every=None, iam_rate=8, events_rate=1, organizations_rate=3
    )
    async with served(scenario, monkeypatch) as server:
        summary = await audited(server, rates=Rates())
        expected = truth_of(server, summary)
    assert as_set(expected.findings) == as_set(summary.findings)
    assert as_set(expected.events) == as_set(joined(summary.events))
    assert 0 == summary.failures
    assert server.throttled >= summary.throttles > 0


async def test_credentials_that_end_are_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A role's credentials that live for a second are enough for an audit that takes longer."""
    scenario = Scenario(accounts=10, users=3, largest_account=60, denied_every=None, credential_lifetime=1)
    async with served(scenario, monkeypatch) as server:
        summary = await audited(server, rates=Rates())
        expected = truth_of(server, summary)
        largest = server.organization.accounts[1].id
    assert as_set(expected.findings) == as_set(summary.findings)
    assert 0 == summary.failures
    assert sum(count for (account, action, _), count in server.counts.items() if action == "AssumeRole") > 10
    assert largest


@pytest.mark.parametrize(
    ("action", "section", "cells"),
    [
        ("iam:GetLoginProfile", Section.PASSWORD, {"password_status"}),
        ("iam:ListMFADevices", Section.MFA, {"mfa_status"}),
        ("iam:GetAccessKeyLastUsed", Section.LAST_USED, {"last_used_date", "service_name"}),
    ],
)
async def test_a_fact_that_was_refused_says_so(
    action: str, section: Section, cells: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused fact is unknown in each of its cells, never a default, and the account's section says denied."""
    scenario = Scenario(
        accounts=4, users=3, largest_account=6, denied_every=None, denied_actions={"*": frozenset({action})}
    )
    async with served(scenario, monkeypatch) as server:
        summary = await audited(server)
        expected = truth_of(server, summary)
    assert as_set(expected.findings) == as_set(summary.findings)
    assert {"Desconocido (AccessDenied)"} == {row[cell] for row in summary.findings for cell in cells}
    words = {s.completeness for r in summary.reports for s in r.coverage if s.section is section and s.asked}
    assert {Completeness.DENIED} == words
    assert 3 == summary.exit_code


@pytest.mark.parametrize(
    ("action", "section"),
    [
        ("iam:ListUsers", Section.USERS),
        ("iam:ListAccessKeys", Section.KEYS),
        ("cloudtrail:LookupEvents", Section.EVENTS),
    ],
)
async def test_a_list_that_was_refused_is_a_failure(
    action: str, section: Section, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused list is no empty list: the account fails, and what else it has is there."""
    now = datetime.now(UTC)
    scenario = Scenario(accounts=2, users=3, largest_account=6, denied_every=None, now=now)
    async with served(scenario, monkeypatch) as open_server:
        whole = await audited(open_server)
    denied = Scenario(
        accounts=2, users=3, largest_account=6, denied_every=None, now=now, denied_actions={"*": frozenset({action})}
    )
    async with served(denied, monkeypatch) as server:
        summary = await audited(server)
    failed = [report for report in summary.reports if report.failures]
    assert [section] == list({failure.section for report in failed for failure in report.failures})
    assert summary.audited == len(failed)
    assert 3 == summary.exit_code
    other = ("findings", "events") if section is Section.EVENTS else ("events", "findings")
    assert as_set(getattr(whole, other[0])) == as_set(getattr(summary, other[0]))
    assert () == getattr(summary, other[1])


@pytest.mark.parametrize("word", [None, "HIBERNATING"])
async def test_an_account_of_unknown_state_fails_and_is_not_skipped(
    word: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account with no state, or one that nobody knows, is a failed account."""
    scenario = Scenario(accounts=4, users=1, largest_account=3, denied_every=None, odd_states={2: word})
    async with served(scenario, monkeypatch) as server:
        summary = await audited(server)
        odd = server.organization.accounts[2].id
    failed = {report.account.id: report.failures[0].code for report in summary.reports if report.failures}
    assert {odd: "UnknownAccountState"} == failed
    assert 3 == summary.exit_code


@pytest.mark.parametrize("partition", ["aws", "aws-cn"])
async def test_odd_items_cost_only_themselves(partition: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is odd in a list, all else is there to the last cell, and each section says how much of it was odd."""
    scenario = Scenario(accounts=11, users=2, largest_account=9, odd_items=True, denied_every=None, partition=partition)
    async with served(scenario, monkeypatch) as server:
        config = AuditConfig(role=scenario.role_name, rates=UNHURRIED)
        async with open_csv_writer(tmp_path) as writer:
            summary = await run_audit(config, writers=[writer], collect=True)
        expected = truth_of(server, summary)
    findings, events, coverage, _ = map(read_csv, writer.paths)
    noted = {
        report.account.id: {failure.section.column: failure.count for failure in report.failures}
        for report in summary.reports
        if report.audited
    }
    codes = {failure.code for report in summary.reports for failure in report.failures}
    counted = {row["account_id"]: row["foreign_event_count"] for row in coverage if row["role"] == "complete"}
    (rest,) = [row for row in coverage if row["account_id"] == "organization"]
    assert as_set(expected.findings) == as_set(findings)
    assert as_set(expected.events) == as_set(events)
    assert expected.odd == noted
    assert {account: str(number) for account, number in expected.foreign_events.items()} == counted
    assert ({"InvalidResponse"}, 3) == (codes, summary.exit_code)
    assert ("InvalidResponse", True) == (rest["error_code"], "2 of the listed accounts" in summary.interruption)


async def test_a_listing_that_ends_early_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts that were listed are audited; that there may be more is in the summary and the exit code."""
    scenario = Scenario(accounts=30, users=1, largest_account=3, denied_every=None, listing_denied_page=2)
    async with served(scenario, monkeypatch) as server:
        summary = await audited(server)
    assert "AccessDeniedException" in summary.interruption
    assert 0 < summary.accounts < 30
    assert 3 == summary.exit_code


async def test_an_external_id_opens_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that asks for an external id is entered with it, and refused without."""
    scenario = Scenario(accounts=4, users=1, largest_account=3, denied_every=None, external_id="a-b/c:1")
    async with served(scenario, monkeypatch) as server:
        assert 0 == (await audited(server, external_id="a-b/c:1")).failed_accounts
        assert 0 < (await audited(server)).failed_accounts


@pytest.mark.parametrize("scope", list(UserScope))
async def test_only_the_calls_that_a_row_needs_are_made(scope: UserScope, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question is asked of those whose rows need it, last use once a key, and nothing twice."""
    scenario = Scenario(accounts=3, users=3, largest_account=6, denied_every=None)
    async with served(scenario, monkeypatch) as server:
        summary = await audited(server, users=scope)
        organization = server.organization
    calls = Counter[str]()
    for (_, action, _), count in server.counts.items():
        calls[action] += count
    users = [user for report in summary.reports for user in report.users]
    roots = [organization.facts(account).root for account in organization.accounts if account.works]
    accounts = summary.audited
    expected = {
        "GetCallerIdentity": 1,
        "AssumeRole": 2,
        "ListAccounts": 1,
        "ListUsers": accounts,
        "ListAccessKeys": summary.users,
        "GetAccessKeyLastUsed": summary.keys,
        "LookupEvents": calls["LookupEvents"],
    }
    if scope is UserScope.WITH_KEYS:
        with_keys = sum(1 for user in users if user.keys)
        expected |= {"GetLoginProfile": with_keys, "ListMFADevices": with_keys}
    else:
        expected |= {
            "GetLoginProfile": summary.users,
            "ListMFADevices": sum(1 for user in users if user.keys or user.has_password),
            "GetAccountSummary": accounts,
            "ListServiceSpecificCredentials": accounts,
            "ListVirtualMFADevices": sum(1 for root in roots if root.has_mfa),
        }
    assert expected == dict(calls)

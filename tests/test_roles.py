"""Which role an audit enters accounts by, and who lists them: whole runs of organizations that make it hard."""

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from auditor import AuditConfig, AuditSummary, CallerError, OrganizationError, Rates, open_journal, run_audit
from auditor.aws.gateway import open_gateway
from auditor.aws.lister import lister_of
from auditor.aws.organization import account_pages
from auditor.cli.causes import by_cause
from auditor.demo import FaultMix, LocalServer, Request, Scenario
from auditor.journal import reopen_journal
from auditor.run.resume import resume_audit
from tests.engines.runs import assert_each_once, codes_of
from tests.expectations import as_set, joined, truth_of
from tests.fakes import JUMPING
from tests.organizations import served

pytestmark = pytest.mark.anyio

NAMES = ("Audit", "team/Audit-{account_id}", "Legacy")
LADDER = Scenario(accounts=12, users=2, largest_account=4, role_names=NAMES, denied_every=None)
HUB = Scenario(accounts=8, users=2, largest_account=4, hub=True, lister_role="path/Lister", denied_every=None)
RATES = Rates(iam=1000, events=1000, organizations=1000)
CONFIG = AuditConfig(role=HUB.role_name, rates=RATES)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates and pauses take no time."""
    return JUMPING


def assumed(server: LocalServer) -> int:
    """How often a role was asked for."""
    return sum(request.action == "AssumeRole" for request in server.requests)


def assert_whole(summary: AuditSummary, server: LocalServer) -> None:
    """Nothing is missing, and every row is the truth's."""
    expected = truth_of(server, summary)
    assert (0, Counter()) == (summary.exit_code, codes_of(summary))
    assert as_set(expected.findings) == as_set(summary.findings)
    assert as_set(expected.events) == as_set(joined(summary.events))
    assert_each_once(summary, server)


def lister_arn(server: LocalServer, *, role: str = "path/Lister") -> str:
    """The ARN of the role that lists."""
    return f"arn:aws:iam::{server.organization.management.id}:role/{role}"


async def profiles(server: LocalServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the caller and the lister be profiles of the shared credentials file."""
    path = anyio.Path(folder) / "credentials"
    await path.write_text(server.credentials_file())
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))


@pytest.mark.parametrize("workers", [1, 2])
async def test_each_account_is_entered_by_the_first_role_that_it_lends(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report says which by its real name, and no role is asked for once more than it takes; in processes, too."""
    async with served(LADDER, monkeypatch) as server:
        summary = await run_audit(AuditConfig(role=NAMES, rates=RATES), collect=True, workers=workers)
        organization = server.organization
    assert_whole(summary, server)
    entered = [report for report in summary.reports if report.role]
    accounts = {account.id: account for account in organization.accounts}
    expected = {report.account.id: organization.role_name(accounts[report.account.id]) for report in entered}
    assert expected == {report.account.id: report.role for report in entered}
    assert {0, 1, 2} == {accounts[name].index % 3 for name in expected}
    assert assumed(server) == sum(accounts[name].index % 3 + 1 for name in expected)


async def test_an_account_that_lends_none_names_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """With AWS's whole message to the last, and a row without a role."""
    async with served(LADDER, monkeypatch) as server:
        summary = await run_audit(AuditConfig(role=NAMES[:2], rates=RATES), collect=True)
        accounts = {account.id: account for account in server.organization.accounts}
    shut = [report for report in summary.reports if report.failures]
    assert {2} == {accounts[report.account.id].index % 3 for report in shut}
    for report in shut:
        last = f"team/Audit-{report.account.id}"
        (failure,) = report.failures
        assert (report.role, failure.code) == ("", "AccessDenied")
        assert f"none of the roles Audit, {last} lets the caller in; of the last AWS said: User: " in failure.message
        assert f":role/{last} (" in failure.message


async def test_one_role_is_asked_for_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once per account, with its name and AWS's own words where it is denied."""
    scenario = Scenario(accounts=12, users=1, largest_account=3, denied_every=4)
    async with served(scenario, monkeypatch) as server:
        summary = await run_audit(replace(CONFIG, rates=RATES), collect=True)
    entered = [report for report in summary.reports if report.requests and report.role]
    denied = [failure.message for report in summary.reports for failure in report.failures]
    assert assumed(server) == len(entered) + len(denied)
    assert {scenario.role_name} == {report.role for report in entered}
    assert denied
    assert all(message.startswith("AccessDenied: User: arn:aws:iam::") for message in denied)


async def test_throttles_lead_to_no_other_role(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is asked to wait waits, and gets in by the role that is lent."""
    scenario = replace(LADDER, accounts=8, faults=FaultMix(throttled=0.6, only=frozenset({"sts:AssumeRole"})))
    async with served(scenario, monkeypatch) as server:
        summary = await run_audit(AuditConfig(role=NAMES, rates=RATES), collect=True)
    assert_whole(summary, server)


async def test_a_region_without_sts_leads_to_no_other_role(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its refusal is of the region, and not of the role: each account is asked once."""
    async with served(replace(LADDER, accounts=5, sts_disabled=frozenset({"me-south-1"})), monkeypatch) as server:
        monkeypatch.setenv("AWS_REGION", "me-south-1")
        summary = await run_audit(AuditConfig(role=NAMES, rates=RATES), collect=True)
    assert {"RegionDisabledException"} == set(codes_of(summary))
    assert assumed(server) == codes_of(summary).total()


async def test_the_listers_role_is_renewed_in_a_long_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page after its credentials' end is signed with new ones."""
    moment = [0.0]
    scenario = replace(HUB, accounts=90, users=0, credential_lifetime=60)

    def pass_by(request: Request) -> None:
        moment[0] += 40.0 * (request.action == "ListAccounts")

    async with served(scenario, monkeypatch, clock=lambda: time.time() + moment[0], hear=pass_by) as server:
        config = replace(CONFIG, lister_role=lister_arn(server))
        async with open_gateway(rates=RATES, lister=lister_of(config)) as gateway:
            pages = [page async for page in account_pages(gateway.lister, gateway.organizations)]
    renewed = assumed(server)
    assert (90, True) == (sum(map(len, pages)), renewed > len(pages) / 3)
    assert {"ListAccounts"} >= {request.action for request in server.requests if request.error_code}


async def test_the_callers_own_account_is_entered_by_the_role_where_that_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its report has the role then, and one role more is asked for."""
    scenario = Scenario(accounts=5, users=2, largest_account=4, own_account_role=True, denied_every=None)
    roles: dict[bool, tuple[str, int, int]] = {}
    for wanted in (False, True):
        async with served(scenario, monkeypatch) as server:
            summary = await run_audit(replace(CONFIG, own_account_role=wanted), collect=True)
            own = server.organization.caller.id
        assert_whole(summary, server)
        (report,) = [report for report in summary.reports if report.account.id == own]
        roles[wanted] = report.role, summary.own_credentials, assumed(server)
    (plain, credentials, asked), by_role = roles[False], roles[True]
    assert ("", 1, (scenario.role_name, 0, asked + 1)) == (plain, credentials, by_role)


async def test_an_own_account_that_does_not_lend_the_role_is_not_read_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever wants the role everywhere does not get the caller's rights by a back door."""
    async with served(Scenario(accounts=3, users=1, denied_every=None), monkeypatch) as server:
        summary = await run_audit(replace(CONFIG, own_account_role=True), collect=True)
        own = server.organization.caller.id
    (report,) = [report for report in summary.reports if report.account.id == own]
    assert (False, ["AccessDenied"]) == (report.audited, [failure.code for failure in report.failures])


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("by", ["role", "profile"])
async def test_another_lists_than_the_one_who_enters(
    by: str, workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only Organizations is asked with the lister's credentials; the caller and its account stay who they are."""
    async with served(HUB, monkeypatch) as server:
        await profiles(server, tmp_path, monkeypatch)
        chosen: dict[str, Any] = {"lister_role": lister_arn(server)} if by == "role" else {"lister_profile": "lister"}
        config = replace(CONFIG, **chosen)
        summary = await run_audit(config, collect=True, workers=workers)
        organization = server.organization
    assert_whole(summary, server)
    assert summary.caller is not None
    assert organization.caller.id == summary.caller.account_id
    own = [report.account.id for report in summary.reports if report.audited and not report.role]
    assert [organization.caller.id] == own
    signers = {(request.action, request.account_id) for request in server.requests}
    expected = {("ListAccounts", organization.management.id), ("AssumeRole", organization.caller.id)}
    assert expected == {signer for signer in signers if signer[0] in {"ListAccounts", "AssumeRole"}}
    entered = sum(bool(report.role) for report in summary.reports)
    assert assumed(server) == entered + (by == "role")


async def test_a_listers_role_may_be_assumed_by_the_listers_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the caller is not asked for it: here the profile may not, and is named with the role."""
    async with served(HUB, monkeypatch) as server:
        await profiles(server, tmp_path, monkeypatch)
        config = replace(CONFIG, lister_profile="lister", lister_role=lister_arn(server))
        with pytest.raises(
            CallerError, match=r"can't be listed with --lister-role arn:.*: AccessDenied: .*:user/lister"
        ):
            await run_audit(config)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"lister_profile": "nobody"}, r"with --lister-profile nobody: The profile 'nobody' is not configured"),
        ({"lister_profile": "unknown"}, r"with --lister-profile unknown: InvalidClientTokenId: "),
        ({"lister_role": "arn:aws:iam::111122223333:role/Lister"}, r"with --lister-role arn:\S+Lister: AccessDenied: "),
    ],
)
async def test_a_lister_without_credentials_is_said_at_the_start(
    chosen: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the option, and nothing was asked of the organization."""
    async with served(HUB, monkeypatch) as server:
        await profiles(server, tmp_path, monkeypatch)
        path = anyio.Path(tmp_path) / "credentials"
        keys = "[unknown]\naws_access_key_id = AKIANOBODY\naws_secret_access_key = secret\n"
        await path.write_text(server.credentials_file() + keys)
        with pytest.raises(CallerError, match=said) as caught:
            await run_audit(replace(CONFIG, **chosen))
    assert 1 == caught.value.exit_code
    assert "ListAccounts" not in {request.action for request in server.requests}


async def test_a_hub_that_names_no_lister_is_told_how(monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal of the list names both options."""
    async with served(HUB, monkeypatch):
        with pytest.raises(OrganizationError, match="--lister-profile or --lister-role"):
            await run_audit(CONFIG)


@pytest.mark.parametrize(("scenario", "seconds"), [(HUB, 7200), (replace(HUB, hub=False, caller_is_role=True), 3601)])
async def test_sessions_that_are_too_long_have_one_cause(
    scenario: Scenario, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both of AWS's refusals are told in one sentence, with what to do."""
    async with served(replace(scenario, lister_role=scenario.lister_role or ""), monkeypatch) as server:
        lister = lister_arn(server) if scenario.hub else None
        config = replace(CONFIG, session_duration=seconds, lister_role=lister)
        summary = await run_audit(config, collect=True)
    (failures,) = by_cause(summary.failure_groups)
    assert ("ValidationError", 3) == (failures.code, summary.exit_code)
    assert "--session-duration" in failures.cause.meaning
    assert "DurationSeconds" in failures.message


async def test_sessions_have_the_length_and_source_that_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them; the lister's role is told the source, too, and leaves its length to AWS."""
    scenario = replace(HUB, longest_session=7200, source_identity_required="*@example.com")
    async with served(scenario, monkeypatch) as server:
        lister = lister_arn(server)
        config = replace(CONFIG, session_duration=7200, source_identity="ana@example.com", lister_role=lister)
        summary = await run_audit(config, collect=True)
        asked = {
            arn: (parameters.get("DurationSeconds"), parameters.get("SourceIdentity"))
            for arn, parameters in server.assumptions.items()
        }
    assert_whole(summary, server)
    assert (None, "ana@example.com") == asked.pop(lister)
    assert {("7200", "ana@example.com")} == set(asked.values())


async def test_a_source_that_no_role_takes_is_aws_own_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its message names what the trust must allow."""
    scenario = Scenario(accounts=4, users=1, source_identity_refused=True, denied_every=None)
    async with served(scenario, monkeypatch):
        summary = await run_audit(replace(CONFIG, source_identity="ana"), collect=True)
    assert {"AccessDenied"} == set(codes_of(summary))
    assert all("sts:SetSourceIdentity" in failure.message for report in summary.reports for failure in report.failures)


async def test_an_audit_is_resumed_by_another_lister(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The roles are the journal's; who lists may be chosen anew."""
    journal_path = tmp_path / "audit_20260301_120000.journal.jsonl"
    async with served(replace(HUB, role_names=("A", "B")), monkeypatch) as server:
        config = AuditConfig(role=("B", "A"), rates=RATES, lister_role=lister_arn(server))
        async with open_journal(journal_path, config=config) as journal:
            first = await run_audit(config, writers=[journal], collect=True)
        await profiles(server, tmp_path, monkeypatch)
        async with reopen_journal(journal_path) as journal:
            assert ("B", "A") == journal.header.config().role
            with pytest.raises(OrganizationError, match="--lister-profile"):
                await resume_audit(journal)
        async with reopen_journal(journal_path) as journal:
            again = await resume_audit(journal, lister_profile="lister")
    assert (0, first.keys) == (again.exit_code, again.keys)

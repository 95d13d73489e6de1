"""Every session of a role is narrowed to the actions that the audit calls, whatever else the role allows."""

import json

import pytest

from auditor import AuditConfig, AuditSummary, Freshness, Rates, UserScope, run_audit
from auditor.aws.permissions import actions_of, session_policy_of
from auditor.demo import LocalServer, Scenario
from tests.expectations import as_set, joined, truth_of
from tests.organizations import served

pytestmark = pytest.mark.anyio

SCENARIO = Scenario(accounts=5, users=2, largest_account=6, denied_every=None)
RATES = Rates(iam=500, events=500)


async def audited(
    server: LocalServer,
    *,
    freshness: Freshness = Freshness.LIVE,
    users: UserScope = UserScope.ALL,
    session_policy: bool = True,
) -> AuditSummary:
    """An audit of all that the server has."""
    role = server.organization.scenario.role_name
    config = AuditConfig(role=role, freshness=freshness, users=users, session_policy=session_policy, rates=RATES)
    return await run_audit(config, collect=True)


def entered(summary: AuditSummary) -> set[str]:
    """The accounts whose role was assumed."""
    return {report.account.id for report in summary.reports if report.role}


@pytest.mark.parametrize("users", list(UserScope))
@pytest.mark.parametrize("freshness", list(Freshness))
async def test_each_session_has_a_policy_that_costs_no_row(
    freshness: Freshness, users: UserScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each role that is assumed is given the policy, which is enforced, and all is read."""
    async with served(SCENARIO, monkeypatch) as server:
        summary = await audited(server, freshness=freshness, users=users)
        expected = truth_of(server, summary)
    assert dict.fromkeys(entered(summary), session_policy_of(freshness, users=users)) == server.policies
    assert len(server.policies) == summary.audited - summary.own_credentials > 1
    assert (0, 0, 1) == (summary.failures, summary.fallbacks, summary.own_credentials)
    # Who asks less sees less of what is deleted meanwhile.
    rows = [row for row in summary.findings if not {row["username"], row["access_key_id"]} & set(expected.vanished)]
    assert as_set(expected.findings) == as_set(rows)
    assert as_set(expected.events) == as_set(joined(summary.events))


async def test_a_renewed_session_has_the_policy_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that is assumed once more for the same account is narrowed once more."""
    scenario = Scenario(accounts=2, users=1, largest_account=40, denied_every=None, credential_lifetime=1)
    async with served(scenario, monkeypatch) as server:
        config = AuditConfig(role=scenario.role_name, rates=Rates(iam=30))
        summary = await run_audit(config)
        assumed = sum(request.action == "AssumeRole" for request in server.requests)
    assert assumed > 1
    assert 0 == summary.failures
    assert {session_policy_of(Freshness.LIVE, users=UserScope.ALL)} == set(server.policies.values())


async def test_sessions_without_a_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none is wanted none is sent."""
    async with served(SCENARIO, monkeypatch) as server:
        summary = await audited(server, session_policy=False)
    assert {} == server.policies
    assert 0 == summary.failures


@pytest.mark.parametrize("users", list(UserScope))
@pytest.mark.parametrize("freshness", list(Freshness))
def test_a_policy_is_short_and_names_its_actions(freshness: Freshness, users: UserScope) -> None:
    """It is within what AssumeRole takes, allows the sorted actions on everything, and has no wildcard in a name."""
    text = session_policy_of(freshness, users=users)
    actions = actions_of(freshness, users=users)
    (statement,) = json.loads(text)["Statement"]
    assert len(text) <= 2048
    assert not any(letter.isspace() for letter in text)
    assert {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"} == statement
    assert "*" not in "".join(actions)


@pytest.mark.parametrize("users", list(UserScope))
def test_a_live_audit_may_not_have_reports_made(users: UserScope) -> None:
    """What only the credential report needs is allowed only where it is asked for."""
    more = set(actions_of(Freshness.REPORT, users=users)) - set(actions_of(Freshness.LIVE, users=users))
    assert {"iam:GenerateCredentialReport", "iam:GetCredentialReport"} == more - {"iam:ListVirtualMFADevices"}

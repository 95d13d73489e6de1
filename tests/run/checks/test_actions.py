"""Each action of the policy is tried as an audit asks it, on whom it can be tried, and no refusal is lost."""

import inspect
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest

from auditor.aws.permissions import actions_of
from auditor.config import AuditConfig
from auditor.model.diagnosis import Fault, Finding, Outcome
from auditor.model.scopes import Freshness, UserScope
from auditor.run.checks.actions import PROBES, check_actions
from auditor.run.checks.check import Setup
from auditor.run.checks.roles import Entry
from tests.fakes import NOON, FakeService, account, account_access, limits, refusal

pytestmark = pytest.mark.anyio

LIVE = AuditConfig(role="Audit", users="with-keys")  # type: ignore[arg-type]  # a word is taken, too
USERS = {"Users": [{"UserName": "ana"}, {"UserName": "bo"}, {"UserName": "cy"}]}
NOBODY: dict[str, Any] = {"Users": []}


def keys_of(UserName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
    """Bo alone has a key."""
    return {"AccessKeyMetadata": [{"AccessKeyId": "AKIABO"}] if UserName == "bo" else []}


ALLOWED: Mapping[str, Any] = {
    "list_users": USERS,
    "list_access_keys": keys_of,
    "get_access_key_last_used": {"AccessKeyLastUsed": {}},
    "get_login_profile": refusal("NoSuchEntity", status=404),
    "list_mfa_devices": {"MFADevices": []},
    "get_account_summary": {"SummaryMap": {}},
    "list_service_specific_credentials": {"ServiceSpecificCredentials": []},
    "list_virtual_mfa_devices": {"VirtualMFADevices": []},
    "generate_credential_report": {"State": "STARTED"},
    "get_credential_report": refusal("ReportNotPresent", status=410),
}


def entry(account_id: str = "222222222222", **scripts: Any) -> Entry:
    """An account that was entered, whose IAM allows all but what is scripted otherwise."""
    events = scripts.pop("lookup_events", {"Events": []})
    iam = FakeService("iam", **{**ALLOWED, **scripts})
    access = account_access(iam, FakeService("cloudtrail", lookup_events=events))
    return Entry(account(account_id), access, None)


async def found(*entries: Entry, config: AuditConfig = LIVE) -> tuple[Finding, ...]:
    """What the check finds in these accounts."""
    async with AsyncExitStack() as stack:
        setup = Setup(config=config, limits=limits(), stack=stack, now=lambda: NOON)
        return (await check_actions(setup, entries)).findings


def test_every_action_of_the_policy_has_a_probe() -> None:
    """What the role must allow is what is tried."""
    assert set(actions_of(Freshness.REPORT, users=UserScope.ALL)) == set(PROBES)


def test_no_probe_is_of_another_operation() -> None:
    """Each asks the operation that its action is named after."""
    for action, probe in PROBES.items():
        operation = action.partition(":")[2].casefold()
        assert operation in inspect.getsource(probe.ask).replace("_", "").casefold()


async def test_what_is_not_there_may_be_asked_for() -> None:
    """A user without a password and an account without a report are answers."""
    (finding,) = await found(entry(), config=AuditConfig(role="Audit", freshness=Freshness.REPORT))
    assert Outcome.OK is finding.outcome
    number = len(PROBES)
    assert f"{number} of {number} actions are allowed at 1 account" == finding.found


async def test_a_key_is_looked_for_among_the_first_users() -> None:
    """The one that has a key is whom all is tried on."""
    there = entry()
    await found(there)
    assert there.access is not None
    iam: Any = there.access.iam
    asked = {call.operation: call.parameters for call in iam.calls}
    assert {"AccessKeyId": "AKIABO"} == asked["get_access_key_last_used"]
    assert {"UserName": "bo"} == asked["get_login_profile"]


async def test_without_users_nothing_of_theirs_is_tried() -> None:
    """It is said, and is no failure."""
    skipped, *rest = reversed(await found(entry(list_users=NOBODY), entry("333333333333", list_users=NOBODY)))
    assert "2 of 6 actions are allowed at 2 accounts" == skipped.found
    assert {
        "iam:GetAccessKeyLastUsed was not tried: no account of the sample has a key to try it on",
        "iam:GetLoginProfile was not tried: no account of the sample has a user to try it on",
        "iam:ListAccessKeys was not tried: no account of the sample has a user to try it on",
        "iam:ListMFADevices was not tried: no account of the sample has a user to try it on",
    } == {finding.found for finding in rest}
    assert {Outcome.SKIPPED} == {finding.outcome for finding in rest}


async def test_one_account_with_a_key_is_enough() -> None:
    """What was tried anywhere is not skipped."""
    (finding,) = await found(entry(list_users=NOBODY), entry("333333333333"))
    assert Outcome.OK is finding.outcome


async def test_a_denial_keeps_all_that_aws_said() -> None:
    """With the accounts that deny, and the policy that allows it."""
    said = "User: arn:… is not authorized to perform: iam:ListMFADevices because no permissions boundary allows it"
    denying = entry("333333333333", list_mfa_devices=refusal("AccessDenied", status=403, message=said))
    first, second = await found(entry(), denying)
    assert "iam:ListMFADevices fails at 1 of 2 accounts: name of 333333333333 (333333333333)" == first.found
    assert (Fault.ACTION_DENIED, "AccessDenied", said) == (first.fault, first.code, first.said)
    assert '"Action": ["iam:ListMFADevices"]' in first.cure
    assert ("333333333333",) == first.accounts
    assert "5 of 6 actions are allowed at 2 accounts" == second.found


@pytest.mark.parametrize(
    ("policy", "cure"),
    [
        ("a resource control policy", "--target-id 222222222222 --filter RESOURCE_CONTROL_POLICY"),
        ("a permissions boundary", "Role.PermissionsBoundary"),
        ("an identity-based policy", "Take the denial out"),
    ],
)
async def test_an_explicit_denial_is_cured_where_it_stands(policy: str, cure: str) -> None:
    """Whoever only allows the action is denied all the same."""
    denied = refusal("AccessDenied", status=403, message=f"… with an explicit deny in {policy}")
    first, _ = await found(entry(list_mfa_devices=denied))
    assert cure in first.cure
    assert '"Action": ["iam:ListMFADevices"]' in first.cure


async def test_denials_for_several_reasons_are_told_apart() -> None:
    """A service control policy in one account, and the role's own policy in another."""
    scp = refusal("AccessDenied", status=403, message="… with an explicit deny in a service control policy")
    plain = refusal("AccessDenied", status=403, message="… because no identity-based policy allows it")
    faults = [
        finding.fault
        for finding in await found(entry(list_mfa_devices=scp), entry("333333333333", list_mfa_devices=plain))
    ]
    assert [Fault.DENIED_BY_SCP, Fault.ACTION_DENIED, None] == faults

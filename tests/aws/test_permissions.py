"""The role's policy and template hold exactly the actions that audits call, and trust exactly one principal."""

import json
from collections import defaultdict
from typing import Any

import pytest
from botocore import xform_name
from typer.testing import CliRunner

from auditor import AuditConfig, ConfigurationError, Freshness, Rates, UserScope, run_audit
from auditor.aws.permissions import action_of, actions_of, cloudformation_text, policy_text
from auditor.cli.app import app
from auditor.demo import Scenario
from tests.organizations import served

SCENARIO = Scenario(accounts=3, users=1, largest_account=6, denied_every=None)
CALLERS = {"organizations:ListAccounts", "sts:AssumeRole", "sts:GetCallerIdentity"}
"""What the caller asks for itself."""
TRUSTED = "arn:aws:iam::111122223333:role/Auditors"
COMMAND = ["template", "cloudformation"]


def role_of(text: str) -> dict[str, Any]:
    """The properties of the one role of a template."""
    (resource,) = json.loads(text)["Resources"].values()
    assert "AWS::IAM::Role" == resource["Type"]
    properties: dict[str, Any] = resource["Properties"]
    return properties


def allowed_by(policy: dict[str, Any]) -> list[str]:
    """The actions that a policy allows on everything."""
    (statement,) = policy["Statement"]
    assert ("Allow", "*") == (statement["Effect"], statement["Resource"])
    actions: list[str] = statement["Action"]
    return actions


LIVE_WITH_KEYS = [
    "cloudtrail:LookupEvents",
    "iam:GetAccessKeyLastUsed",
    "iam:GetLoginProfile",
    "iam:ListAccessKeys",
    "iam:ListMFADevices",
    "iam:ListUsers",
]
OF_REPORTS = ["iam:GenerateCredentialReport", "iam:GetCredentialReport", "iam:ListVirtualMFADevices"]
OF_ALL = ["iam:GetAccountSummary", "iam:ListServiceSpecificCredentials", "iam:ListVirtualMFADevices"]


@pytest.mark.anyio
@pytest.mark.parametrize("users", UserScope)
async def test_both_allow_what_is_called_and_no_more(users: UserScope, monkeypatch: pytest.MonkeyPatch) -> None:
    """Policy and template allow what audits of both freshnesses ask of each account, and nothing else."""
    async with served(SCENARIO, monkeypatch) as server:
        for freshness in Freshness:
            rates = Rates(iam=500, events=500)
            await run_audit(AuditConfig(role=SCENARIO.role_name, rates=rates, freshness=freshness, users=users))
        called = defaultdict[str, set[str]](set)
        for request in server.requests:
            called[request.account_id].add(f"{request.service}:{request.action}")
        caller = server.organization.caller.id
    (inline,) = role_of(cloudformation_text("Audit", trust=TRUSTED, users=users))["Policies"]
    allowed = allowed_by(json.loads(policy_text(users=users)))
    assert allowed == allowed_by(inline["PolicyDocument"]) == sorted(allowed)
    members = {account: actions for account, actions in called.items() if account != caller}
    assert len(members) > 1
    assert {account: set(allowed) for account in members} == members
    assert set(allowed) | CALLERS == called[caller]


@pytest.mark.parametrize(
    ("freshness", "users", "expected"),
    [
        (Freshness.LIVE, UserScope.WITH_KEYS, LIVE_WITH_KEYS),
        (Freshness.REPORT, UserScope.WITH_KEYS, LIVE_WITH_KEYS + OF_REPORTS),
        (Freshness.LIVE, UserScope.ALL, LIVE_WITH_KEYS + OF_ALL),
        (Freshness.REPORT, UserScope.ALL, LIVE_WITH_KEYS + OF_REPORTS + OF_ALL),
    ],
)
def test_each_audit_has_its_own_actions(freshness: Freshness, users: UserScope, expected: list[str]) -> None:
    """Policy, template and command allow, each action once, just what an audit of this kind needs."""
    wanted = sorted(set(expected))
    (inline,) = role_of(cloudformation_text("Audit", trust=TRUSTED, freshness=freshness, users=users))["Policies"]
    options = ["--freshness", freshness, "--users", users]
    printed = CliRunner().invoke(app, ["template", "policy", *options]).stdout
    template = CliRunner().invoke(app, [*COMMAND, "--role", "Audit", "--trust", TRUSTED, *options]).stdout
    assert wanted == list(actions_of(freshness, users=users))
    assert wanted == allowed_by(json.loads(policy_text(freshness, users=users))) == allowed_by(json.loads(printed))
    assert wanted == allowed_by(inline["PolicyDocument"])
    assert role_of(template)["Policies"] == [inline]


def test_without_a_word_every_audit_is_allowed() -> None:
    """The role that is made from the texts as they are need not be changed for another audit."""
    allowed = set(allowed_by(json.loads(policy_text())))
    assert allowed == {
        action for freshness in Freshness for users in UserScope for action in actions_of(freshness, users=users)
    }


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("iam", "list_mfa_devices", "iam:ListMFADevices"),
        ("iam", "list_virtual_mfa_devices", "iam:ListVirtualMFADevices"),
        ("iam", "get_account_summary", "iam:GetAccountSummary"),
        ("cloudtrail", "lookup_events", "cloudtrail:LookupEvents"),
        ("iam", "lookup_events", ""),
        ("sts", "assume_role", ""),
        ("organizations", "list_accounts", ""),
        ("iam", "", ""),
        ("", "", ""),
    ],
)
def test_the_action_of_an_operation(service: str, operation: str, action: str) -> None:
    """It is the one that a role must allow for it; what no role is asked for has none."""
    assert action == action_of(service, operation)


@pytest.mark.parametrize("action", actions_of(Freshness.REPORT, users=UserScope.ALL))
def test_each_action_is_that_of_an_operation(action: str) -> None:
    """The SDK's name of an operation leads to the action that the service's own name of it is."""
    service, _, name = action.partition(":")
    assert action == action_of(service, xform_name(name))


def test_the_role_is_the_named_one() -> None:
    """A role without a path is at the root; it may be assumed by the principal, without a condition."""
    role = role_of(cloudformation_text("Audit", trust=TRUSTED))
    trust = {"Effect": "Allow", "Principal": {"AWS": TRUSTED}, "Action": "sts:AssumeRole"}
    assert ("Audit", "/", 3600) == (role["RoleName"], role["Path"], role["MaxSessionDuration"])
    assert [trust] == role["AssumeRolePolicyDocument"]["Statement"]


def test_a_path_and_an_external_id() -> None:
    """A path is the role's path, and an external id is asked for by the trust."""
    role = role_of(cloudformation_text("a/b/Audit", trust="111122223333", external_id="a:b/1"))
    assert ("Audit", "/a/b/") == (role["RoleName"], role["Path"])
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert {"AWS": "111122223333"} == statement["Principal"]
    assert {"StringEquals": {"sts:ExternalId": "a:b/1"}} == statement["Condition"]


@pytest.mark.parametrize(
    "trust",
    [
        "111122223333",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:user/a+=,.@_-",
        "arn:aws-us-gov:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Audit_1",
    ],
)
def test_principals(trust: str) -> None:
    """An account, and a role or user of any partition and path, may be trusted."""
    (statement,) = role_of(cloudformation_text("Audit", trust=trust))["AssumeRolePolicyDocument"]["Statement"]
    assert {"AWS": trust} == statement["Principal"]


@pytest.mark.parametrize(
    "trust",
    [
        "",
        "*",
        "11112222333",
        "1111222233334",
        "111122223333\n",
        "arn:aws:iam::*:root",
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:iam::111122223333:role/*/Audit",
        "arn:aws:iam::111122223333:role/a?/Audit",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::111122223333:group/Auditors",
        "arn:aws:sts::111122223333:assumed-role/Auditors/me",
        "arn:other:iam::111122223333:root",
    ],
)
def test_principals_that_are_none(trust: str) -> None:
    """Wildcards, sessions, groups and what is no ARN are refused with a sentence that repeats it."""
    with pytest.raises(ConfigurationError) as caught:
        cloudformation_text("Audit", trust=trust)
    assert repr(trust) in str(caught.value)
    assert 2 == caught.value.exit_code


def test_the_commands_print_the_texts() -> None:
    """Nothing but the text is on stdout."""
    policy = CliRunner().invoke(app, ["template", "policy"])
    template = CliRunner().invoke(
        app, [*COMMAND, "--role", "a/Audit", "--trust", "111122223333", "--external-id", "x1"]
    )
    assert (0, policy_text()) == (policy.exit_code, policy.stdout.strip())
    expected = cloudformation_text("a/Audit", trust="111122223333", external_id="x1")
    assert (0, expected) == (template.exit_code, template.stdout.strip())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--role", "two words", "--trust", TRUSTED], "is not a role name"),
        (["--role", "Audit", "--trust", "everybody"], "'everybody' is no principal to trust"),
        (["--role", "Audit", "--trust", TRUSTED, "--external-id", "x"], "The external id must have"),
    ],
)
def test_wrong_options_are_one_sentence(options: list[str], sentence: str) -> None:
    """What can't be right is one sentence on stderr, nothing on stdout, and exit code 2."""
    result = CliRunner().invoke(app, [*COMMAND, *options])
    assert (2, "", 1) == (result.exit_code, result.stdout, len(result.stderr.splitlines()))
    assert sentence in result.stderr

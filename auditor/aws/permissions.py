"""What the role of an audit must allow: the list of actions, and the policies and templates that are made of it."""

import json
import re
from collections.abc import Iterable
from typing import Any

from auditor.errors import ConfigurationError
from auditor.model.roles import check_external_id, check_role_name
from auditor.model.scopes import Freshness, UserScope

_LIVE = frozenset(
    {
        "cloudtrail:LookupEvents",
        "iam:GetAccessKeyLastUsed",
        "iam:GetLoginProfile",
        "iam:ListAccessKeys",
        "iam:ListMFADevices",
        "iam:ListUsers",
    }
)
_REPORT = frozenset({"iam:GenerateCredentialReport", "iam:GetCredentialReport", "iam:ListVirtualMFADevices"})
_ALL_USERS = frozenset({"iam:GetAccountSummary", "iam:ListServiceSpecificCredentials", "iam:ListVirtualMFADevices"})
_POLICY_NAME = "ReadForAudit"
LISTING_POLICY = (
    '{"Version":"2012-10-17","Statement":'
    '[{"Effect":"Allow","Action":["organizations:Describe*","organizations:List*"],"Resource":"*"}]}'
)
"""The session policy of a role that lists the accounts: it reads, and nothing but the organization."""
# What AssumeRole asks for unless it is told otherwise, and the most for a caller who is a role:
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_SESSION_SECONDS = 3600
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
# Without the wildcards that IAM refuses here:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
_PRINCIPAL = re.compile(
    r"arn:aws(-[a-z]+)*:iam::\d{12}:(root|(role|user)/([!-)+-.0->@-~]+/)*[\w+=,.@-]{1,64})", re.ASCII
)


def actions_of(freshness: Freshness, *, users: UserScope) -> tuple[str, ...]:
    """The actions that facts of this freshness are read by, of these users, sorted.

    What reads a credential report reads the API, too, wherever the report leaves something open.
    """
    reported = _REPORT if freshness is Freshness.REPORT else frozenset()
    of_all = _ALL_USERS if users is UserScope.ALL else frozenset()
    return tuple(sorted(_LIVE | reported | of_all))


def action_of(service: str, operation: str) -> str:
    """The action that allows an operation: `iam:ListMFADevices` for IAM's `list_mfa_devices`.

    Empty where the operation is none that the role of an audit must allow.
    """
    wanted = f"{service}:{operation.replace('_', '')}".casefold()
    known = actions_of(Freshness.REPORT, users=UserScope.ALL)
    return next((action for action in known if action.casefold() == wanted), "")


def policy_of(freshness: Freshness, *, users: UserScope) -> dict[str, Any]:
    """The IAM policy that allows what such an audit asks for, and nothing else."""
    return policy_allowing(actions_of(freshness, users=users))


def policy_allowing(actions: Iterable[str]) -> dict[str, Any]:
    """The IAM policy that allows these actions on all resources, and no others."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def session_policy_of(freshness: Freshness, *, users: UserScope) -> str:
    """The same policy as AssumeRole takes it, without a blank: 2,048 characters are the most.

    Only what this run asks for is in it: to have a credential report made is no reading, and a live audit never does.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    return json.dumps(policy_of(freshness, users=users), separators=(",", ":"))


def policy_text(freshness: Freshness = Freshness.REPORT, *, users: UserScope = UserScope.ALL) -> str:
    """The IAM policy, as JSON, of what the role must allow for such an audit, and of nothing else.

    The default allows all audits: what reads credential reports reads the API, too.
    """
    return _json(policy_of(freshness, users=users))


def cloudformation_text(
    role: str,
    *,
    trust: str,
    external_id: str | None = None,
    freshness: Freshness = Freshness.REPORT,
    users: UserScope = UserScope.ALL,
) -> str:
    """A CloudFormation template, as JSON, of the role `role` that the principal `trust` may assume.

    The role allows what `policy_text` does.

    It is the same for all accounts and partitions, needs CAPABILITY_NAMED_IAM, and as a StackSet one region only: IAM's
    roles are in all of them. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html

    Raises:
        ConfigurationError: IAM would not take the role's name, the principal or the external id.
    """
    check_role_name(role)
    _check_principal(trust)
    check_external_id(external_id)
    path, _, name = role.rpartition("/")
    properties = {
        "RoleName": name,
        "Path": f"/{path}/" if path else "/",
        "Description": "Assumed by the audit of the organization's IAM users",
        "MaxSessionDuration": _SESSION_SECONDS,
        "AssumeRolePolicyDocument": _trust_policy(trust, external_id=external_id),
        "Policies": [{"PolicyName": _POLICY_NAME, "PolicyDocument": policy_of(freshness, users=users)}],
    }
    return _json(
        {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": "The role that the audit of the organization's IAM users assumes in each account.",
            "Resources": {"AuditRole": {"Type": "AWS::IAM::Role", "Properties": properties}},
            "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["AuditRole", "Arn"]}}},
        }
    )


def _trust_policy(trust: str, *, external_id: str | None) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": trust}, "Action": "sts:AssumeRole"}
    if external_id is not None:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _check_principal(trust: str) -> None:
    if not _ACCOUNT.fullmatch(trust) and not _PRINCIPAL.fullmatch(trust):
        raise ConfigurationError(
            f"{trust!r} is no principal to trust: give 12 digits of an account, or the ARN of an IAM role or user."
        )


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2)

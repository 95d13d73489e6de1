"""The actions that an audit asks for in an account: the one list that all policies are made of."""

import json
from typing import Any

from auditor.model.facts import Freshness

_LIVE = (
    "cloudtrail:LookupEvents",
    "iam:GetAccessKeyLastUsed",
    "iam:GetLoginProfile",
    "iam:ListAccessKeys",
    "iam:ListMFADevices",
    "iam:ListUsers",
)
_REPORT = ("iam:GenerateCredentialReport", "iam:GetCredentialReport", "iam:ListVirtualMFADevices")


def actions_of(freshness: Freshness) -> tuple[str, ...]:
    """The actions that facts of this freshness are read by, sorted.

    What reads a credential report reads the API, too, wherever the report leaves something open.
    """
    return _LIVE if freshness is Freshness.LIVE else tuple(sorted(_LIVE + _REPORT))


def policy_of(freshness: Freshness) -> dict[str, Any]:
    """The IAM policy that allows these actions, on all that is in the account, and no others."""
    statement = {"Effect": "Allow", "Action": list(actions_of(freshness)), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def session_policy_of(freshness: Freshness) -> str:
    """The same policy as AssumeRole takes it, without a blank: 2,048 characters are the most.

    Only what this run asks for is in it: to have a credential report made is no reading, and a live audit never does.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    return json.dumps(policy_of(freshness), separators=(",", ":"))

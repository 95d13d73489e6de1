"""`auditor template`: the role that audits assume, as texts to create it from."""

from typing import Annotated

import typer

from auditor.aws.permissions import cloudformation_text, policy_text
from auditor.cli.text import print_text


def policy() -> None:
    """Print the IAM policy of what the role must allow, as JSON.

    Example: auditor template policy > policy.json
    """
    print_text(policy_text)


def cloudformation(
    *,
    role: Annotated[str, typer.Option(help="Role to create in each account, with its path if it has one.")],
    trust: Annotated[
        str, typer.Option(help="Who may assume it: the ARN of an IAM role or user, or an account's 12 digits.")
    ],
    external_id: Annotated[str | None, typer.Option(help="External id that the role's trust asks for.")] = None,
) -> None:
    """Print a CloudFormation template of the role, as JSON, for a stack or for a StackSet in one region.

    Exit codes: 0 printed; 1 not printed; 2 wrong options.

    Example:
      auditor template cloudformation --role Audit --trust 111122223333
    """
    print_text(lambda: cloudformation_text(role, trust=trust, external_id=external_id))

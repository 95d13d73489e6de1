"""`auditor template`: the role that audits assume, as texts to create it from."""

from typing import Annotated

import typer

from auditor.aws.permissions import cloudformation_text, policy_text
from auditor.cli.next_step import GivenOptions, Step, next_step
from auditor.cli.text import print_text
from auditor.model.scopes import Freshness, UserScope

_Users = Annotated[
    UserScope,
    typer.Option(help="Allow audits of all users, root and service credentials, or only of users with access keys."),
]
_Freshness = Annotated[
    Freshness, typer.Option(help="Allow audits that read credential reports, and live ones, too; or only live ones.")
]


def policy(*, users: _Users = UserScope.ALL, freshness: _Freshness = Freshness.REPORT) -> None:
    """Print the IAM policy of what the role must allow, as JSON.

    Without options it allows every audit; with those of an audit, just what that one needs.

    Examples:
      auditor template policy > policy.json
      auditor template policy --users with-keys --freshness live
    """
    named = GivenOptions(["--role", "ROLE"])
    print_text(lambda: policy_text(freshness, users=users), next_step=next_step(Step.TEMPLATE, named))


def cloudformation(
    *,
    role: Annotated[str, typer.Option(help="Role to create in each account, with its path if it has one.")],
    trust: Annotated[
        str, typer.Option(help="Who may assume it: the ARN of an IAM role or user, or an account's 12 digits.")
    ],
    external_id: Annotated[str | None, typer.Option(help="External id that the role's trust asks for.")] = None,
    users: _Users = UserScope.ALL,
    freshness: _Freshness = Freshness.REPORT,
) -> None:
    """Print a CloudFormation template of the role, as JSON, for a stack or for a StackSet in one region.

    Exit codes: 0 printed; 1 not printed; 2 wrong options.

    Example:
      auditor template cloudformation --role Audit --trust 111122223333
    """
    external = [] if external_id is None else ["--external-id", external_id]
    print_text(
        lambda: cloudformation_text(role, trust=trust, external_id=external_id, freshness=freshness, users=users),
        next_step=next_step(Step.TEMPLATE, GivenOptions(["--role", role, *external])),
    )

"""Roles of several names, how long they are lent and to whom, and the hub that lists through another account."""

import pytest
from botocore.exceptions import ClientError

from auditor.demo import Scenario, build_organization
from tests.demo.reading import Reader, code_of, read, refusal

pytestmark = pytest.mark.anyio

NAMES = ("Audit", "team/Audit-{account_id}", "Legacy")
HUB = Scenario(accounts=6, users=1, largest_account=3, hub=True, lister_role="Lister")


async def test_each_account_lends_the_role_of_its_own_name() -> None:
    """In turn, with the account's id where the name asks for it, and under no other account's name."""

    def script(reader: Reader) -> tuple[list[str], str]:
        ids = [account.id for account in reader.server.organization.accounts]
        roles = {1: f"team/Audit-{ids[1]}", 2: "Legacy", 3: "Audit"}
        arns = [
            reader.assume(ids[index], role=role).client("sts").get_caller_identity()["Arn"]
            for index, role in roles.items()
        ]
        return arns, refusal(reader.assume, ids[1], role="Legacy")

    (arns, other), server = await read(script, Scenario(accounts=5, role_names=NAMES))
    one = server.organization.accounts[1].id
    expected = [f"Audit-{one}", "Legacy", "Audit"]
    assert expected == [arn.split("/")[1] for arn in arns]
    assert "AccessDenied" == other


def told(error: ClientError) -> tuple[str, str]:
    """Code and message of a refusal."""
    return code_of(error), error.response["Error"]["Message"]


async def test_no_role_is_lent_for_longer_than_it_allows() -> None:
    """An hour unless the role says more, and its own message where more is asked."""

    def script(reader: Reader) -> tuple[str, str]:
        one = reader.server.organization.accounts[2].id
        reader.assume(one, DurationSeconds=7200)
        with pytest.raises(ClientError) as caught:
            reader.assume(one, DurationSeconds=7201)
        return told(caught.value)

    answer, server = await read(script, Scenario(accounts=5, longest_session=7200))
    message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    assert ("ValidationError", message) == answer
    assert ["7200"] == [parameters["DurationSeconds"] for parameters in server.assumptions.values()]


@pytest.mark.parametrize(
    ("scenario", "source", "expected"),
    [
        (Scenario(accounts=5), "ana@example.com", ""),
        (Scenario(accounts=5), "a b", "ValidationError"),
        (Scenario(accounts=5), "a" * 65, "ValidationError"),
        (Scenario(accounts=5, source_identity_refused=True), "ana@example.com", "sts:SetSourceIdentity"),
        (Scenario(accounts=5, source_identity_refused=True), "", ""),
        (Scenario(accounts=5, source_identity_required="*@example.com"), "ana@example.com", ""),
        (Scenario(accounts=5, source_identity_required="*@example.com"), "ana@example.org", "sts:AssumeRole"),
        (Scenario(accounts=5, source_identity_required="*@example.com"), "", "sts:AssumeRole"),
    ],
    ids=["set", "malformed", "long", "refused", "not asked", "right", "wrong", "missing"],
)
async def test_source_identities(scenario: Scenario, source: str, expected: str) -> None:
    """They are answered and kept, and the role's trust policy may refuse them or require them."""

    def script(reader: Reader) -> str:
        account = reader.server.organization.accounts[2].id
        options = {"SourceIdentity": source} if source else {}
        try:
            reply = reader.client("sts").assume_role(
                RoleArn=reader.role_arn(account), RoleSessionName="SecurityAudit", **options
            )
        except ClientError as error:
            return " ".join(told(error))
        assert source == reply.get("SourceIdentity", "")
        return ""

    answer, _ = await read(script, scenario)
    assert expected in answer
    assert bool(expected) is bool(answer)


async def test_a_hub_lists_through_the_management_account() -> None:
    """By itself it lists nothing; the lister's role lists, and can do nothing else."""

    def script(reader: Reader) -> tuple[str, int, str, list[str], str]:
        management = reader.server.organization.management.id
        own = refusal(reader.client("organizations").list_accounts)
        lister = reader.assume(management, role="Lister")
        listed = len(lister.accounts())
        denied = [
            refusal(lister.client("iam").list_users),
            refusal(lister.assume, reader.server.organization.accounts[2].id),
        ]
        return own, listed, lister.client("sts").get_caller_identity()["Account"], denied, management

    (own, listed, account, denied, management), _ = await read(script, HUB)
    assert ("AccessDeniedException", 6, management, ["AccessDenied"] * 2) == (own, listed, account, denied)


async def test_a_hub_has_the_role_everywhere_but_at_home() -> None:
    """The management account lends it, too, and the lister's role is found in no other account."""

    def script(reader: Reader) -> tuple[list[str], str]:
        ids = [account.id for account in reader.server.organization.accounts]
        for index in (0, 2, 3, 4):
            reader.assume(ids[index]).users()
        wrong = [refusal(reader.assume, ids[1]), refusal(reader.assume, ids[2], role="Lister")]
        return wrong, reader.client("sts").get_caller_identity()["Account"]

    (wrong, account), server = await read(script, HUB)
    assert ["AccessDenied"] * 2 == wrong
    assert server.organization.accounts[1].id == account


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(accounts=3, users=1, own_account_role=True),
        Scenario(accounts=3, users=1, hub=True, own_account_role=True),
    ],
    ids=["management", "hub"],
)
async def test_the_callers_own_account_may_lend_the_role(scenario: Scenario) -> None:
    """Where the switch is on."""
    arn, server = await read(
        lambda reader: reader.assume(reader.server.organization.caller.id).client("sts").get_caller_identity()["Arn"],
        scenario,
    )
    assert f"arn:aws:sts::{server.organization.caller.id}:assumed-role/" in arn


async def test_a_lister_has_keys_of_its_own() -> None:
    """They list from the management account, and assume nothing."""

    def script(reader: Reader) -> tuple[int, str, str, str]:
        lister, one = reader.lister(), reader.server.organization.accounts[2].id
        answered = lister.client("sts").get_caller_identity()["Arn"]
        return len(lister.accounts()), answered, refusal(lister.assume, one), refusal(lister.client("iam").list_users)

    (listed, arn, assuming, iam), server = await read(script, HUB)
    assert (6, "AccessDenied", "AccessDenied") == (listed, assuming, iam)
    assert f"arn:aws:iam::{server.organization.management.id}:user/lister" == arn


async def test_a_role_that_is_both_may_do_both() -> None:
    """Where the lister's role has the name of the audit's, it lists and reads users."""

    def script(reader: Reader) -> tuple[int, int]:
        there = reader.account(0)
        return len(there.accounts()), len(there.users())

    scenario = Scenario(accounts=3, users=2, hub=True, lister_role="OrganizationAccountAccessRole")
    organization = build_organization(scenario)
    told, _ = await read(script, scenario)
    assert (3, len(organization.facts(organization.management).users)) == told


def test_a_hub_is_a_member_account() -> None:
    """Neither the only account nor a delegated administrator."""
    for scenario in ({"accounts": 1}, {"delegated_administrator": True}):
        with pytest.raises(ValueError, match="a hub is a member account"):
            Scenario(hub=True, **scenario)

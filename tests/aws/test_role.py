"""Assuming a role: what is asked of STS, and what is not taken from it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest

from auditor.aws.credentials import RoleCredentials
from auditor.aws.role import RoleRequest, assume, first_admitted
from auditor.errors import DeniedError, RequestError
from tests.fakes import JUMPING, Answer, FakeService, access, assumed, refusal

if TYPE_CHECKING:
    from types_aiobotocore_sts import STSClient

pytestmark = pytest.mark.anyio

ACCOUNT = "222222222222"
LATER = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Pauses take no time."""
    return JUMPING


async def credentials_of(sts: FakeService, role: RoleRequest, *, partition: str = "aws") -> dict[str, Any]:
    """The credentials of the role in ACCOUNT."""
    client = cast("STSClient", sts)
    return await assume(access(), client, account_id=ACCOUNT, partition=partition, role=role)


async def test_the_credentials_are_aws_own() -> None:
    """What STS gives is returned as it is."""
    sts = FakeService("sts", assume_role=assumed(ACCOUNT))

    assert await credentials_of(sts, RoleRequest("Audit", "SecurityAudit")) == assumed(ACCOUNT)["Credentials"]


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-eusc"])
async def test_the_arn_has_the_partition_of_the_caller(partition: str) -> None:
    """The role of an account is in the caller's partition, and a path belongs to its name."""
    sts = FakeService("sts", assume_role=assumed(ACCOUNT))
    await credentials_of(sts, RoleRequest("a/b/Audit", "SecurityAudit"), partition=partition)

    assert sts.calls[0].parameters["RoleArn"] == f"arn:{partition}:iam::{ACCOUNT}:role/a/b/Audit"


async def test_only_what_is_wanted_is_asked() -> None:
    """All else is sent where it is given; without a duration none is: a chained role may have an hour only."""
    sts = FakeService("sts", assume_role=assumed(ACCOUNT))
    await credentials_of(sts, RoleRequest("Audit", "Name"))
    await credentials_of(sts, RoleRequest("Audit", "Name", external_id="x1", policy="{}"))
    await credentials_of(sts, RoleRequest("Audit", "Name", duration=900, source_identity="ana"))

    asked = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/Audit", "RoleSessionName": "Name"}
    assert [call.parameters for call in sts.calls] == [
        asked,
        {**asked, "ExternalId": "x1", "Policy": "{}"},
        {**asked, "DurationSeconds": 900, "SourceIdentity": "ana"},
    ]


@pytest.mark.parametrize(
    "whose",
    [
        {"Arn": "arn:aws:sts::333333333333:assumed-role/Audit/SecurityAudit"},
        {"Arn": f"arn:aws:sts::333333333333:assumed-role/{ACCOUNT}/SecurityAudit"},
        {"Arn": ""},
        {"Arn": "odd"},
        {},
    ],
)
async def test_credentials_of_another_account_are_refused(whose: dict[str, str]) -> None:
    """Credentials that are not, or not said to be, of the account that was asked for are not used."""
    sts = FakeService("sts", assume_role={**assumed(ACCOUNT), "AssumedRoleUser": whose})

    with pytest.raises(RequestError, match="another account") as caught:
        await credentials_of(sts, RoleRequest("Audit", "SecurityAudit"))

    assert caught.value.code == "WrongAccount"


async def test_an_answer_that_does_not_say_whose_is_refused() -> None:
    """An answer without AssumedRoleUser is not trusted."""
    sts = FakeService("sts", assume_role={"Credentials": assumed(ACCOUNT)["Credentials"]})

    with pytest.raises(RequestError, match="another account"):
        await credentials_of(sts, RoleRequest("Audit", "SecurityAudit"))


async def test_a_refused_role_is_an_error() -> None:
    """AWS's refusal is raised with its code, at the first one."""
    sts = FakeService("sts", assume_role=refusal("AccessDenied", status=403))

    with pytest.raises(RequestError) as caught:
        await credentials_of(sts, RoleRequest("Audit", "SecurityAudit"))

    assert (caught.value.code, caught.value.service, sts.count("assume_role")) == ("AccessDenied", "sts", 1)


LADDER = [RoleRequest("Audit", "Name"), RoleRequest("a/{account_id}/Other-{account_id}", "Name", policy="{}")]
OTHER = f"a/{ACCOUNT}/Other-{ACCOUNT}"


def lending(*lent: str, code: str = "AccessDenied", expires: datetime = LATER) -> FakeService:
    """STS of an account that lends these roles, and refuses all others."""

    def answer(**parameters: str) -> Answer:
        arn = parameters["RoleArn"]
        if arn.partition(":role/")[2] in lent:
            return assumed(ACCOUNT, expires=expires)
        return refusal(code, message=f"Not authorized to perform sts:AssumeRole on {arn}, said the boundary.")

    return FakeService("sts", assume_role=answer)


async def admitted(sts: FakeService, roles: Sequence[RoleRequest] = LADDER) -> tuple[RoleRequest, RoleCredentials]:
    """What ACCOUNT is entered by."""
    client = cast("STSClient", sts)
    return await first_admitted(access(), client, account_id=ACCOUNT, partition="aws", roles=roles)


def asked(sts: FakeService) -> list[str]:
    """The roles that were asked for, in this order."""
    return [call.parameters["RoleArn"].partition(":role/")[2] for call in sts.calls]


@pytest.mark.parametrize(
    ("lent", "expected"),
    [(["Audit"], ["Audit"]), ([OTHER], ["Audit", OTHER]), (["Audit", OTHER], ["Audit"])],
)
async def test_the_first_role_that_lets_in_is_taken(lent: list[str], expected: list[str]) -> None:
    """In their order, each with the account's id in its name, and none behind the one that is lent."""
    sts = lending(*lent)
    role, credentials = await admitted(sts)

    assert (expected[-1], expected) == (role.name, asked(sts))
    assert f"ASIA{ACCOUNT}" == (await credentials.current()).access_key


async def test_only_the_role_that_let_in_is_asked_for_again() -> None:
    """Credentials that end are renewed by it, whoever was denied before it."""
    sts = lending(OTHER, expires=datetime(2020, 1, 1, tzinfo=UTC))
    _, credentials = await admitted(sts)
    await credentials.current()

    assert ["Audit", OTHER, OTHER] == asked(sts)


@pytest.mark.parametrize(
    "code",
    ["ServiceUnavailable", "ValidationError", "ExpiredToken", "PackedPolicyTooLarge"],
)
async def test_what_is_no_denial_leads_to_no_other_role(code: str) -> None:
    """It says nothing about whether this role is shut, and is raised as it is."""
    sts = lending(OTHER, code=code)
    with pytest.raises(RequestError) as caught:
        await admitted(sts)

    assert (code, {"Audit"}) == (caught.value.code, set(asked(sts)))


async def test_a_denial_by_all_names_all() -> None:
    """With AWS's whole message to the last, its code, class and request."""
    sts = lending()
    with pytest.raises(DeniedError) as caught:
        await admitted(sts)

    last = f"Not authorized to perform sts:AssumeRole on arn:aws:iam::{ACCOUNT}:role/{OTHER}, said the boundary."
    said = f"none of the roles Audit, {OTHER} lets the caller in; of the last AWS said: {last}"
    assert ("AccessDenied", said, "request-AccessDenied") == (
        caught.value.code,
        caught.value.message,
        caught.value.request_id,
    )


async def test_a_denial_by_one_is_aws_own() -> None:
    """Where no other was named there is nothing to add."""
    with pytest.raises(DeniedError) as caught:
        await admitted(lending(), LADDER[:1])

    last = f"Not authorized to perform sts:AssumeRole on arn:aws:iam::{ACCOUNT}:role/Audit, said the boundary."
    assert last == caught.value.message

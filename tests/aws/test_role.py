"""Assuming a role: what is asked of STS, and what is not taken from it."""

from typing import TYPE_CHECKING, Any, cast

import pytest

from auditor.aws.role import RoleRequest, assume
from auditor.errors import RequestError
from tests.fakes import JUMPING, FakeService, access, assumed, refusal

if TYPE_CHECKING:
    from types_aiobotocore_sts import STSClient

pytestmark = pytest.mark.anyio

ACCOUNT = "222222222222"


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
    """External id and policy are sent where they are given, and no duration: a chained role may have an hour only."""
    sts = FakeService("sts", assume_role=assumed(ACCOUNT))
    await credentials_of(sts, RoleRequest("Audit", "Name"))
    await credentials_of(sts, RoleRequest("Audit", "Name", external_id="x1", policy="{}"))

    asked = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/Audit", "RoleSessionName": "Name"}
    assert [call.parameters for call in sts.calls] == [asked, {**asked, "ExternalId": "x1", "Policy": "{}"}]


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

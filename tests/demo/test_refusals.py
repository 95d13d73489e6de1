"""Credentials, roles and rights that are not right are refused in AWS's own words."""

import pytest
from botocore.exceptions import ClientError

from auditor.demo import Scenario, build_organization
from tests.demo.reading import Clock, Reader, code_of, read, refusal

pytestmark = pytest.mark.anyio


async def test_wrong_credentials_are_refused() -> None:
    """Unknown key, wrong secret, wrong token: each is refused under AWS's own code."""

    def script(reader: Reader) -> dict[str, str]:
        there = reader.account(2)
        changes = {
            "key": {"aws_access_key_id": "AKIAAAAAAAAAAAAAAAAA"},
            "secret": {"aws_secret_access_key": "wrong"},
            "token": {"aws_session_token": "wrong"},
            "no token": {"aws_session_token": ""},
        }
        codes = {name: refusal(there.client("iam", **change).list_users) for name, change in changes.items()}
        events = there.client("cloudtrail", aws_secret_access_key="wrong")
        return codes | {"json": refusal(events.lookup_events)}

    codes, _ = await read(script)
    expected = {
        "key": "InvalidClientTokenId",
        "secret": "SignatureDoesNotMatch",
        "token": "InvalidClientTokenId",
        "no token": "InvalidClientTokenId",
        "json": "InvalidSignatureException",
    }
    assert expected == codes


async def test_wrong_region_is_refused() -> None:
    """IAM takes signatures for its own region only."""

    def script(reader: Reader) -> str:
        return refusal(reader.client("iam", region="eu-west-1").list_users)

    code, _ = await read(script)
    assert code == "SignatureDoesNotMatch"


async def test_credentials_expire() -> None:
    """A role's credentials end after their lifetime, under the code of each protocol."""
    clock = Clock()

    def script(reader: Reader) -> tuple[str, str]:
        there = reader.account(2)
        there.client("iam").list_users()
        clock.ahead = 61
        return refusal(there.client("iam").list_users), refusal(there.client("cloudtrail").lookup_events)

    codes, _ = await read(script, Scenario(accounts=5, credential_lifetime=60), clock)
    assert codes == ("ExpiredToken", "ExpiredTokenException")


async def test_old_signatures_are_refused() -> None:
    """A signature older than 15 minutes is refused with a message that says so."""
    clock = Clock()
    clock.ahead = 16 * 60

    def script(reader: Reader) -> str:
        with pytest.raises(ClientError, match="Signature expired") as caught:
            reader.client("sts").get_caller_identity()

        return code_of(caught.value)

    code, _ = await read(script, clock=clock)
    assert code == "SignatureDoesNotMatch"


async def test_roles_that_are_not_lent() -> None:
    """The own, a refusing, a closed, a foreign account and a wrong role or external id: AccessDenied."""
    scenario = Scenario(accounts=12, external_id="agreed")

    def script(reader: Reader) -> list[str]:
        accounts = reader.server.organization.accounts
        wrong = [accounts[index].id for index in (0, 5, 7, 8, 11)] + ["999999999999"]
        codes = [refusal(reader.assume, one, ExternalId="agreed") for one in wrong]
        arn = f"arn:aws:iam::{accounts[2].id}:role/Other"
        other = {"RoleArn": arn, "RoleSessionName": "SecurityAudit", "ExternalId": "agreed"}
        codes.append(refusal(reader.client("sts").assume_role, **other))
        codes.append(refusal(reader.assume, accounts[2].id))
        reader.assume(accounts[2].id, ExternalId="agreed")
        return codes

    codes, _ = await read(script, scenario)
    assert codes == ["AccessDenied"] * 8


async def test_durations_of_roles() -> None:
    """A session's session lasts an hour at most, and none lasts more than twelve."""

    def script(reader: Reader) -> tuple[str, ...]:
        one = reader.server.organization.accounts[2].id
        reader.assume(one, DurationSeconds=3600)
        return tuple(refusal(reader.assume, one, DurationSeconds=seconds) for seconds in (3601, 43_201))

    codes, _ = await read(script, Scenario(accounts=5, caller_is_role=True))
    assert codes == ("ValidationError",) * 2


async def test_members_list_no_accounts() -> None:
    """A member account that is no delegated administrator can't list the organization."""

    def script(reader: Reader) -> tuple[str, str]:
        there = reader.account(2).client("organizations")
        return refusal(there.list_accounts), there.describe_organization()["Organization"]["MasterAccountId"]

    (code, management), server = await read(script)
    assert ("AccessDeniedException", server.organization.management.id) == (code, management)


async def test_session_policies_hold() -> None:
    """A role assumed with a policy can do what the policy lists, and nothing else."""
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:List*"],"Resource":"*"}]}'

    def script(reader: Reader) -> tuple[str, str, str]:
        one = reader.server.organization.accounts[2].id
        there = reader.assume(one, Policy=policy)
        name = there.users()[0]["UserName"]
        denied = refusal(there.client("iam").get_login_profile, UserName=name)
        damaged = refusal(reader.assume, one, Policy="{")
        return denied, refusal(there.client("cloudtrail").lookup_events), damaged

    codes, server = await read(script)
    assert codes == ("AccessDenied", "AccessDeniedException", "MalformedPolicyDocument")
    assert {server.organization.accounts[2].id: policy} == server.policies


async def test_denied_actions() -> None:
    """A denied action is refused in its account and nowhere else."""
    scenario = Scenario(accounts=5)
    one = build_organization(scenario).accounts[2].id
    scenario = Scenario(accounts=5, denied_actions={one: frozenset({"iam:ListUsers"})})

    def script(reader: Reader) -> str:
        reader.account(3).users()
        return refusal(reader.account(2).users)

    code, _ = await read(script, scenario)
    assert code == "AccessDenied"


async def test_unknown_actions() -> None:
    """An action that is not there is refused in the words of each protocol."""

    def script(reader: Reader) -> tuple[str, str]:
        organizations = reader.client("organizations")
        return refusal(reader.client("iam").list_roles), refusal(organizations.list_handshakes_for_account)

    codes, _ = await read(script)
    assert codes == ("InvalidAction", "UnknownOperationException")

"""Service-specific credentials, login profiles and certificates, as plain boto3 and aioboto3 read them."""

import csv
import json
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import aioboto3
import pytest

from auditor.demo import Scenario, ServiceCredential, build_organization, serve
from tests.demo.reading import Reader, code_of, read, refusal
from tests.demo.users_reading import credentials_of

pytestmark = pytest.mark.anyio

SMALL = Scenario(accounts=5, users=3, largest_account=40)


async def test_credentials_of_all_users_come_in_pages() -> None:
    """Page by page they are all there, each once, with all that AWS tells of them."""

    def script(reader: Reader) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        iam = reader.account(2).client("iam")
        return credentials_of(iam, page=3), credentials_of(iam)

    (paged, whole), server = await read(script, SMALL)
    assert paged == whole
    users = server.organization.facts(server.organization.accounts[2]).users
    held = [(user.name, one) for user in users for one in user.service_credentials]
    assert len(held) > 3
    assert [_shown(name, one) for name, one in held] == whole


def _shown(user: str, credential: ServiceCredential) -> dict[str, Any]:
    members = {
        "UserName": user,
        "Status": credential.status,
        "ServiceUserName": credential.service_user,
        "ServiceCredentialAlias": credential.alias,
        "CreateDate": credential.created,
        "ExpirationDate": credential.expires,
        "ServiceSpecificCredentialId": credential.id,
        "ServiceName": credential.service,
    }
    return {name: value for name, value in members.items() if value is not None}


async def test_credentials_of_every_kind() -> None:
    """There are active, inactive and expired ones, with and without an end, several a user, of users without keys."""

    def script(reader: Reader) -> list[dict[str, Any]]:
        return credentials_of(reader.account(2).client("iam"))

    shown, server = await read(script, SMALL)
    users = {user.name: user for user in server.organization.facts(server.organization.accounts[2]).users}
    kinds = {(one["Status"], "ExpirationDate" in one) for one in shown}
    assert {("Active", False), ("Active", True), ("Inactive", False), ("Inactive", True), ("Expired", True)} == kinds
    assert {"codecommit", "cassandra", "bedrock", "logs"} == {one["ServiceName"].partition(".")[0] for one in shown}
    assert {"bedrock.amazonaws.com", "logs.amazonaws.com"} == {
        one["ServiceName"] for one in shown if "ExpirationDate" in one
    }
    assert max(Counter((one["UserName"], one["ServiceName"]) for one in shown).values()) == 2
    assert any(not users[one["UserName"]].keys for one in shown)
    over = [one["ExpirationDate"] < server.organization.now for one in shown if one["Status"] == "Expired"]
    assert over
    assert all(over)


async def test_credentials_of_one_user() -> None:
    """By name, of one service or of all."""

    def script(reader: Reader) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str]:
        iam = reader.account(2).client("iam")
        name = next(
            user["UserName"] for user in reader.account(2).users() if user["UserName"].startswith("service.all")
        )
        ask = iam.list_service_specific_credentials
        whole = ask(UserName=name)["ServiceSpecificCredentials"]
        some = ask(UserName=name, ServiceName="cassandra.amazonaws.com")["ServiceSpecificCredentials"]
        return whole, some, refusal(ask, UserName="nobody")

    (whole, some, missing), _ = await read(script, SMALL)
    assert (8, 2, "NoSuchEntity") == (len(whole), len(some), missing)
    assert [one for one in whole if one["ServiceName"] == "cassandra.amazonaws.com"] == some


async def test_whose_credentials_must_be_said() -> None:
    """All users or one, not both; neither is the caller, whom a role's session is not."""

    def script(reader: Reader) -> tuple[str, str, str, int]:
        iam = reader.account(2).client("iam")
        ask, name = iam.list_service_specific_credentials, reader.account(2).users()[0]["UserName"]
        marker = ask(AllUsers=True, MaxItems=1)["Marker"]
        own = reader.client("iam").list_service_specific_credentials()
        both = refusal(ask, UserName=name, AllUsers=True)
        return refusal(ask), both, refusal(ask, UserName=name, Marker=marker), len(own["ServiceSpecificCredentials"])

    told, _ = await read(script, SMALL)
    assert ("ValidationError", "ValidationError", "ValidationError", 0) == told


async def test_all_users_may_be_unknown() -> None:
    """An older emulator refuses the flag as invalid, and answers user by user."""

    def script(reader: Reader) -> tuple[str, int]:
        there = reader.account(2)
        ask = there.client("iam").list_service_specific_credentials
        by_user = [ask(UserName=user["UserName"])["ServiceSpecificCredentials"] for user in there.users()]
        return refusal(ask, AllUsers=True), sum(map(len, by_user))

    (code, count), server = await read(script, replace(SMALL, all_users_refused=True))
    users = server.organization.facts(server.organization.accounts[2]).users
    assert ("ValidationError", sum(len(user.service_credentials) for user in users)) == (code, count)


async def test_login_profiles() -> None:
    """A profile tells when the password was set, whether it must be reset, and how long a sign-in lasts at most."""
    sessions: dict[str, int] = {}

    def note(response_dict: dict[str, Any], **_: object) -> None:
        """Read the member that the SDK's model may not have yet."""
        text = response_dict["body"].decode()
        found = re.search("<UserName>(.*)</UserName>.*<MaxSigninSessionDuration>(.*)</MaxSigninSession", text)
        if found is not None:
            sessions[found[1]] = int(found[2])

    def script(reader: Reader) -> dict[str, dict[str, Any]]:
        iam, profiles = reader.account(2).client("iam"), {}
        iam.meta.events.register("before-parse.iam.GetLoginProfile", note)
        for user in reader.account(2).users():
            try:
                profiles[user["UserName"]] = iam.get_login_profile(UserName=user["UserName"])["LoginProfile"]
            except iam.exceptions.NoSuchEntityException:
                continue
        return profiles

    profiles, server = await read(script, SMALL)
    users = [user for user in server.organization.facts(server.organization.accounts[2]).users if user.password_created]
    made = {user.name: (user.password_created, user.password_reset) for user in users}
    assert made == {name: (one["CreateDate"], one["PasswordResetRequired"]) for name, one in profiles.items()}
    assert {True, False} == {one["PasswordResetRequired"] for one in profiles.values()}
    assert {user.name: user.session_seconds for user in users if user.session_seconds} == sessions
    assert 3_600 <= min(sessions.values()) <= max(sessions.values()) == 90 * 86_400


async def test_users_have_certificates() -> None:
    """The credential report tells of the signing certificates of some users."""

    def script(reader: Reader) -> list[dict[str, str]]:
        content = reader.account(2).client("iam").get_credential_report()["Content"].decode()
        return list(csv.DictReader(content.splitlines()))

    rows, server = await read(script, replace(SMALL, report_age=60.0))
    users = server.organization.facts(server.organization.accounts[2]).users
    told = {row["user"] for row in rows if "true" in (row["cert_1_active"], row["cert_2_active"])}
    assert {user.name for user in users if any(one.active for one in user.certificates)} == told
    assert any(name.startswith("console.certificate-") for name in told)


async def test_aioboto3_reads_the_new_answers() -> None:
    """The asynchronous SDK reads the summary and the credentials as boto3 does."""
    async with serve(build_organization(SMALL)) as server:
        environment = server.environment()
        session = aioboto3.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment["AWS_DEFAULT_REGION"],
        )
        async with session.client("iam", endpoint_url=server.url) as iam:
            summary = (await iam.get_account_summary())["SummaryMap"]
            answer = await iam.list_service_specific_credentials(AllUsers=True)
    facts = server.organization.facts(server.organization.management)
    assert (1, len(facts.users)) == (summary["AccountMFAEnabled"], summary["Users"])
    held = [one.id for user in facts.users for one in user.service_credentials]
    assert held == [one["ServiceSpecificCredentialId"] for one in answer["ServiceSpecificCredentials"]]


async def test_session_policies_know_the_new_actions() -> None:
    """A session that may list only can't have the summary, and one that may have it can't list."""

    def script(reader: Reader) -> list[str]:
        account = reader.server.organization.accounts[2].id
        refused = []
        for allowed in ("iam:List*", "iam:GetAccountSummary"):
            document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": allowed, "Resource": "*"}}
            iam = reader.assume(account, Policy=json.dumps(document)).client("iam")
            for ask in (iam.get_account_summary, lambda iam=iam: iam.list_service_specific_credentials(AllUsers=True)):
                try:
                    ask()
                except iam.exceptions.ClientError as error:
                    refused.append(f"{allowed}: {error.operation_name} {code_of(error)}")
        return refused

    refused, _ = await read(script, SMALL)
    assert refused == [
        "iam:List*: GetAccountSummary AccessDenied",
        "iam:GetAccountSummary: ListServiceSpecificCredentials AccessDenied",
    ]

"""Credential reports of a local organization: old, late, refused, and without what came since."""

import csv
from datetime import timedelta
from typing import Any

import pytest

from auditor.demo import Scenario, build_organization
from tests.demo.reading import Reader, StoppedClock, read, refusal

pytestmark = pytest.mark.anyio

HOUR = 3600


def rows_of(reader: Reader, index: int = 2) -> dict[str, dict[str, str]]:
    """The rows of the report that an account has, by user."""
    content = reader.account(index).client("iam").get_credential_report()["Content"].decode()
    return {row["user"].rpartition("-2-")[0] or row["user"]: row for row in csv.DictReader(content.splitlines())}


async def test_an_old_report_is_there_and_knows_nothing_since() -> None:
    """It has who is deleted by now, and neither users, keys, passwords nor devices that came after it."""

    def script(reader: Reader) -> tuple[Any, dict[str, dict[str, str]]]:
        return reader.account(2).client("iam").get_credential_report()["GeneratedTime"], rows_of(reader)

    (made, rows), server = await read(script, Scenario(accounts=3, users=1, report_age=HOUR))
    assert server.organization.now - timedelta(hours=1) == made
    assert "deleted" in rows
    assert "new.user" not in rows
    assert "N/A" == rows["new.key"]["access_key_1_last_rotated"]
    assert "N/A" != rows["second.key"]["access_key_1_last_rotated"]
    assert "N/A" == rows["second.key"]["access_key_2_last_rotated"]
    assert ("false", "false") == (rows["new.password"]["password_enabled"], rows["new.device"]["mfa_active"])
    assert "true" == rows["lost.device"]["mfa_active"]


async def test_users_are_others_than_in_an_old_report() -> None:
    """One was made anew under the same name, and one key was activated again."""

    def script(reader: Reader) -> tuple[dict[str, dict[str, str]], dict[str, Any], list[dict[str, Any]]]:
        iam = reader.account(2).client("iam")
        users = {user["UserName"].rpartition("-2-")[0]: user for user in reader.account(2).users()}
        name = users["reactivated.key"]["UserName"]
        return rows_of(reader), users, iam.list_access_keys(UserName=name)["AccessKeyMetadata"]

    (rows, users, keys), _ = await read(script, Scenario(accounts=3, users=1, report_age=HOUR))
    assert "deleted" not in users
    created = users["recreated"]["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ")
    assert created > rows["recreated"]["user_creation_time"]
    made = keys[0]["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ")
    assert made < rows["reactivated.key"]["access_key_1_last_rotated"]


async def test_a_report_expires() -> None:
    """After four hours it is gone, and a new one has what there is now."""

    def script(reader: Reader) -> tuple[str, str, str, dict[str, dict[str, str]]]:
        iam = reader.account(2).client("iam")
        expired = refusal(iam.get_credential_report)
        started = iam.generate_credential_report()["State"]
        return expired, started, refusal(iam.get_credential_report), rows_of(reader)

    (expired, started, late, rows), _ = await read(script, Scenario(accounts=3, users=1, report_age=5 * HOUR))
    assert ("ReportExpired", "STARTED", "ReportInProgress") == (expired, started, late)
    assert "new.user" in rows
    assert "deleted" not in rows


async def test_a_report_that_is_never_ready() -> None:
    """It is begun, and in progress for ever."""

    def script(reader: Reader) -> list[str]:
        iam = reader.account(2).client("iam")
        told = [refusal(iam.get_credential_report)]
        for _ in range(2):
            told += [iam.generate_credential_report()["State"], refusal(iam.get_credential_report)]
        return told

    told, _ = await read(script, Scenario(accounts=3, users=1, report_never_ready=True))
    assert ["ReportNotPresent", "STARTED", "ReportInProgress", "INPROGRESS", "ReportInProgress"] == told


async def test_another_report_is_being_made() -> None:
    """So many times each account refuses to make one."""

    def script(reader: Reader) -> list[str]:
        told = []
        for index in (1, 2):
            iam = reader.account(index).client("iam")
            told += [refusal(iam.generate_credential_report), iam.generate_credential_report()["State"]]
        return told

    told, _ = await read(script, Scenario(accounts=3, users=1, report_refusals=1), StoppedClock())
    assert ["LimitExceeded", "STARTED"] * 2 == told


def test_no_report_is_of_the_future() -> None:
    """A negative age is refused."""
    with pytest.raises(ValueError, match="not made in the future"):
        Scenario(report_age=-1)


def test_an_organization_without_an_old_report_has_not_changed() -> None:
    """Users who came or went since the report are there only with a report."""
    for age, expected in ((None, False), (60.0, True)):
        organization = build_organization(Scenario(accounts=3, users=1, report_age=age))
        facts = organization.facts(organization.accounts[2])
        assert expected is any(user.name.startswith("new.key-") for user in facts.users)
        assert expected is bool(facts.reported)

"""Plain boto3 reads a local organization as it reads AWS."""

from datetime import timedelta
from typing import Any

import pytest
from anyio import to_thread

from auditor.demo import Scenario, build_organization, serve, truth
from tests.demo.reading import SMALL, Reader, audit, read, refusal

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "scenario",
    [
        SMALL,
        Scenario(accounts=25, users=2, largest_account=20, delegated_administrator=True, state_member="Status"),
        Scenario(accounts=8, users=2, largest_account=20, partition="aws-us-gov", caller_is_role=True),
        Scenario(accounts=8, users=2, largest_account=20, partition="aws-cn", role_name="a/b/Auditor"),
    ],
    ids=["small", "delegated", "gov", "china"],
)
async def test_a_straight_script_reads_the_truth(scenario: Scenario) -> None:
    """Reading account by account with boto3 finds just the rows that the truth tells."""
    organization = build_organization(scenario)
    start, end = organization.now - timedelta(days=89), organization.now
    async with serve(organization) as server:
        findings, events = await to_thread.run_sync(lambda: audit(Reader(server), start=start, end=end))

    told = truth(organization, start=start, end=end)
    assert sorted(told.findings, key=str) == sorted([_sorted(told.findings[0], row) for row in findings], key=str)
    assert sorted(told.events, key=str) == sorted([_sorted(told.events[0], row) for row in events], key=str)


def _sorted(like: dict[str, str], row: dict[str, str]) -> dict[str, str]:
    return {name: row[name] for name in like}


async def test_listing_has_empty_pages() -> None:
    """ListAccounts has an empty page in the middle, shows State only, and loses no account."""

    def script(reader: Reader) -> list[list[dict[str, Any]]]:
        pages = reader.client("organizations").get_paginator("list_accounts").paginate()
        return [page["Accounts"] for page in pages]

    pages, server = await read(script, Scenario(accounts=70, users=0))
    assert [len(page) for page in pages] == [20, 0, 20, 20, 10]
    shown = [account for page in pages for account in page]
    assert [account.id for account in server.organization.accounts] == [account["Id"] for account in shown]
    assert {(True, False)} == {("State" in account, "Status" in account) for account in shown}


async def test_listing_can_break_off() -> None:
    """A listing that is refused in the middle fails there."""

    def script(reader: Reader) -> str:
        return refusal(reader.accounts)

    code, _ = await read(script, Scenario(accounts=70, users=0, listing_denied_page=2))
    assert code == "AccessDeniedException"


async def test_users_come_in_pages() -> None:
    """ListUsers honours MaxItems, and may put fewer on a page although there are more."""

    def script(reader: Reader) -> tuple[list[int], list[int]]:
        paginator = reader.account(1).client("iam").get_paginator("list_users")
        large = [len(page["Users"]) for page in paginator.paginate()]
        names = reader.account(3).client("iam").get_paginator("list_users")
        return large, [len(page["Users"]) for page in names.paginate(PaginationConfig={"PageSize": 1000})]

    (large, short), _ = await read(script)
    assert large == [100, 30]
    assert len(short) == 2


async def test_other_region_has_other_events() -> None:
    """CloudTrail in another region shows that region's events and none of IAM's own."""

    def script(reader: Reader) -> set[str]:
        there = reader.account(2).client("cloudtrail", region="eu-west-1")
        return {event["CloudTrailEvent"].split('"awsRegion":"')[1][:9] for event in there.lookup_events()["Events"]}

    regions, _ = await read(script)
    assert {"eu-west-1"} == regions


async def test_keys_and_users_vanish() -> None:
    """What is listed once is gone at the next call, under the error that AWS gives."""

    def script(reader: Reader) -> list[object]:
        iam = reader.account(4).client("iam")
        names = {user["UserName"].split("-")[0]: user["UserName"] for user in reader.account(4).users()}
        told: list[object] = [refusal(lambda: iam.list_access_keys(UserName=names["vanishes.listed"]))]
        told.append(len(iam.list_access_keys(UserName=names["vanishes.keys"])["AccessKeyMetadata"]))
        told.append(refusal(lambda: iam.get_login_profile(UserName=names["vanishes.keys"])))
        told.append(refusal(lambda: iam.get_user(UserName=names["vanishes.keys"])))
        user = names["vanishes.key"]
        keys = [key["AccessKeyId"] for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]]
        told.append(len(keys))
        told.append(refusal(lambda: iam.get_access_key_last_used(AccessKeyId=keys[1])))
        told.append(len(iam.list_access_keys(UserName=user)["AccessKeyMetadata"]))
        return told

    told, _ = await read(script)
    assert told == ["NoSuchEntity", 1, "NoSuchEntity", "NoSuchEntity", 2, "AccessDenied", 1]


async def test_virtual_devices() -> None:
    """Root's device and unassigned ones are among the virtual devices, and can be told apart."""

    def script(reader: Reader) -> dict[str, list[dict[str, Any]]]:
        iam = reader.account(2).client("iam")
        statuses = ("Assigned", "Unassigned", "Any")
        return {one: iam.list_virtual_mfa_devices(AssignmentStatus=one)["VirtualMFADevices"] for one in statuses}

    devices, _ = await read(script)
    owners = [device["User"]["Arn"] for device in devices["Assigned"]]
    assert [True for arn in owners if arn.endswith(":root")] == [True]
    assert [device.get("User") for device in devices["Unassigned"]] == [None, None]
    assert len(devices["Any"]) == len(devices["Assigned"]) + 2


async def test_credential_report() -> None:
    """A report is absent, then started, in progress, and complete."""

    def script(reader: Reader) -> list[object]:
        iam = reader.account(2).client("iam")
        told: list[object] = [refusal(iam.get_credential_report)]
        told.append(iam.generate_credential_report()["State"])
        told.append(refusal(iam.get_credential_report))
        told.append(iam.generate_credential_report()["State"])
        text = iam.get_credential_report()["Content"].decode()
        told += [text.splitlines()[0][:30], text.splitlines()[1].split(",")[0], text.endswith("\n")]
        return told

    told, _ = await read(script)
    expected = ["ReportNotPresent", "STARTED", "ReportInProgress", "COMPLETE"]
    assert [*expected, "user,arn,user_creation_time,pa", "<root_account>", False] == told


async def test_lookup_events_refuses_bad_questions() -> None:
    """Two attributes, a reversed range and a token of another question are refused."""

    def script(reader: Reader) -> tuple[str, ...]:
        trail = reader.account(1).client("cloudtrail")
        now = reader.server.organization.now
        name = {"AttributeKey": "EventName", "AttributeValue": "CreateAccessKey"}
        token = trail.lookup_events(LookupAttributes=[name], MaxResults=5)["NextToken"]
        return (
            refusal(lambda: trail.lookup_events(LookupAttributes=[name, name])),
            refusal(lambda: trail.lookup_events(StartTime=now, EndTime=now - timedelta(days=1))),
            refusal(lambda: trail.lookup_events(LookupAttributes=[name], MaxResults=6, NextToken=token)),
            refusal(lambda: trail.lookup_events(NextToken=token)),
        )

    codes, _ = await read(script)
    token = "InvalidNextTokenException"
    assert ("InvalidLookupAttributesException", "InvalidTimeRangeException", token, token) == codes


async def test_events_come_newest_first_without_doubles() -> None:
    """All pages together are in order, and hold each event once."""

    def script(reader: Reader) -> list[dict[str, Any]]:
        return reader.account(1).events("CreateAccessKey")

    events, _ = await read(script)
    times = [event["EventTime"] for event in events]
    assert sorted(times, reverse=True) == times
    assert len(events) == len({event["EventId"] for event in events})
    assert len(events) > 100

"""aioboto3 as tools use it: one session, new clients an account, users and event names gathered."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aioboto3
from botocore.exceptions import ClientError

from tests.benchmarks.rows import EVENT_NAMES, KeyFacts, Rows, auditable, moment_text
from tests.benchmarks.task import Task, Told

_ACCOUNTS_AT_ONCE = 64
_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class _Run:
    """What all accounts of a run share."""

    session: Any
    sts: Any
    caller: str
    role: str
    rows: Rows
    end: datetime


def gathered(task: Task) -> Told:
    """All accounts gathered under a semaphore."""
    asyncio.run(_main(task))
    return Told()


async def _main(task: Task) -> None:
    session: Any = aioboto3.Session()
    rows, places = Rows(), asyncio.Semaphore(_ACCOUNTS_AT_ONCE)
    async with session.client("sts") as sts, session.client("organizations") as organizations:
        caller = (await sts.get_caller_identity())["Account"]
        run = _Run(session, sts, caller, task.role, rows, datetime.now(UTC))
        accounts = await _pages(organizations, "list_accounts", "Accounts")

        async def audit(account: dict[str, Any]) -> None:
            async with places:
                await _audit(run, account)

        await asyncio.gather(*(audit(account) for account in accounts if auditable(account)))
    rows.write(task.directory)


async def _audit(run: _Run, account: dict[str, Any]) -> None:
    credentials = {} if account["Id"] == run.caller else await _entered(run, account)
    async with (
        run.session.client("iam", **credentials) as iam,
        run.session.client("cloudtrail", region_name=_REGION, **credentials) as cloudtrail,
    ):
        users = await _pages(iam, "list_users", "Users")
        await asyncio.gather(
            *(_audit_user(run, account, iam, user=user) for user in users),
            *(_audit_events(run, account, cloudtrail, name=name) for name in EVENT_NAMES),
        )


async def _entered(run: _Run, account: Mapping[str, str]) -> dict[str, str]:
    arn = f"arn:aws:iam::{account['Id']}:role/{run.role}"
    credentials = (await run.sts.assume_role(RoleArn=arn, RoleSessionName="SecurityAudit"))["Credentials"]
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


async def _audit_user(run: _Run, account: Mapping[str, str], iam: Any, *, user: Mapping[str, Any]) -> None:
    name = user["UserName"]
    try:
        keys = await _pages(iam, "list_access_keys", "AccessKeyMetadata", UserName=name)
        has_password = await _has_password(iam, name)
        devices = await _pages(iam, "list_mfa_devices", "MFADevices", UserName=name)
    except iam.exceptions.NoSuchEntityException:
        return
    for key in keys:
        use = await _last_use(iam, key["AccessKeyId"])
        if use is None:
            continue
        run.rows.add_finding(
            account,
            KeyFacts(
                username=name,
                has_password=has_password,
                password_last_used=moment_text(user.get("PasswordLastUsed")),
                key_id=key["AccessKeyId"],
                status=key["Status"],
                created=moment_text(key["CreateDate"]),
                last_used=moment_text(use.get("LastUsedDate")),
                service=use["ServiceName"],
                serials=tuple(device["SerialNumber"] for device in devices),
            ),
        )


async def _has_password(iam: Any, name: str) -> bool:
    try:
        await iam.get_login_profile(UserName=name)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


async def _last_use(iam: Any, key_id: str) -> dict[str, Any] | None:
    """The key's last use; None for a key that is gone, which is all that this organization denies."""
    try:
        use: dict[str, Any] = (await iam.get_access_key_last_used(AccessKeyId=key_id))["AccessKeyLastUsed"]
    except ClientError:
        return None
    return use


async def _audit_events(run: _Run, account: Mapping[str, str], cloudtrail: Any, *, name: str) -> None:
    events = await _pages(
        cloudtrail,
        "lookup_events",
        "Events",
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}],
        StartTime=run.end - timedelta(days=90),
        EndTime=run.end,
    )
    for event in events:
        run.rows.add_event(account, event, at=moment_text(event["EventTime"]))


async def _pages(client: Any, operation: str, member: str, **parameters: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator(operation).paginate(**parameters)
    return [item async for page in pages for item in page[member]]

"""boto3 as scripts use it: a session an account, and every user asked for everything."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import ClientError

from tests.benchmarks.rows import EVENT_NAMES, KeyFacts, Rows, auditable, moment_text
from tests.benchmarks.task import Task, Told

_THREADS = 32
_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class _Run:
    """What all accounts of a run share."""

    session: Any
    sts: Any
    """A client, unlike a session, may be shared by threads."""
    caller: str
    role: str
    rows: Rows
    end: datetime


def sequential(task: Task) -> Told:
    """One account after the other."""
    run, accounts = _begin(task)
    chosen = accounts if task.sample is None else accounts[:: max(1, len(accounts) // task.sample)][: task.sample]
    for account in chosen:
        _audit(run, account)
    run.rows.write(task.directory)
    return Told(share=len(chosen) / len(accounts))


def threads(task: Task) -> Told:
    """A thread an account, 32 of them at once."""
    run, accounts = _begin(task)
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(partial(_audit, run), accounts):
            pass
    run.rows.write(task.directory)
    return Told()


def _begin(task: Task) -> tuple[_Run, list[dict[str, Any]]]:
    session: Any = boto3.Session()
    sts = session.client("sts")
    caller = sts.get_caller_identity()["Account"]
    organizations = session.client("organizations")
    pages = organizations.get_paginator("list_accounts").paginate()
    accounts = [account for page in pages for account in page["Accounts"] if auditable(account)]
    return _Run(session, sts, caller, task.role, Rows(), datetime.now(UTC)), accounts


def _audit(run: _Run, account: dict[str, Any]) -> None:
    session = run.session if account["Id"] == run.caller else _entered(run, account)
    iam, cloudtrail = session.client("iam"), session.client("cloudtrail", region_name=_REGION)
    for user in _pages(iam, "list_users", "Users"):
        _audit_user(run, account, iam, user=user)
    for name in EVENT_NAMES:
        for event in _events(cloudtrail, name, end=run.end):
            run.rows.add_event(account, event, at=moment_text(event["EventTime"]))


def _entered(run: _Run, account: Mapping[str, str]) -> Any:
    arn = f"arn:aws:iam::{account['Id']}:role/{run.role}"
    credentials = run.sts.assume_role(RoleArn=arn, RoleSessionName="SecurityAudit")["Credentials"]
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def _audit_user(run: _Run, account: Mapping[str, str], iam: Any, *, user: Mapping[str, Any]) -> None:
    name = user["UserName"]
    try:
        keys = list(_pages(iam, "list_access_keys", "AccessKeyMetadata", UserName=name))
        has_password = _has_password(iam, name)
        devices = tuple(
            device["SerialNumber"] for device in _pages(iam, "list_mfa_devices", "MFADevices", UserName=name)
        )
    except iam.exceptions.NoSuchEntityException:
        return
    for key in keys:
        use = _last_use(iam, key["AccessKeyId"])
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
                serials=devices,
            ),
        )


def _has_password(iam: Any, name: str) -> bool:
    try:
        iam.get_login_profile(UserName=name)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


def _last_use(iam: Any, key_id: str) -> dict[str, Any] | None:
    """The key's last use; None for a key that is gone, which is all that this organization denies."""
    try:
        use: dict[str, Any] = iam.get_access_key_last_used(AccessKeyId=key_id)["AccessKeyLastUsed"]
    except ClientError:
        return None
    return use


def _events(cloudtrail: Any, name: str, *, end: datetime) -> Iterator[dict[str, Any]]:
    return _pages(
        cloudtrail,
        "lookup_events",
        "Events",
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}],
        StartTime=end - timedelta(days=90),
        EndTime=end,
    )


def _pages(client: Any, operation: str, member: str, **parameters: Any) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**parameters):
        yield from page[member]

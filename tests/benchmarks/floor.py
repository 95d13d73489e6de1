"""The floor: the calls that the product makes, by bare aiohttp, signed by hand and read with regular expressions.

Nothing is tried again, nothing is checked, and no budget is kept: it is what a call costs before any care is taken.
"""

import asyncio
import json
import os
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode
from xml.sax.saxutils import unescape

import aiohttp

from tests.benchmarks.rows import EVENT_NAMES, KeyFacts, Rows, auditable
from tests.benchmarks.signing import Credentials, Endpoint, signed_headers
from tests.benchmarks.task import Task, Told

_ACCOUNTS_AT_ONCE = 64
_USERS_AT_ONCE = 16
_CONNECTIONS = 100
_DAYS = 90 * 86_400
_VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15"}
_FORM = "application/x-www-form-urlencoded; charset=utf-8"
_JSON = "application/x-amz-json-1.1"
_TARGETS = {
    "organizations": "AWSOrganizationsV20161128",
    "cloudtrail": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
}
_MEMBER = re.compile("<member>(.*?)</member>", re.DOTALL)
_LEAF = re.compile(r"<(\w+)>([^<]*)</\1>")
_REGION = "us-east-1"

Fields = dict[str, str]


class _Refused(Exception):  # noqa: N818 - an answer that says no, and mostly no error
    pass


@dataclass(slots=True)
class _Run:
    """What all accounts of a run share."""

    http: aiohttp.ClientSession
    url: str
    endpoint: Endpoint
    caller: Credentials
    role: str
    rows: Rows = field(default_factory=Rows)
    end: float = field(default_factory=time.time)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_CONNECTIONS))


def bare(task: Task) -> Told:
    """The product's calls, with the product's concurrency."""
    asyncio.run(_main(task))
    return Told()


async def _main(task: Task) -> None:
    url = os.environ["AWS_ENDPOINT_URL"]
    caller = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], "")
    places = asyncio.Semaphore(_ACCOUNTS_AT_ONCE)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_CONNECTIONS)) as http:
        run = _Run(http, url, Endpoint(url.partition("//")[2], _REGION), caller, task.role)
        own = _leaves(await _query(run, caller, "sts", "GetCallerIdentity"))["Account"]

        async def audit(account: Fields) -> None:
            async with places:
                credentials = caller if account["Id"] == own else await _entered(run, account)
                await _audit(run, account, credentials)

        async with asyncio.TaskGroup() as tasks:
            async for page in _json_pages(run, caller, "organizations", "ListAccounts", {"MaxResults": 20}):
                for account in page["Accounts"]:
                    if auditable(account):
                        tasks.create_task(audit(account))
    run.rows.write(task.directory)


async def _entered(run: _Run, account: Fields) -> Credentials:
    arn = f"arn:aws:iam::{account['Id']}:role/{run.role}"
    text = await _query(run, run.caller, "sts", "AssumeRole", RoleArn=arn, RoleSessionName="SecurityAudit")
    fields = _leaves(text)
    return Credentials(fields["AccessKeyId"], fields["SecretAccessKey"], fields["SessionToken"])


async def _audit(run: _Run, account: Fields, credentials: Credentials) -> None:
    places = asyncio.Semaphore(_USERS_AT_ONCE)

    async def audit_user(user: Fields) -> None:
        async with places:
            await _audit_user(run, account, credentials, user)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_audit_events(run, account, credentials))
        for user in await _members(run, credentials, "ListUsers", MaxItems="1000"):
            tasks.create_task(audit_user(user))


async def _audit_user(run: _Run, account: Fields, credentials: Credentials, user: Fields) -> None:
    name = user["UserName"]
    try:
        keys = await _used_keys(run, credentials, name)
        if not keys:
            return
        has_password = await _has_password(run, credentials, name)
        devices = await _members(run, credentials, "ListMFADevices", UserName=name)
    except _Refused:
        return
    for key in keys:
        run.rows.add_finding(
            account,
            KeyFacts(
                username=name,
                has_password=has_password,
                password_last_used=_moment(user.get("PasswordLastUsed", "")),
                key_id=key["AccessKeyId"],
                status=key["Status"],
                created=_moment(key["CreateDate"]),
                last_used=_moment(key.get("LastUsedDate", "")),
                service=key["ServiceName"],
                serials=tuple(device["SerialNumber"] for device in devices),
            ),
        )


async def _used_keys(run: _Run, credentials: Credentials, name: str) -> list[Fields]:
    """The user's keys with their last use; without those that are gone by now, as a second list shows them."""
    kept = []
    for key in await _members(run, credentials, "ListAccessKeys", UserName=name):
        try:
            use = await _query(run, credentials, "iam", "GetAccessKeyLastUsed", AccessKeyId=key["AccessKeyId"])
        except _Refused:
            await _members(run, credentials, "ListAccessKeys", UserName=name)
            continue
        kept.append({**key, **_leaves(use)})
    return kept


async def _has_password(run: _Run, credentials: Credentials, name: str) -> bool:
    try:
        await _query(run, credentials, "iam", "GetLoginProfile", UserName=name)
    except _Refused:
        return False
    return True


async def _audit_events(run: _Run, account: Fields, credentials: Credentials) -> None:
    for name in EVENT_NAMES:
        question = {
            "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": name}],
            "StartTime": run.end - _DAYS,
            "EndTime": run.end,
        }
        async for page in _json_pages(run, credentials, "cloudtrail", "LookupEvents", question):
            for event in page["Events"]:
                at = datetime.fromtimestamp(event["EventTime"], UTC).isoformat(timespec="seconds")
                run.rows.add_event(account, event, at=at)


async def _json_pages(
    run: _Run, credentials: Credentials, service: str, action: str, question: Mapping[str, object]
) -> AsyncIterator[dict[str, Any]]:
    target = {"x-amz-target": f"{_TARGETS[service]}.{action}"}
    token: dict[str, object] = {}
    while True:
        body = json.dumps({**question, **token}).encode()
        page = json.loads(await _post(run, credentials, service, body, {"content-type": _JSON, **target}))
        yield page
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


async def _members(run: _Run, credentials: Credentials, action: str, **parameters: str) -> list[Fields]:
    """The members of all pages of one IAM listing."""
    found: list[Fields] = []
    marker: Fields = {}
    while True:
        text = await _query(run, credentials, "iam", action, **parameters, **marker)
        found += [_leaves(member) for member in _MEMBER.findall(text)]
        if "<IsTruncated>true" not in text:
            return found
        marker = {"Marker": text.partition("<Marker>")[2].partition("</Marker>")[0]}


async def _query(run: _Run, credentials: Credentials, service: str, action: str, **parameters: str) -> str:
    form = {"Action": action, "Version": _VERSIONS[service], **parameters}
    body = urlencode(form, quote_via=quote).encode()
    return await _post(run, credentials, service, body, {"content-type": _FORM})


async def _post(run: _Run, credentials: Credentials, service: str, body: bytes, headers: Mapping[str, str]) -> str:
    async with run.slots:
        signed = signed_headers(credentials, run.endpoint, service=service, body=body, headers=headers)
        async with run.http.post(run.url, data=body, headers=signed) as response:
            text = await response.text("utf-8")
            if response.status != 200:
                raise _Refused(text)
            return text


def _leaves(text: str) -> Fields:
    return {name: unescape(value) for name, value in _LEAF.findall(text)}


def _moment(text: str) -> str:
    return text.replace("Z", "+00:00")

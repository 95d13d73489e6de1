"""Plain boto3 against a local organization, and a straight script that audits it account by account."""

import json
import time
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

import boto3
import pytest
from anyio import to_thread
from botocore.config import Config
from botocore.exceptions import ClientError

from auditor.demo import LocalServer, Request, Scenario, build_organization, serve

Row = dict[str, str]
SMALL = Scenario(accounts=12, users=3, largest_account=130)
NAMES = ("CreateUser", "DeleteUser", "CreateAccessKey", "DeleteAccessKey", "DeleteLoginProfile")
_Told = TypeVar("_Told")
_CONFIG = Config(retries={"total_max_attempts": 1})


class Clock:
    """Real time, until it is set ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.ahead


class StoppedClock:
    """Time that stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now


class Reader:
    """AWS clients of one identity at one server, without retries."""

    def __init__(self, server: LocalServer, credentials: dict[str, str] | None = None) -> None:
        environment = server.environment()
        self.server = server
        self.region = environment["AWS_DEFAULT_REGION"]
        self.credentials = credentials or {
            "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
            "aws_session_token": environment.get("AWS_SESSION_TOKEN", ""),
        }
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, *, region: str | None = None, **changes: str) -> Any:
        """A client of the service; `changes` replace parts of the credentials."""
        place = (service, region or self.region)
        if changes or place not in self._clients:
            merged = {**self.credentials, **changes}
            credentials = {name: value or None for name, value in merged.items()}
            self._clients[place] = _session().client(
                service,  # type: ignore[call-overload,unused-ignore]  # a name that is not literal
                region_name=place[1],
                endpoint_url=self.server.url,
                config=_CONFIG,
                **credentials,
            )

        return self._clients[place]

    def accounts(self) -> list[dict[str, Any]]:
        """All accounts, by paginator."""
        pages = self.client("organizations").get_paginator("list_accounts").paginate()
        return [account for page in pages for account in page["Accounts"]]

    def role_arn(self, account_id: str, role: str = "") -> str:
        """ARN of a role in an account; without a name, of the one that it lends."""
        organization = self.server.organization
        account, scenario = organization.account(account_id), organization.scenario
        role = role or (scenario.role_name if account is None else organization.role_name(account))
        return f"arn:{scenario.partition}:iam::{account_id}:role/{role}"

    def lister(self) -> "Reader":
        """A reader with the keys of the user who lists."""
        file = ConfigParser()
        file.read_string(self.server.credentials_file())
        return Reader(self.server, dict(file["lister"]))

    def assume(self, account_id: str, *, role: str = "", **options: Any) -> "Reader":
        """A reader with a role of an account; without a name, the one that it lends."""
        reply = self.client("sts").assume_role(
            RoleArn=self.role_arn(account_id, role),
            RoleSessionName="SecurityAudit",
            **options,
        )
        held = reply["Credentials"]
        credentials = {
            "aws_access_key_id": held["AccessKeyId"],
            "aws_secret_access_key": held["SecretAccessKey"],
            "aws_session_token": held["SessionToken"],
        }
        return Reader(self.server, credentials)

    def account(self, index: int) -> "Reader":
        """A reader of the account at a position of the organization."""
        return self.assume(self.server.organization.accounts[index].id)

    def users(self, **options: Any) -> list[dict[str, Any]]:
        """All users, by paginator."""
        pages = self.client("iam").get_paginator("list_users").paginate(**options)
        return [user for page in pages for user in page["Users"]]

    def events(self, name: str, **options: Any) -> list[dict[str, Any]]:
        """All events of one name, by paginator."""
        wanted = [{"AttributeKey": "EventName", "AttributeValue": name}]
        paginator = self.client("cloudtrail").get_paginator("lookup_events")
        pages = paginator.paginate(LookupAttributes=wanted, **options)
        return [event for page in pages for event in page["Events"]]


@cache
def _session() -> boto3.Session:
    """One session for all readers: it holds the service models, which are slow to load."""
    return boto3.Session(aws_access_key_id="none", aws_secret_access_key="none")


async def read(
    script: Callable[[Reader], _Told],
    scenario: Scenario = SMALL,
    clock: Callable[[], float] = time.time,
    hear: Callable[[Request], None] | None = None,
) -> tuple[_Told, LocalServer]:
    """What a script reads, in a thread of its own, and the server that it read."""
    async with serve(build_organization(scenario), clock=clock, hear=hear) as server:
        return await to_thread.run_sync(lambda: script(Reader(server))), server


def refusal(action: Callable[..., object], *arguments: Any, **options: Any) -> str:
    """The code that AWS refuses an action with."""
    with pytest.raises(ClientError) as caught:
        action(*arguments, **options)

    return code_of(caught.value)


def code_of(error: ClientError) -> str:
    """AWS's code of an error."""
    return str(error.response["Error"]["Code"])


def audit(reader: Reader, *, start: datetime, end: datetime) -> tuple[list[Row], list[Row]]:
    """Findings and events of all accounts that can be read, one request after the other."""
    findings: list[Row] = []
    events: list[Row] = []
    own = reader.client("sts").get_caller_identity()["Account"]
    for account in reader.accounts():
        if account.get("State", account.get("Status")) not in ("ACTIVE", "PENDING_CLOSURE"):
            continue
        try:
            there = reader if account["Id"] == own else reader.assume(account["Id"])
        except ClientError:
            continue
        place = {"account_id": account["Id"], "account_name": account["Name"]}
        findings += [place | row for user in there.users() for row in _findings(there.client("iam"), user)]
        events += [place | row for row in _events(there, start, end)]

    return findings, events


def _findings(iam: Any, user: dict[str, Any]) -> Iterator[Row]:
    name = user["UserName"]
    try:
        keys = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
        about = {
            "username": name,
            "password_last_used": _time(user.get("PasswordLastUsed"), "Nunca"),
            "mfa_status": _mfa(iam.list_mfa_devices(UserName=name)["MFADevices"]),
            "password_status": _password(iam, name),
        }
    except iam.exceptions.NoSuchEntityException:
        return

    for key in keys:
        try:
            use = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
        except ClientError:
            continue
        yield about | {
            "access_key_id": key["AccessKeyId"],
            "status": key["Status"],
            "created_date": _time(key["CreateDate"], ""),
            "last_used_date": _time(use.get("LastUsedDate"), "Nunca utilizada"),
            "service_name": use["ServiceName"],
        }


def _password(iam: Any, name: str) -> str:
    try:
        iam.get_login_profile(UserName=name)
    except iam.exceptions.NoSuchEntityException:
        return "No configurada"

    return "Configurada"


def _mfa(devices: list[dict[str, Any]]) -> str:
    serials = [device["SerialNumber"] for device in devices]
    kinds = {serial.split(":")[-1].partition("/")[0] for serial in serials}
    if any("arn:" not in serial for serial in serials) or "u2f" in kinds:
        return "Hardware"
    if "mfa" in kinds:
        return "Virtual"
    if kinds - {"sms-mfa"}:
        return "Desconocido (other)"
    return "Desconocido (sms)" if kinds else "None"


def _events(reader: Reader, start: datetime, end: datetime) -> Iterator[Row]:
    for name in NAMES:
        for event in reader.events(name, StartTime=start, EndTime=end):
            refused = json.loads(event["CloudTrailEvent"]).get("errorCode") not in (None, "", "Success")
            if not refused and event["EventSource"] == "iam.amazonaws.com":
                yield {
                    "eventTime": _time(event["EventTime"], ""),
                    "eventName": event["EventName"],
                    "username": event.get("Username", "N/A"),
                    "resources": ", ".join(resource["ResourceName"] for resource in event["Resources"]),
                }


def _time(moment: datetime | None, never: str) -> str:
    return moment.astimezone(UTC).isoformat() if moment else never

"""The same audit against moto's server: an opinion on AWS that is nobody's here."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from http.client import HTTPConnection
from typing import Any

import boto3
import pytest
from aiohttp import web
from anyio import to_thread
from moto.server import ThreadedMotoServer

from auditor import AuditConfig, Rates, Section, UserScope, run_audit

pytestmark = pytest.mark.anyio

_ROLE = "OrganizationAccountAccessRole"


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A new moto server, the environment pointing at it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    # What it knows outlives the server.
    connection = HTTPConnection(host, port)
    connection.request("POST", "/moto-api/reset")
    connection.getresponse().close()
    connection.close()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    yield f"http://{host}:{port}"
    server.stop()


@contextlib.asynccontextmanager
async def lookup_events(events: list[dict[str, Any]]) -> AsyncIterator[str]:
    """What moto has not: LookupEvents, with the same events for every account and each its name."""

    async def answer(request: web.Request) -> web.Response:
        assert request.headers["X-Amz-Target"].endswith(".LookupEvents")
        asked = (await request.json())["LookupAttributes"][0]["AttributeValue"]
        found = [event for event in events if event["EventName"] == asked]
        return web.json_response({"Events": found}, content_type="application/x-amz-json-1.1")

    application = web.Application()
    application.router.add_post("/", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def build() -> dict[str, dict[str, str]]:
    """An organization with one member; returns the keys that were made, and the facts that a row must tell."""
    organizations = boto3.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    created = organizations.create_account(AccountName='Pagos, "EU"', Email="pagos@example.com")
    account_id = created["CreateAccountStatus"]["AccountId"]
    credentials = boto3.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account_id}:role/{_ROLE}", RoleSessionName="build"
    )["Credentials"]
    member = boto3.client(
        "iam",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    return {**_user_with_everything(member, account_id), **_user_in_the_management_account()}


def _user_with_everything(iam: Any, account_id: str) -> dict[str, dict[str, str]]:
    iam.create_user(UserName="a=b+c,d.e@f-g")
    iam.create_user(UserName="without.keys")
    iam.create_login_profile(UserName="a=b+c,d.e@f-g", Password="Correct-horse-1")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    iam.enable_mfa_device(
        UserName="a=b+c,d.e@f-g",
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1="123456",
        AuthenticationCode2="654321",
    )
    active = iam.create_access_key(UserName="a=b+c,d.e@f-g")["AccessKey"]
    inactive = iam.create_access_key(UserName="a=b+c,d.e@f-g")["AccessKey"]
    iam.update_access_key(UserName="a=b+c,d.e@f-g", AccessKeyId=inactive["AccessKeyId"], Status="Inactive")
    row = {"account_id": account_id, "username": "a=b+c,d.e@f-g", "password_status": "Configurada"}
    row |= {"mfa_status": "Virtual", "password_last_used": "Nunca"}
    return {active["AccessKeyId"]: row | {"status": "Active"}, inactive["AccessKeyId"]: row | {"status": "Inactive"}}


def _user_in_the_management_account() -> dict[str, dict[str, str]]:
    iam = boto3.client("iam")
    iam.create_user(UserName="root.of.all")
    key = iam.create_access_key(UserName="root.of.all")["AccessKey"]
    row = {"account_id": "123456789012", "username": "root.of.all", "password_status": "No configurada"}
    return {key["AccessKeyId"]: row | {"status": "Active", "mfa_status": "None", "password_last_used": "Nunca"}}


@pytest.mark.parametrize(
    ("users", "lacking"),
    [
        (UserScope.WITH_KEYS, set()),
        pytest.param(
            UserScope.ALL,
            {(Section.ROOT, "NotInSummary"), (Section.SERVICE_CREDENTIALS, "InvalidResponse")},
            marks=pytest.mark.long,
        ),
    ],
)
async def test_moto_is_read_as_boto3_made_it(
    users: UserScope, lacking: set[tuple[Section, str]], moto: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Users, keys, passwords and devices made by boto3 are found, those of the caller's own account too.

    What moto does not know, an API and a member of a summary, is a failure of that alone, and waited for by nobody.
    """
    expected = await to_thread.run_sync(build)
    event = {"EventId": "1", "EventName": "CreateUser", "EventTime": 1_790_000_000, "Username": "ana"}
    async with lookup_events([event]) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDTRAIL", url)
        config = AuditConfig(role=_ROLE, rates=Rates(iam=500, events=500), users=users)
        summary = await run_audit(config, collect=True)
    found = {row["access_key_id"]: row for row in summary.findings}
    assert expected == {key: {name: row[name] for name in expected[key]} for key, row in found.items()}
    assert (2, 3, 3) == (summary.audited, summary.users, summary.keys)
    assert lacking == {(failure.section, failure.code) for report in summary.reports for failure in report.failures}
    assert [{"CreateUser"}] * 2 == [{event.name for event in report.events} for report in summary.reports]
    assert moto

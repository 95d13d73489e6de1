"""The short way of a request gives what the SDK's own way gives, and is taken by all that a run asks."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aioboto3
import anyio
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials
from aiohttp import web
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError

from auditor.account.audit import AccountPlan, audit_account
from auditor.aws.credentials import signing_as
from auditor.aws.gateway import Gateway, open_gateway
from auditor.aws.request import Access
from auditor.aws.session import open_sessions
from auditor.aws.wire.direct import is_plain, send_directly
from auditor.config import AuditConfig
from auditor.demo import Scenario
from auditor.errors import CallerError, RequestError
from auditor.model.period import Period
from tests.fakes import JUMPING, PERIOD, account
from tests.organizations import served

pytestmark = pytest.mark.anyio

ONE_TRY = AioConfig(retries={"total_max_attempts": 1})
CONFIG = AuditConfig(role="OrganizationAccountAccessRole", session_policy=False)
ASKED = [
    ("iam", "list_users", {"MaxItems": 3}),
    ("iam", "list_access_keys", {"UserName": "nobody+at/all="}),
    ("iam", "get_login_profile", {"UserName": "ünknown"}),
    ("sts", "get_caller_identity", {}),
    ("sts", "assume_role", {"RoleArn": "arn:aws:iam::999999999999:role/Other", "RoleSessionName": "xx"}),
    ("organizations", "list_accounts", {}),
    ("cloudtrail", "lookup_events", {"MaxResults": 5}),
]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates take no time."""
    return JUMPING


def clients_of(gateway: Gateway) -> list[Any]:
    """All four."""
    return [gateway.sts, gateway.organizations, gateway.iam, gateway.cloudtrail]


async def outcome(client: Any, operation: str, parameters: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The error's class and text, and the reply without what differs from one reply to the next."""
    try:
        reply, error = await getattr(client, operation)(**parameters), ""
    except ClientError as refusal:
        reply, error = dict(refusal.response), f"{type(refusal).__name__}: {refusal}"
    reply["ResponseMetadata"].pop("RequestId")
    for header in ("x-amzn-requestid", "date"):
        reply["ResponseMetadata"]["HTTPHeaders"].pop(header, None)
    return error, reply


@pytest.mark.parametrize(("service", "operation", "parameters"), ASKED)
async def test_replies_and_errors_are_the_sdks(
    service: str, operation: str, parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes back, `ResponseMetadata` and the class of an error too, is what the SDK's own way gives."""
    async with served(Scenario(accounts=2, users=5, denied_every=None), monkeypatch):
        session: Any = (await open_sessions(profile=None, session=None)).caller
        async with (
            session.create_client(service, region_name="us-east-1") as theirs,
            session.create_client(service, region_name="us-east-1") as mine,
        ):
            await send_directly(mine, session)
            short = await outcome(mine, operation, parameters)

            assert await outcome(theirs, operation, parameters) == short


async def test_all_that_a_run_asks_goes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """No request of a whole account, nor of the listing, is made by the SDK's own endpoint."""
    by_the_sdk: list[str] = []
    sent: list[str] = []
    async with served(Scenario(accounts=3, users=3, events=2), monkeypatch) as server, open_gateway() as opened:
        for client in clients_of(opened):
            client.meta.events.register(
                "request-created", lambda operation_name, **_: by_the_sdk.append(operation_name)
            )
            client.meta.events.register("before-send", lambda event_name, **_: sent.append(event_name.split(".")[2]))
        plan = AccountPlan(CONFIG, Period(PERIOD.start, server.organization.now))
        await opened.access.request(opened.organizations.list_accounts)
        for there in server.organization.accounts:
            await audit_account(account(there.id), gateway=opened, plan=plan)

    assert by_the_sdk == []
    # Requests that are under way together may arrive in another order.
    assert Counter(request.action for request in server.requests[1:]) == Counter(sent)


async def test_what_is_not_plain_is_left_to_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request without a signature is sent by the SDK."""
    by_the_sdk: list[str] = []
    async with served(Scenario(accounts=1, users=0), monkeypatch), open_gateway() as opened:
        sts: Any = opened.sts
        sts.meta.events.register("request-created", lambda operation_name, **_: by_the_sdk.append(operation_name))
        with pytest.raises(ClientError):
            await sts.assume_role_with_web_identity(RoleArn="a" * 20, RoleSessionName="xx", WebIdentityToken="token")

    assert by_the_sdk == ["AssumeRoleWithWebIdentity"]


@pytest.mark.parametrize(
    ("model", "params", "context"),
    [
        ({}, {"method": "GET"}, {}),
        ({}, {"body": object()}, {}),
        ({}, {}, {"auth_type": "v4a"}),
        ({}, {}, {"unsigned_payload": True}),
        ({"has_streaming_output": True}, {}, {}),
        ({"has_event_stream_output": True}, {}, {}),
        ({"http_checksum": {"requestChecksumRequired": True}}, {}, {}),
        ({"request_compression": {"encodings": ["gzip"]}}, {}, {}),
    ],
)
def test_a_plain_request_is_plain_in_all(
    model: dict[str, Any], params: dict[str, Any], context: dict[str, Any]
) -> None:
    """One thing out of the ordinary, and the request is the SDK's."""

    def judged(model: dict[str, Any], params: dict[str, Any], context: dict[str, Any]) -> bool:
        names = ("has_streaming_output", "has_event_stream_output", "http_checksum", "request_compression")
        attributes = {name: model.get(name) for name in names}
        signer = type("Signer", (), {"signature_version": "v4"})()
        return is_plain(
            type("Model", (), attributes)(),
            {"method": "POST", "body": {}, **params},
            context=context,
            request_signer=signer,
        )

    assert judged({}, {}, {})
    assert not judged(model, params, context)


@asynccontextmanager
async def redirecting(monkeypatch: pytest.MonkeyPatch, *, status: int) -> AsyncIterator[list[str]]:
    """An endpoint that sends all who ask to another path; the paths that were asked for."""
    asked: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", redirect)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{runner.addresses[0][1]}")
        yield asked
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_no_redirect_is_followed(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """Wherever a server points to, nothing is sent there, a session token least of all."""
    async with served(Scenario(accounts=1, users=0), monkeypatch), redirecting(monkeypatch, status=status) as asked:
        with pytest.raises(CallerError):
            async with open_gateway():
                pass

        assert set(asked) == {"/"}


async def test_an_endpoint_with_a_path_is_signed_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Host, port and path of an endpoint are those that the request goes to, signed with the task's credentials."""
    seen: list[Any] = []
    async with served(Scenario(accounts=1, users=0), monkeypatch), open_gateway() as opened:
        monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:1/a/b")
        sessions = await open_sessions(profile=None, session=None)
        async with sessions.shared.create_client("iam", region_name="us-gov-west-1") as client:
            await send_directly(client, sessions.shared)

            def stop(request: Any, **_: Any) -> None:
                seen.append(request)
                raise anyio.ClosedResourceError

            client.meta.events.register("before-send", stop)
            with pytest.raises(anyio.ClosedResourceError), signing_as(await opened.caller_credentials.current()):
                await client.list_users()

    (request,) = seen
    key = (await opened.caller_credentials.current()).access_key
    assert request.url == "http://127.0.0.1:1/a/b"
    assert f"Credential={key}/" in request.headers["Authorization"]
    assert request.headers["User-Agent"]


@asynccontextmanager
async def answering(monkeypatch: pytest.MonkeyPatch, body: str, *, status: int = 200) -> AsyncIterator[None]:
    """An endpoint of IAM and CloudTrail that answers everything so."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        for service in ("IAM", "CLOUDTRAIL", "ORGANIZATIONS"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", f"http://127.0.0.1:{runner.addresses[0][1]}")
        yield
    finally:
        await runner.cleanup()


ODD_REPLIES = [
    ("iam", "list_users", 200, "<ListUsersResponse/>", "InvalidResponse"),
    ("iam", "list_users", 200, "<a>" * 2000, "InvalidResponse"),
    ("iam", "list_users", 403, "<ErrorResponse><Error>no</Error></ErrorResponse>", "403"),
    ("iam", "list_users", 403, "<ErrorResponse><Error><Code><a>b</a></Code></Error></ErrorResponse>", "403"),
    (
        "iam",
        "list_users",
        403,
        "<ErrorResponse><ResponseMetadata>no</ResponseMetadata></ErrorResponse>",
        "InvalidResponse",
    ),
    ("iam", "list_users", 403, "no", "InvalidResponse"),
    ("cloudtrail", "lookup_events", 200, "null", "InvalidResponse"),
    ("cloudtrail", "lookup_events", 200, "[]", "InvalidResponse"),
    ("cloudtrail", "lookup_events", 200, "[" * 100_000, "InvalidResponse"),
    ("cloudtrail", "lookup_events", 200, '{"Events": {"EventId": "1"}}', "InvalidResponse"),
    ("cloudtrail", "lookup_events", 200, '{"Events": "text"}', "InvalidResponse"),
    ("cloudtrail", "lookup_events", 400, '{"__type": 7}', "InvalidResponse"),
    ("cloudtrail", "lookup_events", 400, '{"__type": "No\\ud800", "message": "\\ud800"}', "No\\ud800"),
    ("organizations", "list_accounts", 400, '["text"]', "InvalidResponse"),
]


@pytest.mark.parametrize(("service", "operation", "status", "body", "code"), ODD_REPLIES)
@pytest.mark.parametrize("own", [True, False], ids=["ours", "lent"])
async def test_whatever_is_odd_in_a_reply_is_awss(  # noqa: PLR0913, PLR0917 - one reply has many sides
    service: str, operation: str, status: int, body: str, code: str, monkeypatch: pytest.MonkeyPatch, *, own: bool
) -> None:
    """A reply that the SDK stumbles over has a code of its own, by the short way and by that of a lent client."""
    async with (
        served(Scenario(accounts=1, users=0), monkeypatch),
        answering(monkeypatch, body, status=status),
        open_gateway() as opened,
        aioboto3.Session().client(service, region_name="us-east-1", config=ONE_TRY) as lent,
    ):
        client = getattr(opened, service) if own else lent
        credentials = opened.caller_credentials if own else None
        with pytest.raises(RequestError) as caught:
            await Access(credentials=credentials, limits=opened.limits).request(getattr(client, operation))

    assert caught.value.code in ({code} if own else {code, "InvalidResponse"})
    str(caught.value).encode()


@pytest.mark.parametrize("error", [KeyError("odd"), TypeError("odd"), RecursionError("odd"), OSError("odd")], ids=repr)
async def test_a_mistake_on_the_way_to_aws_is_ours(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks before a request is sent is no reply of AWS's: it is raised as it is, and not tried again."""
    tries: list[Exception] = []

    def stumble(**_: Any) -> None:
        tries.append(error)
        raise error

    async with served(Scenario(accounts=1, users=0), monkeypatch), open_gateway() as opened:
        iam: Any = opened.iam
        iam.meta.events.register("before-send", stumble)
        with pytest.raises(type(error)):
            await Access(credentials=opened.caller_credentials, limits=opened.limits).request(iam.list_users)

    assert [error] == tries


async def test_a_source_of_credentials_that_stumbles_is_no_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a caller's own source raises is its own fault, and its words are not repeated."""

    class Vault(AioCredentials):
        broken = False

        async def get_frozen_credentials(self) -> ReadOnlyCredentials:  # type: ignore[override]  # as the SDK's asynchronous half
            if self.broken:
                raise ValueError("the secret is hunter2")
            return ReadOnlyCredentials(self.access_key, self.secret_key, self.token, None)

    async with served(Scenario(accounts=1, users=0), monkeypatch) as server:
        key_id, secret = (server.environment()[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
        session = aioboto3.Session()
        vault = session._session._credentials = Vault(key_id, secret, method="vault")  # noqa: SLF001 - as a caller's would be
        async with open_gateway(session=session) as opened:
            vault.broken = True
            with pytest.raises(RequestError, match="CredentialsUnavailable") as caught:
                await opened.access.request(opened.organizations.list_accounts)

    assert "hunter2" not in str(caught.value)

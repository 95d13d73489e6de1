"""The clients of a run: where they are addressed, what they send, and whose credentials they sign with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.validate import ParamValidator

from auditor.account.audit import AccountPlan, audit_account
from auditor.aws.credentials import signing_as
from auditor.aws.gateway import Gateway, new_run_limits, open_gateway
from auditor.aws.limits.slots import most_connections, open_files
from auditor.aws.role import RoleRequest
from auditor.aws.wire.tls import VerifyingSession
from auditor.config import AuditConfig
from auditor.demo import Scenario
from auditor.errors import CallerError, RequestError
from auditor.model.facts import Account, Caller
from auditor.model.period import Period
from auditor.model.progress import ignore
from auditor.run.listing import Listing, list_accounts
from tests.fakes import JUMPING, OWN_ACCOUNT, PERIOD, FakeClients, FakeService, account, assumed, gateway
from tests.organizations import served, session_of

pytestmark = pytest.mark.anyio

ROLE = RoleRequest("OrganizationAccountAccessRole", "SecurityAudit")
HOSTS = {
    "aws": {
        "organizations": ("https://organizations.us-east-1.amazonaws.com/", "us-east-1"),
        "iam": ("https://iam.amazonaws.com/", "us-east-1"),
        "cloudtrail": ("https://cloudtrail.us-east-1.amazonaws.com/", "us-east-1"),
    },
    "aws-cn": {
        "organizations": ("https://organizations.cn-northwest-1.amazonaws.com.cn/", "cn-northwest-1"),
        "iam": ("https://iam.cn-north-1.amazonaws.com.cn/", "cn-north-1"),
        "cloudtrail": ("https://cloudtrail.cn-north-1.amazonaws.com.cn/", "cn-north-1"),
    },
    "aws-us-gov": {
        "organizations": ("https://organizations.us-gov-west-1.amazonaws.com/", "us-gov-west-1"),
        "iam": ("https://iam.us-gov.amazonaws.com/", "us-gov-west-1"),
        "cloudtrail": ("https://cloudtrail.us-gov-west-1.amazonaws.com/", "us-gov-west-1"),
    },
    "aws-eusc": {
        "organizations": ("https://organizations.eusc-de-east-1.amazonaws.eu/", "eusc-de-east-1"),
        "iam": ("https://iam.eusc-de-east-1.amazonaws.eu/", "eusc-de-east-1"),
        "cloudtrail": ("https://cloudtrail.eusc-de-east-1.amazonaws.eu/", "eusc-de-east-1"),
    },
}
FIPS = {
    "organizations": ("https://organizations-fips.us-east-1.amazonaws.com/", "us-east-1"),
    "iam": ("https://iam-fips.amazonaws.com/", "us-east-1"),
    "cloudtrail": ("https://cloudtrail-fips.us-east-1.amazonaws.com/", "us-east-1"),
}
CHEAP = {"organizations": "list_accounts", "iam": "list_users", "cloudtrail": "lookup_events"}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates take no time."""
    return JUMPING


@asynccontextmanager
async def gateway_to_aws(
    monkeypatch: pytest.MonkeyPatch, *, partition: str = "aws", region: str | None = None
) -> AsyncIterator[Gateway]:
    """A gateway that was identified locally, and whose other clients are addressed at AWS itself."""
    async with served(Scenario(accounts=1, users=0, partition=partition), monkeypatch) as server:
        monkeypatch.delenv("AWS_ENDPOINT_URL")
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
        if region is not None:
            monkeypatch.setenv("AWS_DEFAULT_REGION", region)
        async with open_gateway() as opened:
            yield opened


async def addressed(opened: Gateway) -> dict[str, tuple[str, str]]:
    """URL and signing region of each service's request, none of which is sent."""
    seen: dict[str, tuple[str, str]] = {}
    for service, operation in CHEAP.items():

        def stop(request: Any, service: str = service, **_: Any) -> None:
            scope = request.headers["Authorization"].split("/")
            seen[service] = (request.url, scope[2])
            raise EndpointConnectionError(endpoint_url=request.url, error=OSError("stopped"))

        client = getattr(opened, service)
        client.meta.events.register(f"before-send.{service}", stop)
        with signing_as(await opened.caller_credentials.current()), pytest.raises(EndpointConnectionError):
            await getattr(client, operation)()
    return seen


@pytest.mark.parametrize("partition", HOSTS)
async def test_each_partition_is_addressed_at_its_own_hosts(partition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Host and signing region are those of the caller's partition."""
    async with gateway_to_aws(monkeypatch, partition=partition) as opened:
        assert await addressed(opened) == HOSTS[partition]


@pytest.mark.parametrize(
    ("partition", "region"), [("aws", "eu-west-3"), ("aws-cn", "cn-northwest-1"), ("aws-us-gov", "us-gov-east-1")]
)
async def test_the_default_region_moves_nothing(partition: str, region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever region the caller works in, IAM, its events and Organizations are where they are."""
    async with gateway_to_aws(monkeypatch, partition=partition, region=region) as opened:
        assert await addressed(opened) == HOSTS[partition]


async def test_fips_endpoints_are_used_where_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's setting for FIPS reaches every client."""
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    async with gateway_to_aws(monkeypatch) as opened:
        assert await addressed(opened) == FIPS


async def test_sts_is_asked_in_the_callers_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """The role's credentials come from the STS of the caller's own region."""
    async with gateway_to_aws(monkeypatch, region="eu-west-3") as opened:
        assert opened.sts.meta.region_name == "eu-west-3"


async def test_every_client_verifies(monkeypatch: pytest.MonkeyPatch) -> None:
    """All four clients have the HTTP session that checks certificates, one attempt, and no validation."""
    async with gateway_to_aws(monkeypatch) as opened:
        for client in (opened.sts, opened.organizations, opened.iam, opened.cloudtrail):
            sdk: Any = client
            assert type(sdk._endpoint.http_session) is VerifyingSession  # noqa: SLF001 - the only way to it
            config = sdk.meta.config
            assert config.retries["total_max_attempts"] == 1
            assert most_connections() == config.max_pool_connections


async def test_slots_leave_a_third_of_the_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a process may open few files there are fewer slots to begin with, but one for each service."""
    assert [60, 24, 14, 2] == first_slots()
    allowed = open_files() + 120
    monkeypatch.setattr("resource.getrlimit", lambda _: (allowed, allowed))
    assert sum(first_slots()) <= most_connections() - open_files() < 100
    monkeypatch.setattr("resource.getrlimit", lambda _: (3, 3))
    assert [1, 1, 1, 1] == first_slots()


def first_slots() -> list[int]:
    """The slots of a run that has just begun."""
    return [new_run_limits().slots[service].total for service in ("iam", "cloudtrail", "sts", "organizations")]


async def test_every_request_passes_the_sdks_validator(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a whole run sends is what the SDK's own models allow, though nobody checks it at run time."""
    scenario = Scenario(accounts=6, users=2, largest_account=4, events=2, role_name="a/b/Role", external_id="x1")
    checked: list[str] = []
    validator = ParamValidator()

    def check(params: dict[str, Any], model: Any, **_: Any) -> None:
        # The signal comes after the SDK has filled in what it adds by itself.
        if model.input_shape is not None:
            report = validator.validate(params, model.input_shape)
            assert not report.has_errors(), report.generate_report()
        checked.append(model.name)

    async with served(scenario, monkeypatch) as server, open_gateway() as opened:
        for client in (opened.sts, opened.organizations, opened.iam, opened.cloudtrail):
            client.meta.events.register("provide-client-params.*.*", check)
        now = server.organization.now
        plan = AccountPlan(
            AuditConfig(role="a/b/Role", external_id="x1", session_policy=False), Period(PERIOD.start, now)
        )
        found, accounts = anyio.create_memory_object_stream[Account](100)
        await list_accounts(opened, found, listing=Listing(), observe=ignore)
        async with accounts:
            reports = [await audit_account(there, gateway=opened, plan=plan) async for there in accounts]

    # GetCallerIdentity, which has no parameters, is over before the gateway is open.
    assert set(checked) == {request.action for request in server.requests} - {"GetCallerIdentity"}
    assert len(set(checked)) == 11
    assert all(report.complete for report in reports)


@pytest.mark.parametrize("delegated", [False, True])
async def test_the_callers_own_account_is_not_assumed(monkeypatch: pytest.MonkeyPatch, *, delegated: bool) -> None:
    """The account that GetCallerIdentity names is read with the caller's credentials, every other with the role."""
    scenario = Scenario(accounts=3, users=1, largest_account=2, delegated_administrator=delegated)
    async with served(scenario, monkeypatch) as server, open_gateway() as opened:
        organization = server.organization
        roles = {}
        for there in organization.accounts:
            entered = await opened.enter(account(there.id), roles=[ROLE])
            reply = await entered.access.request(entered.iam.list_users, MaxItems=1000)
            names = {user["UserName"] for user in reply["Users"]}
            assert names <= {user.name for user in organization.facts(there).users}
            roles[there.id] = entered.role

        assert opened.caller.account_id == organization.accounts[int(delegated)].id
        assert {there for there, role in roles.items() if role == ""} == {organization.caller.id}
        assert sum(request.action == "AssumeRole" for request in server.requests) == 2


async def test_the_caller_may_be_a_role_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A role's session as caller is recognized, and can assume the role elsewhere."""
    scenario = Scenario(accounts=3, users=0, caller_is_role=True)
    async with served(scenario, monkeypatch) as server, open_gateway() as opened:
        await opened.enter(account(server.organization.accounts[1].id), roles=[ROLE])

        assert opened.caller.arn.endswith(":assumed-role/Auditors/auditor")


async def test_the_role_is_asked_for_in_the_callers_partition() -> None:
    """The ARN of the role has the partition of the caller's own."""
    sts = FakeService("sts", assume_role=assumed("222222222222"))
    opened = gateway(FakeClients(sts=sts))
    object.__setattr__(opened, "caller", Caller(OWN_ACCOUNT, f"arn:aws-cn:iam::{OWN_ACCOUNT}:user/a", "aws-cn"))
    await opened.enter(account("222222222222"), roles=[ROLE])

    assert sts.calls[0].parameters["RoleArn"] == f"arn:aws-cn:iam::222222222222:role/{ROLE.name}"


async def test_credentials_of_another_account_are_not_used() -> None:
    """An account is not entered with credentials that STS says are another's."""
    opened = gateway(FakeClients(sts=FakeService("sts", assume_role=assumed("333333333333"))))

    with pytest.raises(RequestError, match="another account"):
        await opened.enter(account("222222222222"), roles=[ROLE])


async def test_a_session_of_the_callers_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that is given signs, without anything in the environment."""
    async with served(Scenario(accounts=1, users=0), monkeypatch) as server:
        session = await anyio.to_thread.run_sync(session_of, server)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        async with open_gateway(session=session) as opened:
            assert opened.caller.account_id == server.organization.caller.id


async def test_an_endpoint_that_is_down_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller whom nobody can identify is an error in a sentence, within ten seconds."""
    async with served(Scenario(accounts=1, users=0), monkeypatch):
        pass
    started = anyio.current_time()

    with pytest.raises(CallerError, match=r"identified: ConnectionFailed: .*one that AWS_ENDPOINT_URL names"):
        async with open_gateway():
            pass

    assert anyio.current_time() - started < 12


async def test_clients_are_closed_behind_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the block is left, cancelled too, no connection stays open."""
    async with served(Scenario(accounts=3, users=1, largest_account=2, latency=0.2), monkeypatch) as server:
        with anyio.CancelScope() as scope:
            async with open_gateway() as opened:
                await opened.enter(account(server.organization.accounts[1].id), roles=[ROLE])
                open_before = server.connections.open
                scope.cancel()
                await opened.enter(account(server.organization.accounts[2].id), roles=[ROLE])
        assert scope.cancelled_caught
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        await anyio.wait_all_tasks_blocked()

        assert (open_before, server.connections.open) == (1, 0)
        sdk: Any = opened.iam
        assert not sdk._endpoint.http_session._sessions  # noqa: SLF001 - the only way to it

"""The way from a run to AWS: one client a service, signing for whichever account a task is in."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aioboto3
import anyio

from auditor.aws.advice import with_advice
from auditor.aws.caller_errors import check_workers_can_share
from auditor.aws.causes import clock_fault
from auditor.aws.credentials import CallerCredentials
from auditor.aws.endpoints import endpoint_setting
from auditor.aws.errors import PARSER_ERRORS, SDK_ERRORS, safe_cause
from auditor.aws.limits.outage import Outages
from auditor.aws.limits.slots import Connections, Slots, free_connections, most_connections
from auditor.aws.lister import Lister, open_lister
from auditor.aws.partitions import Partition, partition_named
from auditor.aws.request import Access, RunLimits, Usage
from auditor.aws.role import RoleRequest, first_admitted
from auditor.aws.session import Sessions, caller_error, open_sessions, resolve_credentials, settings_of
from auditor.aws.wire.direct import send_directly
from auditor.aws.wire.tls import VerifyingConfig
from auditor.config import LONGEST_SILENCE, Rates
from auditor.errors import CallerError, RequestError
from auditor.model.facts import Account, AccountId, Caller
from auditor.model.progress import Observer, ignore

if TYPE_CHECKING:
    from types_aiobotocore_cloudtrail import CloudTrailClient
    from types_aiobotocore_iam import IAMClient
    from types_aiobotocore_organizations import OrganizationsClient
    from types_aiobotocore_sts import STSClient

_SLOTS = {"iam": 60, "cloudtrail": 24, "sts": 14, "organizations": 2}
"""Requests in flight of each service to begin with, and so connections: most of what is asked is asked of IAM."""
_CONNECT_TIMEOUT = 10
_READ_TIMEOUT = 30
_CLOSING = 2


@dataclass(frozen=True, slots=True)
class IamAccess:
    """IAM of one account, and the access through which it may be asked."""

    access: Access
    iam: "IAMClient"


@dataclass(frozen=True, slots=True)
class AccountAccess(IamAccess):
    """One account, entered."""

    cloudtrail: "CloudTrailClient"
    role: str
    """The role that was assumed, empty for the caller's own account."""
    root_arn: str
    """The ARN of the account's root user."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """AWS as one run sees it."""

    caller: Caller
    access: Access
    """The caller's own access, for STS."""
    lister: Access
    """Whoever's access is for Organizations: the caller's own, unless another was named to list the accounts."""
    organizations: "OrganizationsClient"
    sts: "STSClient"
    iam: "IAMClient"
    cloudtrail: "CloudTrailClient"
    limits: RunLimits
    caller_credentials: CallerCredentials

    @property
    def is_far(self) -> bool:
        """Whether AWS is known to be far away."""
        return self.limits.slots["iam"].is_far

    def usage(self, account: Account) -> Usage:
        """What will be asked on behalf of this account."""
        return Usage(self.limits.longest_silence, account.id)

    def enters_as_caller(self, account: Account, *, own_account_role: bool) -> bool:
        """Whether the account is the caller's own, and not to be entered by the role, too."""
        return account.id == self.caller.account_id and not own_account_role

    async def enter(
        self,
        account: Account,
        *,
        roles: Sequence[RoleRequest],
        own_account_role: bool = False,
        usage: Usage | None = None,
    ) -> AccountAccess:
        """Access to one account: through the first of the roles that lets the caller in.

        The caller's own account is entered with the caller's credentials unless `own_account_role` says otherwise. The
        usage counts all that is asked for it, the roles themselves too.

        Raises:
            RequestError: No role could be assumed.
        """
        usage = usage or self.usage(account)
        root_arn = f"arn:{self.caller.partition}:iam::{account.id}:root"
        if self.enters_as_caller(account, own_account_role=own_account_role):
            access = Access(credentials=self.caller_credentials, limits=self.limits, usage=usage)
            return AccountAccess(access, self.iam, self.cloudtrail, role="", root_arn=root_arn)

        role, credentials = await first_admitted(
            self.access.on_behalf_of(usage),
            self.sts,
            account_id=account.id,
            partition=self.caller.partition,
            roles=roles,
        )
        access = Access(credentials=credentials, limits=self.limits, usage=usage)
        return AccountAccess(access, self.iam, self.cloudtrail, role=role.name, root_arn=root_arn)


@asynccontextmanager
async def open_gateway(  # noqa: PLR0913 - what a run is told
    *,
    profile: str | None = None,
    session: aioboto3.Session | None = None,
    rates: Rates | None = None,
    longest_silence: float = LONGEST_SILENCE,
    alone: bool = True,
    patience: float = 0.0,
    observe: Observer = ignore,
    answered: Collection[str] = (),
    lister: Lister | None = None,
) -> AsyncIterator[Gateway]:
    """The gateway of one run, its clients closed on leaving the block; the observer is told of outages.

    Services that have `answered` the run elsewhere are waited for from the start.

    The accounts are listed by the `lister`, or by the caller where it is None.

    Where it is not `alone`, workers have gateways of their own: then a profile that asks for an MFA code is refused.

    Raises:
        CallerError: There are no usable credentials, the lister's among them, or AWS does not say whose they are.
    """
    sessions = await open_sessions(profile=profile, session=session)
    if not alone:
        check_workers_can_share(settings_of(sessions, profile=profile))
    credentials = await resolve_credentials(sessions, profile=profile)
    outages = Outages(patience, observe=observe)
    limits = new_run_limits(rates, longest_silence=longest_silence, growing=True, outages=outages)
    limits.answered.update(answered)
    async with connected(sessions, credentials, limits=limits, profile=profile) as gateway:
        if lister is None:
            yield gateway
            return
        lists = await open_lister(lister, gateway.access, gateway.sts, limits=limits, session=session)
        yield replace(gateway, lister=lists)


@asynccontextmanager
async def connected(
    sessions: Sessions, credentials: CallerCredentials, *, limits: RunLimits, profile: str | None
) -> AsyncIterator[Gateway]:
    """The gateway of a caller with these credentials, who lists the accounts, too; its clients are closed behind it.

    Raises:
        CallerError: AWS does not say whose they are.
    """
    access = Access(credentials=credentials, limits=limits)
    stack = AsyncExitStack()
    try:
        try:
            sts: STSClient = await open_client(stack, sessions.shared, "sts", region=sessions.region)
            named = endpoint_setting(sessions.shared, "sts")
            caller = await identify(access, sts, region=sessions.region, endpoint_from=named)
            clients = await _clients(stack, sessions, partition=partition_named(caller.partition))
        except (*SDK_ERRORS, *PARSER_ERRORS, OSError) as error:
            raise caller_error(error, profile=profile, sessions=sessions) from safe_cause(error)
        organizations, iam, cloudtrail = clients
        yield Gateway(caller, access, access, organizations, sts, iam, cloudtrail, limits, credentials)
    finally:
        with anyio.move_on_after(_CLOSING, shield=True):
            await stack.aclose()


def new_run_limits(
    rates: Rates | None = None,
    *,
    longest_silence: float = LONGEST_SILENCE,
    growing: bool = False,
    outages: Outages | None = None,
) -> RunLimits:
    """What a run's requests are held to: fewer slots at first where the process may not open so many connections.

    With `growing` there will be more of them where AWS is far away; only for clients that have so many connections.
    """
    share = min(1.0, free_connections() / sum(_SLOTS.values()))
    first = {service: max(1, int(slots * share)) for service, slots in _SLOTS.items()}
    connections = Connections(sum(first.values())) if growing else None
    slots = {service: Slots(number, connections=connections) for service, number in first.items()}
    return RunLimits(slots=slots, rates=rates or Rates(), longest_silence=longest_silence, outages=outages or Outages())


async def identify(access: Access, sts: "STSClient", *, region: str = "", endpoint_from: str = "") -> Caller:
    """Whose credentials these are; a refusal says what to do about the region, or about what named the endpoint.

    Raises:
        CallerError: AWS does not accept them, or can't be reached.
    """
    try:
        identity = await access.request(sts.get_caller_identity)
    except RequestError as error:
        advised = with_advice(error, region=region, endpoint_from=endpoint_from)
        sentence = clock_fault(error, now=datetime.now(UTC)) or f"The caller could not be identified: {advised}."
        raise CallerError(sentence) from error
    arn = identity["Arn"]
    return Caller(account_id=AccountId(identity["Account"]), arn=arn, partition=arn.split(":")[1])


async def _clients(
    stack: AsyncExitStack, sessions: Sessions, *, partition: Partition
) -> tuple["OrganizationsClient", "IAMClient", "CloudTrailClient"]:
    organizations = await open_client(stack, sessions.shared, "organizations", region=partition.organizations)
    iam = await open_client(stack, sessions.shared, "iam", region=partition.iam)
    cloudtrail = await open_client(stack, sessions.shared, "cloudtrail", region=partition.events)
    return organizations, iam, cloudtrail


async def open_client(stack: AsyncExitStack, session: Any, service: str, *, region: str) -> Any:  # noqa: ANN401 - the SDK has no types
    """A client of the session's, for one service; whoever has the stack closes it."""
    config = VerifyingConfig(
        retries={"mode": "standard", "total_max_attempts": 1},
        # None waits for one: there are never more slots than that.
        max_pool_connections=most_connections(),
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=_READ_TIMEOUT,
        # What is sent is built here and typed; a test sends each request once through the validator.
        parameter_validation=False,
        # Given, it is sent as it is; otherwise the SDK composes it anew for each request, a seventh of all the work.
        user_agent=f"auditor {session.user_agent()}",
    )
    client = await stack.enter_async_context(session.create_client(service, region_name=region, config=config))
    await send_directly(client, session)
    return client

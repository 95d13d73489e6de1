"""Fakes with the interfaces of the SDK and of the package, and a clock that jumps where nothing happens."""

import asyncio
import selectors
import shlex
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import anyio
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError

from auditor.aws.credentials import CallerCredentials, CredentialSource
from auditor.aws.gateway import AccountAccess, Gateway, IamAccess
from auditor.aws.limits.retry import RetryPolicy
from auditor.aws.limits.slots import Slots
from auditor.aws.request import Access, RunLimits
from auditor.model.facts import Account, AccountId, AccountState, Caller
from auditor.model.period import Period

if TYPE_CHECKING:
    from types_aiobotocore_cloudtrail import CloudTrailClient
    from types_aiobotocore_iam import IAMClient

T = TypeVar("T")

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PERIOD = Period(datetime(2026, 9, 1, tzinfo=UTC), NOON)
NO_PAUSES = RetryPolicy(first_pause=0.0, longest_pause=0.0)
OWN_ACCOUNT = AccountId("111111111111")


_CONFIG = """
[default]
region = eu-south-2
[profile keys]
aws_access_key_id = AKIAKEYS
aws_secret_access_key = secret
region = eu-central-1
[profile half]
aws_access_key_id = AKIAHALF
[profile process]
credential_process = {python} {script}
[profile broken-process]
credential_process = {python} -c "import sys; sys.exit('the vault is locked')"
[profile no-process]
credential_process = /nowhere/there-is-no-such-command
[profile talking-process]
credential_process = {python} -c "print('hello')"
[profile sso]
sso_start_url = https://nobody.example/start
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = Role
[profile sso-session]
sso_session = nobody
sso_account_id = 111122223333
sso_role_name = Role
[sso-session nobody]
sso_start_url = https://nobody.example/start
sso_region = us-east-1
[profile no-token]
role_arn = arn:aws:iam::111122223333:role/Role
web_identity_token_file = /nowhere/token
[profile role]
role_arn = arn:aws:iam::111122223333:role/Role
source_profile = keys
"""
_SCRIPT = """
print('{"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "secret", "SessionToken": "token"}')
"""


class _ImpatientSelector(selectors.DefaultSelector):
    """Waits a moment for files, and for timers not at all: it moves the clock to the next one."""

    _MOMENT = 0.0005
    _TURN = 0.000001
    """What a turn of the loop takes: who waits for a clock to go on would wait for ever if nothing did."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100_000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += self._TURN
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(min(timeout, self._MOMENT if self._may_hear else 0))
        if not ready:
            self.now += timeout
        return ready

    @property
    def _may_hear(self) -> bool:
        """Whether there is anybody who may yet write: a peer of a connection, or a thread."""
        return len(self.get_map()) > 1 or threading.active_count() > 1


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock only jumps: to the next timer, whenever nothing is ready before it.

    What the machine takes for the work itself does not count, so that a busy one sees the same times as an idle one.
    """

    def __init__(self) -> None:
        self._impatient = _ImpatientSelector()
        super().__init__(self._impatient)

    def time(self) -> float:
        """Seconds that were jumped over."""
        return self._impatient.now


JUMPING = ("asyncio", {"loop_factory": JumpingLoop})
"""The anyio backend of tests that wait for rates and pauses without the time that they take."""

Answer = Mapping[str, Any] | Exception
Script = Answer | list[Answer] | Callable[..., Answer | Awaitable[Answer]]


@dataclass(frozen=True)
class Call:
    """One request that a fake was asked."""

    operation: str
    parameters: dict[str, Any]
    at: float


class FakeOperation:
    """A method of a fake client: it knows its client and its name, as a bound method does."""

    def __init__(self, client: "FakeService", name: str, script: Script) -> None:
        self.__self__ = client
        self.__name__ = name
        self._script = script

    async def __call__(self, **parameters: Any) -> Mapping[str, Any]:
        """The answer that the script has for this call."""
        calls = self.__self__.calls
        calls.append(Call(self.__name__, parameters, anyio.current_time()))
        answer = await self._answer(sum(call.operation == self.__name__ for call in calls), parameters)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _answer(self, number: int, parameters: dict[str, Any]) -> Answer:
        if isinstance(self._script, list):
            assert number <= len(self._script), f"{self.__name__} was asked once more: {parameters}"
            return self._script[number - 1]
        if callable(self._script):
            answer = self._script(**parameters)
            return await answer if isinstance(answer, Awaitable) else answer
        return self._script


@dataclass(frozen=True)
class _ServiceModel:
    service_name: str


@dataclass(frozen=True)
class _Meta:
    service_model: _ServiceModel


class FakeService:
    """An SDK client that answers from a script: one answer, a list of them in turn, or a function of the parameters."""

    def __init__(self, service: str, **scripts: Script) -> None:
        self.meta = _Meta(_ServiceModel(service))
        self.calls: list[Call] = []
        self._scripts = scripts

    def __getattr__(self, name: str) -> FakeOperation:
        try:
            return FakeOperation(self, name, self._scripts[name])
        except KeyError:
            raise AssertionError(f"nobody expected {name}") from None

    def count(self, operation: str) -> int:
        """How often an operation was asked."""
        return sum(call.operation == operation for call in self.calls)


@dataclass
class FixedCredentials:
    """A credential source that always has the same ones, and counts how often it was asked."""

    key_id: str = "AKIAFIXED"
    asked: int = 0
    refused: list[str] = field(default_factory=list)

    async def current(self) -> ReadOnlyCredentials:
        """The credentials."""
        self.asked += 1
        return ReadOnlyCredentials(self.key_id, "secret", None, None)

    def expire(self, refused: ReadOnlyCredentials) -> None:
        """Keep them all the same, and what was refused."""
        self.refused.append(str(refused.access_key))


def refusal(code: str, *, status: int = 400, message: str = "No.") -> ClientError:
    """What the SDK raises for an answer with an error."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": f"request-{code}"},
    }
    return ClientError(response, "Operation")


def limits(policy: RetryPolicy = NO_PAUSES, *, slots: int = 100) -> RunLimits:
    """The slots of a run, so many for each service, with a policy that doesn't pause."""
    services = ("cloudtrail", "iam", "organizations", "sts")
    return RunLimits(slots={service: Slots(slots) for service in services}, policy=policy)


def access(credentials: CredentialSource | None = None, policy: RetryPolicy = NO_PAUSES) -> Access:
    """An identity's way to AWS that has all the slots for itself."""
    return Access(credentials=credentials, limits=limits(policy))


def iam_access(iam: FakeService) -> IamAccess:
    """IAM of one account."""
    return IamAccess(access(), cast("IAMClient", iam))


def account_access(iam: FakeService, cloudtrail: FakeService) -> AccountAccess:
    """One account, entered."""
    clients = cast("IAMClient", iam), cast("CloudTrailClient", cloudtrail)
    return AccountAccess(access(), *clients, role="Audit", root_arn="arn:aws:iam::222222222222:root")


SUMMARY: dict[str, Any] = {
    "SummaryMap": {
        "AccountAccessKeysPresent": 0,
        "AccountMFAEnabled": 0,
        "AccountPasswordPresent": 1,
        "AccountSigningCertificatesPresent": 0,
    }
}
OF_ALL: dict[str, Script] = {
    "get_account_summary": SUMMARY,
    "list_service_specific_credentials": {"ServiceSpecificCredentials": []},
}
"""What is asked of an account beside its users and events, answered with nothing in particular."""


@dataclass
class FakeClients:
    """The four clients of a gateway; those of IAM and CloudTrail answer for an empty account."""

    sts: FakeService = field(default_factory=lambda: FakeService("sts"))
    organizations: FakeService = field(default_factory=lambda: FakeService("organizations"))
    iam: FakeService = field(default_factory=lambda: FakeService("iam", list_users={"Users": []}, **OF_ALL))
    cloudtrail: FakeService = field(default_factory=lambda: FakeService("cloudtrail", lookup_events={"Events": []}))


def gateway(clients: FakeClients | None = None, *, policy: RetryPolicy = NO_PAUSES) -> Gateway:
    """A gateway over fake clients, whose caller is in OWN_ACCOUNT."""
    fakes: Any = clients or FakeClients()
    shared = limits(policy)
    return Gateway(
        caller=Caller(OWN_ACCOUNT, f"arn:aws:iam::{OWN_ACCOUNT}:user/auditor", "aws"),
        access=Access(credentials=None, limits=shared),
        lister=Access(credentials=None, limits=shared),
        organizations=fakes.organizations,
        sts=fakes.sts,
        iam=fakes.iam,
        cloudtrail=fakes.cloudtrail,
        limits=shared,
        caller_credentials=CallerCredentials(_ChainCredentials()),
    )


class _ChainCredentials:
    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return ReadOnlyCredentials("AKIACALLER", "secret", None, None)


def assumed(account_id: str, *, expires: datetime = datetime(2099, 1, 1, tzinfo=UTC)) -> dict[str, Any]:
    """STS's answer to AssumeRole."""
    return {
        "Credentials": {
            "AccessKeyId": f"ASIA{account_id}",
            "SecretAccessKey": "secret",
            "SessionToken": "token",
            "Expiration": expires,
        },
        "AssumedRoleUser": {"Arn": f"arn:aws:sts::{account_id}:assumed-role/Audit/SecurityAudit"},
    }


def account(
    account_id: str = "222222222222", state: AccountState | None = AccountState.ACTIVE, word: str = ""
) -> Account:
    """One account of the organization."""
    arn = f"arn:aws:organizations::111111111111:account/o-1/{account_id}"
    return Account(AccountId(account_id), f"name of {account_id}", arn, "a@example.com", state, word or state or "")


def accounts_page(*ids: str, token: str | None = None, state: str = "ACTIVE") -> dict[str, Any]:
    """A page of ListAccounts."""
    accounts = [{"Id": account_id, "Name": f"name of {account_id}", "State": state} for account_id in ids]
    return {"Accounts": accounts, **({"NextToken": token} if token else {})}


async def drain(items: AsyncIterator[T], *, into: list[T]) -> None:
    """Put all items into a list that has those before an error, too."""
    async for item in items:
        into.append(item)  # noqa: PERF401 - a comprehension that fails leaves nothing


def write_profiles(folder: Path) -> None:
    """A configuration file with one profile for each way to get credentials, or to fail at it."""
    script = folder / "process.py"
    script.write_text(_SCRIPT)
    (folder / "config").write_text(_CONFIG.format(python=shlex.quote(sys.executable), script=script))

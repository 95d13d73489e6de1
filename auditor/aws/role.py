"""Assuming the role of one account: one role, or the first of several that lets the caller in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from auditor.aws.advice import with_advice
from auditor.aws.credentials import RoleCredentials
from auditor.aws.errors import invalid_response, request_error
from auditor.aws.permissions import session_policy_of
from auditor.aws.reading import object_in, text_in, time_in
from auditor.aws.request import Access
from auditor.config import AuditConfig
from auditor.errors import DeniedError, RequestError
from auditor.model.codes import REGION_DISABLED, WRONG_ACCOUNT
from auditor.model.roles import ACCOUNT_ID

if TYPE_CHECKING:
    from types_aiobotocore_sts import STSClient

_ACCOUNT_FIELD = 4
_END = "Expiration"
_MEMBERS = ("AccessKeyId", "SecretAccessKey", "SessionToken", _END)


@dataclass(frozen=True, slots=True)
class RoleRequest:
    """Which role to assume, and under which name the session appears in the account's own logs."""

    name: str
    session_name: str
    external_id: str | None = None
    policy: str | None = None
    """A session policy, as JSON, that narrows what the session may do."""
    duration: int | None = None
    """Seconds that the session lives; None leaves it to AWS."""
    source_identity: str | None = None

    def of(self, account_id: str) -> "RoleRequest":
        """The same with the name that the role has in this account."""
        return self.named(self.name.replace(ACCOUNT_ID, account_id))

    def named(self, name: str) -> "RoleRequest":
        """The same, of another role."""
        return replace(self, name=name)


def roles_of(config: AuditConfig) -> tuple[RoleRequest, ...]:
    """The roles to try in each account, in this order."""
    request = RoleRequest(
        "",
        config.session_name,
        config.external_id,
        policy=session_policy_of(config.freshness, users=config.users) if config.session_policy else None,
        duration=config.session_duration,
        source_identity=config.source_identity,
    )
    return tuple(request.named(name) for name in config.roles)


async def assume(
    access: Access, sts: "STSClient", *, account_id: str, partition: str, role: RoleRequest
) -> dict[str, Any]:
    """The `Credentials` of AWS's answer: key id, secret, token and expiration (an aware datetime).

    Raises:
        RequestError: The role does not exist, or does not trust the caller: AWS says AccessDenied to both.
    """
    parameters: dict[str, Any] = {
        "RoleArn": f"arn:{partition}:iam::{account_id}:role/{role.name}",
        "RoleSessionName": role.session_name,
    }
    if role.external_id is not None:
        parameters["ExternalId"] = role.external_id
    if role.policy is not None:
        parameters["Policy"] = role.policy
    if role.duration is not None:
        parameters["DurationSeconds"] = role.duration
    if role.source_identity is not None:
        parameters["SourceIdentity"] = role.source_identity
    try:
        answer: dict[str, Any] = {**await access.request(sts.assume_role, **parameters)}
    except RequestError as error:
        if error.code != REGION_DISABLED:
            raise
        raise with_advice(error, region=sts.meta.region_name) from None
    credentials = {**object_in(answer, "Credentials")}
    if missing := [member for member in _MEMBERS if not _is_there(credentials, member)]:
        raise invalid_response(f"the credentials have no {missing[0]}", service="sts", operation="assume_role")
    _check_account(answer, account_id=account_id)
    return credentials


async def first_admitted(
    access: Access, sts: "STSClient", *, account_id: str, partition: str, roles: Sequence[RoleRequest]
) -> tuple[RoleRequest, RoleCredentials]:
    """The first of these roles that lets the caller in, and its credentials; that role also renews them.

    Only a denial leads to the next role: a throttle or a timeout does not say that the role denies the caller.

    Raises:
        RequestError: One failed for another reason, or all denied: then it has AWS's whole message for the last.
    """
    denials: list[DeniedError] = []
    for role in roles:
        named = role.of(account_id)
        credentials = RoleCredentials(
            partial(assume, access, sts, account_id=account_id, partition=partition, role=named)
        )
        try:
            await credentials.current()
        except DeniedError as error:
            if error.code == REGION_DISABLED:
                raise
            denials.append(error)
        else:
            return named, credentials
    raise _denied_by_all(denials[-1], roles=[role.of(account_id).name for role in roles])


def _denied_by_all(last: DeniedError, *, roles: Sequence[str]) -> RequestError:
    if len(roles) == 1:
        return last
    message = f"none of the roles {', '.join(roles)} lets the caller in; of the last AWS said: {last.message}"
    return request_error(**{**vars(last), "message": message})


def _is_there(credentials: dict[str, Any], member: str) -> bool:
    if member == _END:
        return isinstance(time_in(credentials, member), datetime)
    return bool(text_in(credentials, member))


def _check_account(answer: dict[str, Any], *, account_id: str) -> None:
    arn = text_in(object_in(answer, "AssumedRoleUser"), "Arn")
    if arn.split(":")[_ACCOUNT_FIELD : _ACCOUNT_FIELD + 1] != [account_id]:
        raise request_error(
            code=WRONG_ACCOUNT,
            message=f"AWS gave credentials of another account than {account_id}",
            service="sts",
            operation="assume_role",
        )

"""The credentials that list the accounts of the organization, if they are not the caller's."""

import shlex
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import aioboto3

from auditor.aws.caller_errors import whole
from auditor.aws.credentials import RoleCredentials
from auditor.aws.permissions import LISTING_POLICY
from auditor.aws.request import Access, RunLimits
from auditor.aws.role import RoleRequest, assume
from auditor.aws.session import open_sessions, resolve_credentials
from auditor.config import AuditConfig
from auditor.errors import CallerError, RequestError
from auditor.model.roles import role_arn

if TYPE_CHECKING:
    from types_aiobotocore_sts import STSClient


@dataclass(frozen=True, slots=True)
class Lister:
    """The profile, the role, or both, that list the accounts."""

    profile: str | None
    role: str | None
    """The role's ARN; it is assumed with the profile's credentials, or the caller's where there is no profile."""
    request: RoleRequest
    """How the role is assumed; its name is not used."""


def lister_of(config: AuditConfig) -> Lister | None:
    """Who lists the accounts, None for the caller."""
    profile, role = config.lister_profile or None, config.lister_role
    if profile is None and role is None:
        return None
    policy = LISTING_POLICY if config.session_policy else None
    request = RoleRequest("", config.session_name, config.external_id, policy, source_identity=config.source_identity)
    return Lister(profile, role, request)


async def open_lister(
    lister: Lister,
    caller: Access,
    sts: "STSClient",
    *,
    limits: RunLimits,
    session: aioboto3.Session | None = None,
) -> Access:
    """The access of the lister, after a first call; credentials of a role are renewed in time.

    Raises:
        CallerError: There are no credentials, or AWS refuses them; it names the option that they are from.
    """
    access = caller
    if lister.profile is not None:
        access = await _profile_access(lister.profile, limits=limits, session=session)
    try:
        if lister.role is None:
            await access.request(sts.get_caller_identity)
            return access
        arn = role_arn(lister.role)
        credentials = RoleCredentials(
            partial(
                assume,
                access,
                sts,
                account_id=arn.account_id,
                partition=arn.partition,
                role=lister.request.named(arn.name),
            )
        )
        await credentials.current()
    except RequestError as error:
        option = _option_of(lister.profile or "") if lister.role is None else f"--lister-role {lister.role}"
        raise CallerError(whole(f"The accounts can't be listed with {option}: {error}")) from error
    return Access(credentials=credentials, limits=limits)


async def _profile_access(profile: str, *, limits: RunLimits, session: aioboto3.Session | None) -> Access:
    try:
        sessions = await open_sessions(profile=profile, session=session)
        credentials = await resolve_credentials(sessions, profile=profile)
    except CallerError as error:
        raise CallerError(f"The accounts can't be listed with {_option_of(profile)}: {error}") from error
    return Access(credentials=credentials, limits=limits)


def _option_of(profile: str) -> str:
    return f"--lister-profile {shlex.quote(profile)}"

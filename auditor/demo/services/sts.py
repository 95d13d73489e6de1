"""STS: who somebody is, and the role in another account."""

import re
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from auditor.demo.facts import Account, wire_time
from auditor.demo.identity import Identity, role_session
from auditor.demo.policy import SessionPolicy, parse_policy
from auditor.demo.protocol import ServiceError, element
from auditor.demo.services.call import Call

_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_ROLE_ARN = re.compile(r"arn:(?P<partition>[\w-]+):iam::(?P<account>\d{12}):role/(?P<role>.+)", re.ASCII)
_HOUR = 3600
_TOO_LONG = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
_CHAINED = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"


def get_caller_identity(call: Call) -> str:
    """The account, ARN and id behind the signature."""
    who = call.identity
    return element("Arn", who.arn) + element("UserId", who.user_id) + element("Account", who.account_id)


def assume_role(call: Call) -> str:
    """Credentials of the role in the account that its ARN names; AccessDenied for whatever reason."""
    duration = _duration(call)
    session_name = call.text("RoleSessionName")
    if not _SESSION_NAME.fullmatch(session_name):
        message = "roleSessionName must satisfy regular expression pattern: [\\w+=,.@-]*"
        raise ServiceError("ValidationError", message)

    if call.region in call.organization.scenario.sts_disabled:
        message = (
            f"STS is not activated in this region for account:{call.identity.account_id}. Your account administrator"
        )
        raise ServiceError("RegionDisabledException", f"{message} can activate STS in this region.", status=403)

    policy = _policy(call)
    source = _source_identity(call)
    account, role = _lent_role(call)
    _check_source(call, source)
    scenario = call.organization.scenario
    if duration > scenario.longest_session:
        raise ServiceError("ValidationError", _TOO_LONG)

    lifetime = duration if scenario.credential_lifetime is None else scenario.credential_lifetime
    session = role_session(
        call.organization,
        account=account,
        role=role,
        session_name=session_name,
        expires=call.now + lifetime,
        policy=policy,
    )
    call.memory.credentials.add(session)
    call.memory.assumptions[call.text("RoleArn")] = call.parameters
    if policy is not None:
        call.memory.policies[account.id] = str(call.parameters["Policy"])

    return _session_xml(session) + element("SourceIdentity", source)


def _session_xml(session: Identity) -> str:
    expires = datetime.fromtimestamp(session.expires or 0, UTC)
    return (
        "<AssumedRoleUser>"
        + element("AssumedRoleId", session.user_id)
        + element("Arn", session.arn)
        + "</AssumedRoleUser><Credentials>"
        + element("AccessKeyId", session.access_key_id)
        + element("SecretAccessKey", session.secret)
        + element("SessionToken", session.token)
        + element("Expiration", wire_time(expires))
        + "</Credentials>"
    )


def _duration(call: Call) -> int:
    duration = call.number("DurationSeconds", default=_HOUR, least=900, most=43_200)
    if call.identity.assumed and duration > _HOUR:
        raise ServiceError("ValidationError", _CHAINED)

    return duration


def _policy(call: Call) -> SessionPolicy | None:
    text = call.parameters.get("Policy")
    return parse_policy(text) if isinstance(text, str) else None


def _source_identity(call: Call) -> str | None:
    source = call.parameters.get("SourceIdentity")
    if source is None:
        return None
    if not _SESSION_NAME.fullmatch(str(source)):
        message = "sourceIdentity must satisfy regular expression pattern: [\\w+=,.@-]*"
        raise ServiceError("ValidationError", message)

    return str(source)


def _check_source(call: Call, source: str | None) -> None:
    """Refuse a source identity, or the lack of the right one, as the role's trust policy does."""
    scenario = call.organization.scenario
    if source is not None and scenario.source_identity_refused:
        raise _refused(call, "sts:SetSourceIdentity")
    required = scenario.source_identity_required
    if required is not None and not fnmatchcase(source or "", required):
        raise _refused(call, "sts:AssumeRole")


def _lent_role(call: Call) -> tuple[Account, str]:
    """The account and the name of the role that the ARN names, if it is lent to whoever asks."""
    organization, arn = call.organization, call.text("RoleArn")
    named = _ROLE_ARN.fullmatch(arn)
    if named is None:
        raise ServiceError("ValidationError", f"{arn} is invalid")

    scenario, role = organization.scenario, named["role"]
    account = organization.account(named["account"])
    right_caller = call.identity.account_id == organization.caller.id
    right_external_id = scenario.external_id in (None, call.parameters.get("ExternalId"))
    if account is None or not right_caller or named["partition"] != scenario.partition:
        raise _refused(call, "sts:AssumeRole")
    if account.management and role == scenario.lister_role:
        return account, role
    if scenario.denies(account.id, "sts:AssumeRole") and scenario.denied_by_scp:
        raise _refused(call, "sts:AssumeRole", why=scenario.denial("sts:AssumeRole"))
    if right_external_id and role == organization.role_name(account) and organization.lends_role(account):
        return account, role

    raise _refused(call, "sts:AssumeRole")


def _refused(call: Call, action: str, *, why: str = "") -> ServiceError:
    message = f"User: {call.identity.arn} is not authorized to perform: {action} on resource: {call.text('RoleArn')}"
    return ServiceError("AccessDenied", message + why, status=403)

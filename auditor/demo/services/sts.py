"""STS: who somebody is, and the role in another account."""

import re
from datetime import UTC, datetime

from auditor.demo.facts import wire_time
from auditor.demo.identity import Identity, role_session
from auditor.demo.policy import SessionPolicy, parse_policy
from auditor.demo.protocol import ServiceError, element
from auditor.demo.services.call import Call

_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_ROLE_ARN = re.compile(r"arn:(?P<partition>[\w-]+):iam::(?P<account>\d{12}):role/(?P<role>.+)", re.ASCII)
_HOUR = 3600
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
    account_id = _account_that_lends(call)
    scenario = call.organization.scenario
    lifetime = duration if scenario.credential_lifetime is None else scenario.credential_lifetime
    session = role_session(
        call.organization,
        account_id=account_id,
        session_name=session_name,
        expires=call.now + lifetime,
        policy=policy,
    )
    call.memory.credentials.add(session)
    if policy is not None:
        call.memory.policies[account_id] = str(call.parameters["Policy"])

    return _session_xml(session)


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


def _account_that_lends(call: Call) -> str:
    organization, arn = call.organization, call.text("RoleArn")
    named = _ROLE_ARN.fullmatch(arn)
    if named is None:
        raise ServiceError("ValidationError", f"{arn} is invalid")

    scenario = organization.scenario
    account = organization.account(named["account"])
    right_role = named["partition"] == scenario.partition and named["role"] == scenario.role_name
    right_caller = call.identity.account_id == organization.caller.id
    right_external_id = scenario.external_id in (None, call.parameters.get("ExternalId"))
    if account and right_role and right_caller and right_external_id and organization.lends_role(account):
        return account.id

    message = f"User: {call.identity.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    raise ServiceError("AccessDenied", message, status=403)

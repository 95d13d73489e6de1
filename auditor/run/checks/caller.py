"""Checks of the caller: its credentials, their expiration, its identity, and the lister."""

from datetime import datetime, timedelta

from auditor.aws.connection import Connection
from auditor.aws.credentials import CallerCredentials
from auditor.aws.gateway import Gateway, connected
from auditor.aws.lister import lister_of, open_lister
from auditor.aws.session import Sessions, resolve_credentials
from auditor.errors import CallerError, RequestError
from auditor.model.codes import is_denial
from auditor.model.diagnosis import Fault, Finding, Outcome
from auditor.run.checks.check import Result, Setup, well
from auditor.run.checks.faults import of_error
from auditor.run.checks.machine import failed

_SOON = timedelta(hours=1)
_LINKS = {
    "env": "the environment's variables",
    "explicit": "a session's own keys",
    "shared-credentials-file": "the shared credentials file",
    "config-file": "the configuration file",
    "custom-process": "a credential_process",
    "assume-role": "a role that the profile assumes",
    "assume-role-with-web-identity": "a web identity",
    "sso": "SSO",
    "container-role": "the container's endpoint",
    "iam-role": "the instance's metadata (IMDS)",
    "login": "aws login",
}
"""The names of the SDK's credential providers, in plain words."""
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
_NO_POLICY = "No policy of IAM can deny that: see the policy of the VPC endpoint, or the proxy, on the way to STS."
_NOT_RENEWED = frozenset({"env", "explicit"})


async def check_credentials(setup: Setup, sessions: Sessions) -> Result:
    """Whether a credential provider gives credentials, which, and until when; gives the CallerCredentials."""
    try:
        credentials = await resolve_credentials(sessions, profile=setup.config.profile)
    except CallerError as error:
        return failed(error, Fault.CREDENTIALS_MISSING)
    link = _LINKS.get(credentials.link, credentials.link or "a provider without a name")
    end = credentials.end
    if end is None:
        return well(f"from {link}; no end of theirs is known", value=credentials)
    until = f"until {end:%Y-%m-%d %H:%M:%S} UTC"
    if credentials.link not in _NOT_RENEWED:
        return well(f"from {link}, {until}, and renewed then", value=credentials)
    if end - setup.now() >= _SOON:
        return well(f"from {link}, {until}", value=credentials)
    minutes = max(0, round((end - setup.now()) / timedelta(minutes=1)))
    finding = Finding(
        outcome=Outcome.WARNING,
        found=f"The credentials from {link} end in {minutes} minutes, {until}, and nothing renews them",
        fault=Fault.CREDENTIALS_ENDING,
        cure="Sign in again before a long audit; one that is cut off goes on with --resume.",
    )
    return Result((finding,), credentials)


async def check_identity(
    setup: Setup, sessions: Sessions, credentials: CallerCredentials, _connection: Connection
) -> Result:
    """Whether AWS accepts the credentials, and whose they are; gives the Gateway."""
    opening = connected(sessions, credentials, limits=setup.limits, profile=setup.config.profile)
    try:
        gateway = await setup.stack.enter_async_context(opening)
    except CallerError as error:
        cause = error.__cause__
        if isinstance(cause, RequestError):
            return Result((unidentified(cause, now=setup.now()),))
        return failed(error, Fault.CONFIGURATION_UNUSABLE)
    return well(f"{gateway.caller.arn} of account {gateway.caller.account_id}", value=gateway)


def unidentified(error: RequestError, *, now: datetime) -> Finding:
    """The finding that AWS does not say who the caller is."""
    cure = _NO_POLICY if is_denial(error.code) else ""
    return of_error(error, "AWS does not say whose the credentials are", cure=cure, now=now)


async def check_lister(setup: Setup, gateway: Gateway) -> Result:
    """Whether the lister has credentials; gives its access."""
    lister = lister_of(setup.config)
    if lister is None:
        return well("the caller", value=gateway.lister)
    try:
        access = await open_lister(lister, gateway.access, gateway.sts, limits=setup.limits)
    except CallerError as error:
        cause = error.__cause__
        cure = "See that the profile works (`aws sts get-caller-identity --profile …`), and the role trusts it."
        if isinstance(cause, RequestError):
            what = "The accounts can't be listed by the lister"
            return Result((of_error(cause, what, denied=Fault.LISTER_UNUSABLE, cure=cure, now=setup.now()),))
        return failed(error, Fault.LISTER_UNUSABLE, cure=cure)
    named = [f"role {lister.role}"] * (lister.role is not None) + [f"profile {lister.profile}"] * bool(lister.profile)
    return well(" of ".join(named), value=access)

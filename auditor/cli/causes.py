"""What each error code means for a person, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from auditor.model.codes import NOT_IN_SUMMARY, REGION_DISABLED, is_denial, is_throttle, is_transient, may_pass
from auditor.model.coverage import Section
from auditor.model.summary import FailureGroup


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something failed, in a sentence each."""

    meaning: str
    cure: str


@dataclass(frozen=True, slots=True)
class CausedFailures:
    """All failures of one code that have one cause."""

    code: str
    cause: Cause
    count: int
    examples: tuple[str, ...]
    message: str


_EXAMPLES = 3
_ACTIONS = {
    Section.USERS: "iam:ListUsers",
    Section.KEYS: "iam:ListAccessKeys",
    Section.LAST_USED: "iam:GetAccessKeyLastUsed",
    Section.PASSWORD: "iam:GetLoginProfile",
    Section.MFA: "iam:ListMFADevices, and with --freshness report iam:ListVirtualMFADevices",
    Section.EVENTS: "cloudtrail:LookupEvents",
    Section.ROOT: "iam:GetAccountSummary and iam:ListVirtualMFADevices",
    Section.SERVICE_CREDENTIALS: "iam:ListServiceSpecificCredentials",
}
_NO_ROLE = Cause(
    "The account did not let the role in.",
    "See that the role is there under this name, that it trusts the caller (and asks for no other --external-id), and "
    "that no service control policy denies sts:AssumeRole.",
)
_TOO_LONG = Cause(
    "The role's sessions may not be as long as --session-duration asks.",
    "Leave it out, for sessions of an hour that are renewed in time; or raise the roles' MaxSessionDuration. A caller "
    "who is a role itself gets an hour at most.",
)
_DURATION = "DurationSeconds"
"""What AWS's message names: the code is the one of whatever else can be wrong with a request."""
_THROTTLED = Cause(
    "AWS had too many requests, of this audit and of others, for too long.",
    "Resume it when less is going on, or with a lower --concurrency.",
)
_AWS_FAULT = Cause("AWS had a fault of its own, after all attempts too.", "Resume it later.")
_CREDENTIALS_ENDED = Cause(
    "The caller's credentials ended, and no new ones could be had.", "Sign in again, then resume."
)
_NOT_ACCEPTED = Cause(
    "AWS does not accept the credentials, or this machine's clock is wrong.",
    "Set the clock; see that the caller's key is there and active, and that the account's region is enabled.",
)
UNKNOWN = Cause("An error code of AWS's.", "Its message says more, and so does the documentation of the AWS service.")

_CAUSES = {
    "ConnectionFailed": Cause("AWS could not be reached.", "Check network, VPN, name server and proxy, then resume."),
    "Timeout": Cause("AWS did not answer in time.", "Check network, VPN and proxy, then resume."),
    "ProxyFailed": Cause(
        "The proxy could not be used.", "See what HTTPS_PROXY says, and whether the proxy works; resume."
    ),
    "ProxyUnusable": Cause(
        "The proxy's URL can't work.", "Set right the variable that the message names, then resume."
    ),
    "TooManyOpenFiles": Cause(
        "This machine lets the process open no more files, which connections are too.",
        "Allow more, with ulimit -n 4096 for instance, then resume.",
    ),
    "TlsFailed": Cause("No encrypted connection came about.", "See whether a proxy or firewall is in between; resume."),
    "CertificateRefused": Cause(
        "The server that answered in AWS's place has no certificate that is trusted here.",
        "Where that is your own proxy, name its authority's file in AWS_CA_BUNDLE; then resume.",
    ),
    "InvalidResponse": Cause(
        "The answer was not what the service says it sends.",
        "Resume it; where it stays, ask what stands between here and AWS.",
    ),
    "NoAnswer": Cause(
        "The account gave no good reply for minutes, and was asked nothing more.", "Resume it when less is going on."
    ),
    NOT_IN_SUMMARY: Cause(
        "The account's summary leaves out something that it should say of root.",
        "Look at root in the account's credential report, or sign in to the account.",
    ),
    "RepeatedToken": Cause("A listing of AWS's began to repeat itself.", "Resume it."),
    "CredentialsUnavailable": _CREDENTIALS_ENDED,
    "NoCredentials": _CREDENTIALS_ENDED,
    "ExpiredToken": _CREDENTIALS_ENDED,
    "ExpiredTokenException": _CREDENTIALS_ENDED,
    "WrongAccount": Cause(
        "AWS gave credentials of another account than the one that was asked.", "See where the endpoint of STS leads."
    ),
    "RegionDisabledException": Cause(
        "STS is not active there in the region that is asked.",
        "Set AWS_REGION to a region that all accounts have enabled.",
    ),
    "EventsDropped": Cause(
        "CloudTrail keeps 90 days, and the resumed audit came too late for its first events.",
        "Look for these events in a trail's log files, if there is a trail.",
    ),
    "UnknownAccountState": Cause(
        "Organizations gave the account no state, or one that nobody knows here.",
        "Look at the account in Organizations; it was asked nothing.",
    ),
    "NotListed": Cause("The run ended before all accounts were listed.", "Resume it."),
    "WorkerDied": Cause("Worker processes died twice, often for want of memory.", "Resume it with fewer --processes."),
    "WorkerFailed": Cause(
        "A worker could not begin to audit: of another account, without credentials, or at a limit of its machine.",
        "See what its message says, mend that where the worker runs, then resume.",
    ),
    "WrongVersion": Cause(
        "A worker has another version of this program.", "Install the same version everywhere, then resume."
    ),
    "InternalError": Cause("A mistake of this program.", "Report it, with the traceback that --verbose shows for it."),
    "SdkError": Cause("The AWS SDK could not make the request.", "See the message, and the profile's settings."),
    "InvalidClientTokenId": _NOT_ACCEPTED,
    "InvalidSignatureException": _NOT_ACCEPTED,
    "RequestExpired": _NOT_ACCEPTED,
    "SignatureDoesNotMatch": _NOT_ACCEPTED,
    "UnrecognizedClientException": _NOT_ACCEPTED,
}


def cause_of(code: str, *, section: Section, message: str = "") -> Cause:
    """What a code means where this section was asked; of one that nobody knows, where to look it up."""
    if section is Section.ROLE and code == "ValidationError" and _DURATION in message:
        return _TOO_LONG
    if code in _CAUSES:
        return _CAUSES[code]
    if is_denial(code):
        return _denied(section)
    if is_throttle(code):
        return _THROTTLED
    return _AWS_FAULT if is_transient(code) else UNKNOWN


def _denied(section: Section) -> Cause:
    if section is Section.ROLE:
        return _NO_ROLE
    action = _ACTIONS[section]
    return Cause(
        f"The role may not ask for {section}.",
        f"Allow {action} in its policy (auditor template policy), and see that no service control policy denies it.",
    )


def by_cause(groups: Iterable[FailureGroup]) -> list[CausedFailures]:
    """The failures of each code and cause, the most frequent first."""
    found: dict[tuple[str, Cause], CausedFailures] = {}
    for group in groups:
        key = (group.code, cause_of(group.code, section=group.section, message=group.message))
        known = found.get(key) or CausedFailures(*key, count=0, examples=(), message=group.message)
        examples = tuple(dict.fromkeys((*known.examples, *group.examples)))[:_EXAMPLES]
        found[key] = replace(known, count=known.count + group.count, examples=examples)
    return sorted(found.values(), key=lambda failures: -failures.count)


def refusals_of_role(groups: Iterable[FailureGroup]) -> int:
    """How many accounts denied the role; none where more failed for another reason, and so say nothing of its name."""
    failed = [group for group in groups if group.section is Section.ROLE]
    refused = sum(group.count for group in failed if is_denial(group.code) and group.code != REGION_DISABLED)
    return refused if 2 * refused > sum(group.count for group in failed) else 0


def passing(groups: Iterable[FailureGroup]) -> bool:
    """Whether something failed that may well succeed when it is asked again."""
    return any(may_pass(group.code) for group in groups)

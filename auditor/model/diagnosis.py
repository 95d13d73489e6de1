"""The diagnosis of `auditor doctor`: findings on the machine, the caller, the organization and a sample of accounts."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from auditor.model.facts import AccountId


class Outcome(StrEnum):
    """How a check ended, the best first."""

    OK = "ok"
    SKIPPED = "skipped"
    """Not tried, because another check failed, or there was no user or key to try it on."""
    WARNING = "warning"
    FAILED = "failed"
    CRASHED = "crashed"
    """An unexpected error ended the check, which says nothing of its subject."""


class Fault(StrEnum):
    """The classes of what can be wrong; their values are stable."""

    CONFIGURATION_UNUSABLE = "ConfigurationUnusable"
    CREDENTIALS_MISSING = "CredentialsMissing"
    CREDENTIALS_ENDING = "CredentialsEnding"
    CREDENTIALS_EXPIRED = "CredentialsExpired"
    KEY_UNKNOWN = "KeyUnknown"
    SIGNATURE_REFUSED = "SignatureRefused"
    CLOCK_WRONG = "ClockWrong"
    ENDPOINT_UNREACHABLE = "EndpointUnreachable"
    PROXY_UNUSABLE = "ProxyUnusable"
    CERTIFICATE_REFUSED = "CertificateRefused"
    CA_BUNDLE_UNUSABLE = "CaBundleUnusable"
    NOT_ENCRYPTED = "NotEncrypted"
    TLS_FAILED = "TlsFailed"
    REGION_DISABLED = "RegionDisabled"
    LISTER_UNUSABLE = "ListerUnusable"
    NO_ORGANIZATION = "NoOrganization"
    ORGANIZATION_UNKNOWN = "OrganizationUnknown"
    LISTING_DENIED = "ListingDenied"
    NO_ACCOUNTS = "NoAccounts"
    ROLE_DENIED = "RoleDenied"
    DENIED_BY_SCP = "DeniedByServiceControlPolicy"
    SESSION_TOO_LONG = "SessionTooLong"
    SOURCE_IDENTITY_REFUSED = "SourceIdentityRefused"
    SESSION_POLICY_REFUSED = "SessionPolicyRefused"
    ACTION_DENIED = "ActionDenied"
    THROTTLED = "Throttled"
    SERVICE_FAULT = "ServiceFault"
    UNEXPECTED = "Unexpected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a check found."""

    outcome: Outcome
    found: str
    """A sentence."""
    fault: Fault | None = None
    """None if nothing is wrong."""
    code: str = ""
    """AWS's error code, or this package's if no reply came."""
    said: str = ""
    """AWS's whole message."""
    cure: str = ""
    """What to do about it, with a command or a policy to paste if there is one."""
    accounts: tuple[AccountId, ...] = ()
    """The accounts of the sample in which it was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One check, done or skipped."""

    name: str
    findings: tuple[Finding, ...]
    because: str = ""
    """The check because of which it was skipped, else empty."""
    ends_audit: bool = False
    """Whether an audit would end here, with nothing audited."""

    @property
    def outcome(self) -> Outcome:
        """The worst of what was found."""
        return worst(finding.outcome for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The results of all checks, in the order of the output."""

    checks: tuple[Checked, ...]
    seconds: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """The worst of all."""
        return worst(checked.outcome for checked in self.checks)

    @property
    def exit_code(self) -> int:
        """The exit code that an audit would have, judged by the sample: 0, 1 if nothing could be audited, else 3."""
        if any(checked.ends_audit for checked in self.checks):
            return 1
        return 3 if self.outcome in {Outcome.FAILED, Outcome.CRASHED} else 0


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of these outcomes; OK if there are none."""
    return max(outcomes, key=list(Outcome).index, default=Outcome.OK)

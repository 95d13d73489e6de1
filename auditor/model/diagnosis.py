"""What an examination found before an audit: of the machine, the caller, the organization and a sample of accounts."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from auditor.model.facts import AccountId


class Outcome(StrEnum):
    """How a check has ended, the best first."""

    OK = "ok"
    SKIPPED = "skipped"
    """It was not tried, because of another one or for want of something to try it on."""
    WARNING = "warning"
    FAILED = "failed"
    CRASHED = "crashed"
    """It met what nobody has foreseen, and says nothing of what it was to check."""


class Fault(StrEnum):
    """What is wrong, in words that stay the same."""

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
    """One thing that a check has found."""

    outcome: Outcome
    found: str
    """A sentence."""
    fault: Fault | None = None
    """None where nothing is wrong."""
    code: str = ""
    """AWS's error code, or the name of the fault where no reply came."""
    said: str = ""
    """AWS's whole message."""
    cure: str = ""
    """What to do about it: where there is one, a command or a policy to paste."""
    accounts: tuple[AccountId, ...] = ()
    """The accounts of the sample that it was found in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One check, done or skipped."""

    name: str
    findings: tuple[Finding, ...]
    because: str = ""
    """The check that it was skipped because of, empty where it was not."""
    ends_audit: bool = False
    """Whether an audit would end here, with nothing audited."""

    @property
    def outcome(self) -> Outcome:
        """The worst of what was found."""
        return worst(finding.outcome for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What all checks have found, in the order in which they are to be read."""

    checks: tuple[Checked, ...]
    seconds: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """The worst of all."""
        return worst(checked.outcome for checked in self.checks)

    @property
    def exit_code(self) -> int:
        """The one that an audit would have, judged by the sample: 0, 1 where nothing could be audited, else 3."""
        if any(checked.ends_audit for checked in self.checks):
            return 1
        return 3 if self.outcome in {Outcome.FAILED, Outcome.CRASHED} else 0


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of these outcomes; where there are none, all is well."""
    return max(outcomes, key=list(Outcome).index, default=Outcome.OK)

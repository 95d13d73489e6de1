"""The fault class of an error, and the cures that do not depend on the check."""

from datetime import datetime

from auditor.aws.causes import clock_fault
from auditor.errors import RequestError
from auditor.model import codes
from auditor.model.diagnosis import Fault, Finding, Outcome

_FAULTS = {
    codes.CERTIFICATE_REFUSED: Fault.CERTIFICATE_REFUSED,
    codes.TLS_FAILED: Fault.TLS_FAILED,
    codes.PROXY_FAILED: Fault.PROXY_UNUSABLE,
    codes.PROXY_UNUSABLE: Fault.PROXY_UNUSABLE,
    codes.REGION_DISABLED: Fault.REGION_DISABLED,
    codes.NO_CREDENTIALS: Fault.CREDENTIALS_MISSING,
    codes.CREDENTIALS_UNAVAILABLE: Fault.CREDENTIALS_MISSING,
    "InvalidClientTokenId": Fault.KEY_UNKNOWN,
    "UnrecognizedClientException": Fault.KEY_UNKNOWN,
    "SignatureDoesNotMatch": Fault.SIGNATURE_REFUSED,
    "InvalidSignatureException": Fault.SIGNATURE_REFUSED,
    "AWSOrganizationsNotInUseException": Fault.NO_ORGANIZATION,
    "PackedPolicyTooLarge": Fault.SESSION_POLICY_REFUSED,
    "MalformedPolicyDocument": Fault.SESSION_POLICY_REFUSED,
}
_SCP = "service control policy"
_CURES = {
    Fault.CREDENTIALS_EXPIRED: "Sign in again, with `aws sso login` or as you have before",
    Fault.CREDENTIALS_MISSING: "`aws configure list` shows where the SDK looks; sign in, or give --profile",
    Fault.KEY_UNKNOWN: "`aws sts get-caller-identity` says the same: give keys that are there and active, and for "
    "GovCloud and China set AWS_REGION to one of their regions",
    Fault.SIGNATURE_REFUSED: "Set the secret of the access key anew: `aws configure set aws_secret_access_key …`",
    Fault.CLOCK_WRONG: "`sudo timedatectl set-ntp true` sets it, or `sudo sntp -sS time.aws.com`",
    Fault.ENDPOINT_UNREACHABLE: "See to network, VPN, name server and firewall, and to AWS_ENDPOINT_URL and its like: "
    "`env | grep -i -e AWS_ENDPOINT -e proxy`",
    Fault.PROXY_UNUSABLE: "Set the proxy right: `export HTTPS_PROXY=http://proxy.example:3128`, or `unset HTTPS_PROXY` "
    "(its name may be in small letters); NO_PROXY names hosts that are reached without it",
    Fault.CERTIFICATE_REFUSED: "Where that is your own proxy, trust its authority: `export AWS_CA_BUNDLE=/path/ca.pem`",
    Fault.CA_BUNDLE_UNUSABLE: "Name a file with certificates in PEM form: `export AWS_CA_BUNDLE=/path/ca.pem`, or "
    "`unset AWS_CA_BUNDLE`",
    Fault.TLS_FAILED: "See whether a proxy or a firewall is in between, and whether the endpoint speaks https",
    Fault.REGION_DISABLED: "`export AWS_REGION=us-east-1`, or another region that is enabled; or switch STS on in the "
    "account settings of IAM",
    Fault.NO_ORGANIZATION: "Give credentials of the organization's management account, or of an account in it",
    Fault.THROTTLED: "Try again when less is going on: AWS has too many requests, of others too",
    Fault.SERVICE_FAULT: "Try again: AWS had a fault of its own, or something in between answers in its place",
}


def fault_of(error: RequestError, *, denied: Fault, now: datetime) -> Fault:
    """The fault class of an error; a denial is `denied`, unless a service control policy denies."""
    if clock_fault(error, now=now) is not None:
        return Fault.CLOCK_WRONG
    if error.code in _FAULTS:
        return _FAULTS[error.code]
    if codes.is_denial(error.code):
        return Fault.DENIED_BY_SCP if _SCP in error.message else denied
    kinds = {
        Fault.THROTTLED: codes.is_throttle(error.code, status=error.status),
        Fault.CREDENTIALS_EXPIRED: codes.is_expired(error.code),
        Fault.ENDPOINT_UNREACHABLE: codes.is_unreached(error.code),
        Fault.SERVICE_FAULT: codes.is_transient(error.code, status=error.status),
    }
    return next((fault for fault, is_it in kinds.items() if is_it), Fault.UNEXPECTED)


def cure_of(fault: Fault) -> str:
    """What to do about a fault; empty if that depends on the check."""
    return f"{_CURES[fault]}." if fault in _CURES else ""


def cure_of_scp(account_id: str) -> str:
    """What to do about a service control policy that denies a request in this account."""
    policies = _policies_of(account_id, "SERVICE_CONTROL_POLICY")
    return f"Let the role pass in the service control policy that the message names; {policies}"


def _policies_of(account_id: str, kind: str) -> str:
    return (
        "these are the account's, beside those of its units and the root: `aws organizations list-policies-for-target "
        f"--target-id {account_id} --filter {kind}`"
    )


def cure_of_denial(message: str, *, account_id: str) -> str:
    """What is done where AWS's message names a policy that stands above the rights; empty where it names none.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    if "resource control policy" in message:
        return f"Let it pass in the resource control policy; {_policies_of(account_id, 'RESOURCE_CONTROL_POLICY')}"
    if "permissions boundary" in message:
        return (
            "Let it pass in the permissions boundary of whom the message names: `aws iam get-role --query "
            "Role.PermissionsBoundary --role-name …` shows a role's, `aws iam get-user --query "
            "User.PermissionsBoundary --user-name …` a user's"
        )
    if "explicit deny in an identity-based policy" in message:
        return (
            "Take the denial out of the policies of whom the message names, since it wins over all that allows: `aws "
            "iam list-attached-role-policies --role-name …` and `aws iam list-role-policies --role-name …` show a "
            "role's, their like with `user` a user's; and see that another one allows it"
        )
    return ""


def of_error(  # noqa: PLR0913 - what is known of a fault
    error: RequestError,
    what: str,
    *,
    denied: Fault = Fault.UNEXPECTED,
    cure: str = "",
    now: datetime,
    outcome: Outcome = Outcome.FAILED,
) -> Finding:
    """The finding of a failed request; `what` says what failed, `cure` is used if the fault class has none."""
    fault = fault_of(error, denied=denied, now=now)
    return Finding(
        outcome=outcome,
        found=f"{what}: {error.code}",
        fault=fault,
        code=error.code,
        said=error.message,
        cure=cure_of(fault) or cure,
    )

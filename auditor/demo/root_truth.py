"""The row of an account's root user, as the users table must have it."""

from auditor.demo.facts import Account, AccountFacts, Root, isoformat
from auditor.demo.organization import Organization
from auditor.demo.words import DENIED, NOT_IN_SUMMARY, ONLY_IN_REPORT, Words

ROOT = "<root_account>"


def root_row(organization: Organization, facts: AccountFacts, words: Words, *, reported: bool) -> dict[str, str]:
    """Root's cells; `reported` is whether the account's credential report tells what its summary does not."""
    account, root = facts.account, facts.root
    active, inactive = _counts(organization, account, root, words, reported=reported)
    used = root.password_last_used
    activity = max((moment for moment in (used, *(key.last_used for key in root.keys)) if moment), default=None)
    told = {
        "created_date": isoformat(account.joined),
        "password_last_used": isoformat(used) if used else words.never,
        "last_activity": isoformat(activity) if activity else words.never,
    }
    untold = words.unknown(ONLY_IN_REPORT)
    in_report = told if reported else dict.fromkeys(told, untold)
    return {
        "account_id": account.id,
        "account_name": account.name,
        "username": ROOT,
        "arn": f"arn:{organization.scenario.partition}:iam::{account.id}:root",
        "created_date": in_report["created_date"],
        "password_status": _password(organization, account, root, words),
        "password_last_used": in_report["password_last_used"],
        "mfa_status": _mfa(organization, account, root, words),
        "active_keys": active,
        "inactive_keys": inactive,
        "service_credentials": "N/A",
        "last_activity": in_report["last_activity"],
    }


def _untold(organization: Organization, account: Account, root: Root, member: str) -> str | None:
    """Why the account's summary does not tell the member."""
    if organization.scenario.denies(account.id, "iam:GetAccountSummary"):
        return DENIED

    return NOT_IN_SUMMARY if member in root.untold else None


def _password(organization: Organization, account: Account, root: Root, words: Words) -> str:
    reason = _untold(organization, account, root, "AccountPasswordPresent")
    if reason is not None:
        return words.unknown(reason)

    return words.configured if root.has_password else words.not_configured


def _mfa(organization: Organization, account: Account, root: Root, words: Words) -> str:
    reason = _untold(organization, account, root, "AccountMFAEnabled")
    if reason is not None:
        return words.unknown(reason)
    if not root.has_mfa:
        return "None"
    if organization.scenario.denies(account.id, "iam:ListVirtualMFADevices"):
        return words.unknown(DENIED)

    return "Hardware" if root.virtual_device is None else "Virtual"


def _counts(
    organization: Organization, account: Account, root: Root, words: Words, *, reported: bool
) -> tuple[str, str]:
    reason = None if reported else _untold(organization, account, root, "AccountAccessKeysPresent")
    if reason is None and root.keys and not reported:
        reason = ONLY_IN_REPORT
    if reason is not None:
        return words.unknown(reason), words.unknown(reason)

    active = sum(key.status == "Active" for key in root.keys)
    return str(active), str(len(root.keys) - active)

"""How many calls the collectors make in one account, by action: exact if its size decides, else a range."""

import math

from auditor.account.collectors.credential_report import pause_bounds
from auditor.account.collectors.events import EVENT_NAMES, EVENTS_PAGE
from auditor.aws.pages import IAM_PAGE
from auditor.config import AuditConfig, ReportWait
from auditor.model.plan import NONE, AccountSize, Calls, Range, exactly
from auditor.model.scopes import Freshness, UserScope

# What the account summary does not say, as it is in many organizations: shares of the users.
_WITH_KEYS = 0.6
_KEYS = 0.7
_SIGNING_IN = 0.8
"""With a password or a key: users with neither are not asked for MFA devices."""
_NOT_IN_REPORT = 0.05

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_MOST_KEYS = 2
_MOST_CREDENTIALS = 10
"""Service credentials of one user: two for each of a few services."""
_EVENTS_OF_A_USER = 5
"""Changes of one event name per user: more are rare."""

LOOKUP_EVENTS = "cloudtrail:LookupEvents"
OF_USERS = (
    "iam:GetLoginProfile",
    "iam:ListAccessKeys",
    "iam:GetAccessKeyLastUsed",
    "iam:ListMFADevices",
)
"""The actions that cost one call per user or per key."""


def calls_of(size: AccountSize, config: AuditConfig) -> Calls:
    """The calls in one account that lets the caller in, without AssumeRole and retries.

    Pages are taken to be full, but for one page of users: IAM may send short ones.
    """
    calls = {
        LOOKUP_EVENTS: _look_ups(size, config),
        "iam:ListUsers": _pages(size.users),
        **_calls_of_users(size, config),
        **_calls_of_all(size, config),
        **_calls_of_report(size, config),
        "iam:ListVirtualMFADevices": _virtual_devices(size, config),
    }
    return {action: number for action, number in calls.items() if number != NONE}


def _pages(users: int) -> Range:
    pages = max(1, math.ceil(users / IAM_PAGE))
    return Range(pages, pages, pages + (users > 1))


def _look_ups(size: AccountSize, config: AuditConfig) -> Range:
    names = len(EVENT_NAMES[config.events])
    pages = 1 + math.ceil(_EVENTS_OF_A_USER * size.users / EVENTS_PAGE)
    # With a report, new keys may need a second look-up.
    again = pages if config.freshness is Freshness.REPORT and size.users else 0
    return Range(names, names, names * pages + again)


def _calls_of_users(size: AccountSize, config: AuditConfig) -> Calls:
    users, of_all = size.users, config.users is UserScope.ALL
    most_keys = _MOST_KEYS * users
    if config.freshness is Freshness.REPORT:
        likely = (0.0, _WITH_KEYS * users, _NOT_IN_REPORT * users, float(min(users, size.devices)))
        most = (users, users, most_keys, users)
        return {action: Range(0, *each) for action, each in zip(OF_USERS, zip(likely, most, strict=True), strict=True)}
    asked = exactly(users) if of_all else Range(0, _WITH_KEYS * users, users)
    signing_in = _SIGNING_IN if of_all else _WITH_KEYS
    ranges = (asked, exactly(users), Range(0, _KEYS * users, most_keys), Range(0, signing_in * users, users))
    return dict(zip(OF_USERS, ranges, strict=True))


def _calls_of_all(size: AccountSize, config: AuditConfig) -> Calls:
    if config.users is not UserScope.ALL:
        return {}
    pages = max(1, math.ceil(_MOST_CREDENTIALS * size.users / IAM_PAGE))
    return {"iam:GetAccountSummary": exactly(1), "iam:ListServiceSpecificCredentials": Range(1, 1, pages)}


def _calls_of_report(size: AccountSize, config: AuditConfig) -> Calls:
    wanted = size.users or config.users is UserScope.ALL
    if config.freshness is not Freshness.REPORT or not wanted:
        return {}
    rounds = _rounds(config.report_wait)
    return {"iam:GetCredentialReport": Range(1, 3, rounds + 1), "iam:GenerateCredentialReport": Range(0, 1, rounds)}


def _rounds(wait: ReportWait) -> int:
    """How often a report is asked for at most: after the shortest pauses, until the patience is over."""
    waited, rounds = 0.0, 0
    for bound in pause_bounds(wait):
        if waited > wait.patience or not bound:
            break
        waited, rounds = waited + bound / 2, rounds + 1
    return rounds


def _virtual_devices(size: AccountSize, config: AuditConfig) -> Range:
    """Listed if root has MFA, and with a report for the devices of users."""
    of_root = config.users is UserScope.ALL and size.root_mfa
    of_users = config.freshness is Freshness.REPORT and size.users > 0
    pages = math.ceil((size.devices + 1) / IAM_PAGE)
    return Range(int(of_root), int(of_root or of_users), pages) if of_root or of_users else NONE

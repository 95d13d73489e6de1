"""What one account costs, by action."""

import pytest

from auditor import AuditConfig, EventScope, Freshness, UserScope
from auditor.account.call_estimate import calls_of
from auditor.model.plan import AccountSize, Range, exactly

LIVE = AuditConfig(role="Audit")
WITH_KEYS = AuditConfig(role="Audit", users=UserScope.WITH_KEYS)
REPORT = AuditConfig(role="Audit", freshness=Freshness.REPORT)


def test_an_empty_account_costs_the_same_always() -> None:
    """Nothing of it depends on keys: a list of users, five of events, the summary, and service credentials."""
    expected = {
        "cloudtrail:LookupEvents": exactly(5),
        "iam:ListUsers": exactly(1),
        "iam:GetAccountSummary": exactly(1),
        "iam:ListServiceSpecificCredentials": exactly(1),
    }
    empty = {action: number for action, number in calls_of(AccountSize(0), LIVE).items() if number.most}
    assert expected == empty


@pytest.mark.parametrize(
    ("config", "action", "expected"),
    [
        (LIVE, "iam:ListAccessKeys", exactly(100)),
        (LIVE, "iam:GetLoginProfile", exactly(100)),
        (LIVE, "iam:GetAccessKeyLastUsed", Range(0, 70, 200)),
        (WITH_KEYS, "iam:ListAccessKeys", exactly(100)),
        (WITH_KEYS, "iam:GetLoginProfile", Range(0, 60, 100)),
        (REPORT, "iam:ListAccessKeys", Range(0, 60, 100)),
        (REPORT, "iam:GetLoginProfile", Range(0, 0, 100)),
        (REPORT, "iam:ListMFADevices", Range(0, 30, 100)),
    ],
)
def test_what_depends_on_users_is_exact_and_what_depends_on_keys_a_range(
    config: AuditConfig, action: str, expected: Range
) -> None:
    """A user has two keys at the most; a live audit of all asks everybody, and a report saves most of it."""
    assert expected == calls_of(AccountSize(100, devices=30), config)[action]


@pytest.mark.parametrize(("users", "expected"), [(1, Range(1, 1, 1)), (2, Range(1, 1, 2)), (1001, Range(2, 2, 3))])
def test_a_page_of_users_may_be_short(users: int, expected: Range) -> None:
    """IAM puts up to a thousand users on a page, and may put fewer."""
    assert expected == calls_of(AccountSize(users), LIVE)["iam:ListUsers"]


def test_more_kinds_of_events_cost_a_call_each() -> None:
    """At the least: there is a page for each name, empty or not."""
    extended = AuditConfig(role="Audit", events=EventScope.EXTENDED)
    assert exactly(12) == calls_of(AccountSize(0), extended)["cloudtrail:LookupEvents"]


@pytest.mark.parametrize(
    ("config", "size", "expected"),
    [
        (LIVE, AccountSize(3), None),
        (LIVE, AccountSize(3, root_mfa=True), exactly(1)),
        (WITH_KEYS, AccountSize(3, root_mfa=True), None),
        (REPORT, AccountSize(3), Range(0, 1, 1)),
        (REPORT, AccountSize(3000, devices=1500, root_mfa=True), Range(1, 1, 2)),
    ],
)
def test_virtual_devices_are_listed_where_root_or_a_report_needs_them(
    config: AuditConfig, size: AccountSize, expected: Range | None
) -> None:
    """An account in which nobody needs them costs no such call."""
    assert expected == calls_of(size, config).get("iam:ListVirtualMFADevices")


def test_a_report_costs_two_calls_and_more_while_it_is_made() -> None:
    """As many as its patience has pauses for; without users and root nobody wants one."""
    calls = calls_of(AccountSize(3), REPORT)
    assert (1, 3) == calls["iam:GetCredentialReport"][:2]
    assert calls["iam:GetCredentialReport"].most == calls["iam:GenerateCredentialReport"].most + 1
    nobody = AuditConfig(role="Audit", freshness=Freshness.REPORT, users=UserScope.WITH_KEYS)
    assert "iam:GetCredentialReport" not in calls_of(AccountSize(0), nobody)

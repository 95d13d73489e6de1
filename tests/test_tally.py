"""The numbers of a run."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from auditor import (
    AccountReport,
    AccountState,
    AuditSummary,
    Completeness,
    Labels,
    MfaKind,
    Section,
    SectionCoverage,
    Unknown,
)
from auditor.tally import Tally
from tests.samples import (
    ACCOUNT,
    CALLER,
    DEVICE,
    EVENT,
    FAILURE,
    KEY,
    NOW,
    PERIOD,
    REFUSED_EVENT,
    REPORT,
    USER,
    report_of,
)

DENIED_ROLE = SectionCoverage(Section.ROLE, Completeness.DENIED, 1, 0)


def summary_of(reports: Iterable[AccountReport], *, collect: bool = False, labels: Labels = Labels.ES) -> AuditSummary:
    """What a run with these reports came to."""
    tally = Tally(labels, collect=collect)
    for report in reports:
        tally.add(report)
    return tally.summary(caller=CALLER, period=PERIOD, seconds=2.5)


def test_the_callers_own_account() -> None:
    """An account that was entered without a role was read with the caller's own credentials."""
    refused = AccountReport(account=ACCOUNT, role="", coverage=(DENIED_ROLE,))
    assert 1 == summary_of([replace(REPORT, role=""), REPORT, refused]).own_credentials


def test_no_reports() -> None:
    """A run without accounts has only zeros, and is complete."""
    assert AuditSummary(caller=CALLER, period=PERIOD, seconds=2.5) == summary_of([])
    assert summary_of([]).exit_code == 0


def test_accounts() -> None:
    """Each account is audited or not, complete or not; only failures count as failed."""
    summary = summary_of(
        [
            report_of(),
            report_of(failures=(FAILURE,)),
            AccountReport(account=ACCOUNT, role="", coverage=(DENIED_ROLE,), failures=(FAILURE, FAILURE)),
            AccountReport(account=replace(ACCOUNT, state=AccountState.SUSPENDED), role=""),
            AccountReport(account=replace(ACCOUNT, state=None), role="", failures=(FAILURE,)),
            report_of(account=replace(ACCOUNT, state=AccountState.PENDING_CLOSURE)),
        ]
    )
    numbers = (summary.accounts, summary.audited, summary.complete, summary.not_auditable)
    assert (6, 3, 2, 1) == numbers
    assert (3, 12) == (summary.failed_accounts, summary.failures)
    assert summary.exit_code == 3


def test_users_and_keys() -> None:
    """All users count; keys of users whose keys were refused are not known, and not counted."""
    summary = summary_of(
        [
            report_of(
                USER,
                replace(USER, keys=()),
                replace(USER, keys=Unknown("AccessDenied")),
                replace(USER, keys=(KEY, KEY)),
            ),
            report_of(USER),
        ]
    )
    assert (5, 4) == (summary.users, summary.keys)


def test_users_with_keys_and_without_mfa() -> None:
    """Only a user who has keys and is known to have no device counts."""
    summary = summary_of(
        [
            report_of(
                replace(USER, mfa_devices=()),
                replace(USER, mfa_devices=(), keys=(KEY, KEY)),
                replace(USER, mfa_devices=(), keys=()),
                replace(USER, mfa_devices=None, keys=()),
                replace(USER, mfa_devices=Unknown("AccessDenied")),
                replace(USER, mfa_devices=(replace(DEVICE, kind=MfaKind.SMS),)),
                replace(USER, mfa_devices=(), keys=Unknown("AccessDenied")),
            )
        ]
    )
    assert summary.users_with_keys_without_mfa == 2


def test_old_keys() -> None:
    """A key is old when it was made more than 90 days ago; one without a date is not known to be."""
    ages = [timedelta(days=90), timedelta(days=90, seconds=1), timedelta(days=900), timedelta(0)]
    keys = tuple(replace(KEY, created_at=NOW - age) for age in ages)
    summary = summary_of([report_of(replace(USER, keys=(*keys, replace(KEY, created_at=None))))])
    assert (5, 2) == (summary.keys, summary.old_keys)


def test_events() -> None:
    """Events that took place count by their name, refused ones together."""
    deleted = replace(EVENT, name="DeleteUser")
    summary = summary_of([report_of(events=(EVENT, EVENT, REFUSED_EVENT)), report_of(events=(deleted, EVENT))])
    assert {"CreateUser": 3, "DeleteUser": 1} == summary.events_by_name
    assert summary.refused_events == 1


def test_sums() -> None:
    """What vanished, requests and throttles are summed over accounts."""
    report = replace(REPORT, vanished_users=2, vanished_keys=3, requests=10, throttles=4)
    summary = summary_of([report, report])
    assert (10, 20, 8) == (summary.vanished, summary.requests, summary.throttles)


def test_nothing_is_kept_unless_asked() -> None:
    """Reports and rows are held only where they are collected."""
    summary = summary_of([REPORT])
    assert ((), (), ()) == (summary.reports, summary.findings, summary.events)


def test_collected_rows() -> None:
    """What is collected are the reports, in their order, and their rows, in the language asked for."""
    other = report_of(replace(USER, name="bea", mfa_devices=Unknown("AccessDenied")), events=(EVENT,))
    summary = summary_of([REPORT, other], collect=True, labels=Labels.EN)
    assert (REPORT, other) == summary.reports
    assert [("ana", "Virtual"), ("bea", "Unknown (AccessDenied)")] == [
        (row["username"], row["mfa_status"]) for row in summary.findings
    ]
    assert ["CreateUser", "CreateUser"] == [row["eventName"] for row in summary.events]


def test_what_the_run_adds() -> None:
    """Caller, period, duration, warnings and interruption are those of the run."""
    summary = Tally(Labels.ES).summary(
        caller=CALLER, period=PERIOD, seconds=2.5, warnings=("careful",), interruption="ended early"
    )
    assert (CALLER, PERIOD, 2.5) == (summary.caller, summary.period, summary.seconds)
    assert (("careful",), "ended early") == (summary.warnings, summary.interruption)
    assert summary.exit_code == 3


def test_credential_reports() -> None:
    """The oldest report's age is its own account's, and a report from the future has none."""
    reports = [
        report_of(),
        replace(REPORT, report_time=NOW - timedelta(hours=3)),
        replace(REPORT, report_time=NOW - timedelta(hours=1), fallbacks=("no devices", "no events")),
        replace(REPORT, fallbacks=("no report",)),
    ]
    summary = summary_of(reports)
    assert (2, timedelta(hours=3), 2) == (summary.reported, summary.oldest_report_age, summary.fallbacks)
    assert 0 == summary_of([report_of()]).exit_code
    assert summary_of([report_of()]).oldest_report_age is None
    ahead = replace(REPORT, report_time=NOW + timedelta(seconds=3))
    assert timedelta(0) == summary_of([ahead]).oldest_report_age

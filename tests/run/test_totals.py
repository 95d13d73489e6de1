"""The numbers of a run."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from auditor import (
    AccountReport,
    AccountState,
    AuditSummary,
    Completeness,
    Failure,
    Labels,
    MfaKind,
    Root,
    Section,
    SectionCoverage,
    ServiceCredential,
    Unknown,
    User,
    UserScope,
)
from auditor.model.placeholders import excluded
from auditor.model.summary import FailureGroup
from auditor.run.totals import Totals
from tests.samples import (
    ACCOUNT,
    CALLER,
    COVERAGE,
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

INACTIVE = replace(KEY, status="Inactive")
DENIED_ROLE = SectionCoverage(Section.ROLE, Completeness.DENIED, 1, 0)


def summary_of(reports: Iterable[AccountReport], *, collect: bool = False, labels: Labels = Labels.ES) -> AuditSummary:
    """What a run with these reports came to."""
    totals = Totals(labels, collect=collect)
    for report in reports:
        totals.add(report)
    return totals.summary(caller=CALLER, period=PERIOD, seconds=2.5)


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


def test_users_without_mfa() -> None:
    """Users with active keys and users with a password count apart, only where it is known that they have no device."""
    summary = summary_of(
        [
            report_of(
                replace(USER, mfa_devices=()),
                replace(USER, mfa_devices=(), keys=(KEY, KEY)),
                replace(USER, mfa_devices=(), keys=()),
                replace(USER, mfa_devices=None, keys=()),
                replace(USER, mfa_devices=Unknown("AccessDenied")),
                replace(USER, mfa_devices=(replace(DEVICE, kind=MfaKind.SMS),)),
                replace(USER, mfa_devices=(), keys=Unknown("AccessDenied"), has_password=None),
                replace(USER, mfa_devices=(), keys=(INACTIVE,)),
                replace(USER, mfa_devices=(), keys=(INACTIVE, KEY), has_password=False),
                replace(USER, mfa_devices=(), has_password=Unknown("AccessDenied")),
            )
        ]
    )
    assert (4, 4) == (summary.users_with_keys_without_mfa, summary.console_users_without_mfa)


CREDENTIAL = ServiceCredential("ana", "ACCA1", "bedrock.amazonaws.com", "ana-at-1", "Active", NOW, expires_at=None)
REFUSED = Unknown("AccessDenied")
ROOT = Root(
    arn="arn:aws:iam::111122223333:root",
    has_password=True,
    has_mfa=False,
    has_keys=False,
    has_certificates=False,
    mfa_devices=(),
    keys=REFUSED,
    created_at=REFUSED,
    password_last_used=REFUSED,
)


def of_all_users(*users: User, root: Root = ROOT) -> AccountReport:
    """The report of an account that was asked about all users, and root."""
    return replace(report_of(*users), scope=UserScope.ALL, root=root)


def test_service_credentials() -> None:
    """All that are known count, and apart those that are active and have no end that could be known."""
    credentials = (
        CREDENTIAL,
        replace(CREDENTIAL, status="Inactive"),
        replace(CREDENTIAL, status=REFUSED),
        replace(CREDENTIAL, expires_at=NOW),
        replace(CREDENTIAL, expires_at=Unknown("InvalidResponse")),
    )
    users = (replace(USER, service_credentials=given) for given in (credentials, (), REFUSED, (CREDENTIAL,)))
    summary = summary_of([of_all_users(*users), of_all_users(USER)])
    assert (6, 2) == (summary.service_credentials, summary.endless_service_credentials)


@pytest.mark.parametrize(
    ("root", "without_mfa", "with_keys"),
    [
        (ROOT, 1, 0),
        (replace(ROOT, has_mfa=True), 0, 0),
        (replace(ROOT, has_mfa=REFUSED), 0, 0),
        (replace(ROOT, has_password=False), 0, 0),
        (replace(ROOT, has_password=REFUSED), 1, 0),
        (replace(ROOT, has_password=False, has_keys=REFUSED), 1, 0),
        (replace(ROOT, has_password=False, has_keys=True), 1, 1),
        (replace(ROOT, has_mfa=True, has_keys=True), 0, 1),
    ],
)
def test_roots(root: Root, without_mfa: int, with_keys: int) -> None:
    """A root without MFA counts unless it is known to have neither a password nor a key; one with keys counts apart."""
    summary = summary_of([of_all_users(root=root), of_all_users(root=replace(ROOT, has_mfa=True))])
    assert (without_mfa, with_keys) == (summary.root_without_mfa, summary.root_with_keys)


def test_what_was_not_asked_has_no_number() -> None:
    """Where only users with keys were asked about there is no number, and not 0; nor where no account was entered."""
    refused = AccountReport(account=ACCOUNT, role="", coverage=(DENIED_ROLE,), scope=UserScope.ALL)
    nothing, of_one = summary_of([report_of(USER), refused]), summary_of([of_all_users(), report_of(USER)])
    names = ("service_credentials", "endless_service_credentials", "root_without_mfa", "root_with_keys")
    assert [None] * 4 == [getattr(nothing, name) for name in names]
    assert [0, 0, 1, 0] == [getattr(of_one, name) for name in names]


def denial(action: str, *, section: Section = Section.ROOT, code: str = "AccessDenied") -> Failure:
    """An action that was asked for and failed."""
    return Failure(section, code, "no", count=5, action=action)


def test_actions_that_the_role_lacks() -> None:
    """Each denied action has the number of accounts that denied it to the role, once for each, sorted by name."""
    reports = [
        report_of(failures=(denial("iam:ListUsers"), denial("iam:GetAccountSummary"))),
        report_of(failures=(denial("iam:ListUsers"), denial("iam:ListUsers", section=Section.MFA))),
        report_of(failures=(denial("iam:ListUsers", code="UnauthorizedOperation"),)),
    ]
    missing = summary_of(reports).missing_actions
    assert [("iam:GetAccountSummary", 1), ("iam:ListUsers", 3)] == list(missing.items())
    assert summary_of(reports).exit_code == 3


@pytest.mark.parametrize(
    "report",
    [
        report_of(failures=(denial("iam:ListUsers", code="Throttling"),)),
        report_of(failures=(denial(""),)),
        replace(report_of(failures=(denial("iam:ListUsers"),)), role=""),
        AccountReport(account=ACCOUNT, role="", coverage=(DENIED_ROLE,), failures=(FAILURE,)),
        REPORT,
    ],
    ids=["throttled", "no action", "own credentials", "not entered", "complete"],
)
def test_what_the_role_does_not_lack(report: AccountReport) -> None:
    """Neither other errors are missing actions, nor what is denied to the caller's own credentials."""
    assert {} == summary_of([report]).missing_actions


def test_old_keys() -> None:
    """An active key is old when it was made more than 90 days ago; one without a date is not known to be."""
    ages = [timedelta(days=90), timedelta(days=90, seconds=1), timedelta(days=900), timedelta(0)]
    keys = tuple(replace(KEY, created_at=NOW - age) for age in ages)
    summary = summary_of([report_of(replace(USER, keys=(*keys, replace(KEY, created_at=None))))])
    assert (5, 2) == (summary.keys, summary.old_keys)
    inactive = tuple(replace(key, status=status) for key in keys for status in ("Inactive", "Expired"))
    assert 0 == summary_of([report_of(replace(USER, keys=inactive))]).old_keys


DENIED = Failure(Section.ROLE, "AccessDenied", "no", count=1)


def partly(section: Section, completeness: Completeness = Completeness.PARTIAL) -> AccountReport:
    """A report of an account of which one section was read in part."""
    coverage = tuple(
        replace(covered, completeness=completeness) if covered.section is section else covered for covered in COVERAGE
    )
    return replace(report_of(failures=(FAILURE,)), coverage=coverage)


@pytest.mark.parametrize(
    ("report", "known"),
    [
        (partly(Section.MFA), True),
        (partly(Section.LAST_USED, Completeness.DENIED), True),
        (partly(Section.USERS), False),
        (partly(Section.KEYS), False),
        (partly(Section.EVENTS, Completeness.FAILED), False),
        (AccountReport(account=ACCOUNT, role="", coverage=(DENIED_ROLE,), failures=(DENIED,)), False),
        (AccountReport(account=replace(ACCOUNT, state=AccountState.SUSPENDED), role=""), True),
    ],
)
def test_what_was_not_listed_has_no_share(report: AccountReport, known: bool) -> None:  # noqa: FBT001 - a parameter
    """Where users, keys or events were not all listed nobody knows how many facts there are."""
    asked = replace(REPORT, coverage=(replace(COVERAGE[0], asked=10, answered=9), *COVERAGE[1:]))
    assert known == (summary_of([asked, report]).covered_facts is not None)


def test_what_was_not_read() -> None:
    """Accounts, lists of users, and users."""
    unknown = replace(USER, keys=Unknown("Throttling"))
    refused = AccountReport(account=ACCOUNT, role="", coverage=(DENIED_ROLE,), failures=(DENIED,))
    summary = summary_of([report_of(unknown, unknown, USER), partly(Section.USERS), refused])
    assert (1, 1, 2) == (summary.not_read, summary.user_lists_not_read, summary.users_not_read)


def test_of_whom_no_root_and_no_service_credentials_were_read() -> None:
    """Their numbers are no less than they are for want of an answer: that accounts are missing is counted, too."""
    asked = replace(REPORT, scope=UserScope.ALL)
    denied = [
        replace(partly(section, Completeness.DENIED), scope=UserScope.ALL)
        for section in (Section.ROOT, Section.ROOT, Section.SERVICE_CREDENTIALS)
    ]
    summary = summary_of([asked, *denied])

    assert (2, 1) == (summary.roots_not_read, summary.service_credentials_not_read)


def test_nothing_is_missing_of_what_was_not_asked() -> None:
    """With users with keys only, no account is asked about root and service credentials."""
    skipped = partly(Section.ROOT, Completeness.SKIPPED)
    summary = summary_of([replace(skipped, scope=UserScope.WITH_KEYS)])

    assert (0, 0) == (summary.roots_not_read, summary.service_credentials_not_read)


def test_failures_by_section_and_code() -> None:
    """Each group has its number, its first message and its first three accounts."""
    accounts = [replace(ACCOUNT, name=f"account-{number}") for number in range(5)]
    reports = [report_of(failures=(FAILURE, DENIED), account=account) for account in accounts]
    examples = tuple(f"account-{number} (111122223333)" for number in range(3))
    assert (
        FailureGroup(Section.MFA, "AccessDenied", 15, examples, "not allowed"),
        FailureGroup(Section.ROLE, "AccessDenied", 5, examples, "no"),
    ) == summary_of(reports).failure_groups


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
    summary = Totals(Labels.ES).summary(
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


def test_accounts_that_were_left_out() -> None:
    """They are listed, and nothing else: neither to be audited nor failed, whatever their state is."""
    suspended = replace(ACCOUNT, state=AccountState.SUSPENDED)
    summary = summary_of([REPORT, excluded(ACCOUNT), excluded(suspended)])
    assert (3, 2, 1, 0) == (summary.accounts, summary.excluded, summary.auditable, summary.not_auditable)
    assert (1.0, 0, 0, 0) == (
        summary.covered_accounts,
        summary.not_read,
        summary.failed_accounts,
        summary.exit_code,
    )

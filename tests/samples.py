"""Models with a value in every field, for tests that need some."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from auditor import (
    AccessKey,
    Account,
    AccountId,
    AccountReport,
    AccountState,
    AuditSummary,
    Caller,
    Completeness,
    Event,
    EventResource,
    EventRow,
    Failure,
    KeyUse,
    MfaDevice,
    MfaKind,
    Period,
    Section,
    SectionCoverage,
    User,
)
from auditor.model.facts import LoginProfile, Root, RootKey, ServiceCredential

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

ACCOUNT = Account(
    id=AccountId("111122223333"),
    name="pagos-dev",
    arn="arn:aws:organizations::111122223333:account/o-abc/111122223333",
    email="pagos@example.com",
    state=AccountState.ACTIVE,
    state_word="ACTIVE",
)

USE = KeyUse(at=datetime(2026, 2, 2, 3, 4, 5, tzinfo=UTC), service="s3", region="us-east-1")

KEY = AccessKey(id="AKIA1", status="Active", created_at=NOW - timedelta(days=10), last_use=USE)

DEVICE = MfaDevice(serial="arn:aws:iam::111122223333:mfa/ana", kind=MfaKind.VIRTUAL, enabled_at=NOW - timedelta(days=9))

USER = User(
    name="ana",
    id="AIDA1",
    arn="arn:aws:iam::111122223333:user/ana",
    path="/",
    created_at=NOW - timedelta(days=100),
    password_last_used=NOW - timedelta(days=1),
    keys=(KEY,),
    has_password=True,
    mfa_devices=(DEVICE,),
)

LOGIN_PROFILE = LoginProfile(created_at=NOW - timedelta(days=50), reset_required=False, longest_session=43_200)

SERVICE_CREDENTIAL = ServiceCredential(
    user="ana",
    id="ACCA1",
    service="bedrock.amazonaws.com",
    alias="ana-at-111122223333",
    status="Active",
    created_at=NOW - timedelta(days=8),
    expires_at=NOW + timedelta(days=8),
)

ROOT_KEY = RootKey(active=True, last_used_at=NOW - timedelta(days=3))

ROOT = Root(
    arn="arn:aws:iam::111122223333:root",
    has_password=True,
    has_mfa=True,
    has_keys=True,
    has_certificates=False,
    mfa_devices=(MfaDevice("arn:aws:iam::111122223333:mfa/root-account-mfa-device", MfaKind.VIRTUAL, None),),
    keys=(ROOT_KEY,),
    created_at=NOW - timedelta(days=1000),
    password_last_used=NOW - timedelta(days=4),
)

EVENT = Event(
    id="event-1",
    name="CreateUser",
    at=NOW - timedelta(days=2),
    username="root-of-all",
    actor_arn="arn:aws:iam::111122223333:user/root-of-all",
    target_user="ana",
    access_key_id="AKIA1",
    source_address="192.0.2.1",
    region="us-east-1",
    resources=(EventResource("AWS::IAM::User", "ana"), EventResource("AWS::IAM::User", "AIDA1")),
)

REFUSED_EVENT = replace(EVENT, id="event-2", error_code="AccessDenied", error_message="no")

COVERAGE = tuple(SectionCoverage(section, Completeness.COMPLETE, 1, 1) for section in Section)

FAILURE = Failure(section=Section.MFA, code="AccessDenied", message="not allowed", request_id="r-1", count=3)

REPORT = AccountReport(
    account=ACCOUNT,
    role="Audit",
    users=(USER,),
    events=(EVENT, REFUSED_EVENT),
    coverage=COVERAGE,
    requests=7,
    throttles=1,
    started_at=NOW,
    seconds=1.5,
    foreign_events=3,
)

CALLER = Caller(account_id=AccountId("999988887777"), arn="arn:aws:iam::999988887777:user/auditor", partition="aws")

PERIOD = Period(start=NOW - timedelta(days=90), end=NOW)

SUMMARY = AuditSummary(
    caller=CALLER,
    period=PERIOD,
    accounts=1234,
    audited=1200,
    complete=1190,
    not_auditable=24,
    users=56_789,
    keys=4321,
    users_with_keys_without_mfa=321,
    console_users_without_mfa=12,
    old_keys=87,
    events_by_name={"DeleteUser": 2, "CreateUser": 65},
    refused_events=43,
    vanished=11,
    failures=99,
    failed_accounts=10,
    requests=5,
    throttles=6,
    warnings=("careful",),
    seconds=3.0,
    reports=(REPORT,),
    findings=({"username": "ana"},),
    events=(
        EventRow(
            eventTime="2026-02-27T12:00:00+00:00",
            eventName="CreateUser",
            username="root-of-all",
            account_id="111122223333",
            account_name="pagos-dev",
            resources=["ana", "AIDA1"],
        ),
    ),
)


def report_of(
    *users: User, events: tuple[Event, ...] = (), failures: tuple[Failure, ...] = (), account: Account = ACCOUNT
) -> AccountReport:
    """The report of an account that was entered, with these users, events and failures."""
    return AccountReport(
        account=account,
        role="Audit",
        users=users,
        events=events,
        coverage=COVERAGE,
        failures=failures,
        started_at=NOW,
    )

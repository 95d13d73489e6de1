"""Who can still get in with an IAM user's password or access key, in every account of an AWS organization.

`run_audit` audits an organization; `open_audit` gives the account reports as they finish. All errors are `AuditError`.
"""

from auditor.config import AuditConfig, Labels, Rates, ReportWait
from auditor.coverage import Completeness, Failure, Section, SectionCoverage
from auditor.earlier_run import EarlierRun
from auditor.errors import (
    AuditError,
    CallerError,
    ConfigurationError,
    EngineError,
    IncompleteError,
    ListingInterrupted,
    OrganizationError,
    RequestError,
    WriteError,
)
from auditor.event_rows import AccountFailure, EventRow, EventRows
from auditor.journal import JournalWriter, open_journal, reopen_journal
from auditor.models import (
    AccessKey,
    Account,
    AccountId,
    AccountReport,
    AccountState,
    Caller,
    Event,
    EventResource,
    Finding,
    Freshness,
    KeyUse,
    MfaDevice,
    MfaKind,
    NotAsked,
    Period,
    Unknown,
    User,
)
from auditor.orchestrator import open_audit, run_audit
from auditor.progress import (
    AccountFinished,
    AccountsListed,
    AuditFinished,
    AuditStarted,
    AuditWarning,
    Observer,
    ProgressEvent,
    Waiting,
    WaitingEnded,
    ignore,
)
from auditor.report_stream import ReportStream
from auditor.resumption import resume_audit
from auditor.script import assume_role, get_accounts, get_cloudtrail_events, get_iam_users_with_keys, main
from auditor.summary import AuditSummary, FailureGroup
from auditor.writers import CsvWriter, Writer, open_csv_writer

__all__ = [
    "AccessKey",
    "Account",
    "AccountFailure",
    "AccountFinished",
    "AccountId",
    "AccountReport",
    "AccountState",
    "AccountsListed",
    "AuditConfig",
    "AuditError",
    "AuditFinished",
    "AuditStarted",
    "AuditSummary",
    "AuditWarning",
    "Caller",
    "CallerError",
    "Completeness",
    "ConfigurationError",
    "CsvWriter",
    "EarlierRun",
    "EngineError",
    "Event",
    "EventResource",
    "EventRow",
    "EventRows",
    "Failure",
    "FailureGroup",
    "Finding",
    "Freshness",
    "IncompleteError",
    "JournalWriter",
    "KeyUse",
    "Labels",
    "ListingInterrupted",
    "MfaDevice",
    "MfaKind",
    "NotAsked",
    "Observer",
    "OrganizationError",
    "Period",
    "ProgressEvent",
    "Rates",
    "ReportStream",
    "ReportWait",
    "RequestError",
    "Section",
    "SectionCoverage",
    "Unknown",
    "User",
    "Waiting",
    "WaitingEnded",
    "WriteError",
    "Writer",
    "assume_role",
    "get_accounts",
    "get_cloudtrail_events",
    "get_iam_users_with_keys",
    "ignore",
    "main",
    "open_audit",
    "open_csv_writer",
    "open_journal",
    "reopen_journal",
    "resume_audit",
    "run_audit",
]

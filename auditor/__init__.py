"""Who can still get in with an IAM user's password or access key, in every account of an AWS organization.

`run_audit` audits an organization; `open_audit` gives the account reports as they finish. All errors are `AuditError`.
"""

from auditor.compat.iam_audit import assume_role, get_accounts, get_cloudtrail_events, get_iam_users_with_keys, main
from auditor.config import AuditConfig, Labels, Rates, ReportWait
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
from auditor.journal import JournalWriter, open_journal, reopen_journal
from auditor.model.coverage import Completeness, Failure, Section, SectionCoverage
from auditor.model.event_rows import AccountFailure, EventRow, EventRows
from auditor.model.facts import (
    AccessKey,
    Account,
    AccountId,
    AccountState,
    Caller,
    Event,
    EventResource,
    Freshness,
    KeyUse,
    MfaDevice,
    MfaKind,
    NotAsked,
    Period,
    Unknown,
    User,
)
from auditor.model.progress import (
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
from auditor.model.report import AccountReport, Finding
from auditor.model.summary import AuditSummary, FailureGroup
from auditor.output import CsvWriter, Writer, open_csv_writer
from auditor.run.earlier import EarlierRun
from auditor.run.orchestrator import open_audit, run_audit
from auditor.run.resume import resume_audit
from auditor.run.stream import ReportStream

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

"""Who can still get in with an IAM user's password or access key, in every account of an AWS organization.

`run_audit` audits an organization; `open_audit` gives the account reports as they finish. All errors are `AuditError`.
Only the names in `auditor.__all__` are public: modules, and whatever else is in them, may change with any version.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.compat import assume_role, get_accounts, get_cloudtrail_events, get_iam_users_with_keys, main
    from auditor.config import AuditConfig, Labels, Rates, ReportWait
    from auditor.errors import (
        AuditError,
        CallerError,
        ConfigurationError,
        DeniedError,
        EngineError,
        ExpiredError,
        IncompleteError,
        InvalidResponseError,
        ListingInterrupted,
        OrganizationError,
        RequestError,
        ThrottledError,
        UnreachableError,
        WriteError,
    )
    from auditor.journal import JournalWriter, open_journal, reopen_journal
    from auditor.model.coverage import Completeness, Failure, Section, SectionCoverage
    from auditor.model.facts import (
        AccessKey,
        Account,
        AccountId,
        AccountState,
        Caller,
        Event,
        EventResource,
        KeyUse,
        LoginProfile,
        MfaDevice,
        MfaKind,
        NotAsked,
        Root,
        RootKey,
        ServiceCredential,
        Unknown,
        User,
    )
    from auditor.model.filters import AccountFilters
    from auditor.model.period import Period
    from auditor.model.placeholders import Unlisted
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
    from auditor.model.scopes import EventScope, Freshness, UserScope
    from auditor.model.summary import AccountFailure, AuditSummary, EventRow, EventRows, FailureGroup
    from auditor.output import CsvWriter, Writer, open_csv_writer
    from auditor.run.earlier import EarlierRun
    from auditor.run.orchestrator import open_audit, run_audit
    from auditor.run.resume import resume_audit
    from auditor.run.stream import ReportStream
else:
    # A name is loaded when it is first asked for: the SDK alone takes half a second.
    from importlib import import_module

    _HOMES = {
        "AccessKey": "auditor.model.facts",
        "Account": "auditor.model.facts",
        "AccountFailure": "auditor.model.summary",
        "AccountFilters": "auditor.model.filters",
        "AccountFinished": "auditor.model.progress",
        "AccountId": "auditor.model.facts",
        "AccountReport": "auditor.model.report",
        "AccountState": "auditor.model.facts",
        "AccountsListed": "auditor.model.progress",
        "AuditConfig": "auditor.config",
        "AuditError": "auditor.errors",
        "AuditFinished": "auditor.model.progress",
        "AuditStarted": "auditor.model.progress",
        "AuditSummary": "auditor.model.summary",
        "AuditWarning": "auditor.model.progress",
        "Caller": "auditor.model.facts",
        "CallerError": "auditor.errors",
        "Completeness": "auditor.model.coverage",
        "ConfigurationError": "auditor.errors",
        "CsvWriter": "auditor.output",
        "DeniedError": "auditor.errors",
        "EarlierRun": "auditor.run.earlier",
        "EngineError": "auditor.errors",
        "Event": "auditor.model.facts",
        "EventResource": "auditor.model.facts",
        "EventRow": "auditor.model.summary",
        "EventRows": "auditor.model.summary",
        "EventScope": "auditor.model.scopes",
        "ExpiredError": "auditor.errors",
        "Failure": "auditor.model.coverage",
        "FailureGroup": "auditor.model.summary",
        "Finding": "auditor.model.report",
        "Freshness": "auditor.model.scopes",
        "IncompleteError": "auditor.errors",
        "InvalidResponseError": "auditor.errors",
        "JournalWriter": "auditor.journal",
        "KeyUse": "auditor.model.facts",
        "Labels": "auditor.config",
        "ListingInterrupted": "auditor.errors",
        "LoginProfile": "auditor.model.facts",
        "MfaDevice": "auditor.model.facts",
        "MfaKind": "auditor.model.facts",
        "NotAsked": "auditor.model.facts",
        "Observer": "auditor.model.progress",
        "OrganizationError": "auditor.errors",
        "Period": "auditor.model.period",
        "ProgressEvent": "auditor.model.progress",
        "Rates": "auditor.config",
        "ReportStream": "auditor.run.stream",
        "ReportWait": "auditor.config",
        "RequestError": "auditor.errors",
        "Root": "auditor.model.facts",
        "RootKey": "auditor.model.facts",
        "Section": "auditor.model.coverage",
        "SectionCoverage": "auditor.model.coverage",
        "ServiceCredential": "auditor.model.facts",
        "ThrottledError": "auditor.errors",
        "Unknown": "auditor.model.facts",
        "Unlisted": "auditor.model.placeholders",
        "UnreachableError": "auditor.errors",
        "User": "auditor.model.facts",
        "UserScope": "auditor.model.scopes",
        "Waiting": "auditor.model.progress",
        "WaitingEnded": "auditor.model.progress",
        "WriteError": "auditor.errors",
        "Writer": "auditor.output",
        "assume_role": "auditor.compat",
        "get_accounts": "auditor.compat",
        "get_cloudtrail_events": "auditor.compat",
        "get_iam_users_with_keys": "auditor.compat",
        "ignore": "auditor.model.progress",
        "main": "auditor.compat",
        "open_audit": "auditor.run.orchestrator",
        "open_csv_writer": "auditor.output",
        "open_journal": "auditor.journal",
        "reopen_journal": "auditor.journal",
        "resume_audit": "auditor.run.resume",
        "run_audit": "auditor.run.orchestrator",
    }

    def __getattr__(name: str) -> object:
        home = _HOMES.get(name)
        if home is not None:
            found = getattr(import_module(home), name)
        elif name in _rooms():
            found = import_module(f"{__name__}.{name}")
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *_HOMES, *_rooms()})

    def _rooms() -> set[str]:
        from pkgutil import iter_modules  # noqa: PLC0415 - only who asks for a module needs it

        return {module.name for module in iter_modules(__path__) if not module.name.startswith("_")}


__all__ = [
    "AccessKey",
    "Account",
    "AccountFailure",
    "AccountFilters",
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
    "DeniedError",
    "EarlierRun",
    "EngineError",
    "Event",
    "EventResource",
    "EventRow",
    "EventRows",
    "EventScope",
    "ExpiredError",
    "Failure",
    "FailureGroup",
    "Finding",
    "Freshness",
    "IncompleteError",
    "InvalidResponseError",
    "JournalWriter",
    "KeyUse",
    "Labels",
    "ListingInterrupted",
    "LoginProfile",
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
    "Root",
    "RootKey",
    "Section",
    "SectionCoverage",
    "ServiceCredential",
    "ThrottledError",
    "Unknown",
    "Unlisted",
    "UnreachableError",
    "User",
    "UserScope",
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

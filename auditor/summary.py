"""What one run came to."""

from dataclasses import dataclass, field
from datetime import timedelta

from auditor.event_rows import EventRow
from auditor.models import AccountReport, Caller, Period


@dataclass(frozen=True, slots=True)
class AuditSummary:
    """What one run came to."""

    caller: Caller | None
    period: Period | None
    accounts: int = 0
    audited: int = 0
    complete: int = 0
    not_auditable: int = 0
    """Accounts that are suspended, closed or not yet active."""
    users: int = 0
    keys: int = 0
    users_with_keys_without_mfa: int = 0
    old_keys: int = 0
    """Keys that were more than 90 days old when their account was read."""
    events_by_name: dict[str, int] = field(default_factory=dict)
    """How many events of each name took place."""
    refused_events: int = 0
    vanished: int = 0
    failures: int = 0
    failed_accounts: int = 0
    asked: int = 0
    """Facts that were asked for: questions to AWS, and to credential reports."""
    answered: int = 0
    own_credentials: int = 0
    """Accounts that were read with the caller's own credentials, which no session policy narrows: the caller's own."""
    requests: int = 0
    throttles: int = 0
    reported: int = 0
    """Accounts with facts from their credential report."""
    oldest_report_age: timedelta | None = None
    """How old the oldest of the credential reports was when its account was read, None where there was none."""
    fallbacks: int = 0
    """Accounts that were read from the API, wholly or in part, although their credential report was wanted."""
    warnings: tuple[str, ...] = ()
    interruption: str = ""
    """Why the organization was not listed to its end, empty where it was."""
    seconds: float = 0.0
    reports: tuple[AccountReport, ...] = ()
    """Every account's report, in the order in which they finished, where the caller asked to collect them."""
    findings: tuple[dict[str, str], ...] = ()
    """The rows of the findings' file, where the caller asked to collect them."""
    events: tuple[EventRow, ...] = ()
    """The rows of the events' file, where the caller asked to collect them; their resources are lists."""

    @property
    def covered_accounts(self) -> float:
        """The share of the accounts that can be audited of which nothing is missing; 1 where there are none."""
        auditable = self.accounts - self.not_auditable
        return self.complete / auditable if auditable else 1.0

    @property
    def covered_facts(self) -> float:
        """The share of the facts that were asked for and answered; what was never listed can't be counted."""
        return self.answered / self.asked if self.asked else 1.0

    @property
    def exit_code(self) -> int:
        """0 where everything that should have been read was read, else 3."""
        return 3 if self.failed_accounts or self.interruption else 0

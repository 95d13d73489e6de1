"""What one run came to, and the events of many accounts as rows, with the accounts whose events are missing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypedDict

from auditor.model.coverage import Failure, Section
from auditor.model.facts import Caller
from auditor.model.period import Period
from auditor.model.report import AccountReport


class EventRow(TypedDict):
    """One event that took place, as a dictionary: the columns of the events' file, in its order."""

    eventTime: str
    """ISO 8601 in UTC, whole seconds."""
    eventName: str
    username: str
    """Who did it; `N/A` where CloudTrail has no name."""
    account_id: str
    account_name: str
    resources: list[str]
    """Names of what was changed, in CloudTrail's order; the file joins them by a comma and a blank."""


@dataclass(frozen=True, slots=True)
class AccountFailure:
    """An account whose events could not be read, or not all of them."""

    account_id: str
    account_name: str
    failures: tuple[Failure, ...]
    """Why, in the order in which it happened: the role or the events were refused or not answered; never empty."""

    @property
    def code(self) -> str:
        """The first failure's code: AWS's, or one that the manual names (`auditor manual files`)."""
        return self.failures[0].code

    @property
    def message(self) -> str:
        """The first failure's message."""
        return self.failures[0].message


class EventRows(list[EventRow]):
    """A list of events that also says which accounts' events are missing.

    `failures` has an entry for each account that failed, in the order of the accounts; what could be read of such an
    account is in the list. It belongs to this list: a slice or a sum of it is a plain list.
    """

    def __init__(self, rows: Iterable[EventRow] = (), *, failures: Iterable[AccountFailure] = ()) -> None:
        super().__init__(rows)
        self.failures = tuple(failures)


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """All failures of one code in one section."""

    section: Section
    code: str
    count: int
    """How many questions were not answered."""
    examples: tuple[str, ...] = ()
    """The first accounts, three at the most, each as `name (id)`."""
    message: str = ""
    """What was said the first time."""


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
    excluded: int = 0
    """Accounts that were listed, and that the filters left out."""
    users: int = 0
    keys: int = 0
    users_with_keys_without_mfa: int = 0
    """Users who have an active access key and are known to have no MFA device, with a password or without."""
    console_users_without_mfa: int = 0
    """Users who have a password and are known to have no MFA device: of all users, or of those with an access key where
    no others were asked about."""
    old_keys: int = 0
    """Active keys that were more than 90 days old when their account was read."""
    service_credentials: int | None = None
    """Service-specific credentials, None where no account was asked for them; so are the next three."""
    endless_service_credentials: int | None = None
    """Those that are active and never expire."""
    root_without_mfa: int | None = None
    """Accounts whose root is known to have no MFA; not those whose root has neither a password nor an access key."""
    root_with_keys: int | None = None
    """Accounts whose root is known to have an access key."""
    events_by_name: dict[str, int] = field(default_factory=dict)
    """How many events of each name took place."""
    refused_events: int = 0
    vanished: int = 0
    failures: int = 0
    failed_accounts: int = 0
    failure_groups: tuple[FailureGroup, ...] = ()
    """The failures by section and code, in the order in which they were first met."""
    missing_actions: dict[str, int] = field(default_factory=dict)
    """How many accounts denied the role each of these IAM actions, sorted by name.

    The caller's own account is not among them: what is denied there is denied to the caller, and not to the role.
    """
    users_not_read: int = 0
    """Users who were listed, and whose keys were not."""
    user_lists_not_read: int = 0
    """Accounts that were entered, and whose users were not all listed."""
    roots_not_read: int = 0
    """Accounts that were entered, and of whose root user not all was read that was asked for."""
    service_credentials_not_read: int = 0
    """Accounts that were entered, and whose service-specific credentials were asked for and not all read."""
    not_listed: int = 0
    """Accounts of which nobody knows how much is missing: their users, keys or events were not all listed."""
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
    def auditable(self) -> int:
        """The accounts that were listed, can be audited, and were not left out."""
        return self.accounts - self.not_auditable - self.excluded

    @property
    def not_read(self) -> int:
        """The accounts that can be audited and were not entered."""
        return self.auditable - self.audited

    @property
    def covered_accounts(self) -> float | None:
        """The share of the accounts that can be audited of which nothing is missing; 1 where there are none.

        None where the organization was not listed to its end: nobody knows what it is a share of.
        """
        if self.interruption:
            return None
        return self.complete / self.auditable if self.auditable else 1.0

    @property
    def covered_facts(self) -> float | None:
        """The share of the facts that were asked for and answered.

        None where anything was not listed, an account or the users, keys or events of one: nobody knows how many facts
        those have. None too where something failed that was no question.
        """
        if self.interruption or self.not_listed:
            return None
        if self.asked <= self.answered:
            return None if self.failures else 1.0
        return self.answered / self.asked

    @property
    def exit_code(self) -> int:
        """0 where everything that should have been read was read, else 3."""
        return 3 if self.failed_accounts or self.interruption else 0

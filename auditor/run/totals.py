"""What a run came to, counted report by report."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from auditor.config import Labels
from auditor.model.coverage import Completeness, Failure, Section
from auditor.model.facts import AccessKey, Account, Caller, Period, Unknown, User
from auditor.model.report import AccountReport
from auditor.model.summary import AuditSummary, FailureGroup
from auditor.output.rows import event_rows, finding_rows

OLD_KEY = timedelta(days=90)
_ACTIVE = "Active"
_LISTING = frozenset({Section.ROLE, Section.USERS, Section.KEYS, Section.EVENTS})
"""The sections that tell what there is to be asked about."""
_EXAMPLES = 3


@dataclass(slots=True)
class Counts:
    """The numbers of a summary, under their names there."""

    accounts: int = 0
    audited: int = 0
    complete: int = 0
    not_auditable: int = 0
    failed_accounts: int = 0
    own_credentials: int = 0
    reported: int = 0
    fallbacks: int = 0
    users: int = 0
    users_not_read: int = 0
    user_lists_not_read: int = 0
    users_with_keys_without_mfa: int = 0
    console_users_without_mfa: int = 0
    keys: int = 0
    old_keys: int = 0
    vanished: int = 0
    refused_events: int = 0
    failures: int = 0
    not_listed: int = 0
    asked: int = 0
    answered: int = 0
    requests: int = 0
    throttles: int = 0


@dataclass(slots=True)
class Tally:
    """Counts reports, and keeps them only where `collect` is set."""

    labels: Labels
    collect: bool = False
    counts: Counts = field(default_factory=Counts)
    events: Counter[str] = field(default_factory=Counter)
    groups: dict[tuple[Section, str], FailureGroup] = field(default_factory=dict)
    reports: list[AccountReport] = field(default_factory=list)
    oldest_report_age: timedelta | None = None

    def add(self, report: AccountReport) -> None:
        """Count one report; ages are those when its account was read."""
        read_at = report.started_at or datetime.now(UTC)
        self._count_account(report)
        self._count_users(report, read_at=read_at)
        self._count_events(report)
        self._count_questions(report)
        for failure in report.failures:
            self._group(failure, account=report.account)
        if report.report_time is not None:
            age = max(read_at - report.report_time, timedelta(0))
            self.oldest_report_age = max(age, self.oldest_report_age or age)
        if self.collect:
            self.reports.append(report)

    def summary(
        self,
        *,
        caller: Caller | None,
        period: Period | None,
        seconds: float,
        warnings: tuple[str, ...] = (),
        interruption: str = "",
    ) -> AuditSummary:
        """All that was counted."""
        return AuditSummary(
            caller=caller,
            period=period,
            events_by_name=dict(self.events),
            failure_groups=tuple(self.groups.values()),
            oldest_report_age=self.oldest_report_age,
            warnings=warnings,
            interruption=interruption,
            seconds=seconds,
            reports=tuple(self.reports),
            findings=tuple(row for report in self.reports for row in finding_rows(report, labels=self.labels)),
            events=tuple(row for report in self.reports for row in event_rows(report)),
            **{name: getattr(self.counts, name) for name in Counts.__slots__},
        )

    def _count_account(self, report: AccountReport) -> None:
        counts, state = self.counts, report.account.state
        counts.accounts += 1
        counts.audited += report.audited
        counts.complete += report.audited and report.complete
        counts.not_auditable += state is not None and not state.auditable
        counts.failed_accounts += not report.complete
        counts.not_listed += not _is_listed(report, _LISTING)
        counts.user_lists_not_read += report.audited and not _is_listed(report, {Section.USERS})
        counts.own_credentials += report.audited and not report.role
        counts.reported += report.report_time is not None
        counts.fallbacks += bool(report.fallbacks)

    def _count_users(self, report: AccountReport, *, read_at: datetime) -> None:
        counts = self.counts
        counts.users += len(report.users)
        counts.users_not_read += sum(isinstance(user.keys, Unknown) for user in report.users)
        for user in report.users:
            no_mfa = user.mfa_devices == ()
            counts.users_with_keys_without_mfa += no_mfa and any(map(_is_active, _known_keys(user)))
            counts.console_users_without_mfa += no_mfa and user.has_password is True
        for finding in report.findings():
            made = finding.key.created_at
            counts.keys += 1
            is_old = isinstance(made, datetime) and read_at - made > OLD_KEY
            counts.old_keys += is_old and _is_active(finding.key)
        counts.vanished += report.vanished_users + report.vanished_keys

    def _count_events(self, report: AccountReport) -> None:
        happened = Counter(event.name for event in report.happened())
        self.events.update(happened)
        self.counts.refused_events += len(report.events) - happened.total()

    def _group(self, failure: Failure, *, account: Account) -> None:
        key = (failure.section, failure.code)
        group = self.groups.get(key) or FailureGroup(*key, count=0, message=failure.message)
        examples = (*group.examples, f"{account.name} ({account.id})")[:_EXAMPLES]
        self.groups[key] = replace(group, count=group.count + failure.count, examples=examples)

    def _count_questions(self, report: AccountReport) -> None:
        counts = self.counts
        counts.failures += sum(failure.count for failure in report.failures)
        counts.asked += sum(covered.asked for covered in report.coverage)
        counts.answered += sum(covered.answered for covered in report.coverage)
        counts.requests += report.requests
        counts.throttles += report.throttles


def _known_keys(user: User) -> tuple[AccessKey, ...]:
    return user.keys if isinstance(user.keys, tuple) else ()


def _is_active(key: AccessKey) -> bool:
    return key.status == _ACTIVE


def _is_listed(report: AccountReport, sections: Collection[Section]) -> bool:
    """Whether all of these were read to their end; nothing is missing of an account that can't be audited."""
    listed = {covered.section for covered in report.coverage if covered.completeness is Completeness.COMPLETE}
    return report.complete or listed.issuperset(sections)

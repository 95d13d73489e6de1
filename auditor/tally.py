"""What a run came to, counted report by report."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from auditor.config import Labels
from auditor.models import AccountReport, Caller, Period, User
from auditor.rows import event_rows, finding_rows
from auditor.summary import AuditSummary

OLD_KEY = timedelta(days=90)


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
    users_with_keys_without_mfa: int = 0
    keys: int = 0
    old_keys: int = 0
    vanished: int = 0
    refused_events: int = 0
    failures: int = 0
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
    reports: list[AccountReport] = field(default_factory=list)
    oldest_report_age: timedelta | None = None

    def add(self, report: AccountReport) -> None:
        """Count one report; ages are those when its account was read."""
        read_at = report.started_at or datetime.now(UTC)
        self._count_account(report)
        self._count_users(report, read_at=read_at)
        self._count_events(report)
        self._count_questions(report)
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
        counts.own_credentials += report.audited and not report.role
        counts.reported += report.report_time is not None
        counts.fallbacks += bool(report.fallbacks)

    def _count_users(self, report: AccountReport, *, read_at: datetime) -> None:
        counts = self.counts
        counts.users += len(report.users)
        counts.users_with_keys_without_mfa += sum(map(_has_keys_and_no_mfa, report.users))
        for finding in report.findings():
            made = finding.key.created_at
            counts.keys += 1
            counts.old_keys += isinstance(made, datetime) and read_at - made > OLD_KEY
        counts.vanished += report.vanished_users + report.vanished_keys

    def _count_events(self, report: AccountReport) -> None:
        happened = Counter(event.name for event in report.happened())
        self.events.update(happened)
        self.counts.refused_events += len(report.events) - happened.total()

    def _count_questions(self, report: AccountReport) -> None:
        counts = self.counts
        counts.failures += sum(failure.count for failure in report.failures)
        counts.asked += sum(covered.asked for covered in report.coverage)
        counts.answered += sum(covered.answered for covered in report.coverage)
        counts.requests += report.requests
        counts.throttles += report.throttles


def _has_keys_and_no_mfa(user: User) -> bool:
    return bool(isinstance(user.keys, tuple) and user.keys and user.mfa_devices == ())

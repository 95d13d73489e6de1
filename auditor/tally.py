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
class Tally:
    """Counts reports, and keeps them only where `collect` is set."""

    labels: Labels
    collect: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    reports: list[AccountReport] = field(default_factory=list)
    oldest_report_age: timedelta | None = None

    def add(self, report: AccountReport) -> None:
        """Count one report; ages are those when its account was read."""
        read_at = report.started_at or datetime.now(UTC)
        self.counts["accounts"] += 1
        self.counts["audited"] += report.audited
        self.counts["complete"] += report.audited and report.complete
        self.counts["not_auditable"] += report.account.state is not None and not report.account.state.auditable
        self.counts["users"] += len(report.users)
        self.counts["users_with_keys_without_mfa"] += sum(map(_has_keys_and_no_mfa, report.users))
        for finding in report.findings():
            made = finding.key.created_at
            self.counts["keys"] += 1
            self.counts["old_keys"] += made is not None and read_at - made > OLD_KEY
        happened = Counter(event.name for event in report.happened())
        self.events.update(happened)
        self.counts["refused_events"] += len(report.events) - happened.total()
        self.counts["vanished"] += report.vanished_users + report.vanished_keys
        self.counts["failures"] += sum(failure.count for failure in report.failures)
        self.counts["failed_accounts"] += not report.complete
        self.counts["asked"] += sum(covered.asked for covered in report.coverage)
        self.counts["answered"] += sum(covered.answered for covered in report.coverage)
        self.counts["own_credentials"] += report.audited and not report.role
        self.counts["requests"] += report.requests
        self.counts["throttles"] += report.throttles
        self.counts["reported"] += report.report_time is not None
        self.counts["fallbacks"] += bool(report.fallbacks)
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
            **self.counts,
        )


def _has_keys_and_no_mfa(user: User) -> bool:
    return bool(isinstance(user.keys, tuple) and user.keys and user.mfa_devices == ())

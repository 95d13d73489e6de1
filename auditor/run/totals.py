"""What a run came to, counted report by report."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from auditor.config import Labels
from auditor.model.codes import is_denial
from auditor.model.coverage import Completeness, Failure, Section
from auditor.model.facts import ACTIVE, AccessKey, Account, Caller, Root, ServiceCredential, Unknown, User
from auditor.model.period import Period
from auditor.model.report import AccountReport
from auditor.model.scopes import UserScope
from auditor.model.summary import AuditSummary, FailureGroup
from auditor.model.text import label_of
from auditor.output.rows import event_rows, finding_rows

OLD_KEY = timedelta(days=90)
_LISTING = frozenset({Section.ROLE, Section.USERS, Section.KEYS, Section.EVENTS})
"""The sections that tell what there is to be asked about."""
_EXAMPLES = 3


@dataclass(slots=True)
class Totals:
    """Counts reports, and keeps them only where `collect` is set."""

    labels: Labels
    collect: bool = False
    numbers: Counter[str] = field(default_factory=Counter)
    """Under the names that they have in the summary."""
    events: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    """Accounts, by the action that they denied the role."""
    groups: dict[tuple[Section, str], FailureGroup] = field(default_factory=dict)
    reports: list[AccountReport] = field(default_factory=list)
    oldest_report_age: timedelta | None = None

    def add(self, report: AccountReport) -> None:
        """Count one report; ages are those when its account was read."""
        read_at = report.started_at or datetime.now(UTC)
        self.numbers.update(numbers_of(report, read_at=read_at))
        self.events.update(event.name for event in report.happened())
        self.missing.update(_denied_to_role(report))
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
            missing_actions=dict(sorted(self.missing.items())),
            oldest_report_age=self.oldest_report_age,
            warnings=warnings,
            interruption=interruption,
            seconds=seconds,
            reports=tuple(self.reports),
            findings=tuple(row for report in self.reports for row in finding_rows(report, labels=self.labels)),
            events=tuple(row for report in self.reports for row in event_rows(report)),
            **self.numbers,
        )

    def _group(self, failure: Failure, *, account: Account) -> None:
        key = (failure.section, failure.code)
        group = self.groups.get(key) or FailureGroup(*key, count=0, message=failure.message)
        examples = (*group.examples, label_of(account))[:_EXAMPLES]
        self.groups[key] = replace(group, count=group.count + failure.count, examples=examples)


def numbers_of(report: AccountReport, *, read_at: datetime) -> dict[str, int]:
    """What one report adds to the numbers of a summary, by their names there."""
    numbers = {
        **_of_account(report),
        **_of_users(report.users),
        **_of_keys(report, read_at=read_at),
        **_of_questions(report),
        **(_of_all_users(report) if report.audited and report.scope is UserScope.ALL else {}),
    }
    return {name: int(number) for name, number in numbers.items()}


def _of_account(report: AccountReport) -> dict[str, int]:
    state = report.account.state
    return {
        "accounts": 1,
        "audited": report.audited,
        "complete": report.audited and report.complete,
        "not_auditable": state is not None and not state.auditable and not report.excluded,
        "excluded": report.excluded,
        "failed_accounts": not report.complete,
        "not_listed": not _is_listed(report, _LISTING),
        "user_lists_not_read": report.audited and not _is_listed(report, {Section.USERS}),
        "own_credentials": report.audited and not report.role,
        "reported": report.report_time is not None,
        "fallbacks": bool(report.fallbacks),
    }


def _of_users(users: Collection[User]) -> dict[str, int]:
    without_mfa = [user for user in users if user.mfa_devices == ()]
    return {
        "users": len(users),
        "users_not_read": sum(isinstance(user.keys, Unknown) for user in users),
        "users_with_keys_without_mfa": sum(any(map(_is_active, _known_keys(user))) for user in without_mfa),
        "console_users_without_mfa": sum(user.has_password is True for user in without_mfa),
    }


def _of_all_users(report: AccountReport) -> dict[str, int]:
    """What is counted only where it was asked for: elsewhere none of it is known to be 0."""
    credentials = [credential for user in report.users for credential in _known_credentials(user)]
    root = report.root
    return {
        "service_credentials": len(credentials),
        "endless_service_credentials": sum(map(_is_endless, credentials)),
        "root_without_mfa": isinstance(root, Root) and _lacks_mfa(root),
        "root_with_keys": isinstance(root, Root) and root.has_keys is True,
        "roots_not_read": not _is_listed(report, {Section.ROOT}),
        "service_credentials_not_read": not _is_listed(report, {Section.SERVICE_CREDENTIALS}),
    }


def _of_keys(report: AccountReport, *, read_at: datetime) -> dict[str, int]:
    keys = [finding.key for finding in report.findings()]
    old = [key for key in keys if isinstance(key.created_at, datetime) and read_at - key.created_at > OLD_KEY]
    return {
        "keys": len(keys),
        "old_keys": sum(map(_is_active, old)),
        "vanished": report.vanished_users + report.vanished_keys,
    }


def _of_questions(report: AccountReport) -> dict[str, int]:
    return {
        "refused_events": len(report.events) - sum(1 for _ in report.happened()),
        "failures": sum(failure.count for failure in report.failures),
        "asked": sum(covered.asked for covered in report.coverage),
        "answered": sum(covered.answered for covered in report.coverage),
        "requests": report.requests,
        "throttles": report.throttles,
    }


def _denied_to_role(report: AccountReport) -> set[str]:
    """The actions that an account denied the role: what it denies the caller's own credentials is no policy's of it."""
    if not report.role:
        return set()
    return {failure.action for failure in report.failures if failure.action and is_denial(failure.code)}


def _known_credentials(user: User) -> Iterable[ServiceCredential]:
    return user.service_credentials if isinstance(user.service_credentials, tuple) else ()


def _is_endless(credential: ServiceCredential) -> bool:
    return credential.status == ACTIVE and credential.expires_at is None


def _lacks_mfa(root: Root) -> bool:
    """Whether the root may still get in, and has no MFA; one whose credentials were all removed can't."""
    return root.has_mfa is False and not (root.has_password is False and root.has_keys is False)


def _known_keys(user: User) -> tuple[AccessKey, ...]:
    return user.keys if isinstance(user.keys, tuple) else ()


def _is_active(key: AccessKey) -> bool:
    return key.status == ACTIVE


def _is_listed(report: AccountReport, sections: Collection[Section]) -> bool:
    """Whether all of these were read to their end; nothing is missing of an account that can't be audited."""
    listed = {covered.section for covered in report.coverage if covered.completeness is Completeness.COMPLETE}
    return report.complete or listed.issuperset(sections)

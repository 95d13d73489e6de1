"""What is asked of an account: the registry of collectors, which run side by side."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from auditor.account.collectors.events import collect_events
from auditor.account.collectors.users import collect_users
from auditor.account.credential_report.users import collect_users_by_report
from auditor.account.draft import AccountDraft
from auditor.aws.gateway import AccountAccess
from auditor.config import ReportWait
from auditor.model.coverage import Section
from auditor.model.facts import Freshness, Period


@dataclass(frozen=True, slots=True)
class Scope:
    """What the collectors are to ask for."""

    period: Period
    freshness: Freshness = Freshness.LIVE
    report_wait: ReportWait = field(default_factory=ReportWait)
    lost_until: datetime | None = None
    """Until when CloudTrail has dropped the period's events, None where it still has all."""


@dataclass(frozen=True, slots=True)
class Collector:
    """Asks one account for one kind of fact, and adds it to the draft."""

    section: Section
    """Where a failure that nobody foresaw is noted."""
    collect: Callable[[AccountAccess, AccountDraft, Scope], Awaitable[None]]


async def _collect_users(account: AccountAccess, draft: AccountDraft, scope: Scope) -> None:
    if scope.freshness is Freshness.REPORT:
        await collect_users_by_report(account, draft, period=scope.period, wait=scope.report_wait)
        return
    await collect_users(account, draft)


async def _collect_events(account: AccountAccess, draft: AccountDraft, scope: Scope) -> None:
    await collect_events(account, draft, scope.period)
    if scope.lost_until is not None:
        said = f"CloudTrail keeps 90 days: events from before {scope.lost_until.isoformat()} are lost"
        draft.fail(Section.EVENTS, code="EventsDropped", message=said)


USERS = Collector(Section.USERS, _collect_users)
EVENTS = Collector(Section.EVENTS, _collect_events)
COLLECTORS = (EVENTS, USERS)
"""All of them; two a second is the slowest of all paces: in most accounts the events are what is waited for."""

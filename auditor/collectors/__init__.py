"""What is asked of an account: the registry of collectors, which run side by side."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from auditor.aws.gateway import AccountAccess
from auditor.collectors.draft import AccountDraft
from auditor.collectors.events import collect_events
from auditor.collectors.reported_users import collect_users_by_report
from auditor.collectors.users import collect_users
from auditor.config import ReportWait
from auditor.coverage import Section
from auditor.models import Freshness, Period


@dataclass(frozen=True, slots=True)
class Order:
    """What the collectors are to ask for."""

    period: Period
    freshness: Freshness
    report_wait: ReportWait


@dataclass(frozen=True, slots=True)
class Collector:
    """Asks one account for one kind of fact, and adds it to the draft."""

    section: Section
    """Where a failure that nobody foresaw is noted."""
    collect: Callable[[AccountAccess, AccountDraft, Order], Awaitable[None]]


async def _collect_users(account: AccountAccess, draft: AccountDraft, order: Order) -> None:
    if order.freshness is Freshness.REPORT:
        await collect_users_by_report(account, draft, period=order.period, wait=order.report_wait)
        return
    await collect_users(account, draft)


async def _collect_events(account: AccountAccess, draft: AccountDraft, order: Order) -> None:
    await collect_events(account, draft, order.period)


COLLECTORS: tuple[Collector, ...] = (
    # Two a second is the slowest of all paces: in most accounts the events are what is waited for.
    Collector(Section.EVENTS, _collect_events),
    Collector(Section.USERS, _collect_users),
)

"""What is asked of an account: the registry of collectors, which run side by side."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from auditor.aws.gateway import AccountAccess
from auditor.collectors.draft import AccountDraft
from auditor.collectors.events import collect_events
from auditor.collectors.users import collect_users
from auditor.models import Period, Section


@dataclass(frozen=True, slots=True)
class Collector:
    """Asks one account for one kind of fact, and adds it to the draft."""

    section: Section
    """Where a failure that nobody foresaw is noted."""
    collect: Callable[[AccountAccess, AccountDraft, Period], Awaitable[None]]


COLLECTORS: tuple[Collector, ...] = (
    Collector(Section.USERS, lambda account, draft, _period: collect_users(account, draft)),
    Collector(Section.EVENTS, collect_events),
)

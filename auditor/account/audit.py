"""The audit of one account, from its role to its report; no failure leaves the account."""

import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import anyio

from auditor.account.collectors.credential_report import CredentialReport
from auditor.account.collectors.events import KeyEvents, collect_events
from auditor.account.collectors.reported_users import collect_users_by_report, report_or_none
from auditor.account.collectors.root import collect_root
from auditor.account.collectors.service_credentials import collect_service_credentials
from auditor.account.collectors.users import collect_users
from auditor.account.collectors.virtual_devices import VirtualDevices, virtual_devices
from auditor.account.draft import AccountDraft
from auditor.aws.gateway import AccountAccess, Gateway
from auditor.aws.role import roles_of
from auditor.concurrency.tasks import Once, bare_errors
from auditor.config import AuditConfig
from auditor.errors import RequestError
from auditor.model.coverage import Failure, Section
from auditor.model.facts import Account, Unknown
from auditor.model.filters import ALL_ACCOUNTS
from auditor.model.period import Period
from auditor.model.placeholders import not_reached, unasked
from auditor.model.report import AccountReport
from auditor.model.scopes import Freshness, UserScope

logger = logging.getLogger(__name__)

T = TypeVar("T")

INTERNAL_ERROR = "InternalError"
"""The code of a bug in this package; its traceback is logged at DEBUG."""


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """What to ask each account; frozen, picklable, and without credentials."""

    config: AuditConfig
    period: Period
    lost_until: datetime | None = None
    """Until when CloudTrail has dropped the events of the period, None if it still has all."""

    def portion(self, share: int) -> "AccountPlan":
        """The plan of one of `share` workers, with its share of the limits of the whole run.

        A worker gets accounts that are already chosen, and so no filters.
        """
        rates = replace(self.config.rates, sts=self.config.rates.sts / share)
        concurrency = math.ceil(self.config.concurrency / share)
        config = replace(self.config, rates=rates, concurrency=concurrency, filters=ALL_ACCOUNTS)
        return replace(self, config=config)


@dataclass(frozen=True, slots=True)
class SharedFacts:
    """What several collectors need from one account; it is requested once."""

    key_events: KeyEvents
    report: Once[CredentialReport | None]
    devices: Once[VirtualDevices]


@dataclass(frozen=True, slots=True)
class Collector:
    """Reads one kind of fact from one account into the draft."""

    section: Section
    """The section of an unexpected error."""
    collect: Callable[[AccountAccess, AccountDraft, AccountPlan, SharedFacts], Awaitable[None]]
    scopes: frozenset[UserScope] = frozenset(UserScope)
    """The scopes of users with which it runs."""


async def _collect_users(account: AccountAccess, draft: AccountDraft, plan: AccountPlan, shared: SharedFacts) -> None:
    if plan.config.freshness is Freshness.LIVE:
        await collect_users(account, draft)
        return
    await collect_users_by_report(
        account,
        draft,
        period=plan.period,
        report=shared.report,
        devices=shared.devices,
        key_events=shared.key_events,
    )


async def _collect_root(account: AccountAccess, draft: AccountDraft, plan: AccountPlan, shared: SharedFacts) -> None:
    report = None if plan.config.freshness is Freshness.LIVE else shared.report
    await collect_root(account, draft, devices=shared.devices, report=report)


async def _collect_service_credentials(
    account: AccountAccess, draft: AccountDraft, plan: AccountPlan, shared: SharedFacts
) -> None:
    del plan, shared  # this collector depends on neither
    await collect_service_credentials(account, draft)


async def _collect_events(account: AccountAccess, draft: AccountDraft, plan: AccountPlan, shared: SharedFacts) -> None:
    await collect_events(account, draft, plan.period, key_events=shared.key_events, scope=plan.config.events)
    if plan.lost_until is not None:
        said = f"CloudTrail keeps 90 days: events from before {plan.lost_until.isoformat()} are lost"
        draft.fail(Section.EVENTS, code="EventsDropped", message=said)


USERS = Collector(Section.USERS, _collect_users)
EVENTS = Collector(Section.EVENTS, _collect_events)
ROOT = Collector(Section.ROOT, _collect_root, frozenset({UserScope.ALL}))
SERVICE_CREDENTIALS = Collector(Section.SERVICE_CREDENTIALS, _collect_service_credentials, frozenset({UserScope.ALL}))
COLLECTORS = (EVENTS, USERS, ROOT, SERVICE_CREDENTIALS)
"""The events first: at two requests per second they take longest in most accounts."""


async def audit_account(account: Account, *, gateway: Gateway, plan: AccountPlan) -> AccountReport:
    """The report of one account; an account that its state excludes from audits is asked nothing.

    An account that an outage cuts off is reported as not reached.
    """
    report, outages = unasked(account), gateway.limits.outages
    if report is not None:
        return report
    with outages.cutting_off() as scope:
        report = await read_account(account, gateway=gateway, plan=plan)
        # The request that used up the patience failed before it could be cancelled.
        if report.complete or not scope.cancel_called:
            return report
    return not_reached(account, _failure_of(outages.ended))


def _failure_of(ended: RequestError | None) -> Failure | None:
    return None if ended is None else Failure(Section.ROLE, ended.code, str(ended), ended.request_id)


async def read_account(
    account: Account, *, gateway: Gateway, plan: AccountPlan, collectors: Sequence[Collector] = COLLECTORS
) -> AccountReport:
    """The report of one account from these collectors; no error of the account leaves this function."""
    started_at, started = datetime.now(UTC), anyio.current_time()
    draft, usage = AccountDraft(plan.config.users), gateway.usage(account)
    own = plan.config.own_account_role
    entering = gateway.enter(account, roles=roles_of(plan.config), own_account_role=own, usage=usage)
    entered = await bulkhead(draft, Section.ROLE, draft.ask(Section.ROLE, entering))
    if not isinstance(entered, Unknown):
        await _collect(entered, draft, plan=plan, collectors=collectors)
    return replace(
        draft.report(account),
        role="" if isinstance(entered, Unknown) else entered.role,
        requests=usage.requests,
        throttles=usage.throttles,
        started_at=started_at,
        seconds=anyio.current_time() - started,
    )


async def _collect(
    entered: AccountAccess, draft: AccountDraft, *, plan: AccountPlan, collectors: Sequence[Collector]
) -> None:
    shared = SharedFacts(
        KeyEvents(),
        report=Once(partial(report_or_none, entered, draft, wait=plan.config.report_wait)),
        devices=Once(partial(virtual_devices, entered)),
    )

    async def run(collector: Collector) -> None:
        await bulkhead(draft, collector.section, collector.collect(entered, draft, plan, shared))

    async with anyio.create_task_group() as tasks:
        for collector in collectors:
            if plan.config.users in collector.scopes:
                tasks.start_soon(run, collector)


async def bulkhead(draft: AccountDraft, section: Section, work: Awaitable[T]) -> T | Unknown:
    """What `work` returns; an unexpected error becomes a failure of the section, and Unknown."""
    try:
        with bare_errors():
            return await work
    # Nowhere else is every exception caught: a bug of this package must cost one section of one account, and be
    # reported, but not end the audit of the organization.
    except Exception as error:
        logger.debug("unforeseen error in the section %s", section, exc_info=True)
        said = f"{INTERNAL_ERROR}: an unforeseen error of the audit's own in this account ({type(error).__name__})"
        draft.fail(section, code=INTERNAL_ERROR, message=said)
        return Unknown(INTERNAL_ERROR)

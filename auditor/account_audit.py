"""One account, from its role to its report; whatever fails in it stays in it."""

import logging
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

import anyio

from auditor.aws.actions import session_policy_of
from auditor.aws.gateway import AccountAccess, Gateway
from auditor.aws.role import RoleRequest
from auditor.collectors import COLLECTORS, Collector, Order
from auditor.collectors.draft import AccountDraft
from auditor.config import AuditConfig, ReportWait
from auditor.coverage import Completeness, Failure, Section, SectionCoverage
from auditor.fanout import bare_errors
from auditor.models import Account, AccountReport, Freshness, Period, Unknown

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """What is to be done in each account."""

    role: RoleRequest
    period: Period
    freshness: Freshness = Freshness.LIVE
    report_wait: ReportWait = field(default_factory=ReportWait)


def plan_of(config: AuditConfig, *, period: Period) -> AccountPlan:
    """What the settings say of each account."""
    policy = session_policy_of(config.freshness) if config.session_policy else None
    return AccountPlan(
        RoleRequest(config.role, config.session_name, config.external_id, policy=policy),
        period,
        freshness=config.freshness,
        report_wait=config.report_wait,
    )


def unasked(account: Account) -> AccountReport | None:
    """The report of an account that is not asked anything, None for one that is.

    Nothing is missing of an account that is suspended, closed or not yet active. One whose state is unknown is a
    failure: it may well be in use.
    """
    if account.state is None:
        return _unknown_state(account)
    return None if account.state.auditable else AccountReport(account=account, role="", coverage=_skipped())


async def audit_account(account: Account, *, gateway: Gateway, plan: AccountPlan) -> AccountReport:
    """The report of one account; no error of the account leaves this function."""
    report = unasked(account)
    if report is not None:
        return report
    started_at, started = datetime.now(UTC), anyio.current_time()
    draft = AccountDraft()
    entered = await _bulkhead(draft, Section.ROLE, draft.ask(Section.ROLE, gateway.enter(account, role=plan.role)))
    if isinstance(entered, Unknown):
        return replace(draft.report(account), started_at=started_at, seconds=anyio.current_time() - started)
    await _collect(entered, draft, order=Order(plan.period, plan.freshness, plan.report_wait))
    return replace(
        draft.report(account),
        role=entered.role,
        requests=entered.access.requests,
        throttles=entered.access.throttles,
        started_at=started_at,
        seconds=anyio.current_time() - started,
    )


async def _collect(entered: AccountAccess, draft: AccountDraft, *, order: Order) -> None:
    async def run(collector: Collector) -> None:
        await _bulkhead(draft, collector.section, collector.collect(entered, draft, order))

    async with anyio.create_task_group() as tasks:
        for collector in COLLECTORS:
            tasks.start_soon(run, collector)


async def _bulkhead(draft: AccountDraft, section: Section, work: Awaitable[T]) -> T | Unknown:
    try:
        with bare_errors():
            return await work
    except Exception as error:  # the one bulkhead: an error that nobody foresaw, a reply of a shape
        # that no emulator ever sent, must cost one section of one account, and be said, not the organization.
        code = type(error).__name__
        logger.debug("unforeseen error in the section %s", section, exc_info=True)
        draft.fail(section, code=code, message=f"{code}: an unforeseen error in this account")
        return Unknown(code)


def _unknown_state(account: Account) -> AccountReport:
    said = f"the state {account.state_word!r}, which is not known" if account.state_word else "no state"
    failure = Failure(Section.ROLE, "UnknownAccountState", f"Organizations gave this account {said}")
    return AccountReport(account=account, role="", coverage=_skipped(), failures=(failure,))


def _skipped() -> tuple[SectionCoverage, ...]:
    return tuple(SectionCoverage(section, Completeness.SKIPPED) for section in Section)

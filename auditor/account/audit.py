"""One account, from its role to its report; whatever fails in it stays in it."""

import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

import anyio

from auditor.account.collectors.registry import COLLECTORS, Collector, Scope
from auditor.account.draft import AccountDraft
from auditor.aws.actions import session_policy_of
from auditor.aws.gateway import AccountAccess, Gateway
from auditor.aws.role import RoleRequest
from auditor.concurrency.fan_out import bare_errors
from auditor.config import AuditConfig
from auditor.errors import RequestError
from auditor.model.coverage import Failure, Section
from auditor.model.facts import Account, Period, Unknown
from auditor.model.placeholders import not_reached, unasked
from auditor.model.report import AccountReport

logger = logging.getLogger(__name__)

T = TypeVar("T")

INTERNAL_ERROR = "InternalError"
"""The code of what is wrong with this package; its traceback is in the log, at DEBUG."""


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """What is to be done in each account."""

    role: RoleRequest
    scope: Scope


def plan_of(config: AuditConfig, *, period: Period, lost_until: datetime | None = None) -> AccountPlan:
    """What the settings say of each account."""
    policy = session_policy_of(config.freshness) if config.session_policy else None
    role = RoleRequest(config.role, config.session_name, config.external_id, policy=policy)
    return AccountPlan(role, Scope(period, config.freshness, config.report_wait, lost_until))


async def audit_account(account: Account, *, gateway: Gateway, plan: AccountPlan) -> AccountReport:
    """The report of one account, which is not asked anything where its state says that it can't be audited.

    One that an outage cuts off, or of which the outage leaves nothing to ask, was not reached.
    """
    report, outages = unasked(account), gateway.limits.outages
    if report is not None:
        return report
    with outages.cutting_off() as scope:
        report = await read_account(account, gateway=gateway, plan=plan)
        # The request that the patience ended with has failed before it could be cancelled.
        if report.complete or not scope.cancel_called:
            return report
    return not_reached(account, _failure_of(outages.ended))


def _failure_of(ended: RequestError | None) -> Failure | None:
    return None if ended is None else Failure(Section.ROLE, ended.code, str(ended), ended.request_id)


async def read_account(
    account: Account, *, gateway: Gateway, plan: AccountPlan, collectors: Sequence[Collector] = COLLECTORS
) -> AccountReport:
    """The report of one account, as these collectors read it; no error of the account leaves this function."""
    started_at, started = datetime.now(UTC), anyio.current_time()
    draft, usage = AccountDraft(), gateway.usage(account)
    entering = gateway.enter(account, role=plan.role, usage=usage)
    entered = await bulkhead(draft, Section.ROLE, draft.ask(Section.ROLE, entering))
    if not isinstance(entered, Unknown):
        await _collect(entered, draft, scope=plan.scope, collectors=collectors)
    return replace(
        draft.report(account),
        role="" if isinstance(entered, Unknown) else entered.role,
        requests=usage.requests,
        throttles=usage.throttles,
        started_at=started_at,
        seconds=anyio.current_time() - started,
    )


async def _collect(
    entered: AccountAccess, draft: AccountDraft, *, scope: Scope, collectors: Sequence[Collector]
) -> None:
    async def run(collector: Collector) -> None:
        await bulkhead(draft, collector.section, collector.collect(entered, draft, scope))

    async with anyio.create_task_group() as tasks:
        for collector in collectors:
            tasks.start_soon(run, collector)


async def bulkhead(draft: AccountDraft, section: Section, work: Awaitable[T]) -> T | Unknown:
    """What `work` returns; an error that nobody foresaw is the section's failure, and Unknown: it is never AWS's."""
    try:
        with bare_errors():
            return await work
    # The only place that catches all: a mistake of this package's own must cost one section of one account, and be
    # said, and not cost the organization.
    except Exception as error:
        logger.debug("unforeseen error in the section %s", section, exc_info=True)
        said = f"{INTERNAL_ERROR}: an unforeseen error of the audit's own in this account ({type(error).__name__})"
        draft.fail(section, code=INTERNAL_ERROR, message=said)
        return Unknown(INTERNAL_ERROR)

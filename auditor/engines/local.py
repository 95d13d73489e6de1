"""Where accounts are audited: in this event loop."""

from collections.abc import Callable, Coroutine
from typing import Any

from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from auditor.account.audit import AccountPlan, audit_account
from auditor.aws.gateway import Gateway
from auditor.concurrency.tasks import fan_out
from auditor.model.facts import Account
from auditor.model.report import AccountReport

Engine = Callable[
    [MemoryObjectReceiveStream[Account], MemoryObjectSendStream[AccountReport]], Coroutine[Any, Any, None]
]
"""Takes accounts and sends a report for each, somewhere; it closes both streams."""


async def audit_accounts(
    accounts: MemoryObjectReceiveStream[Account],
    reports: MemoryObjectSendStream[AccountReport],
    *,
    gateway: Gateway,
    plan: AccountPlan,
    concurrency: int,
) -> None:
    """Send one report an account, in the order in which they finish; at most `concurrency` at once are under way.

    A report that nobody takes yet keeps its place: nothing piles up. Both streams are closed on leaving.
    """

    async def audit(account: Account) -> None:
        await reports.send(await audit_account(account, gateway=gateway, plan=plan))

    async with accounts, reports:
        await fan_out(accounts, audit, limit=concurrency)

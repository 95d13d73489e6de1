"""Accounts in batches, one per worker at a time; reports arrive as batches end."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from auditor.account.audit import AccountPlan
from auditor.concurrency.tasks import bare_errors
from auditor.engines.pool import Pool
from auditor.engines.submissions import reports_of
from auditor.engines.worker import Batch
from auditor.model.coverage import Failure, Section
from auditor.model.facts import Account, Caller
from auditor.model.placeholders import not_reached, unasked
from auditor.model.report import AccountReport

_ASKED_IN = {Section.USERS: "iam", Section.EVENTS: "cloudtrail"}
_MOST_ACCOUNTS = 256
_MOST_ROUNDS = 4
_LEAST_OF_A_ROUND = 2
_REST_OF_A_PAGE = 0.05


async def audit_in_batches(
    accounts: MemoryObjectReceiveStream[Account],
    reports: MemoryObjectSendStream[AccountReport],
    *,
    pool: Pool,
    plan: AccountPlan,
    caller: Caller,
) -> None:
    """Send one report per account, batch by batch as they end; each worker has one batch at a time.

    Accounts that are not asked anything are answered here, and what became of a batch stays in it. The pool is checked
    once there is an account, and before anything is said of one. Both streams are closed on leaving.

    Raises:
        EngineError: The pool can't audit: no report of an account that was asked anything was sent.
    """
    with bare_errors():
        async with accounts, reports, anyio.create_task_group() as tasks:
            portion = plan.portion(pool.workers)
            concurrency = portion.config.concurrency
            intake = Intake(accounts, reports, check=pool.check, workers=pool.workers, concurrency=concurrency)
            auditing = _Auditing(pool, portion, caller)

            async def keep_busy() -> None:
                while taken := await intake.take():
                    for report in await auditing.reports(taken):
                        await reports.send(report)

            for _ in range(pool.workers):
                tasks.start_soon(keep_busy)


@dataclass(slots=True)
class _Auditing:
    """What the batches of a run have met with so far, for those that come behind them."""

    pool: Pool
    plan: AccountPlan
    """With one worker's part of what is limited for the run as a whole."""
    caller: Caller
    _answered: set[str] = field(default_factory=lambda: {"sts"})
    _ended: Failure | None = None

    async def reports(self, accounts: tuple[Account, ...]) -> tuple[AccountReport, ...]:
        """The reports of these accounts; not reached where an outage has ended the run."""
        if self._ended is not None:
            return tuple(not_reached(account, self._ended) for account in accounts)
        batch = Batch(accounts, self.plan, self.caller, self.pool.version, frozenset(self._answered))
        found = reports_of(batch, await self.pool.audit(batch))
        for report in found:
            self._answered.update(_answered_in(report))
            # An outage that outlasted one worker's patience is that of all: no other batch must wait for it again.
            if not report.reached:
                self._ended = next(iter(report.failures), None)
        return found


def _answered_in(report: AccountReport) -> set[str]:
    return {
        _ASKED_IN[covered.section] for covered in report.coverage if covered.answered and covered.section in _ASKED_IN
    }


@dataclass(slots=True)
class Intake:
    """Takes batches out of the listing as it goes: it waits for one account, and hardly for more."""

    accounts: MemoryObjectReceiveStream[Account]
    reports: MemoryObjectSendStream[AccountReport]
    check: Callable[[], Awaitable[None]] = field(kw_only=True)
    """Awaited at the first account."""
    workers: int = field(kw_only=True)
    concurrency: int = field(kw_only=True)
    """Accounts at once in a batch."""
    _lock: anyio.Lock = field(default_factory=anyio.Lock)
    _checked: bool = False

    async def take(self) -> tuple[Account, ...]:
        """The accounts of the next batch, none where there are no more; one that was taken waits for no other."""
        taken: list[Account] = []
        size = 0
        async with self._lock:
            async for account in self.accounts:
                if not self._checked:
                    await self.check()
                    self._checked = True
                report = unasked(account)
                if report is not None:
                    await self.reports.send(report)
                else:
                    taken.append(account)
                if taken and not size:
                    await self._wait_for_some()
                    size = batch_size(1 + self._waiting(), workers=self.workers, concurrency=self.concurrency)
                if taken and (len(taken) >= size or not self._waiting()):
                    break
        return tuple(taken)

    async def _wait_for_some(self) -> None:
        if self._waiting() < self.concurrency:
            await anyio.sleep(_REST_OF_A_PAGE)

    def _waiting(self) -> int:
        return self.accounts.statistics().current_buffer_used


def batch_size(waiting: int, *, workers: int, concurrency: int) -> int:
    """How many of the accounts that wait the next batch takes: fewer towards the end, so that all workers end together.

    A batch is worth its own connections: it has half of what its worker can do at once, where so many wait. And its
    rows should not be long in coming: at most it has four times what the worker can do at once, or as many whole times
    as make 256 accounts, so that the worker is busy until its last round.
    """
    least = math.ceil(concurrency / _LEAST_OF_A_ROUND)
    most = concurrency * max(1, min(_MOST_ROUNDS, _MOST_ACCOUNTS // concurrency))
    return min(max(math.ceil(waiting / workers), least), most, waiting)

"""A whole audit, from the organization to the writers: this module connects the parts and decides nothing.

    list_accounts ──► engine ──► SecondAttempts ──► ReportStream ──► writers, totals, observer
                        ▲              │
                        └──────────────┘ accounts that failed for a reason that may pass, once more at the end

1. The caller's credentials are resolved, and AWS says whose they are, before anything else is asked.
2. One task lists the accounts, well ahead of the engine; where some are chosen, all are listed before one is entered.
3. The engine audits them, one task per account, while more are being listed.
4. An account whose failures may pass waits, and is audited once more when all the others are done.
5. `open_audit` gives the reports to whoever reads the stream. A slow reader holds the engine back; one that leaves
   cancels it.
6. `run_audit` is such a reader: it dispatches the reports that are ready to the writers, counts them, and tells the
   observer. Of a run that is cut off the writers learn last which accounts it did not reach.
"""

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import aioboto3
import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from auditor.account.audit import AccountPlan
from auditor.aws.gateway import Gateway, open_gateway
from auditor.aws.lister import lister_of
from auditor.concurrency.tasks import bare_errors
from auditor.config import AuditConfig
from auditor.engines import Pool, audit_in_batches, check_pool, open_pool
from auditor.engines.worker import Engine, audit_accounts
from auditor.errors import EngineError, ListingInterrupted
from auditor.model.facts import Account
from auditor.model.period import lost_until, resolve_period
from auditor.model.placeholders import not_listed
from auditor.model.progress import (
    AccountFinished,
    AuditFinished,
    AuditStarted,
    AuditWarning,
    Observer,
    ProgressEvent,
    WaitingEnded,
    ignore,
)
from auditor.model.report import AccountReport
from auditor.model.summary import AuditSummary
from auditor.output import Writer, begin, broadcast, dispatch, dispatch_first, dispatch_unlisted
from auditor.run.arguments import check_arguments
from auditor.run.earlier import EarlierRun
from auditor.run.listing import Listing, list_accounts, list_selected
from auditor.run.second_attempts import FirstReading, SecondAttempts
from auditor.run.stream import ReportStream
from auditor.run.totals import Totals


async def run_audit(  # noqa: PLR0913 - what a caller may choose
    config: AuditConfig,
    *,
    session: aioboto3.Session | None = None,
    writers: Sequence[Writer] = (),
    observe: Observer = ignore,
    collect: bool = False,
    executor: Executor | None = None,
    workers: int | None = None,
    earlier: EarlierRun | None = None,
) -> AuditSummary:
    """Audit the organization, dispatch each account's report to every writer, and return what it came to.

    Writers get the reports in the order in which accounts finish. One that has a `begin` is told of the start before
    any account is asked. One that has a `write_all` gets all reports that are ready at once. One that has a
    `write_first` gets what was read of an account that will be asked once more, too. One that has a `write_unlisted`
    learns where accounts were not listed. No file is written unless a writer does it. With `collect` the summary holds
    all reports and rows, and memory grows with the organization.

    A cancellation waits until the writers have what is in hand: each report is with all of them or with none. Where
    the run is cut off, by a writer that fails too, and where the listing ends early, the writers get a report for each
    account that was listed and not finished; it says so. A session that is given is not modified. `open_audit` says
    where the audit runs.

    Raises:
        AuditError: Nothing could be audited, or a writer failed. What AWS refuses in an account is part of its report
            and raises nothing; nor does a listing that ends early: the summary's `interruption` says why.
    """
    check_arguments(config, observe=observe, earlier=earlier, writers=writers, collect=collect)
    started = anyio.current_time()
    totals = Totals(config.labels, collect=collect)
    interruption = ""
    async with (
        open_audit(
            config,
            session=session,
            observe=observe,
            executor=executor,
            workers=workers,
            earlier=earlier,
            begin=partial(begin, writers=writers),
        ) as reports,
        _broadcasting_the_rest(reports, writers),
    ):
        try:
            async for ready in reports.batches():
                await dispatch(ready.reports, writers)
                await dispatch_first(ready.first, writers)
                for report in ready.reports:
                    totals.add(report)
                    observe(AccountFinished(report))
        except ListingInterrupted as error:
            interruption = str(error)
            await dispatch_unlisted(not_listed(error), writers)
    summary = totals.summary(
        caller=reports.caller,
        period=reports.period,
        seconds=anyio.current_time() - started,
        warnings=tuple(reports.warnings),
        interruption=interruption,
    )
    observe(AuditFinished(summary))
    return summary


@asynccontextmanager
async def open_audit(  # noqa: PLR0913 - what a caller may choose
    config: AuditConfig,
    *,
    session: aioboto3.Session | None = None,
    observe: Observer = ignore,
    executor: Executor | None = None,
    workers: int | None = None,
    earlier: EarlierRun | None = None,
    begin: Callable[[AuditStarted], Awaitable[None]] | None = None,
) -> AsyncIterator[ReportStream]:
    """A running audit as a stream of account reports; leaving the block, early too, stops it cleanly.

    The audit runs on this event loop. With more than one of `workers` it runs in as many processes of its own, which
    need no guarded main module and run nothing that lies in the current folder. With an `executor` it runs there, at
    most `workers` batches of accounts at once; a `ProcessPoolExecutor` that spawns does what it always does.

    Workers need this version of the package. They build their own credentials, so no session can be given with them,
    and must use credentials of the same AWS account. An executor is not shut down, and running batches continue after
    the block exits.

    An `earlier` run is resumed: its period stays, the accounts that it finished are skipped, and the caller must be of
    the same account. `begin` is awaited before anything is asked of the organization, as a journal's must be.

    Raises:
        AuditError: Nothing could be audited, or `begin` raised it.
    """
    check_arguments(config, observe=observe, earlier=earlier, begin=begin)
    check_pool(workers, executor=executor, session=session)
    now = datetime.now(UTC)
    period, cuts = earlier.period(now) if earlier else resolve_period(config.start_date, config.end_date, now=now)
    plan = AccountPlan(config, period, lost_until(period, now=now))
    warnings: list[str] = []
    notify = partial(_notify, observe=observe, warnings=warnings)
    with bare_errors():
        async with (
            open_gateway(
                profile=config.profile,
                session=session,
                rates=config.rates,
                longest_silence=config.longest_silence,
                alone=executor is None and (workers or 1) == 1,
                patience=config.patience,
                observe=notify,
                lister=lister_of(config),
            ) as gateway,
            open_pool(workers, executor=executor, observe=notify) as pool,
        ):
            if earlier:
                earlier.check(gateway.caller)
            started = AuditStarted(gateway.caller, period)
            if begin is not None:
                await begin(started)
            notify(started)
            for cut in cuts:
                notify(AuditWarning(cut))
            run = _Run(plan=plan, gateway=gateway, pool=pool, earlier=earlier, observe=notify)
            async with _streaming(run, started=started, warnings=warnings) as stream:
                yield stream


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What the tasks of an audit work with."""

    plan: AccountPlan
    gateway: Gateway
    pool: Pool | None
    earlier: EarlierRun | None
    observe: Observer


@asynccontextmanager
async def _streaming(run: _Run, *, started: AuditStarted, warnings: list[str]) -> AsyncIterator[ReportStream]:
    """Start the tasks of an audit, and give the stream of their reports; leaving the block cancels them."""
    listing = Listing()
    second = SecondAttempts(listing)
    outgoing, reports = anyio.create_memory_object_stream[AccountReport | FirstReading](0)
    stream = ReportStream(
        reports,
        started=started,
        listing=listing,
        waiting=second.waiting,
        warnings=warnings,
        resumed=run.earlier is not None,
    )
    engine = partial(_run_engine, _engine(run), refuse=stream.refuse)
    async with anyio.create_task_group() as tasks:
        _connect(tasks, lister=_lister(run, listing), engine=engine, second=second, outgoing=outgoing)
        try:
            yield stream
        finally:
            # In this order: a receiver that closes first breaks the senders that are still there.
            tasks.cancel_scope.cancel()
            reports.close()


def _lister(run: _Run, listing: Listing) -> Callable[[MemoryObjectSendStream[Account]], Coroutine[Any, Any, None]]:
    finished = run.earlier.finished if run.earlier else frozenset()
    left_out = run.earlier.excluded if run.earlier else frozenset()
    filters, observe = run.plan.config.filters, run.observe
    if not filters.active:
        return partial(list_accounts, run.gateway, listing=listing, finished=finished, observe=observe)
    choosing = partial(list_selected, run.gateway, filters=filters, finished=finished, left_out=left_out)
    return partial(choosing, listing=listing, observe=observe)


def _connect(
    tasks: TaskGroup,
    *,
    lister: Callable[[MemoryObjectSendStream[Account]], Coroutine[Any, Any, None]],
    engine: Engine,
    second: SecondAttempts,
    outgoing: MemoryObjectSendStream[AccountReport | FirstReading],
) -> None:
    """Start the tasks of an audit, each with its ends of the streams between them."""
    found, accounts = anyio.create_memory_object_stream[Account](math.inf)
    read, readings = anyio.create_memory_object_stream[AccountReport](0)
    tasks.start_soon(lister, found.clone())
    tasks.start_soon(engine, accounts, read)
    tasks.start_soon(second.retry, found)
    tasks.start_soon(second.forward, readings, outgoing)


@asynccontextmanager
async def _broadcasting_the_rest(reports: ReportStream, writers: Sequence[Writer]) -> AsyncIterator[None]:
    """If the block is cut off, tell the writers which accounts were listed and not finished, or not listed."""
    ended = False
    try:
        yield
        ended = True
    finally:
        if not ended:
            await broadcast(reports.unread(), writers, unlisted=reports.unlisted())


def _notify(event: ProgressEvent, *, observe: Observer, warnings: list[str]) -> None:
    """Pass an event on, and keep warnings; an outage that did not end becomes a warning, too."""
    if isinstance(event, AuditWarning):
        warnings.append(event.message)
    observe(event)
    if isinstance(event, WaitingEnded) and not event.answered:
        _notify(AuditWarning(_ended_by(event)), observe=observe, warnings=warnings)


def _ended_by(event: WaitingEnded) -> str:
    rest = "what was not listed" if event.service == "organizations" else "what was not read"
    return (
        f"{event.service} was unavailable for {event.seconds:.0f} seconds ({event.code}): {rest} is not reached, "
        "and can be read with --resume."
    )


def _engine(run: _Run) -> Engine:
    if run.pool is None:
        return partial(audit_accounts, gateway=run.gateway, plan=run.plan, concurrency=run.plan.config.concurrency)
    return partial(audit_in_batches, pool=run.pool, plan=run.plan, caller=run.gateway.caller)


async def _run_engine(
    engine: Engine,
    accounts: MemoryObjectReceiveStream[Account],
    reports: MemoryObjectSendStream[AccountReport],
    *,
    refuse: Callable[[EngineError], None],
) -> None:
    try:
        await engine(accounts, reports)
    except EngineError as error:
        # Raised by the stream: raised here, it would cancel the reader without its reason.
        refuse(error)

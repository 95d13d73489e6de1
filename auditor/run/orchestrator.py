"""A whole audit, from the organization to the writers: this module wires the parts and decides nothing.

    accounts ──► one task per account ──► account report ──► writers ──► summary
       ▲                                        │
       └────────── once more, at the end ◄──────┘

The caller's credentials are resolved and named by AWS before anything else. One task lists the accounts, well ahead of
the engine, which audits them while more are being listed. An account that failed for a reason that may pass is audited
once more when the others are done. Each account's report is handed over whole, one at a time,
to whoever reads the stream: `run_audit` gives those that are ready to the writers in turn, counts them, and says so to
the observer. A reader that is slow holds the engine back; one that leaves cancels it. What a run that is cut off did
not come to is told to the writers last.
"""

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import aioboto3
import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from auditor.account.audit import plan_of
from auditor.aws.gateway import Gateway, open_gateway
from auditor.concurrency.fan_out import bare_errors
from auditor.config import AuditConfig
from auditor.engines import Crew, RunPlan, audit_in_batches, check_crew, open_crew
from auditor.engines.local import Engine, audit_accounts
from auditor.errors import EngineError, ListingInterrupted
from auditor.model.facts import Account, Period
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
from auditor.output import Writer, begin, keep, tell
from auditor.run.earlier import EarlierRun
from auditor.run.listing import Listing, list_accounts
from auditor.run.second_asking import SecondAsking
from auditor.run.stream import ReportStream
from auditor.run.totals import Tally


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
    """Audit the organization, give each account's report to every writer, and return what it came to.

    Writers that have a `begin` are told of the start before any account is asked. All get the reports in the order in
    which accounts finish, and in the order of the writers; one that has a `write_all` gets all that are ready at once.
    No file is written unless a writer does it. With `collect` the summary holds all reports and rows, and memory grows
    with the organization.

    Cancelling stops as soon as the writers have what is in hand: every report is with all of them or with none. Where
    the run is cut off, by a writer that failed too, and where the listing ends early, the writers get a report that
    says so for each account that was listed and not finished, and one for those that were not listed. A session that is
    given is not modified. Where it runs is said at `open_audit`.

    Raises:
        AuditError: Nothing could be audited, or a writer failed. What AWS refused in an account is no error but part
            of its report, and a listing that ended early is told by the summary's `interruption`.
    """
    started = anyio.current_time()
    tally = Tally(config.labels, collect=collect)
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
        _telling_what_is_unread(reports, writers),
    ):
        try:
            async for ready in reports.batches():
                await keep(ready, writers)
                for report in ready:
                    tally.add(report)
                    observe(AccountFinished(report))
        except ListingInterrupted as error:
            interruption = str(error)
            await keep([not_listed(error)], writers)
    summary = tally.summary(
        caller=reports.caller,
        period=reports.period,
        seconds=anyio.current_time() - started,
        warnings=tuple(reports.warnings),
        interruption=interruption,
    )
    observe(AuditFinished(summary))
    return summary


@asynccontextmanager
async def _telling_what_is_unread(reports: ReportStream, writers: Sequence[Writer]) -> AsyncIterator[None]:
    """Where the block is cut off, tell the writers which accounts were listed and not finished, or not listed."""
    told = False
    try:
        yield
        told = True
    finally:
        if not told:
            await tell(reports.unread(), writers)


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

    It runs on this event loop; with more than one of `workers` in so many processes of its own; and with an `executor`
    on that, at most `workers` batches of accounts at once. Processes of its own need no guarded main module and run
    nothing that lies in the current folder; a `ProcessPoolExecutor` that spawns does what it always does. Workers must
    have this version of the package and build their own credentials, so that a session can't be given with them, which
    must come to the account of this process's. An executor is not shut down, and ends the batches that it has when the
    block is left. Where an `earlier` run is resumed, its period is kept as it was, the accounts that it finished are
    passed over, and the caller must be of the same account. Before anything is asked of the organization `begin` is
    awaited: a journal's, or what else must be done first.

    Raises:
        AuditError: Nothing could be audited, or `begin` raised it.
    """
    check_crew(workers, executor=executor, session=session)
    now = datetime.now(UTC)
    period, cuts = earlier.period(now) if earlier else resolve_period(config.start_date, config.end_date, now=now)
    lost = lost_until(period, now=now)
    warnings: list[str] = []

    def warn(message: str) -> None:
        warnings.append(message)
        observe(AuditWarning(message))

    def hear(event: ProgressEvent) -> None:
        observe(event)
        if isinstance(event, WaitingEnded) and not event.answered:
            warn(_ended_by(event))

    with bare_errors():
        async with (
            open_gateway(
                profile=config.profile,
                session=session,
                rates=config.rates,
                longest_silence=config.longest_silence,
                alone=executor is None and (workers or 1) == 1,
                patience=config.patience,
                observe=hear,
            ) as gateway,
            open_crew(workers, executor=executor) as crew,
            anyio.create_task_group() as tasks,
        ):
            if earlier:
                earlier.check(gateway.caller)
            started = AuditStarted(gateway.caller, period)
            if begin is not None:
                await begin(started)
            observe(started)
            for cut in cuts:
                warn(cut)
            listing = Listing(earlier.finished, resumed=True) if earlier else Listing()
            found, accounts = anyio.create_memory_object_stream[Account](math.inf)
            read, readings = anyio.create_memory_object_stream[AccountReport](0)
            outgoing, reports = anyio.create_memory_object_stream[AccountReport](0)
            second = SecondAsking(listing)
            engine = _engine(config, gateway=gateway, crew=crew, period=period, lost=lost)
            lister = partial(list_accounts, gateway, listing=listing, observe=observe, warn=warn)
            tasks.start_soon(lister, found.clone())
            tasks.start_soon(partial(_run_engine, engine, listing), accounts, read)
            tasks.start_soon(second.ask_again, found)
            tasks.start_soon(second.hand_over, readings, outgoing)
            try:
                yield ReportStream(reports, started=started, listing=listing, waiting=second.waiting, warnings=warnings)
            finally:
                # In this order: a receiver that closes first breaks the senders that are still there.
                tasks.cancel_scope.cancel()
                reports.close()


async def _run_engine(
    engine: Engine,
    listing: Listing,
    accounts: MemoryObjectReceiveStream[Account],
    reports: MemoryObjectSendStream[AccountReport],
) -> None:
    try:
        await engine(accounts, reports)
    except EngineError as error:
        # Told where the reports would come: raised here, it would cut off a reader who does not learn of it.
        listing.unasked = error


def _ended_by(event: WaitingEnded) -> str:
    rest = "what was not listed" if event.service == "organizations" else "what was not read"
    return (
        f"{event.service} has served nobody for {event.seconds:.0f} seconds ({event.code}): {rest} is not reached, "
        "and can be read with --resume."
    )


def _engine(
    config: AuditConfig, *, gateway: Gateway, crew: Crew | None, period: Period, lost: datetime | None
) -> Engine:
    if crew is None:
        plan = plan_of(config, period=period, lost_until=lost)
        return partial(audit_accounts, gateway=gateway, plan=plan, concurrency=config.concurrency)
    batches = RunPlan(config, gateway.caller, period, share=crew.workers, lost_until=lost, version=crew.version)
    return partial(audit_in_batches, crew=crew, plan=batches)

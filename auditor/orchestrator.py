"""A whole audit, from the organization to the writers: this module wires the parts and decides nothing.

    accounts ──► one task an account ──► account report ──► writers ──► summary

The caller's credentials are resolved and named by AWS before anything else. One task lists the accounts, well ahead of
the engine, which audits them while more are being listed. Each account's report is handed over whole, one at a time,
to whoever reads the stream: `run_audit` gives those that are ready to the writers in turn, counts them, and says so to
the observer. A reader that is slow holds the engine back; one that leaves cancels it. What a run that is cut off did
not come to is told to the writers last.
"""

import math
from collections.abc import AsyncIterator, Collection, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import aioboto3
import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from auditor.account_audit import plan_of
from auditor.aws.gateway import open_gateway
from auditor.config import AuditConfig
from auditor.engine import audit_accounts
from auditor.engines import RunPlan, audit_in_batches, check_crew, open_crew
from auditor.errors import CallerError, ListingInterrupted
from auditor.fanout import bare_errors
from auditor.listing import Listing, list_accounts
from auditor.models import Account, AccountId, AccountReport, Caller, Period
from auditor.period import resolve_period
from auditor.progress import AccountFinished, AuditFinished, AuditStarted, AuditWarning, Observer, ignore
from auditor.remainder import not_listed, not_reached
from auditor.summary import AuditSummary
from auditor.tally import Tally
from auditor.writers import Writer, keep, tell


async def run_audit(  # noqa: PLR0913 - what a caller may choose
    config: AuditConfig,
    *,
    session: aioboto3.Session | None = None,
    writers: Sequence[Writer] = (),
    observe: Observer = ignore,
    collect: bool = False,
    executor: Executor | None = None,
    workers: int | None = None,
    finished: Collection[AccountId] = (),
    resumed: AuditStarted | None = None,
) -> AuditSummary:
    """Audit the organization, give each account's report to every writer, and return what it came to.

    Writers get the reports in the order in which accounts finish, and in the order of the writers; one that has a
    `write_all` gets all that are ready at once. Accounts that are `finished` already are passed over. No file is
    written unless a writer does it. With `collect` the summary holds all reports and rows, and memory grows with the
    organization.

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
            finished=finished,
            resumed=resumed,
        ) as reports,
        _telling_the_rest(reports, writers, resumed=resumed is not None),
    ):
        try:
            async for ready in reports.batches():
                await keep(ready, writers)
                for report in ready:
                    tally.add(report, now=datetime.now(UTC))
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
async def _telling_the_rest(
    reports: "ReportStream", writers: Sequence[Writer], *, resumed: bool
) -> AsyncIterator[None]:
    """Where the block is cut off, tell the writers which accounts were listed and not finished, or not listed.

    Of a run that has just begun, and knows no account yet, there is nothing to tell.
    """
    told = False
    try:
        yield
        told = True
    finally:
        if not told:
            unfinished = [not_reached(account) for account in reports.unfinished]
            rest = reports.rest
            unlisted = [not_listed(rest)] if rest is not None and (rest.listed or resumed) else []
            await tell([*unfinished, *unlisted], writers)


class ReportStream:
    """The account reports of a running audit, each as soon as its account is finished."""

    def __init__(
        self,
        reports: MemoryObjectReceiveStream[AccountReport],
        *,
        caller: Caller,
        period: Period,
        listing: Listing,
        warnings: Sequence[str],
    ) -> None:
        self.caller = caller
        self.period = period
        self.warnings = warnings
        """What a person should know; more may come while the accounts are listed."""
        self._reports = reports
        self._listing = listing

    def __aiter__(self) -> "ReportStream":
        return self

    async def __anext__(self) -> AccountReport:
        """The next report.

        Raises:
            ListingInterrupted: After the last report, where the organization has accounts that were not listed.
        """
        try:
            return self._taken(await self._reports.receive())
        except anyio.EndOfStream:
            if self._listing.interruption is not None:
                raise self._listing.interruption from None
            raise StopAsyncIteration from None

    async def batches(self) -> AsyncIterator[list[AccountReport]]:
        """The reports that are ready, as soon as there is one; raises as iterating does."""
        async for report in self:
            ready = [report]
            with suppress(anyio.WouldBlock, anyio.EndOfStream):
                while True:
                    ready.append(self._taken(self._reports.receive_nowait()))
            yield ready

    @property
    def unfinished(self) -> tuple[Account, ...]:
        """The accounts that are listed, and whose reports were not taken from here yet."""
        return tuple(self._listing.pending.values())

    @property
    def rest(self) -> ListingInterrupted | None:
        """Why there may be accounts that are not listed (yet), None where all of them are."""
        return self._listing.rest

    def _taken(self, report: AccountReport) -> AccountReport:
        self._listing.pending.pop(report.account.id, None)
        return report


@asynccontextmanager
async def open_audit(  # noqa: PLR0913 - what a caller may choose
    config: AuditConfig,
    *,
    session: aioboto3.Session | None = None,
    observe: Observer = ignore,
    executor: Executor | None = None,
    workers: int | None = None,
    finished: Collection[AccountId] = (),
    resumed: AuditStarted | None = None,
) -> AsyncIterator[ReportStream]:
    """A running audit as a stream of account reports; leaving the block, early too, stops it cleanly.

    It runs on this event loop; with more than one of `workers` in so many processes of its own, which import the
    caller's main module, as all spawned processes do; and with an `executor` on that, at most `workers` batches of
    accounts at once. Workers build their own credentials, so that a session can't be given with them, and must come to
    the account of this process's. An executor is not shut down, and ends the batches that it has when the block is
    left. Accounts that are `finished` already are passed over. With the start of the audit that is `resumed` its period
    is kept as it was, and the caller must be of the same account.

    Raises:
        AuditError: Nothing could be audited.
    """
    check_crew(workers, executor=executor, session=session)
    period, cuts = _period(config, resumed=resumed)
    warnings: list[str] = []

    def warn(message: str) -> None:
        warnings.append(message)
        observe(AuditWarning(message))

    with bare_errors():
        async with (
            open_gateway(
                profile=config.profile,
                session=session,
                rates=config.rates,
                longest_silence=config.longest_silence,
            ) as gateway,
            open_crew(workers, executor=executor) as crew,
            anyio.create_task_group() as tasks,
        ):
            _check_caller(gateway.caller, resumed=resumed)
            observe(AuditStarted(gateway.caller, period))
            for cut in cuts:
                warn(cut)
            listing = Listing(finished=frozenset(finished))
            found, accounts = anyio.create_memory_object_stream[Account](math.inf)
            outgoing, reports = anyio.create_memory_object_stream[AccountReport](0)
            tasks.start_soon(list_accounts, gateway, found, listing, observe, warn)
            if crew is None:
                plan = plan_of(config, period=period)
                tasks.start_soon(audit_accounts, accounts, outgoing, gateway, plan, config.concurrency)
            else:
                run_plan = RunPlan(config, gateway.caller, period, share=crew.workers)
                tasks.start_soon(audit_in_batches, accounts, outgoing, crew, run_plan)
            try:
                yield ReportStream(reports, caller=gateway.caller, period=period, listing=listing, warnings=warnings)
            finally:
                # In this order: a receiver that closes first breaks the senders that are still there.
                tasks.cancel_scope.cancel()
                reports.close()


def _period(config: AuditConfig, *, resumed: AuditStarted | None) -> tuple[Period, tuple[str, ...]]:
    if resumed is not None:
        return resumed.period, ()
    return resolve_period(config.start_date, config.end_date, now=datetime.now(UTC))


def _check_caller(caller: Caller, *, resumed: AuditStarted | None) -> None:
    if resumed is None:
        return
    began = resumed.caller
    if (caller.partition, caller.account_id) != (began.partition, began.account_id):
        raise CallerError(
            f"The audit was begun by the account {began.account_id} ({began.partition}), and the credentials are of "
            f"{caller.account_id} ({caller.partition})."
        )

"""The reports of a running audit, as its reader takes them, and what the reader has not come to."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from auditor.model.facts import AccountId
from auditor.model.placeholders import not_listed, not_reached
from auditor.model.progress import AuditStarted
from auditor.model.report import AccountReport
from auditor.run.listing import Listing


class ReportStream:
    """The account reports of a running audit, each as soon as its account is finished."""

    def __init__(
        self,
        reports: MemoryObjectReceiveStream[AccountReport],
        *,
        started: AuditStarted,
        listing: Listing,
        waiting: Mapping[AccountId, AccountReport],
        warnings: Sequence[str],
    ) -> None:
        self.caller = started.caller
        self.period = started.period
        self.warnings = warnings
        """What a person should know; more may come while the accounts are listed."""
        self._reports = reports
        self._listing = listing
        self._waiting = waiting

    def __aiter__(self) -> "ReportStream":
        return self

    async def __anext__(self) -> AccountReport:
        """The next report.

        Raises:
            EngineError: In the place of the first report, where the workers can't audit.
            ListingInterrupted: After the last report, where the organization has accounts that were not listed.
        """
        try:
            return self._taken(await self._reports.receive())
        except anyio.EndOfStream:
            if self._listing.unasked is not None:
                raise self._listing.unasked from self._listing.unasked.__cause__
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

    def unread(self) -> list[AccountReport]:
        """Reports of what would be left out if the run ended now: accounts that are listed, and those that are not.

        Those that wait to be asked once more are there as they were read. Of a run that has just begun, and knows no
        account yet or can't ask any, there is nothing to tell.
        """
        if self._listing.unasked and not self._listing.resumed:
            return []
        rest = self._listing.rest
        pending = self._listing.pending.values()
        listed = [self._waiting.get(account.id) or not_reached(account) for account in pending]
        known = self._listing.count or self._listing.resumed
        return [*listed, not_listed(rest)] if rest is not None and known else listed

    def _taken(self, report: AccountReport) -> AccountReport:
        self._listing.pending.pop(report.account.id, None)
        return report

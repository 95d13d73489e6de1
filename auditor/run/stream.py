"""The reports of a running audit, as its reader takes them, and what the reader has not come to."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from auditor.errors import EngineError
from auditor.model.facts import AccountId
from auditor.model.placeholders import Unlisted, excluded, not_listed, not_reached
from auditor.model.progress import AuditStarted
from auditor.model.report import AccountReport
from auditor.run.listing import Listing
from auditor.run.second_attempts import FirstReading

_MOST_LEFT_OUT = 1000
"""Reports of accounts that were left out, in one batch."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What is ready at once."""

    reports: Sequence[AccountReport]
    first: Sequence[AccountReport] = ()
    """First readings of accounts that will be asked once more; their reports come later."""


class ReportStream:
    """The account reports of a running audit, each as soon as its account is finished."""

    def __init__(  # noqa: PLR0913 - what a run is made of
        self,
        reports: MemoryObjectReceiveStream[AccountReport | FirstReading],
        *,
        started: AuditStarted,
        listing: Listing,
        waiting: Mapping[AccountId, AccountReport],
        warnings: Sequence[str],
        resumed: bool = False,
    ) -> None:
        self.caller = started.caller
        self.period = started.period
        self.warnings = warnings
        """What a person should know; more may come while the accounts are listed."""
        self._reports = reports
        self._listing = listing
        self._waiting = waiting
        self._begun = resumed
        """Whether something was told of an account, by this run or an earlier one."""
        self._left_out_taken = 0
        self._refusal: EngineError | None = None

    def __aiter__(self) -> "ReportStream":
        return self

    async def __anext__(self) -> AccountReport:
        """The next report.

        Raises:
            EngineError: In the place of the first report, where the workers can't audit.
            ListingInterrupted: After the last report, where the organization has accounts that were not listed.
        """
        while True:
            taken = await self._next()
            if taken is None:
                raise StopAsyncIteration
            if isinstance(taken, AccountReport):
                return taken

    async def batches(self) -> AsyncIterator[Ready]:
        """What is ready, as soon as there is something; raises as iterating does."""
        while (taken := await self._next()) is not None:
            ready = [taken]
            with suppress(anyio.WouldBlock, anyio.EndOfStream):
                while True:
                    ready.append(self._take(self._reports.receive_nowait()))
            reports = [each for each in ready if isinstance(each, AccountReport)]
            # Once one of these comes, nothing else does, and all of them are there.
            while reports and reports[0].excluded and len(reports) < _MOST_LEFT_OUT:
                other = self._next_left_out()
                if other is None:
                    break
                reports.append(other)
            yield Ready(reports, [each.report for each in ready if isinstance(each, FirstReading)])

    async def _next(self) -> AccountReport | FirstReading | None:
        """What comes next, None where nothing more does; raises as iterating does."""
        try:
            return self._take(await self._reports.receive())
        except anyio.EndOfStream:
            if self._refusal is not None:
                raise self._refusal from self._refusal.__cause__
            report = self._next_left_out()
            if report is None and self._listing.interruption is not None:
                raise self._listing.interruption from None
            return report

    def refuse(self, error: EngineError) -> None:
        """Raise this in the place of the first report: no account was asked anything."""
        self._refusal = error

    def _next_left_out(self) -> AccountReport | None:
        """Take the report of the next account that the filters left out, None where there are no more."""
        if self._left_out_taken == len(self._listing.excluded):
            return None
        report = excluded(self._listing.excluded[self._left_out_taken])
        self._left_out_taken += 1
        return report

    def unread(self) -> list[AccountReport]:
        """Reports of the listed accounts that would be left out if the run ended now.

        Those that wait to be asked once more are there as they were read. Of a run that has just begun, and can't ask
        any account, there is nothing to tell.
        """
        if self._refusal and not self._begun:
            return []
        pending = self._listing.unfinished.values()
        unread = [self._waiting.get(account.id) or not_reached(account) for account in pending]
        return [*unread, *map(excluded, self._listing.excluded[self._left_out_taken :])]

    def unlisted(self) -> Unlisted | None:
        """Why there would be accounts that were not listed if the run ended now, None where there are none.

        Of a run that has just begun, and knows no account yet or can't ask any, there is nothing to tell.
        """
        rest, known = self._listing.rest, self._listing.count and not self._refusal
        return not_listed(rest) if rest is not None and (known or self._begun) else None

    def _take(self, taken: AccountReport | FirstReading) -> AccountReport | FirstReading:
        self._begun = True
        if isinstance(taken, AccountReport):
            self._listing.finish(taken.account)
        return taken

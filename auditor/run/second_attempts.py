"""Accounts that failed for a passing reason are audited once more, after all others."""

from dataclasses import dataclass, field

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from auditor.model.codes import may_pass
from auditor.model.facts import Account, AccountId
from auditor.model.merge import merged
from auditor.model.report import AccountReport
from auditor.run.listing import Listing

_MOST_WAITING = 1000


@dataclass(frozen=True, slots=True)
class FirstReading:
    """What was read of an account that will be asked once more, for who wants to lose nothing of it meanwhile."""

    report: AccountReport


@dataclass(slots=True)
class SecondAttempts:
    """Stands between the engine and the reader of the reports, and sends accounts to the engine a second time.

    It holds the first report of an account whose failures may pass until the account was audited again, and then sends
    both reports merged into one. If more than `most_waiting` accounts wait, the longest waiting one gets no second
    attempt: memory is bounded.
    """

    listing: Listing
    most_waiting: int = _MOST_WAITING
    waiting: dict[AccountId, AccountReport] = field(default_factory=dict)
    """First reports that were not sent yet; if the run is cut off they are the accounts' reports."""
    _leaving: AccountReport | None = None
    _read: int = 0
    _all_read: anyio.Event = field(default_factory=anyio.Event)

    async def forward(
        self,
        reports: MemoryObjectReceiveStream[AccountReport],
        outgoing: MemoryObjectSendStream[AccountReport | FirstReading],
    ) -> None:
        """Send each account's report once, in the order in which they are ready, and close both streams.

        Of an account that will be asked once more the first reading is sent, too.
        """
        async with reports, outgoing:
            async for report in reports:
                ready = self._ready(report)
                if self.waiting.get(report.account.id) is report:
                    await outgoing.send(FirstReading(report))
                if ready is not None:
                    await outgoing.send(ready)
                    self.waiting.pop(ready.account.id, None)
        # An engine that failed to start sends no more reports.
        self._all_read.set()

    async def retry(self, accounts: MemoryObjectSendStream[Account]) -> None:
        """After all listed accounts, send those that wait to the engine again, and close the stream."""
        async with accounts:
            await self.listing.over.wait()
            self._look()
            await self._all_read.wait()
            for report in [report for report in self.waiting.values() if report is not self._leaving]:
                await accounts.send(report.account)

    def _ready(self, report: AccountReport) -> AccountReport | None:
        """The report to send now, None if this one waits and no other has to leave."""
        if self._all_read.is_set():
            first = self.waiting.get(report.account.id)
            return report if first is None else merged(first, report)
        self._read += 1
        ready = self._held(report) if is_worth_retrying(report) else report
        self._look()
        return ready

    def _held(self, report: AccountReport) -> AccountReport | None:
        """Hold the report; return the longest waiting one if there are too many."""
        self.waiting[report.account.id] = report
        if len(self.waiting) > self.most_waiting:
            self._leaving = next(iter(self.waiting.values()))
            return self._leaving
        return None

    def _look(self) -> None:
        if self.listing.over.is_set() and self._read >= self.listing.sent:
            self._all_read.set()


def is_worth_retrying(report: AccountReport) -> bool:
    """Whether a request for the account failed for a reason that may pass.

    An unreadable item in an answer does not count: it would be the same again.
    """
    unanswered = {covered.section for covered in report.coverage if covered.answered < covered.asked}
    return report.reached and any(
        failure.section in unanswered and may_pass(failure.code) for failure in report.failures
    )

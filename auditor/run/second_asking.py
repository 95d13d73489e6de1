"""Accounts that failed for a reason that may pass are asked once more, when all the others are done."""

from dataclasses import dataclass, field

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from auditor.model.codes import may_pass
from auditor.model.facts import Account, AccountId
from auditor.model.merge import merged
from auditor.model.report import AccountReport
from auditor.run.listing import Listing

_MOST_WAITING = 1000


@dataclass(slots=True)
class SecondAsking:
    """Stands between the engine and the reader of the reports, and sends accounts to the engine a second time.

    It holds the first reading of an account whose failures may pass until the account has been asked again, and hands
    both over as one report. Where more than `most_waiting` accounts wait, the one that has waited longest is not asked
    again: memory is bounded.
    """

    listing: Listing
    most_waiting: int = _MOST_WAITING
    waiting: dict[AccountId, AccountReport] = field(default_factory=dict)
    """First readings that were not handed over yet; where the run is cut off they are the accounts' reports."""
    _leaving: AccountReport | None = None
    _read: int = 0
    _all_read: anyio.Event = field(default_factory=anyio.Event)

    async def hand_over(
        self,
        reports: MemoryObjectReceiveStream[AccountReport],
        outgoing: MemoryObjectSendStream[AccountReport],
    ) -> None:
        """Send each account's report once, in the order in which they are ready; both streams are closed on leaving."""
        async with reports, outgoing:
            async for report in reports:
                ready = self._ready(report)
                if ready is not None:
                    await outgoing.send(ready)
                    self.waiting.pop(ready.account.id, None)
        # An engine that could not begin reads nothing more.
        self._all_read.set()

    async def ask_again(self, accounts: MemoryObjectSendStream[Account]) -> None:
        """Once all listed accounts were read, send those that wait to the engine again, and close the stream."""
        async with accounts:
            await self.listing.over.wait()
            self._look()
            await self._all_read.wait()
            for report in [report for report in self.waiting.values() if report is not self._leaving]:
                await accounts.send(report.account)

    def _ready(self, report: AccountReport) -> AccountReport | None:
        """The report that is to be handed over now, None where this one waits and no other has to leave."""
        if self._all_read.is_set():
            first = self.waiting.get(report.account.id)
            return report if first is None else merged(first, report)
        self._read += 1
        ready = self._held(report) if is_worth_asking_again(report) else report
        self._look()
        return ready

    def _held(self, report: AccountReport) -> AccountReport | None:
        """Hold the report; the one that has waited longest leaves where there are too many."""
        self.waiting[report.account.id] = report
        if len(self.waiting) > self.most_waiting:
            self._leaving = next(iter(self.waiting.values()))
            return self._leaving
        return None

    def _look(self) -> None:
        if self.listing.over.is_set() and self._read >= len(self.listing.accounts):
            self._all_read.set()


def is_worth_asking_again(report: AccountReport) -> bool:
    """Whether a question of the account was not answered for a reason that may pass.

    An item that could not be read in an answer is no such question: it would be the same again.
    """
    unanswered = {covered.section for covered in report.coverage if covered.answered < covered.asked}
    return report.reached and any(
        failure.section in unanswered and may_pass(failure.code) for failure in report.failures
    )

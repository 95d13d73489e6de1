"""An account that failed for a reason that passes is asked once more, when the others are done."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import anyio
import pytest
from anyio.streams.memory import MemoryObjectReceiveStream

from auditor import AuditConfig, EngineError, Rates, WriteError, open_audit, run_audit
from auditor.demo import FaultMix, Scenario
from auditor.model.coverage import Failure, Section
from auditor.model.facts import Account, AccountId, Caller
from auditor.model.placeholders import excluded, failed, not_reached, unasked
from auditor.model.progress import AuditStarted
from auditor.model.report import AccountReport
from auditor.run.listing import Listing
from auditor.run.second_attempts import FirstReading, SecondAttempts, is_worth_retrying
from auditor.run.stream import ReportStream
from tests.fakes import JUMPING, OWN_ACCOUNT, PERIOD, account
from tests.organizations import served
from tests.samples import REPORT

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates and pauses take no time."""
    return JUMPING


FAILURE = Failure(Section.ROLE, "Timeout", "no reply")


def whole(of: Account) -> AccountReport:
    """A report without failures."""
    return AccountReport(of, role="Audit", coverage=REPORT.coverage)


def listing_of(*accounts: Account, **rest: Any) -> Listing:
    """A listing that has sent these accounts."""
    return Listing(sent=len(accounts), unfinished={each.id: each for each in accounts}, **rest)


class Engine:
    """Reads accounts by a function that is told how often each was asked."""

    def __init__(self, read: Callable[[Account, int], AccountReport]) -> None:
        self._read = read
        self.asked: list[str] = []

    async def run(self, accounts: Any, reports: Any) -> None:
        """Send a report for each account; close both streams."""
        async with accounts, reports:
            async for each in accounts:
                self.asked.append(each.id)
                await reports.send(self._read(each, self.asked.count(each.id)))


async def handed_over(engine: Engine, accounts: list[Account], *, most: int = 1000) -> list[AccountReport]:
    """The reports that come out where so many may wait."""
    return [each for each in await sent(engine, accounts, most=most) if isinstance(each, AccountReport)]


async def sent(engine: Engine, accounts: list[Account], *, most: int = 1000) -> list[AccountReport | FirstReading]:
    """The reports and first readings that come out where so many may wait."""
    found, taken = anyio.create_memory_object_stream[Account](100)
    read, readings = anyio.create_memory_object_stream[AccountReport](0)
    outgoing, reports = anyio.create_memory_object_stream[AccountReport | FirstReading](0)
    listing = listing_of(*accounts)
    second = SecondAttempts(listing, most_waiting=most)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.run, taken, read)
        tasks.start_soon(second.forward, readings, outgoing)
        tasks.start_soon(second.retry, found)
        for each in accounts:
            await found.send(each)
        listing.over.set()
        async with reports:
            got = [report async for report in reports]
    assert {} == second.waiting
    return got


async def test_it_is_asked_last_and_handed_over_once() -> None:
    """The others come first, and the account's report has nothing of its first failure."""
    accounts = [account(f"{number:012}") for number in range(4)]
    flaky = accounts[1]
    engine = Engine(lambda each, times: failed(each, FAILURE) if (each, times) == (flaky, 1) else whole(each))
    reports = await handed_over(engine, accounts)
    assert [*(each.id for each in accounts), flaky.id] == engine.asked
    assert [accounts[0].id, accounts[2].id, accounts[3].id, flaky.id] == [report.account.id for report in reports]
    assert all(report.complete for report in reports)


async def test_what_was_read_first_is_sent_before_it_is_asked_again() -> None:
    """Each first reading once: who keeps them loses nothing of them where the process is killed meanwhile."""
    first, flaky, last = accounts = [account(f"{number:012}") for number in range(3)]
    engine = Engine(lambda each, times: failed(each, FAILURE) if (each, times) == (flaky, 1) else whole(each))
    expected = [whole(first), FirstReading(failed(flaky, FAILURE)), whole(last), whole(flaky)]
    assert expected == await sent(engine, accounts)


async def test_a_reading_that_can_not_be_held_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that can't be written does, and it is raised as itself."""
    writer = NoPlace()
    faults = FaultMix(html=0.9, only=frozenset({"iam:GetLoginProfile"}))
    scenario = Scenario(accounts=9, users=4, largest_account=12, denied_every=None, faults=faults)
    async with served(scenario, monkeypatch):
        with pytest.raises(WriteError, match="no place for it"):
            await run_audit(AuditConfig(role=scenario.role_name), writers=[writer])
    assert writer.refused
    assert [] == [first for first in writer.refused if first not in writer.taken]


class NoPlace:
    """A writer without place for first readings."""

    def __init__(self) -> None:
        self.taken: list[AccountReport] = []
        self.refused: list[AccountReport] = []

    async def write(self, report: AccountReport) -> None:
        """Take it."""
        self.taken.append(report)

    async def write_first(self, reports: Sequence[AccountReport]) -> None:
        """Find no place."""
        self.refused.extend(reports)
        raise WriteError("no place for it")


async def test_one_that_fails_again_is_asked_no_third_time() -> None:
    """Its report says what it lacks."""
    engine = Engine(lambda each, _: failed(each, FAILURE))
    reports = await handed_over(engine, [account()])
    assert (2, [(FAILURE,)]) == (len(engine.asked), [report.failures for report in reports])


async def test_no_more_wait_than_memory_is_for() -> None:
    """Those that have waited longest are handed over as they are, and not asked again."""
    accounts = [account(f"{number:012}") for number in range(5)]
    engine = Engine(lambda each, times: failed(each, FAILURE) if times == 1 else whole(each))
    reports = await handed_over(engine, accounts, most=2)
    assert [each.id for each in (*accounts, *accounts[3:])] == engine.asked
    assert [(each.id, each in accounts[3:]) for each in accounts] == [
        (report.account.id, report.complete) for report in reports
    ]


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (failed(account(), FAILURE), True),
        (failed(account(), Failure(Section.ROLE, "AccessDenied", "no")), False),
        (failed(account(), Failure(Section.ROLE, "InternalError", "a mistake")), False),
        (unasked(account(state=None)), False),
        (not_reached(account()), False),
        (whole(account()), False),
    ],
    ids=["silent", "denied", "a mistake of ours", "no state", "not reached", "complete"],
)
def test_what_is_worth_retrying(report: AccountReport, *, expected: bool) -> None:
    """A denial is decided, and a mistake of the program would be made again."""
    assert expected == is_worth_retrying(report)


def test_an_item_that_can_not_be_read_is_not_worth_it() -> None:
    """All questions were answered: the same item would come again."""
    odd = Failure(Section.KEYS, "InvalidResponse", "a key has no id")
    assert not is_worth_retrying(AccountReport(account(), "Audit", coverage=REPORT.coverage, failures=(odd,)))


async def test_a_run_asks_again_what_failed_and_ends_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults that outlive a request's own patience cost no row where they have passed when the others are done."""
    faults = FaultMix(html=0.35, only=frozenset({"iam:GetLoginProfile", "iam:ListMFADevices"}))
    scenario = Scenario(accounts=9, users=4, largest_account=12, denied_every=None, faults=faults)
    async with served(scenario, monkeypatch):
        config = AuditConfig(role=scenario.role_name, rates=Rates(iam=1000, events=1000))
        summary = await run_audit(config, collect=True)
        streamed: list[str] = []
        async with open_audit(config) as reports:
            streamed += [report.account.id async for report in reports]
    assert 0 == summary.exit_code
    assert len(streamed) == len(set(streamed)) == scenario.accounts


def stream_of(
    listing: Listing,
    reports: MemoryObjectReceiveStream[AccountReport | FirstReading],
    waiting: Mapping[AccountId, AccountReport],
) -> ReportStream:
    """The reports of a run that has begun."""
    started = AuditStarted(Caller(OWN_ACCOUNT, "arn", "aws"), PERIOD)
    return ReportStream(reports, started=started, listing=listing, waiting=waiting, warnings=[])


async def test_accounts_that_were_left_out_come_last() -> None:
    """Behind all others; where the run is cut off before, they are told as what they are, and not as unread."""
    other = account("333333333333")
    listing = listing_of(account(), excluded=[other], ended=True)
    read, reports = anyio.create_memory_object_stream[AccountReport | FirstReading](1)
    stream = stream_of(listing, reports, {})
    assert [not_reached(account()), excluded(other)] == stream.unread()
    await read.send(failed(account(), FAILURE))
    read.close()
    assert [failed(account(), FAILURE), excluded(other)] == [report async for report in stream]
    assert [] == stream.unread()
    reports.close()


async def test_accounts_that_were_left_out_come_together() -> None:
    """Thousands of them are a few batches, and so a few trips to the disk."""
    others = [account(f"{number:012}") for number in range(2500)]
    read, reports = anyio.create_memory_object_stream[AccountReport | FirstReading](1)
    stream = stream_of(listing_of(account(), excluded=others, ended=True), reports, {})
    await read.send(failed(account(), FAILURE))
    read.close()
    batches = [batch.reports async for batch in stream.batches()]
    assert [1, 1000, 1000, 500] == list(map(len, batches))
    assert [each.id for each in others] == [report.account.id for batch in batches[1:] for report in batch]
    assert [] == stream.unread()
    reports.close()


async def test_of_a_run_that_can_not_audit_nobody_was_left_out() -> None:
    """The refusal comes in the place of the first report."""
    listing = listing_of(account(), excluded=[account("333333333333")], ended=True)
    read, reports = anyio.create_memory_object_stream[AccountReport | FirstReading](1)
    stream = stream_of(listing, reports, {})
    stream.refuse(EngineError("No workers."))
    read.close()
    with pytest.raises(EngineError):
        await anext(stream)
    assert [] == stream.unread()
    reports.close()


async def test_a_refusal_behind_the_first_report_leaves_nobody_out() -> None:
    """What was told of one account is in the files, so that the others must be there, too."""
    other = account("333333333333")
    read, reports = anyio.create_memory_object_stream[AccountReport | FirstReading](1)
    stream = stream_of(listing_of(account(), other, ended=True), reports, {})
    await read.send(unasked(account(state=None)) or failed(account(), FAILURE))
    await anext(stream)
    stream.refuse(EngineError("No workers."))
    read.close()
    with pytest.raises(EngineError):
        await anext(stream)
    assert [not_reached(other)] == stream.unread()
    reports.close()


async def test_where_the_run_is_cut_off_first_readings_are_told() -> None:
    """An account that waits to be asked again is told as it was read, and not as one that was not reached."""
    other = account("333333333333")
    listing = listing_of(account(), other, ended=True)
    second = SecondAttempts(listing)
    read, readings = anyio.create_memory_object_stream[AccountReport](1)
    outgoing, reports = anyio.create_memory_object_stream[AccountReport | FirstReading](0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(second.forward, readings, outgoing))
        await read.send(failed(account(), FAILURE))
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    stream = stream_of(listing, reports, second.waiting)
    assert [failed(account(), FAILURE), not_reached(other)] == stream.unread()
    read.close()
    reports.close()

"""How the accounts are divided into batches, and what crosses to a worker."""

import pickle
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import FrozenInstanceError, replace
from functools import partial

import anyio
import anyio.lowlevel
import pytest

from auditor.account.audit import AccountPlan
from auditor.engines.batches import Intake, audit_in_batches, batch_size
from auditor.engines.submissions import Reports
from auditor.engines.worker import Batch
from auditor.model.coverage import Completeness, Failure, Section, SectionCoverage
from auditor.model.facts import Account, AccountState
from auditor.model.placeholders import not_reached, unasked
from auditor.model.report import AccountReport
from tests.engines.runs import CONFIG
from tests.fakes import account
from tests.samples import ACCOUNT, CALLER, PERIOD, report_of

PLAN = AccountPlan(replace(CONFIG, concurrency=64), PERIOD)


@pytest.mark.parametrize(
    ("waiting", "workers", "concurrency", "size"),
    [
        pytest.param(1, 2, 32, 1, id="the only one"),
        pytest.param(20, 2, 32, 16, id="a page of accounts is no less than half of what a worker can do"),
        pytest.param(60, 2, 32, 30, id="what waits is divided among the workers"),
        pytest.param(10_000, 2, 32, 128, id="rows of a batch are not long in coming"),
        pytest.param(10_000, 2, 25, 100, id="a batch fills its worker to the end"),
        pytest.param(10_000, 2, 100, 200, id="a worker that can do much gets as much"),
        pytest.param(10_000, 2, 1, 4, id="nor where a worker does one account after the other"),
        pytest.param(7, 4, 1, 2, id="towards the end batches are small"),
        pytest.param(3, 4, 1, 1, id="down to one account"),
    ],
)
def test_size(waiting: int, workers: int, concurrency: int, size: int) -> None:
    """A batch is large enough to be worth its cost, and small enough that rows flow and workers end together."""
    assert size == batch_size(waiting, workers=workers, concurrency=concurrency)


def test_a_part_of_the_run() -> None:
    """A batch has its part of what the run may do as a whole, rounded up, and all of what is an account's own."""
    portion = PLAN.portion(3).config
    assert (22, CONFIG.rates.sts / 3) == (portion.concurrency, portion.rates.sts)
    assert (CONFIG.rates.iam, CONFIG.rates.events) == (portion.rates.iam, portion.rates.events)


def test_batches_travel() -> None:
    """A batch arrives as it was sent, can't be changed, and is never equal to another."""
    batch = Batch((ACCOUNT,), PLAN, CALLER)
    assert batch == pickle.loads(pickle.dumps(batch))  # noqa: S301 - as executors do
    assert batch != Batch((ACCOUNT,), PLAN, CALLER)
    with pytest.raises(FrozenInstanceError):
        batch.accounts = ()  # type: ignore[misc]  # what must fail


@pytest.mark.anyio
async def test_an_account_that_was_taken_waits_for_no_other() -> None:
    """Behind one that is not asked anything there may be none for a long time."""
    suspended = replace(ACCOUNT, state=AccountState.SUSPENDED)
    found, accounts = anyio.create_memory_object_stream[Account](2)
    outgoing, reports = anyio.create_memory_object_stream[AccountReport](2)
    for each in (ACCOUNT, suspended):
        found.send_nowait(each)
    with found, accounts, outgoing, reports:
        intake = Intake(accounts, outgoing, check=anyio.lowlevel.checkpoint, workers=1, concurrency=4)
        assert (ACCOUNT,) == await intake.take()
        assert unasked(suspended) == reports.receive_nowait()


class Scripted:
    """A pool of one whose batches come to what the test says."""

    workers = 1
    version = ""

    def __init__(self, *outcomes: Callable[[Account], AccountReport]) -> None:
        self.batches: list[Batch] = []
        self._outcomes = outcomes

    async def check(self) -> None:
        """It can audit."""

    async def audit(self, batch: Batch) -> Future[Reports]:
        """The batch's outcome."""
        outcome: Future[Reports] = Future()
        outcome.set_result(tuple(map(self._outcomes[len(self.batches)], batch.accounts)))
        self.batches.append(batch)
        return outcome


def read(one: Account) -> AccountReport:
    """A report of an account whose users were read."""
    covered = SectionCoverage(Section.USERS, Completeness.COMPLETE, asked=1, answered=1)
    return replace(report_of(), account=one, coverage=(covered,))


@pytest.mark.anyio
async def test_an_outage_that_a_worker_met_is_that_of_all() -> None:
    """After a batch that it has ended no other is begun, and its accounts are not reached for the same reason."""
    ended = Failure(Section.ROLE, "ServiceUnavailable", "no good reply came")
    pool = Scripted(read, partial(not_reached, failure=ended))
    found, accounts = anyio.create_memory_object_stream[Account](100)
    for number in range(20):
        found.send_nowait(account(f"{number:012}"))
    found.close()
    finished, reports = anyio.create_memory_object_stream[AccountReport](100)
    plan = AccountPlan(replace(CONFIG, concurrency=4), PERIOD)
    await audit_in_batches(accounts, finished, pool=pool, plan=plan, caller=CALLER)
    async with reports:
        taken = [report async for report in reports]

    assert 20 == len(taken)
    assert 2 == len(pool.batches)
    assert [{"sts"}, {"sts", "iam"}] == [set(batch.answered) for batch in pool.batches]
    first = len(pool.batches[0].accounts)
    assert [(False, (ended,))] * (20 - first) == [(report.reached, report.failures) for report in taken[first:]]

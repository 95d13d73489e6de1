"""How the accounts are divided into batches, and what crosses to a worker."""

import pickle
from dataclasses import FrozenInstanceError, replace

import anyio
import anyio.lowlevel
import pytest

from auditor.engines.batch import Batch, RunPlan
from auditor.engines.batches import Intake, batch_size
from auditor.models import Account, AccountReport, AccountState
from auditor.unread import unasked
from tests.engines.runs import CONFIG
from tests.samples import ACCOUNT, CALLER, PERIOD

RUN = RunPlan(replace(CONFIG, concurrency=64), CALLER, PERIOD, share=3)


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
    portion = RUN.portion()
    assert (22, CONFIG.rates.sts / 3) == (portion.concurrency, portion.rates.sts)
    assert (CONFIG.rates.iam, CONFIG.rates.events) == (portion.rates.iam, portion.rates.events)


def test_batches_travel() -> None:
    """A batch arrives as it was sent, can't be changed, and is never equal to another."""
    batch = Batch(RUN, (ACCOUNT,))
    assert batch == pickle.loads(pickle.dumps(batch))  # noqa: S301 - as executors do
    assert batch != Batch(RUN, (ACCOUNT,))
    with pytest.raises(FrozenInstanceError):
        batch.accounts = ()  # type: ignore[misc]


@pytest.mark.anyio
async def test_an_account_that_was_taken_waits_for_no_other() -> None:
    """Behind one that is not asked anything there may be none for a long time."""
    suspended = replace(ACCOUNT, state=AccountState.SUSPENDED)
    found, accounts = anyio.create_memory_object_stream[Account](2)
    outgoing, reports = anyio.create_memory_object_stream[AccountReport](2)
    for account in (ACCOUNT, suspended):
        found.send_nowait(account)
    with found, accounts, outgoing, reports:
        intake = Intake(accounts, outgoing, check=anyio.lowlevel.checkpoint, workers=1, concurrency=4)
        assert (ACCOUNT,) == await intake.take()
        assert unasked(suspended) == reports.receive_nowait()

"""An audit on worker processes of its own: exact rows whatever becomes of them, and nothing left running."""

import inspect
import logging
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import replace

import pytest

from auditor import (
    AccountFilters,
    AccountFinished,
    AccountReport,
    AuditError,
    CallerError,
    EngineError,
    ProgressEvent,
    open_audit,
    run_audit,
)
from auditor.account.audit import AccountPlan
from auditor.engines import processes
from auditor.engines.processes import open_processes
from auditor.engines.submissions import error_of
from auditor.engines.worker import Batch, package_version
from tests.engines.runs import CONFIG, SCENARIO, AtReport, assert_each_once, assert_exact, codes_of, kill, kill_a_child
from tests.organizations import served
from tests.samples import ACCOUNT, CALLER, PERIOD, REPORT

pytestmark = [pytest.mark.anyio, pytest.mark.long]

VERSION = package_version()
BATCH = Batch((ACCOUNT,), AccountPlan(CONFIG, PERIOD), CALLER)


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    """No worker process outlives its audit."""
    yield
    assert [] == multiprocessing.active_children()


class KillTwice:
    """An observer that kills a worker, and then one of those that came in its place."""

    def __init__(self) -> None:
        self.killed = 0
        self._known: set[int | None] = set()

    def __call__(self, event: ProgressEvent) -> None:
        """Kill where there are new workers, and they have done something."""
        if not isinstance(event, AccountFinished) or not event.report.requests or self.killed == 2:
            return
        new = [child for child in multiprocessing.active_children() if child.pid not in self._known]
        if new:
            self.killed += 1
            self._known.update(child.pid for child in new)
            kill(new[0])


def die(batch: Batch) -> tuple[AccountReport, ...]:
    """A worker that dies of every batch."""
    del batch
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def die_while_sending(batch: Batch) -> tuple[AccountReport, ...]:
    """A worker that dies when it has sent half of its answer."""
    results = next(
        info.frame.f_locals["result_queue"] for info in inspect.stack() if "result_queue" in info.frame.f_locals
    )
    os.write(results._writer.fileno(), (1000).to_bytes(4, "big") + b"half")  # noqa: SLF001 - what it would write to
    return die(batch)


def answer(batch: Batch) -> tuple[AccountReport, ...]:
    """A worker that has its answer ready."""
    del batch
    return (REPORT,)


async def test_rows_of_two_processes_equal_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """What two processes find is what is true, each row once."""
    async with served(SCENARIO, monkeypatch) as server:
        summary = await run_audit(CONFIG, workers=2, collect=True)
        assert_exact(summary, server)
        callers = sum(count for (_, action, _), count in server.counts.items() if action == "GetCallerIdentity")
    assert callers > 2


async def test_processes_audit_what_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The choice is made once, before they get any account; the others are reported as left out."""
    async with served(SCENARIO, monkeypatch) as server:
        chosen = tuple(account.id for account in server.organization.accounts[3:9])
        config = replace(CONFIG, filters=AccountFilters(accounts=chosen))
        summary = await run_audit(config, workers=2, collect=True)
        assert_each_once(summary, server)
    assert set(chosen) == {report.account.id for report in summary.reports if not report.excluded}
    assert 14 == summary.excluded


async def test_a_worker_that_is_killed_costs_no_row(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What a killed worker had in hand is done by another, and a warning tells of it."""
    killing = AtReport(kill_a_child)
    async with served(SCENARIO, monkeypatch) as server:
        summary = await run_audit(CONFIG, workers=2, collect=True, observe=killing)
        assert_exact(summary, server)
    assert killing.done
    assert ["A worker process died; what it had is given to new ones."] == caplog.messages


async def test_a_second_death_is_said_of_every_account_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends, each account is reported once, and those that were not done fail with `WorkerDied`."""
    killing = KillTwice()
    async with served(SCENARIO, monkeypatch) as server:
        summary = await run_audit(CONFIG, workers=2, collect=True, observe=killing)
        assert_each_once(summary, server)
    assert 2 == killing.killed
    assert codes_of(summary)["WorkerDied"] > 0
    assert 3 == summary.exit_code


async def test_leaving_the_stream_ends_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who has seen enough leaves no process behind, and does not wait for batches."""
    async with served(SCENARIO, monkeypatch), open_audit(CONFIG, workers=2) as stream:
        async for report in stream:
            if report.requests:
                break
        assert len(multiprocessing.active_children()) > 0


async def test_a_worker_that_dies_while_it_sends_is_noticed() -> None:
    """Half an answer in the pipe does not hold up the run, nor the end of it."""
    async with open_processes(1, version=VERSION, work=die_while_sending) as pool:
        outcome = await pool.audit(BATCH)
    assert isinstance(error_of(outcome), BrokenExecutor)


@pytest.mark.parametrize("seconds", [0.001, 60], ids=["seen here first", "seen by the pool first"])
async def test_a_batch_that_kills_every_worker_is_given_up(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch has two tries, and after the second death no batch has another, whoever notices it."""
    monkeypatch.setattr(processes, "_SECONDS_BETWEEN_LOOKS", seconds)
    async with open_processes(2, version=VERSION, work=die) as pool:
        first, second = await pool.audit(BATCH), await pool.audit(BATCH)
    assert isinstance(error_of(first), BrokenExecutor)
    assert isinstance(error_of(second), BrokenExecutor)


def fail_for_want_of_threads(batch: Batch) -> tuple[AccountReport, ...]:
    """A worker that can't audit on this machine, unless it is asked by this version."""
    if batch.version:
        return answer(batch)
    raise AuditError("This process may start too few threads.")


async def test_workers_that_can_not_audit_are_no_accounts_failure() -> None:
    """They are all alike, and say it once; where one has audited, it may be that batch alone."""
    well = replace(BATCH, version=VERSION)
    async with open_processes(1, version=VERSION, work=fail_for_want_of_threads) as pool:
        with pytest.raises(EngineError, match=r"worker processes can't audit: This process may start too few threads"):
            await pool.audit(BATCH)
        assert (REPORT,) == (await pool.audit(well)).result()
        assert "This process may start too few threads." == str(error_of(await pool.audit(BATCH)))


def be_refused(batch: Batch) -> tuple[AccountReport, ...]:
    """A worker whose first request is refused."""
    del batch
    raise CallerError("The caller could not be identified.")


async def test_what_one_worker_is_refused_is_that_batch_alone() -> None:
    """Another one may be let in."""
    async with open_processes(1, version=VERSION, work=be_refused) as pool:
        assert isinstance(error_of(await pool.audit(BATCH)), CallerError)


async def test_idle_processes_are_ended() -> None:
    """Workers that have nothing to do are gone when the block is left."""
    async with open_processes(1, version=VERSION, work=answer) as pool:
        outcome = await pool.audit(BATCH)
        assert 1 == len(multiprocessing.active_children())
    assert (REPORT,) == outcome.result()


async def test_ctrl_c_does_not_reach_the_workers() -> None:
    """A worker ignores SIGINT: whoever began it decides."""
    async with open_processes(1, version=VERSION, work=interrupt_itself) as pool:
        assert (REPORT,) == (await pool.audit(BATCH)).result()


def interrupt_itself(batch: Batch) -> tuple[AccountReport, ...]:
    """A worker that Ctrl-C is sent to."""
    os.kill(os.getpid(), signal.SIGINT)
    return answer(batch)


async def test_what_ended_the_executor_is_not_logged_as_well(caplog: pytest.LogCaptureFixture) -> None:
    """An error of the pool is one sentence: loky's own line about it is dropped, and nothing else that it logs."""
    theirs, line = logging.getLogger("concurrent.futures"), "Exception in executor manager thread:"
    async with open_processes(2, version=VERSION):
        theirs.critical(line)
        theirs.warning("something else")
    theirs.critical(line)
    assert ["something else", line] == caplog.messages

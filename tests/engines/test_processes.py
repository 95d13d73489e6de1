"""An audit on worker processes: exact rows whatever becomes of the workers, and nothing left running."""

import multiprocessing
from collections import Counter
from collections.abc import Iterator

import pytest

from auditor import AccountFinished, AuditConfig, AuditSummary, ProgressEvent, Rates, run_audit
from auditor.demo import LocalServer, Scenario
from tests.expectations import as_set, truth_of
from tests.organizations import served

pytestmark = pytest.mark.anyio

SCENARIO = Scenario(accounts=40, users=3, largest_account=12, latency=0.01)
CONFIG = AuditConfig(role=SCENARIO.role_name, rates=Rates(iam=1000, events=1000, organizations=1000), concurrency=8)


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    """No worker process outlives its audit."""
    yield
    assert [] == multiprocessing.active_children()


class Killer:
    """An observer that kills a worker after so many accounts of each generation of workers."""

    def __init__(self, *, times: int, after: int = 1) -> None:
        self.left = times
        self._after = after
        self._seen: set[int] = set()
        self._finished = 0

    def __call__(self, event: ProgressEvent) -> None:
        """Kill where it is time to."""
        if not isinstance(event, AccountFinished) or not event.report.requests:
            return
        self._finished += 1
        new = [child for child in multiprocessing.active_children() if child.pid not in self._seen]
        if self.left and new and self._finished > self._after:
            self.left -= 1
            self._seen.update(child.pid or 0 for child in new)
            new[0].kill()


def assert_exact(summary: AuditSummary, server: LocalServer) -> None:
    """Rows and accounts are those of the truth, each once."""
    expected = truth_of(server, summary)
    assert as_set(expected.findings) == as_set(summary.findings)
    assert as_set(expected.events) == as_set(summary.events)
    assert_each_once(summary, server)


def assert_each_once(summary: AuditSummary, server: LocalServer) -> None:
    """Every account is reported, and none twice."""
    listed = Counter(account.id for account in server.organization.accounts)
    assert listed == Counter(report.account.id for report in summary.reports)


async def test_rows_of_two_processes_equal_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """What two processes find is what is true, each row once."""
    async with served(SCENARIO, monkeypatch) as server:
        summary = await run_audit(CONFIG, workers=2, collect=True)
        assert_exact(summary, server)


async def test_a_worker_that_is_killed_costs_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed worker had in hand is done by another."""
    killer = Killer(times=1)
    async with served(SCENARIO, monkeypatch) as server:
        summary = await run_audit(CONFIG, workers=2, collect=True, observe=killer)
        assert_exact(summary, server)
    assert 0 == killer.left


async def test_a_second_death_is_said_of_every_account_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends, each account is reported once, and those that were not done fail with `WorkerDied`."""
    killer = Killer(times=2)
    async with served(SCENARIO, monkeypatch) as server:
        summary = await run_audit(CONFIG, workers=2, collect=True, observe=killer)
        assert_each_once(summary, server)
    assert 0 == killer.left
    died = [report for report in summary.reports if [f.code for f in report.failures] == ["WorkerDied"]]
    assert len(died) > 0
    assert 3 == summary.exit_code

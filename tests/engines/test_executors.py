"""An audit on a caller's executor: any kind of it, broken ones too, and what its workers may not be given."""

import multiprocessing
import re
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread

from auditor import (
    AuditConfig,
    AuditError,
    ConfigurationError,
    EngineError,
    open_audit,
    open_csv_writer,
    open_journal,
    reopen_journal,
    resume_audit,
    run_audit,
)
from auditor.account.audit import AccountPlan
from auditor.demo import LocalServer, Scenario, build_organization, serve
from auditor.engines.worker import Batch, audit_batch, package_version
from tests.engines.runs import (
    CONFIG,
    SCENARIO,
    AtReport,
    assert_each_once,
    assert_exact,
    codes_of,
    kill_a_child,
    look_first_in,
    names_in,
    other_version,
    take_environment,
)
from tests.expectations import read_csv
from tests.organizations import served, session_of
from tests.samples import ACCOUNT, CALLER, PERIOD

pytestmark = [pytest.mark.anyio, pytest.mark.long]

VERSION = package_version()


class Counting(ThreadPoolExecutor):
    """A pool that knows how many batches it had at once, and what they were."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        self.batches: list[Batch] = []
        self.futures: list[Future[Any]] = []
        self.most = 0
        self._under_way = 0

    def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        """Count, and pass on."""
        self.batches.extend(argument for argument in arguments if isinstance(argument, Batch))
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        future = super().submit(function, *arguments, **options)
        self.futures.append(future)
        future.add_done_callback(self._count_down)
        return future

    def _count_down(self, _: object) -> None:
        self._under_way -= 1


class Refusing(Executor):
    """An executor whose every batch comes to the same end, and with `always` all that is asked before them, too."""

    def __init__(self, error: BaseException | None, *, at_once: bool = False, always: bool = False) -> None:
        self._error = error
        self._at_once = at_once
        self._always = always

    def submit(self, function: Any, /, *arguments: Any, **_options: Any) -> Future[Any]:
        """Raise the error, or give a future that failed with it, or that was cancelled."""
        future: Future[Any] = Future()
        if not self._always and not any(isinstance(argument, Batch) for argument in arguments):
            future.set_result(function(*arguments))
            return future
        if self._error is None:
            future.cancel()
        elif self._at_once:
            raise self._error
        else:
            future.set_exception(self._error)
        return future


async def test_threads_find_the_truth_each_with_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows equal the truth, so many batches are under way as there are workers, and the caller's pool stays open."""
    async with served(SCENARIO, monkeypatch) as server:
        with Counting(3) as executor:
            summary = await run_audit(CONFIG, executor=executor, workers=2, collect=True)
            assert 7 == executor.submit(lambda: 7).result()
        assert_exact(summary, server)
    assert 2 == executor.most
    taken = [account.id for batch in executor.batches for account in batch.accounts]
    assert summary.accounts - summary.not_auditable == len(set(taken)) == len(taken)
    portion = executor.batches[0].plan.config
    assert (CONFIG.rates.sts / 2, 2) == (portion.rates.sts, portion.concurrency)


async def test_a_pool_that_breaks_fails_what_remains(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller's broken pool is not mended: the rows until then are there, and all other accounts have failed."""
    killing = AtReport(kill_a_child)
    async with served(SCENARIO, monkeypatch) as server:
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
            summary = await run_audit(CONFIG, executor=executor, workers=2, collect=True, observe=killing)
        assert_each_once(summary, server)
    assert killing.done
    assert codes_of(summary)["WorkerDied"] > 0
    assert 3 == summary.exit_code


class Elsewhere(Executor):
    """An executor whose workers have another version of the package; they take no batch."""

    def __init__(self, version: str) -> None:
        self._version = version

    def submit(self, _function: Any, /, *arguments: Any, **_options: Any) -> Future[Any]:
        """What the worker says, whatever it is asked."""
        assert () == arguments
        future: Future[Any] = Future()
        future.set_result(self._version)
        return future


@pytest.mark.parametrize(
    ("executor", "sentence"),
    [
        (
            Elsewhere("0.0.9"),
            f"has version 0.0.9 of auditor, and this process has {VERSION}: install the same",
        ),
        (
            Refusing(ModuleNotFoundError("No module named 'auditor'"), always=True),
            "No module named 'auditor'. Its",
        ),
        (Refusing(AttributeError("no 'worker_version'"), always=True), f"need version {VERSION} of auditor"),
        (Refusing(BrokenProcessPool("gone"), always=True), 'a main module with `if __name__ == "__main__":`'),
        (Refusing(BrokenProcessPool("gone"), at_once=True, always=True), "ended before it could answer"),
        (Refusing(RuntimeError("shut down"), at_once=True, always=True), "shut down"),
        (Refusing(None, always=True), "CancelledError"),
    ],
    ids=["version", "no package", "no function", "broken", "broken before", "shut down", "cancelled"],
)
async def test_workers_that_can_not_audit_are_one_error(
    executor: Executor, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first batch a worker is asked for its version; if that is no good, nothing is asked or left behind."""
    async with served(SCENARIO, monkeypatch) as server:
        with pytest.raises(EngineError, match=re.escape(sentence)):
            async with (
                open_csv_writer(tmp_path) as writer,
                open_journal(tmp_path / "audit_20260301_120000.journal.jsonl", config=CONFIG) as journal,
            ):
                await run_audit(CONFIG, executor=executor, workers=2, writers=[writer, journal])
        assert {"GetCallerIdentity", "ListAccounts"} >= {request.action for request in server.requests}
    assert [] == names_in(tmp_path)


async def test_a_worker_that_was_installed_otherwise_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is the version that is installed where the worker runs."""
    other_version(tmp_path)
    async with served(SCENARIO, monkeypatch):
        with (
            ProcessPoolExecutor(
                1,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=look_first_in,
                initargs=(str(tmp_path),),
            ) as executor,
            pytest.raises(EngineError, match=rf"has version 0\.0\.9 of auditor, and this process has {VERSION}"),
        ):
            await run_audit(CONFIG, executor=executor, workers=1)


async def test_a_resumed_audit_that_has_no_workers_keeps_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal is still there, and the CSV files name each account that was not reached."""
    path = tmp_path / "audit_20260301_120000.journal.jsonl"
    async with served(SCENARIO, monkeypatch) as server:
        async with open_journal(path, config=CONFIG) as journal, open_audit(CONFIG, begin=journal.begin) as stream:
            await journal.write(await anext(stream))
        async with reopen_journal(path) as journal:
            with pytest.raises(EngineError):
                await resume_audit(journal, executor=Elsewhere("0.0.9"), workers=1)
        listed = {account.id for account in server.organization.accounts}
    coverage = read_csv(tmp_path / "coverage_20260301_120000.csv")
    assert listed >= {row["account_id"] for row in coverage} - {"organization"}
    assert "not reached" in {row["role"] for row in coverage}


async def test_a_batch_of_another_version_is_refused() -> None:
    """A worker that joins late, and was not asked, takes no batch of another version."""
    batch = Batch((ACCOUNT,), AccountPlan(CONFIG, PERIOD), CALLER, version="0.0.9")
    with pytest.raises(EngineError, match=rf"has version {VERSION} of auditor, and this process has 0\.0\.9"):
        await to_thread.run_sync(audit_batch, batch)


@pytest.mark.parametrize(
    ("executor", "code"),
    [
        pytest.param(Refusing(BrokenProcessPool("gone")), "WorkerDied", id="broken"),
        pytest.param(Refusing(BrokenProcessPool("gone"), at_once=True), "WorkerDied", id="broken before"),
        pytest.param(Refusing(RuntimeError("shut down"), at_once=True), "WorkerFailed", id="shut down"),
        pytest.param(Refusing(KeyError("odd")), "WorkerFailed", id="a fault in the worker"),
        pytest.param(Refusing(None), "WorkerDied", id="cancelled by the executor"),
    ],
)
async def test_a_batch_that_fails_is_said_of_each_of_its_accounts(
    executor: Executor, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a batch ends with, its accounts are reported with the code of it, and the run goes on to its end."""
    async with served(SCENARIO, monkeypatch) as server:
        summary = await run_audit(CONFIG, executor=executor, workers=2, collect=True)
        assert_each_once(summary, server)
    assert {code: summary.accounts - summary.not_auditable} == codes_of(summary)
    assert (0, 3) == (summary.audited, summary.exit_code)


async def test_a_worker_with_credentials_of_another_account_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever a worker turns out to be, it audits for the coordinator's account or not at all."""
    other = await to_thread.run_sync(build_organization, Scenario(accounts=2, users=0, seed=8))
    async with served(SCENARIO, monkeypatch) as server, serve(other) as foreign:
        with ProcessPoolExecutor(
            1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=take_environment,
            initargs=(foreign.environment(),),
        ) as executor:
            summary = await run_audit(CONFIG, executor=executor, workers=1, collect=True)
        assert_each_once(summary, server)
        assert {"GetCallerIdentity"} == {request.action for request in foreign.requests}
    assert {"WorkerFailed": summary.accounts - summary.not_auditable} == codes_of(summary)
    said = next(failure.message for report in summary.reports for failure in report.failures)
    assert f"A worker has credentials of the account {other.caller.id}" in said


async def test_a_worker_without_credentials_refuses() -> None:
    """A worker that has no credentials of its own says so, and was given none."""
    batch = Batch((ACCOUNT,), AccountPlan(CONFIG, PERIOD), CALLER)
    with pytest.raises(AuditError, match="No AWS credentials were found"):
        await to_thread.run_sync(audit_batch, batch)


async def test_leaving_the_stream_withdraws_what_has_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that waits in a caller's pool when the audit is left is cancelled there."""
    executor = Counting(1)
    async with served(SCENARIO, monkeypatch):
        async with open_audit(CONFIG, executor=executor, workers=4) as stream:
            async for report in stream:
                if report.requests:
                    break
        # In a thread: the batch that has begun is asking the server, which answers on this loop.
        await to_thread.run_sync(executor.shutdown)
    assert 0 < sum(future.cancelled() for future in executor.futures)


@pytest.mark.parametrize(
    ("executor", "workers", "sentence"),
    [
        (Refusing(None), None, "give their number"),
        (Refusing(None), 0, "0 workers can't audit"),
        (None, -1, "-1 workers can't audit"),
    ],
)
async def test_a_number_of_workers_is_needed(executor: Executor | None, workers: int | None, sentence: str) -> None:
    """Without a number of workers that can be, nothing is asked of AWS."""
    with pytest.raises(ConfigurationError, match=sentence):
        await run_audit(AuditConfig(role="Audit"), executor=executor, workers=workers)


@pytest.mark.parametrize(("executor", "workers"), [(Refusing(None), 1), (None, 2)])
async def test_workers_can_not_have_a_session(
    executor: Executor | None, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session does not cross to workers, and an audit that would need it to is refused."""
    async with served(SCENARIO, monkeypatch) as server:
        with pytest.raises(ConfigurationError, match="Workers can't have a session"):
            await run_audit(CONFIG, session=session_of(server), executor=executor, workers=workers)
        assert [] == server.requests


async def test_one_worker_is_this_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker without an executor is no other than this loop, which may have a session."""
    async with served(SCENARIO, monkeypatch) as server:
        summary = await run_audit(CONFIG, session=session_of(server), workers=1, collect=True)
        assert_exact(summary, server)
        assert 1 == calls(server, "GetCallerIdentity")


def calls(server: LocalServer, action: str) -> int:
    """How often an action was asked for."""
    return sum(count for (_, name, _), count in server.counts.items() if name == action)

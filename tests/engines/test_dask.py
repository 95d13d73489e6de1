"""An audit on a Dask cluster of worker processes, on loopback."""

import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread

from auditor import EngineError, run_audit
from auditor.engines.dask import open_dask
from tests.engines.runs import CONFIG, SCENARIO, AtReport, assert_exact, look_first_in, lose_the_package, other_version
from tests.expectations import as_set, read_csv, truth_of_all
from tests.organizations import served

distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")
psutil = pytest.importorskip("psutil", reason="it comes with the extra `dask`")

pytestmark = [pytest.mark.anyio, pytest.mark.long]

AUDITOR = [sys.executable, "-m", "auditor", "audit"]


@asynccontextmanager
async def cluster_of(workers: int) -> AsyncIterator[Any]:
    """A Dask cluster of so many processes, each of one thread, with this environment."""

    def start() -> Any:
        return distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            worker_dashboard_address="127.0.0.1:0",
        )

    cluster = await to_thread.run_sync(start)
    try:
        yield cluster
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(cluster.close)


async def test_rows_are_exact_though_a_worker_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask gives a dead worker's batch to another, and every account is reported once; nobody listens but loopback."""
    async with served(SCENARIO, monkeypatch) as server, cluster_of(2) as cluster:
        killing = AtReport(partial(kill_a_busy_worker, cluster))
        assert {"127.0.0.1"} == listening()
        async with open_dask(cluster.scheduler_address) as (executor, workers):
            summary = await run_audit(CONFIG, executor=executor, workers=workers, collect=True, observe=killing)
        assert_exact(summary, server)
    assert 2 == workers
    assert killing.done


async def test_the_command_audits_on_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--dask-scheduler gives the rows of the truth, and leaves the cluster as it was."""
    command = [*AUDITOR, "--role", SCENARIO.role_name, "--output-dir", str(tmp_path)]
    async with served(SCENARIO, monkeypatch) as server, cluster_of(1) as cluster:
        done = await anyio.run_process([*command, "--dask-scheduler", cluster.scheduler_address], check=False)
        expected = truth_of_all(server)
        assert 1 == len(cluster.scheduler.workers)
    (findings,) = [Path(line) for line in done.stdout.decode().splitlines() if "iam_audit_report" in line]
    assert (3, as_set(expected.findings)) == (done.returncode, as_set(read_csv(findings)))


async def test_a_scheduler_without_workers_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster in which nobody would ever take a batch is told at once."""
    async with served(SCENARIO, monkeypatch), cluster_of(0) as cluster:
        with pytest.raises(EngineError, match="has no workers"):
            async with open_dask(cluster.scheduler_address):
                pass


async def test_each_worker_is_asked_for_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that has another version, or no such package, is named before any account is asked."""
    other_version(tmp_path)
    async with served(SCENARIO, monkeypatch) as server, cluster_of(2) as cluster:
        async with open_dask(cluster.scheduler_address) as (executor, workers):
            for spoil, sentence in (
                (partial(look_first_in, str(tmp_path)), r"has 0\.0\.9\.$"),
                (lose_the_package, "has none or an old one"),
            ):
                address = next(iter(cluster.scheduler.workers))
                await to_thread.run_sync(partial(executor._client.run, spoil, workers=[address]))  # type: ignore[attr-defined]  # noqa: SLF001 - Dask's way to one worker
                with pytest.raises(EngineError, match=rf"here: {re.escape(address)} {sentence}"):
                    await run_audit(CONFIG, executor=executor, workers=workers)
        assert {"GetCallerIdentity", "ListAccounts"} >= {request.action for request in server.requests}


async def test_a_lent_cluster_without_workers_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command finds is found for the library, too."""
    async with served(SCENARIO, monkeypatch), cluster_of(0) as cluster, client_of(cluster) as client:
        with pytest.raises(EngineError, match="has no workers"):
            await run_audit(CONFIG, executor=client.get_executor(pure=False), workers=2)


@asynccontextmanager
async def client_of(cluster: Any) -> AsyncIterator[Any]:
    """A client of the cluster, as callers have one."""
    client = await to_thread.run_sync(partial(distributed.Client, cluster, set_as_default=False))
    try:
        yield client
    finally:
        await to_thread.run_sync(client.close)


def kill_a_busy_worker(cluster: Any) -> bool:
    """Kill a worker process that has a batch; whether there was one."""
    busy = {worker.address for worker in cluster.scheduler.workers.values() if worker.processing}
    pids = [nanny.pid for nanny in cluster.workers.values() if nanny.worker_address in busy]
    for pid in pids[:1]:
        os.kill(pid, signal.SIGKILL)
    return bool(pids)


def listening() -> set[str]:
    """The addresses that this process and its children listen at."""
    own = psutil.Process()
    processes = [own, *own.children(recursive=True)]
    found = [connection for process in processes for connection in process.net_connections("tcp")]
    return {connection.laddr.ip for connection in found if connection.status == psutil.CONN_LISTEN}

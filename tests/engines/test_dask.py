"""An audit on a Dask cluster of worker processes, on loopback."""

import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread
from typer.testing import CliRunner

from auditor import ConfigurationError, EngineError, run_audit
from auditor.cli import app
from auditor.engines.dask import open_dask
from tests.engines.runs import CONFIG, SCENARIO, AtReport, assert_exact, codes_of
from tests.organizations import served

distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")
psutil = pytest.importorskip("psutil", reason="it comes with the extra `dask`")

pytestmark = pytest.mark.anyio


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

        def kill() -> None:
            os.kill(cluster.workers[0].pid, 9)

        killing = AtReport(kill)
        assert {"127.0.0.1"} == listening()
        async with open_dask(cluster.scheduler_address) as (executor, workers):
            summary = await run_audit(CONFIG, executor=executor, workers=workers, collect=True, observe=killing)
        assert_exact(summary, server)
    assert 2 == workers
    assert killing.done


def listening() -> set[str]:
    """The addresses that this process and its children listen at."""
    own = psutil.Process()
    processes = [own, *own.children(recursive=True)]
    found = [connection for process in processes for connection in process.net_connections("tcp")]
    return {connection.laddr.ip for connection in found if connection.status == psutil.CONN_LISTEN}

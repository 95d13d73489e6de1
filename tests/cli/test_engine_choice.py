"""The command on several processes, and what it says of workers that can't be."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import anyio
import pytest
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.text import TextReceiveStream
from typer.testing import CliRunner

from auditor.cli.app import app
from auditor.demo import Scenario
from auditor.engines import dask
from tests.engines.runs import SCENARIO
from tests.expectations import as_set, read_csv, truth_of_all
from tests.organizations import served

pytestmark = pytest.mark.long

AUDITOR = [sys.executable, "-m", "auditor", "audit", "--processes", "2"]
SLOW = Scenario(
    accounts=300,
    users=2,
    largest_account=3,
    latency=0.01,
    denied_every=None,
    denied_actions={"*": frozenset({"iam:GetLoginProfile"})},
)
"""Each account with keys is told on stderr when its rows are written."""


def findings_in(output: str) -> list[dict[str, str]]:
    """The rows of the file of findings whose path was printed."""
    (path,) = [Path(line) for line in output.splitlines() if "iam_audit_report" in line]
    return read_csv(path)


@pytest.mark.anyio
async def test_processes_write_the_rows_of_the_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--processes 2 writes what one process writes."""
    async with served(SCENARIO, monkeypatch) as server:
        command = [*AUDITOR, "--role", SCENARIO.role_name, "--output-dir", str(tmp_path)]
        done = await anyio.run_process(command, check=False)
        expected = truth_of_all(server)
    assert (3, as_set(expected.findings)) == (done.returncode, as_set(findings_in(done.stdout.decode())))
    assert b"Traceback" not in done.stderr


@pytest.mark.anyio
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_stops_at_once_and_leaves_no_process(
    number: signal.Signals, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole accounts are on disk, and the streams that the workers inherited are closed with the last of them."""
    async with served(SLOW, monkeypatch) as server:
        command = [*AUDITOR, "--role", SLOW.role_name, "--output-dir", str(tmp_path)]
        process = await anyio.open_process(command, stderr=subprocess.PIPE)
        errors: list[str] = []
        async with process, anyio.create_task_group() as tasks:
            # Read all the while: a process that can't write its errors writes no rows either.
            tasks.start_soon(partial(keep, process.stderr, into=errors))
            while len(await accounts_written(tmp_path)) < 3:
                assert process.returncode is None
                await anyio.sleep(0.005)
            process.send_signal(number)
            assert code == await process.wait()
            rows = findings_in(await rest(process.stdout))
        assert "Traceback" not in "".join(errors)
        expected = truth_of_all(server)
    ours = {row["account_id"] for row in rows}
    assert len(ours) >= 3
    assert as_set(row for row in expected.findings if row["account_id"] in ours) == as_set(rows)


@pytest.mark.anyio
async def test_workers_end_with_a_command_that_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers whose parent is gone end by themselves."""
    async with served(SLOW, monkeypatch):
        command = [*AUDITOR, "--role", SLOW.role_name, "--output-dir", str(tmp_path)]
        process = await anyio.open_process(command, stderr=subprocess.PIPE)
        async with process:
            await until_some_are_written(process)
            process.kill()
            await rest(process.stdout)


@pytest.fixture
def silent_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port that takes connections and never says a word; little patience with it, and a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dask, "_CONNECTING", 1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--processes", "0"], 2, "0 processes can't audit"),
        (["--workers", "2"], 2, "give its --dask-scheduler"),
        (["--workers", "0", "--dask-scheduler", "tcp://127.0.0.1:{port}"], 2, "0 workers can't audit"),
        (["--processes", "2", "--dask-scheduler", "tcp://127.0.0.1:{port}"], 2, "give one of them"),
        (["--dask-scheduler", "127.0.0.1"], 2, "is not the address of a Dask scheduler"),
        (["--dask-scheduler", "http://127.0.0.1:{port}"], 2, "is not the address of a Dask scheduler"),
        (["--dask-scheduler", "tcp://127.0.0.1:{port}"], 1, "could not be reached"),
        (["--dask-scheduler", "tls://127.0.0.1:{port}"], 1, "could not be reached"),
    ],
)
def test_workers_that_can_not_be_get_one_sentence(
    arguments: list[str], code: int, sentence: str, silent_port: int, tmp_path: Path
) -> None:
    """What can't be right, or is not there, is told on stderr with the exit code for it, and no file is left."""
    filled = [argument.format(port=silent_port) for argument in arguments]
    result = CliRunner().invoke(app, ["audit", "--role", "R", *filled])
    assert code == result.exit_code
    assert sentence in result.stderr
    assert "Traceback" not in result.output
    assert [] == list(tmp_path.iterdir())


def test_dask_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, the option says how to get it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = CliRunner().invoke(app, ["audit", "--role", "R", "--dask-scheduler", "tcp://127.0.0.1:9"])
    assert (2, "Error: Dask is not installed: it comes with `pip install 'auditor[dask]'`.\n") == (
        result.exit_code,
        result.stderr,
    )


async def until_some_are_written(process: Process) -> None:
    """Wait until accounts have come back from the workers, and are written."""
    assert process.stderr is not None
    text = ""
    async for part in TextReceiveStream(process.stderr):
        text += part
        if text.count("Error en cuenta") >= 3:
            return


async def accounts_written(folder: Path) -> set[str]:
    """The accounts whose rows are in the file of findings so far."""
    lines = [
        line
        async for table in anyio.Path(folder).glob("iam_audit_report_*.csv")
        for line in (await table.read_text(encoding="utf-8")).splitlines()[1:]
    ]
    return {line.partition(",")[0] for line in lines}


async def keep(stream: ByteReceiveStream | None, *, into: list[str]) -> None:
    """Add all that comes until the last process that holds the other end is gone."""
    into.append(await rest(stream))


async def rest(stream: ByteReceiveStream | None) -> str:
    """All that comes until the last process that holds the other end is gone."""
    assert stream is not None
    return "".join([part async for part in TextReceiveStream(stream)])

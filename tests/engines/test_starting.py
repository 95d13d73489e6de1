"""Worker processes run no code of the current folder, need no guarded main module, and say why they can't be had."""

import errno
import multiprocessing
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import anyio
import pytest
from loky.backend import fork_exec
from loky.backend import resource_tracker as loky_tracker

from auditor import AccountReport, EngineError, open_csv_writer, open_journal, run_audit
from auditor.account.audit import AccountPlan
from auditor.engines.processes import open_processes
from auditor.engines.starting import safe_path
from auditor.engines.submissions import error_of
from auditor.engines.worker import Batch, package_version
from tests.engines.runs import CONFIG, SCENARIO, names_in
from tests.organizations import served
from tests.samples import ACCOUNT, CALLER, PERIOD, REPORT

pytestmark = [pytest.mark.anyio, pytest.mark.long]

VERSION = package_version()
BATCH = Batch((ACCOUNT,), AccountPlan(CONFIG, PERIOD), CALLER)
OTHERS = {"loky", "cloudpickle", "psutil", "auditor", "aioboto3", "anyio", "uvloop", "brotli", "sitecustomize"}
"""What is planted beside all of the standard library: what workers import, could import, or Python runs by itself."""
PLANTED = """
import os, sys
with open({marker!r}, "a") as file:
    file.write(f"{{__name__}} by {{sys.orig_argv}}\\n")
"""
SCRIPT = """
import asyncio, os, sys
from pathlib import Path
from auditor import AuditConfig, Rates, open_csv_writer, run_audit
{preparation}

async def main():
    async with open_csv_writer(Path(sys.argv[1])) as writer:
        await run_audit(AuditConfig(role={role!r}), workers=2, writers=[writer])
    assert "PYTHONSAFEPATH" not in os.environ

asyncio.run(main())
"""
FOLDER_FIRST = """
import auditor.engines.processes, loky.backend.popen_loky_posix
sys.path[:0] = [".", "", os.getcwd()]
"""
"""What is imported in the caller's own process then is the caller's choice; the workers' path is not."""
INSTALLED = [str(Path(sys.executable).with_name("auditor"))]
COMMAND = [sys.executable, "-P", "-m", "auditor"]


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A folder in which a module lies for every name that workers may import; each leaves a mark where it is run."""
    folder = tmp_path / "planted"
    folder.mkdir()
    for name in sys.stdlib_module_names | OTHERS:
        (folder / f"{name}.py").write_text(PLANTED.format(marker=str(tmp_path / "marker")), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    """No worker process outlives its audit."""
    yield
    assert [] == multiprocessing.active_children()


def run_by_others(folder: Path, *, than: str = "nobody") -> list[str]:
    """Which planted modules were run, but for those that a process with this in its command line ran."""
    marker = folder.parent / "marker"
    lines = marker.read_text(encoding="utf-8").splitlines() if marker.exists() else []
    return [line for line in lines if than not in line]


@pytest.mark.parametrize("command", [INSTALLED, COMMAND], ids=["auditor", "python -P -m auditor"])
async def test_the_command_runs_nothing_of_the_folder(
    command: list[str], planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the command nor any process that it starts imports what lies where it is run."""
    options = ["audit", "--role", SCENARIO.role_name, "--output-dir", str(planted.parent / "out"), "--processes", "2"]
    async with served(SCENARIO, monkeypatch):
        done = await anyio.run_process([*command, *options], cwd=planted, check=False)
    assert (3, []) == (done.returncode, run_by_others(planted))


@pytest.mark.parametrize("preparation", ["", FOLDER_FIRST], ids=["as it is", "the folder is on the caller's path"])
async def test_a_script_without_a_guard_is_one_audit(
    preparation: str, planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The main module is not run again: there is one set of files, and nothing of the current folder is run."""
    script, output = planted.parent / "script.py", planted.parent / "out"
    script.write_text(SCRIPT.format(preparation=preparation, role=SCENARIO.role_name), encoding="utf-8")
    async with served(SCENARIO, monkeypatch):
        done = await anyio.run_process([sys.executable, str(script), str(output)], cwd=planted, check=False)
    assert (0, b"") == (done.returncode, done.stderr)
    assert 4 == len(names_in(output))
    assert [] == run_by_others(planted, than=str(script) if preparation else "nobody")


async def test_the_demo_runs_nothing_of_the_folder(planted: Path) -> None:
    """The command that it starts does not look for modules where it writes."""
    command = [*COMMAND, "demo", "--accounts", "3", "--users", "1", "--latency", "0", "--quiet"]
    done = await anyio.run_process([*command, "--output-dir", str(planted.parent / "out")], cwd=planted, check=False)
    assert (0, []) == (done.returncode, run_by_others(planted))


async def test_an_interpreter_that_can_not_be_told_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With -E, Python would not hear that the current folder is no place for modules."""
    command = [sys.executable, "-E", "-m", "auditor", "audit", "--role", SCENARIO.role_name, "--processes", "2"]
    async with served(SCENARIO, monkeypatch):
        done = await anyio.run_process([*command, "--output-dir", str(tmp_path)], check=False)
    assert 1 == done.returncode
    assert done.stderr.decode().endswith("give it -P, too.\n")
    assert [] == names_in(tmp_path)


def test_the_path_of_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder is not on it under any name, all else is, and the package can be found."""
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(tmp_path)
    own = str(tmp_path / "own")
    monkeypatch.setattr(sys, "path", ["", ".", str(tmp_path), str(tmp_path / "link"), own, "/not/there"])
    assert [own, "/not/there", str(Path(__file__).parents[2])] == safe_path()


async def test_workers_have_the_environment_of_their_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """What starts them safely is neither in theirs, where other programs would inherit it, nor left in the caller's."""
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    before = dict(os.environ)
    async with open_processes(1, version=VERSION, work=look_at_environment) as pool:
        outcome = await pool.audit(BATCH)
    assert error_of(outcome) is None
    assert before == dict(os.environ)


def look_at_environment(batch: Batch) -> tuple[AccountReport, ...]:
    """A worker that has an answer where its environment is the caller's."""
    del batch
    assert not {"PYTHONSAFEPATH", "LOKY_MAX_MEMORY_LEAK_SIZE"} & set(os.environ)
    return (REPORT,)


def no_semaphores(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of semaphores can't be written."""

    def refuse(*_: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    # By its name: as an attribute of the package it is the standard library's.
    monkeypatch.setattr(import_module("loky.backend.synchronize"), "_SemLock", refuse)


def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user has as many processes as are allowed."""

    def refuse(*_: Any, **__: Any) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(fork_exec, "fork_exec", refuse)


def no_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python ends as soon as it is started."""
    loky_tracker.ensure_running()
    resource_tracker.ensure_running()
    monkeypatch.setenv("PYTHONHASHSEED", "nonsense")


@pytest.mark.parametrize(
    ("break_it", "sentence"),
    [
        (no_semaphores, r"could not be started: no semaphore can be made \(on Linux in /dev/shm\): Read-only"),
        (no_processes, r"could not be started: the system allows no more processes \(ulimit -u\)"),
        (no_python, "could not be started: a worker process ended before it could answer"),
    ],
)
async def test_processes_that_can_not_be_started_are_one_error(
    break_it: Any, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The audit ends with the reason before any account is asked, and its files are gone."""
    async with served(SCENARIO, monkeypatch) as server:
        break_it(monkeypatch)
        with pytest.raises(EngineError, match=sentence):
            async with (
                open_csv_writer(tmp_path) as writer,
                open_journal(tmp_path / "audit_20260301_120000.journal.jsonl", config=CONFIG) as journal,
            ):
                await run_audit(CONFIG, workers=2, writers=[writer, journal])
        assert {"GetCallerIdentity", "ListAccounts"} >= {request.action for request in server.requests}
    assert [] == names_in(tmp_path)


async def test_a_folder_that_is_gone_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command says so, ends with 1, and leaves no files."""
    gone = tmp_path / "gone"
    gone.mkdir()
    options = ["audit", "--role", SCENARIO.role_name, "--processes", "2", "--output-dir", str(tmp_path)]
    command = ["sh", "-c", 'rmdir "$PWD" && exec "$@"', "sh", *COMMAND, *options]
    async with served(SCENARIO, monkeypatch):
        done = await anyio.run_process(command, cwd=gone, check=False)
    assert 1 == done.returncode
    assert done.stderr.decode().endswith("could not be started: the current folder is gone.\n")
    assert [] == names_in(tmp_path)

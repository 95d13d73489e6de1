"""A program that has credentials ends with whoever waits for it; an MFA code is asked for at a terminal, or taken."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from blockbuster import BlockBuster

from auditor.aws.session import open_sessions, resolve_credentials

_ASK = """
from auditor.aws.credential_sources import ask_for_code
try:
    ask_for_code("Code: ")
except EOFError:
    print("none")
"""


@pytest.mark.anyio
@pytest.mark.parametrize("profile", ["hangs", "role"])
async def test_a_program_that_hangs_is_not_left_behind(
    profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_blocking: BlockBuster
) -> None:
    """That of a role's source profile neither: what it holds open is closed when its task is cancelled."""
    no_blocking.deactivate()  # asyncio itself starts the process so.
    pipe, program, config = tmp_path / "pipe", tmp_path / "program", tmp_path / "config"
    os.mkfifo(pipe)
    program.write_text(f"exec 3>{pipe}\necho begun >&3\nexec sleep 1000\n")
    config.write_text(
        f"[profile hangs]\ncredential_process = sh {program}\n"
        "[profile role]\nrole_arn = arn:aws:iam::111122223333:role/Audit\nsource_profile = hangs\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    sessions = await open_sessions(profile=profile, session=None)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(resolve_credentials, sessions, profile=profile))
        with await to_thread.run_sync(pipe.open) as told:
            assert "begun\n" == await to_thread.run_sync(told.readline)
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                assert "" == await to_thread.run_sync(told.readline)


def test_without_a_terminal_nothing_is_written() -> None:
    """Neither the question, nor a warning of what would be seen."""
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        start_new_session=True,
        check=True,
        text=True,
    )

    assert ("none\n", "") == (done.stdout, done.stderr)


def test_a_code_that_is_piped_in_is_taken() -> None:
    """A job has no terminal, and may have a code all the same."""
    program = _ASK.replace("    ask_for_code(", "    print(ask_for_code(").replace('"Code: ")', '"Code: "))')
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, input="123456\n", capture_output=True, start_new_session=True, check=True, text=True)

    assert ("123456\n", "") == (done.stdout, done.stderr)

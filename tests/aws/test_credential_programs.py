"""A program that has credentials ends with whoever waits for it."""

import os
from functools import partial
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from blockbuster import BlockBuster

from auditor.aws.session import open_sessions, resolve_credentials

pytestmark = pytest.mark.anyio


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

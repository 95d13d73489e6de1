"""The README says what the program does: help, commands, code and policy are held against it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from auditor.aws.permissions import policy_text
from auditor.demo import Scenario
from tests.organizations import served
from tests.test_architecture import ROOMS

README = Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
SCENARIO = Scenario(accounts=3, users=1, largest_account=3, denied_every=None)


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language."""
    return [text for name, text in BLOCKS if name == language]


@pytest.mark.parametrize("command", ["audit", "template policy", "template cloudformation", "demo", "schema"])
def test_the_help_is_the_programs(command: str) -> None:
    """The block of each command is its --help, to the letter."""
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "TERMINAL_WIDTH": "100"}
    done = subprocess.run(
        [sys.executable, "-m", "auditor", *command.split(), "--help"],
        env=environment,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    printed = "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())
    shown = [block.strip() for block in blocks("text") if f"auditor {command} " in block.partition("\n")[0]]
    # Python names the program after the module that it runs; a person who installed it sees its own name.
    assert [printed.replace("python -m auditor", "auditor")] == shown


@pytest.mark.anyio
async def test_the_commands_run_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every `auditor audit` line does its audit, with a profile of that name."""
    commands = [
        line.split() for block in blocks("sh") for line in block.splitlines() if line.startswith("auditor audit")
    ]
    config = tmp_path / "config"
    async with served(SCENARIO, monkeypatch) as server:
        environment = server.environment()
        keys = {name: environment[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        profile = ["[profile security]", *(f"{name.lower()} = {value}" for name, value in keys.items())]
        config.write_text("\n".join(profile), encoding="utf-8")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        codes = [await _exit_code(command[1:], folder=tmp_path) for command in commands]
    assert len(commands) >= 2
    assert [0] * len(commands) == codes


@pytest.mark.anyio
async def test_the_code_runs_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of the library prints what an audit found."""
    (example,) = blocks("python")
    async with served(SCENARIO, monkeypatch):
        done = await anyio.run_process([sys.executable, "-c", example], cwd=tmp_path, check=False)
    assert (0, b"") == (done.returncode, done.stderr)
    assert done.stdout.decode().splitlines()[0].endswith("exit code 0")


def test_the_policy_is_the_programs() -> None:
    """The role's policy is the one that `auditor template policy` prints, and the caller's rights are named."""
    (shown,) = blocks("json")
    assert policy_text() == shown.strip()
    assert [] == [word for word in ("organizations:ListAccounts", "sts:AssumeRole") if word not in README]


def test_the_rooms_are_the_packages() -> None:
    """The table has every room of the package, the top one first."""
    shown = re.findall(r"^\| `(\w+)` \|", README.partition("| room |")[2], flags=re.MULTILINE)
    assert [room.removeprefix("auditor.") for room in ROOMS] == shown[: len(ROOMS)]


async def _exit_code(arguments: list[str], *, folder: Path) -> int:
    command = [sys.executable, "-m", "auditor", *arguments]
    return (await anyio.run_process(command, cwd=folder, check=False)).returncode

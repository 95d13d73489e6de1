"""`auditor plan` and `audit --dry-run`: what is printed where, exit codes, and that nothing is written."""

import json
import re
import shlex
import sys
from pathlib import Path

import anyio
import pytest

from auditor.demo import Scenario
from tests.organizations import served

pytestmark = [pytest.mark.anyio, pytest.mark.long]

SCENARIO = Scenario(accounts=13, users=3, largest_account=9)
AUDITOR = [sys.executable, "-m", "auditor"]


def files_in(folder: Path) -> list[Path]:
    """What a command left behind."""
    return list(folder.iterdir())


async def test_a_plan_says_how_long_what_and_what_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts by state and unit, calls, other settings and refusals are on stdout, the next step last; exit code 0."""
    async with served(SCENARIO, monkeypatch) as server:
        command = [*AUDITOR, "plan", "--role", SCENARIO.role_name, "--ou", "Root"]
        done = await anyio.run_process(command, check=False, cwd=tmp_path)
        works = sum(account.works for account in server.organization.accounts)
    shown = done.stdout.decode()
    assert 0 == done.returncode
    assert f"An audit of {works} accounts takes 0:00:0" in shown
    for words in ("SUSPENDED", "Root/Prod", "iam:ListAccessKeys", "--users with-keys", "--processes", "AccessDenied"):
        assert words in shown
    assert f"auditor audit --role {SCENARIO.role_name} --ou Root" == shown.splitlines()[-1].partition(": ")[2]
    assert [] == files_in(tmp_path)


async def test_a_plan_is_one_json_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the calls with their ranges, the seconds, and the accounts of the sample."""
    async with served(SCENARIO, monkeypatch):
        command = [*AUDITOR, "plan", "--role", SCENARIO.role_name, "--json", "--sample", "3"]
        done = await anyio.run_process(command, check=False)
    plan = json.loads(done.stdout)
    assert (0, 13, 3) == (done.returncode, plan["accounts"], len(plan["sample"]))
    assert {"least": 1, "likely": 1, "most": 1} == plan["calls"]["organizations:ListAccounts"]
    assert plan["users"]["least"] < plan["users"]["most"]
    assert ["--freshness report", "--users with-keys"] == [each["settings"] for each in plan["alternatives"]][:2]
    assert plan["seconds"] > 2


async def test_a_dry_run_is_a_plan_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has all options of the audit, which the next step repeats, but for itself."""
    async with served(SCENARIO, monkeypatch):
        words = ["--role", SCENARIO.role_name, "--output-dir", str(tmp_path / "a b"), "--days", "30"]
        done = await anyio.run_process([*AUDITOR, "audit", "--dry-run", *words], check=False)
    shown = done.stdout.decode()
    assert 0 == done.returncode
    assert "iam:ListAccessKeys" in shown
    *command, unit = shlex.split(shown.splitlines()[-1].partition(": ")[2])
    assert ["auditor", "audit", *words, "--ou"] == command
    assert unit.startswith("ou-")
    assert [] == files_in(tmp_path)


async def test_a_role_that_nobody_has_is_said_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan can be made all the same."""
    async with served(SCENARIO, monkeypatch):
        done = await anyio.run_process([*AUDITOR, "plan", "--role", "Nobodys"], check=False)
    assert 0 == done.returncode
    assert done.stdout.decode().startswith("No account let the role in, of ")


async def test_without_a_list_there_is_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, and exit code 1."""
    async with served(Scenario(accounts=3, users=1, largest_account=3, listing_denied_page=0), monkeypatch):
        done = await anyio.run_process([*AUDITOR, "plan", "--role", "Audit"], check=False)
    assert (1, b"") == (done.returncode, done.stdout)
    assert "delegated administrator" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan"], "--role is missing"),
        (["plan", "--role", "Audit", "--sample", "0"], "from 1 on"),
        (["plan", "--role", "Audit", "--processes", "0"], "from 1 on"),
        (["plan", "--role", "Audit", "--account", "12"], "not an account id"),
        (["audit", "--dry-run", "--resume", "a.journal.jsonl"], "--dry-run plans a new audit"),
    ],
)
async def test_options_that_can_not_be_meant_are_one_sentence(words: list[str], said: str) -> None:
    """Nothing is asked; exit code 2."""
    done = await anyio.run_process([*AUDITOR, *words], check=False)
    assert (2, b"") == (done.returncode, done.stdout)
    assert re.search(rf"^Error: .*{said}", " ".join(done.stderr.decode().split()))

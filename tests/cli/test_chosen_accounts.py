"""Which accounts an audit enters, as they are named on the command line: one sentence for what can't be meant."""

import sys
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from auditor.demo import Scenario
from tests.expectations import read_csv
from tests.organizations import served

pytestmark = [pytest.mark.anyio, pytest.mark.long]

SCENARIO = Scenario(accounts=13, users=1, largest_account=2, events=1, denied_every=None)
AUDITOR = [sys.executable, "-m", "auditor", "audit"]


async def audit(*options: str, folder: Path) -> tuple[int, str, str]:
    """The exit code, and what is printed, of an audit into this folder."""
    command = [*AUDITOR, "--role", SCENARIO.role_name, "--output-dir", str(folder), *options]
    done = await anyio.run_process(command, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


async def files_in(folder: Path, pattern: str = "*") -> list[Path]:
    """What is in a folder."""
    return await to_thread.run_sync(lambda: sorted(folder.glob(pattern)))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--account", ""], "Error: --account has an empty value: leave the option out, or give it one."),
        (["--account", "123"], "Error: --account '123' is not an account id: give its 12 digits, zeros in front too."),
        (["--account", "9" * 12], "Error: --account: not in this organization is 999999999999."),
        (["--account-name", "nobody"], "Error: --account-name: no account of this organization is called 'nobody'."),
        (["--ou", "Prd"], "Error: There is no OU called 'Prd': give another name, a path of names, or an id."),
        (
            ["--ou", "Data"],
            "Error: 2 OUs are called 'Data': give the path or the id of one: Root/Dev/Data, Root/Prod/Data.",
        ),
        (["--tag", "prod"], "Error: --tag 'prod' is not a tag: give it as KEY=VALUE; KEY= is one with no value."),
        (["--exclude-ou", "Root"], "Error: The filters leave none of the 13 accounts that were listed: values of one"),
    ],
)
async def test_what_can_not_be_meant_is_one_sentence(
    options: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, no account is entered, and no file stays."""
    async with served(SCENARIO, monkeypatch) as server:
        code, out, err = await audit(*options, folder=tmp_path)
        entered = [action for _, action, _ in server.counts if action == "AssumeRole"]
    assert (2, "", []) == (code, out, entered)
    said = [line for line in err.splitlines() if not line.startswith(("Caller:", "Events:", "Warning:"))]
    assert 1 == len(said)
    assert said[0].startswith(sentence)
    assert [] == await files_in(tmp_path)


async def test_an_audit_of_one_ou_and_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The summary counts those left out, who are no reason for another exit code than 0; resuming keeps to the OU."""
    names = tmp_path / "names.txt"
    await anyio.Path(names).write_text("# where the pilot is\nRoot/Prod  # with all in it\n")
    folder = tmp_path / "out"
    async with served(SCENARIO, monkeypatch):
        code, out, _ = await audit("--ou", f"@{names}", folder=folder)
        (journal,) = await files_in(folder, "*.journal.jsonl")
        resume = [*AUDITOR, "--resume", str(journal)]
        same = await anyio.run_process([*resume, "--ou", "Root/Prod", "--quiet"], check=False)
        other = await anyio.run_process([*resume, "--ou", "Root/Dev"], check=False)
    rows = read_csv((await files_in(folder, "*coverage*.csv"))[0])
    left_out = sum(row["role"] == "excluded" for row in rows)
    assert (0, 0, 2) == (code, same.returncode, other.returncode)
    assert b"Error: --ou differs from the audit that is resumed (Root/Prod): leave it out" in other.stderr
    assert [str(left_out)] == [line.split()[-2] for line in out.splitlines() if "left out by the filters" in line]
    assert 13 == len(rows)

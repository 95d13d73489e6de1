"""The users table of whole audits: a row for root and each user of every account that was entered, and what is true."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import anyio
import pytest

from auditor import (
    AuditConfig,
    AuditSummary,
    Freshness,
    Labels,
    Rates,
    ReportWait,
    UserScope,
    open_csv_writer,
    run_audit,
)
from auditor.demo import FaultMix, Scenario, users_truth
from auditor.journal import reopen_journal
from auditor.output.run_files import open_run_files
from auditor.run.resume import resume_audit
from tests.expectations import as_set, read_csv
from tests.organizations import served

pytestmark = [pytest.mark.anyio, pytest.mark.long]

UNHURRIED = Rates(iam=1000, events=1000, organizations=1000)
QUICK = ReportWait(first_pause=0.001, longest_pause=0.01)
ROOMY = Scenario(accounts=18, users=3, largest_account=30)
"""With all special accounts, and root in every state."""
SMALL = replace(ROOMY, accounts=5, largest_account=12, denied_every=None)
FAULTS = FaultMix(internal_error=0.05, unavailable=0.05, reset=0.05, truncated=0.05)


def config_of(scenario: Scenario, **settings: object) -> AuditConfig:
    """An audit of the scenario's organization."""
    return AuditConfig(role=scenario.role_name, rates=UNHURRIED, report_wait=QUICK, **settings)  # type: ignore[arg-type]  # a setting each


async def written(
    scenario: Scenario, config: AuditConfig, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[dict[str, str]], list[dict[str, str]], AuditSummary]:
    """The rows of the users table of an audit, those that are true, and what the audit came to."""
    async with served(scenario, monkeypatch) as server:
        async with open_csv_writer(folder, labels=config.labels) as writer:
            summary = await run_audit(config, writers=[writer])
        true = users_truth(
            server.organization,
            labels=config.labels.value,
            freshness=config.freshness.value,
            users=config.users.value,
        )
    told = [row for row in read_csv(writer.paths[3]) if row not in true.passing]
    return told, true.rows, summary


@pytest.mark.parametrize("labels", list(Labels))
@pytest.mark.parametrize("freshness", list(Freshness))
@pytest.mark.parametrize("users", list(UserScope))
async def test_the_table_equals_the_truth(
    labels: Labels, freshness: Freshness, users: UserScope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fact is what the organization knows, in the words of the language, or why it is not known."""
    config = config_of(ROOMY, labels=labels, freshness=freshness, users=users)
    told, true, _ = await written(ROOMY, config, tmp_path, monkeypatch)

    assert as_set(true) == as_set(told)
    assert 0 < len(told)


@pytest.mark.parametrize("freshness", list(Freshness))
async def test_a_fifth_of_all_answers_may_be_faults(
    freshness: Freshness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong is asked again, and every row is there."""
    scenario = replace(SMALL, faults=FAULTS)
    told, true, summary = await written(scenario, config_of(scenario, freshness=freshness), tmp_path, monkeypatch)

    assert as_set(true) == as_set(told)
    assert 0 == summary.failures


@pytest.mark.parametrize("freshness", list(Freshness))
@pytest.mark.parametrize(
    "action",
    [
        "iam:GetAccessKeyLastUsed",
        "iam:GetAccountSummary",
        "iam:GetLoginProfile",
        "iam:ListAccessKeys",
        "iam:ListMFADevices",
        "iam:ListServiceSpecificCredentials",
        "iam:ListUsers",
        "iam:ListVirtualMFADevices",
    ],
)
async def test_what_is_denied_is_unknown_in_its_cells(
    action: str, freshness: Freshness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody who was listed is in no file, no fact is made up, and all other facts are there."""
    scenario = replace(SMALL, denied_actions={"*": frozenset({action})})
    told, true, summary = await written(scenario, config_of(scenario, freshness=freshness), tmp_path, monkeypatch)

    assert as_set(true) == as_set(told)
    denied = any("AccessDenied" in cell for row in told for cell in row.values())
    assert (summary.exit_code == 3) == bool(summary.failures)
    assert denied or freshness is Freshness.REPORT or action == "iam:ListUsers"


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
async def test_other_partitions_have_arns_of_their_own(
    partition: Literal["aws-cn", "aws-us-gov"], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root's ARN, too, is of the partition."""
    scenario = replace(SMALL, partition=partition)
    told, true, _ = await written(scenario, config_of(scenario), tmp_path, monkeypatch)

    assert as_set(true) == as_set(told)
    assert {partition} == {row["arn"].split(":")[1] for row in told}


async def test_a_resumed_audit_has_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table that is made from the journal is the one of an audit that was not cut off."""
    config = config_of(SMALL)
    async with served(SMALL, monkeypatch) as server:
        async with open_run_files(tmp_path, config=config) as files:
            await run_audit(config, writers=files.writers)
        whole = read_csv(files.csv.paths[3])
        lines = files.journal.path.read_bytes().splitlines(keepends=True)
        files.journal.path.write_bytes(b"".join(lines[:4]))
        async with reopen_journal(files.journal.path) as journal:
            await resume_audit(journal, rates=UNHURRIED)
        true = users_truth(server.organization)
    told = read_csv(files.csv.paths[3])

    # Who went away while the first run read them was gone when the second one did.
    assert as_set(row for row in true.rows if row["username"] not in true.unsettled) == as_set(
        row for row in told if row["username"] not in true.unsettled
    )
    assert {row["username"] for row in told} <= {row["username"] for row in whole}


@pytest.mark.long
async def test_processes_write_the_same_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts of root and credentials come back from other processes whole."""
    options = ["--role", SMALL.role_name, "--processes", "2", "--output-dir", str(tmp_path), "--quiet"]
    async with served(SMALL, monkeypatch) as server:
        done = await anyio.run_process([sys.executable, "-m", "auditor", "audit", *options], check=False)
        true = users_truth(server.organization)
    told = [row for row in read_csv(next(tmp_path.glob("iam_users_*.csv"))) if row not in true.passing]  # noqa: ASYNC240 - the run is over

    assert (0, as_set(true.rows)) == (done.returncode, as_set(told))

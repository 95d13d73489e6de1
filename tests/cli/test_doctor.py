"""`auditor doctor`: one line where all is well, each fault with its cure where not, and an audit's exit code."""

import io
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from rich.console import Console
from typer.testing import CliRunner

from auditor.cli.app import app
from auditor.cli.terminal.diagnosis import diagnosis_json, print_diagnosis
from auditor.demo import Scenario
from auditor.model.diagnosis import Checked, Diagnosis, Fault, Finding, Outcome
from tests.organizations import served

SCENARIO = Scenario(accounts=5, users=2, largest_account=4, denied_every=None)
DOCTOR = [sys.executable, "-m", "auditor", "doctor"]
OK = Finding(outcome=Outcome.OK, found="arn:aws:iam::111122223333:user/ana")
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["iam:ListUsers"], "Resource": "*"}]}'
DENIED = Finding(
    outcome=Outcome.FAILED,
    found="iam:ListUsers fails at 1 of 2 accounts: [bold]\x1b[31m (222222222222)",
    fault=Fault.ACTION_DENIED,
    code="AccessDenied",
    said="User: ana is not authorized",
    cure=f"Allow it: {POLICY}",
)
SKIPPED = Finding(outcome=Outcome.SKIPPED, found="iam:ListAccessKeys was not tried: no user")
WARNED = Finding(outcome=Outcome.WARNING, found="The credentials end in 5 minutes", fault=Fault.CREDENTIALS_ENDING)


def diagnosis(*findings: Finding, ends_audit: bool = False) -> Diagnosis:
    """What was found by the check of actions, behind an identity."""
    actions = Checked(name="actions", findings=findings, ends_audit=ends_audit)
    return Diagnosis(checks=(Checked(name="identity", findings=(OK,)), actions), seconds=1.23456)


def shown(found: Diagnosis, *, width: int = 80) -> list[str]:
    """The lines on a console that is no terminal."""
    stream = io.StringIO()
    print_diagnosis(Console(file=stream, width=width), found)
    return stream.getvalue().splitlines()


def test_where_all_is_well_there_is_one_line() -> None:
    """It says who, what and where."""
    well = Finding(outcome=Outcome.OK, found="6 of 6 actions are allowed at 2 accounts")
    (line,) = shown(diagnosis(well))
    assert f"All is well: {OK.found}; {well.found}." == line


def test_what_could_not_be_tried_is_said_behind_it() -> None:
    """Nobody is to think that it was."""
    well, skipped = shown(diagnosis(SKIPPED))
    assert well.startswith("All is well: ")
    assert f"{SKIPPED.found}." == skipped


def test_a_fault_is_shown_with_what_aws_said_and_its_cure() -> None:
    """In lines that no width breaks, so that they can be pasted; names steer no terminal."""
    ok, failed, said, cure, verdict = shown(diagnosis(DENIED), width=40)
    assert f"ok      identity        {OK.found}" == ok
    assert failed == r"failed  actions         iam:ListUsers fails at 1 of 2 accounts: [bold]\x1b[31m (222222222222)"
    assert f"It said: {DENIED.said}" == said.strip()
    assert f"Cure: {DENIED.cure}" == cure.strip()
    assert "An audit would not read all, and end with exit code 3: see actions." == verdict


def test_where_an_audit_would_end_that_is_said() -> None:
    """It would read nothing at all."""
    assert (
        "An audit would read nothing, and end with exit code 1: see actions."
        == shown(diagnosis(DENIED, ends_audit=True)).pop()
    )


def test_warnings_alone_keep_no_audit_from_its_end() -> None:
    """They are shown, with all checks."""
    lines = shown(diagnosis(WARNED))
    assert "warning actions         The credentials end in 5 minutes" == lines[1]
    assert "Nothing keeps an audit from its end, but see the warnings." == lines[-1]


def test_the_document_has_a_class_for_each_failure() -> None:
    """And all else that was found."""
    document = json.loads(diagnosis_json(diagnosis(DENIED)))
    assert ("failed", 3, 1.235) == (document["outcome"], document["exit_code"], document["seconds"])
    identity, actions = document["checks"]
    assert ("identity", "ok", None) == (identity["name"], identity["outcome"], identity["findings"][0]["class"])
    assert {
        "outcome": "failed",
        "class": "ActionDenied",
        "found": DENIED.found,
        "code": "AccessDenied",
        "said": DENIED.said,
        "cure": DENIED.cure,
        "accounts": [],
    } == actions["findings"][0]


async def run(*arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command."""
    done = await anyio.run_process([*DOCTOR, *arguments], check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.anyio
async def test_the_command_says_that_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line on stdout, and the next step on stderr; a variable stands for the role."""
    monkeypatch.setenv("AUDITOR_ROLE", SCENARIO.role_name)
    async with served(SCENARIO, monkeypatch) as server:
        code, out, err = await run()
        caller = server.organization.caller.id
    assert (0, "auditor plan") == (code, err.strip().partition(": ")[2])
    (line,) = out.splitlines()
    assert line.startswith(f"All is well: arn:aws:iam::{caller}:user/auditor of account {caller}; o-")
    assert f"4 entered with {SCENARIO.role_name}" in line


@pytest.mark.anyio
async def test_the_command_ends_with_an_audit_s_exit_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of the same organization, with the same options."""
    audit = [sys.executable, "-m", "auditor", "audit", "--quiet", "--output-dir", str(tmp_path)]
    codes = []
    for role, scenario in {
        "Wrong": SCENARIO,
        SCENARIO.role_name: Scenario(accounts=2, users=1, no_organization=True),
    }.items():
        async with served(scenario, monkeypatch):
            code, out, _ = await run("--role", role, "--json")
            done = await anyio.run_process([*audit, "--role", role], check=False)
        assert json.loads(out)["exit_code"] == code
        codes.append((code, done.returncode))
    assert [(3, 3), (1, 1)] == codes


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "--role is missing"),
        ("--role arn:aws:iam::111122223333:role/R", "is an ARN"),
        ("--role R --session-duration 10", "A session can't have 10 seconds"),
    ],
)
def test_wrong_options_are_one_sentence(words: str, said: str) -> None:
    """And exit code 2; AWS is asked nothing."""
    result: Any = CliRunner().invoke(app, ["doctor", *shlex.split(words)])
    assert 2 == result.exit_code
    assert said in result.stderr
    assert 1 == len(result.stderr.splitlines())


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it is found."""
    monkeypatch.setenv("AUDITOR_SESSION_NAME", "no name")
    result = CliRunner().invoke(app, ["doctor", "--role", "R"])
    assert 2 == result.exit_code
    assert "AUDITOR_SESSION_NAME" in result.stderr

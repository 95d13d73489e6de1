"""Options from the environment: each has its variable, an option wins over it, and errors name it."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import anyio
import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from auditor.cli.app import app
from auditor.cli.environment import OptionsOrVariables
from auditor.demo import Scenario
from tests.expectations import read_csv
from tests.organizations import served

WITHOUT = {"ephemeral", "help"}
"""Options that are given by hand alone."""
AUDIT = [sys.executable, "-m", "auditor", "audit"]
LADDER = Scenario(
    accounts=4, users=1, largest_account=3, denied_every=None, role_names=("Audit", "Old-{account_id}"), hub=True
)


def options_of_audit() -> dict[str, Any]:
    """The options of `auditor audit`, by their parameters' names."""
    group: Any = get_command(app)
    return {option.name: option for option in group.commands["audit"].params if option.name not in WITHOUT}


def variable_of(option: Any) -> str:
    """The variable of an option, as the option's name makes it."""
    return f"AUDITOR_{option.opts[0].removeprefix('--').replace('-', '_').upper()}"


def test_every_option_has_its_variable() -> None:
    """A container needs no arguments: whoever adds an option names its variable in auditor/cli/options.py."""
    lacking = [
        f"{option.opts[0]} needs envvar='{variable_of(option)}', and to show it"
        for option in options_of_audit().values()
        if option.envvar != variable_of(option) or not option.show_envvar
    ]
    assert [] == lacking
    assert len(options_of_audit()) > 20


def told(*arguments: str, **variables: str) -> tuple[int, str]:
    """Exit code and error of `auditor audit`."""
    result = CliRunner().invoke(app, ["audit", *arguments], env={"COLUMNS": "500", **variables})
    return result.exit_code, result.stderr.strip().rpartition("\n")[2]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"AUDITOR_CONCURRENCY": "many"}, "Invalid value for 'AUDITOR_CONCURRENCY': Input should be a valid integer"),
        ({"AUDITOR_NO_SESSION_POLICY": "maybe"}, "Invalid value for 'AUDITOR_NO_SESSION_POLICY': Input should be a"),
        ({"AUDITOR_FRESHNESS": "stale"}, "Invalid value for 'AUDITOR_FRESHNESS': "),
        ({"AUDITOR_ROLE": "no spaces"}, "AUDITOR_ROLE: 'no spaces' is not a role name"),
        ({"AUDITOR_ROLE": "A\nA"}, "AUDITOR_ROLE: The role 'A' is named twice"),
        ({"AUDITOR_CONCURRENCY": "0"}, "AUDITOR_CONCURRENCY: 0 accounts at once"),
        ({"AUDITOR_SESSION_DURATION": "60"}, "AUDITOR_SESSION_DURATION: A session can't have 60 seconds"),
        ({"AUDITOR_SOURCE_IDENTITY": "a b"}, "AUDITOR_SOURCE_IDENTITY: 'a b' is not"),
        ({"AUDITOR_LISTER_ROLE": "Lister"}, "AUDITOR_LISTER_ROLE: 'Lister' is no ARN"),
        ({"AUDITOR_EXTERNAL_ID": "x"}, "AUDITOR_EXTERNAL_ID: The external id"),
        ({"AUDITOR_START_DATE": "yesterday"}, "AUDITOR_START_DATE: 'yesterday' is no ISO 8601 date"),
        ({"AUDITOR_END_DATE": "today"}, "AUDITOR_END_DATE: 'today' is no ISO 8601 date"),
        ({"AUDITOR_DAYS": "0"}, "AUDITOR_DAYS: 0 days"),
        ({"AUDITOR_OUTPUT_DIR": "~nobody-has-this/x"}, "AUDITOR_OUTPUT_DIR: ~nobody-has-this/x is no path here"),
        ({"AUDITOR_ACCOUNT": "1234"}, "AUDITOR_ACCOUNT: --account '1234' is not an account id"),
        ({"AUDITOR_EXCLUDE_TAG": "prod"}, "AUDITOR_EXCLUDE_TAG: --exclude-tag 'prod' is not a tag"),
        ({"AUDITOR_ACCOUNT": " \n\n"}, "AUDITOR_ACCOUNT: --account has an empty value"),
        ({"AUDITOR_EXCLUDE_OU": "\n"}, "AUDITOR_EXCLUDE_OU: --exclude-ou has an empty value"),
        ({"AUDITOR_RESUME": "~nobody-has-this/x"}, "AUDITOR_RESUME: ~nobody-has-this/x is no path here"),
        ({"AUDITOR_PROCESSES": "0"}, "AUDITOR_PROCESSES: 0 processes"),
        ({"AUDITOR_WORKERS": "0"}, "AUDITOR_WORKERS: 0 workers"),
        ({"AUDITOR_MAX_DURATION": "7"}, "AUDITOR_MAX_DURATION: '7' is no duration"),
    ],
)
def test_a_variable_that_is_wrong_is_named(
    variables: Mapping[str, str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence begins with it, and nothing is left in the folder."""
    monkeypatch.chdir(tmp_path)
    code, said = told(**{"AUDITOR_ROLE": "R", **variables})
    assert (2, f"Error: {sentence}") == (code, said[: len(sentence) + len("Error: ")])
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--concurrency", "many"], "Invalid value for '--concurrency': Input"),
        (["--concurrency", "0"], "0 accounts at once"),
        (["--role", "no spaces"], "'no spaces' is not a role name"),
        (["--role", "A", "--role", ""], "'' is not a role name"),
    ],
)
def test_an_option_wins_over_its_variable(arguments: list[str], sentence: str) -> None:
    """And is what is wrong, if it is: the variable is not even looked at."""
    code, said = told(*arguments, AUDITOR_CONCURRENCY="none", AUDITOR_ROLE="R")
    wrong = "Error: Invalid value for 'AUDITOR_CONCURRENCY'"
    if "--concurrency" not in arguments:
        assert (2, wrong) == (code, said[: len(wrong)])
        code, said = told(*arguments, AUDITOR_ROLE="R S")
    assert (2, f"Error: {sentence}") == (code, said[: len(sentence) + len("Error: ")])


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--start-date", "2026-01-01"], {"AUDITOR_DAYS": "0"}),
        (["--days", "3"], {"AUDITOR_START_DATE": "yesterday"}),
        (["--verbose"], {"AUDITOR_QUIET": "1"}),
        (["--quiet"], {"AUDITOR_VERBOSE": "1"}),
        (["--processes", "1"], {"AUDITOR_DASK_SCHEDULER": "tcp://127.0.0.1:9", "AUDITOR_WORKERS": "0"}),
    ],
)
def test_an_option_wins_over_the_variable_of_what_it_excludes(
    arguments: list[str], variables: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where both are options, or both are variables, nobody knows which is meant."""
    monkeypatch.chdir(tmp_path)
    code, said = told("--role", "R", "--end-date", "2999-01-01", *arguments, **variables)
    assert (1, True) == (code, "No AWS credentials were found" in said)
    assert 2 == told("--role", "R", AUDITOR_DAYS="3", AUDITOR_START_DATE="2026-01-01")[0]


@pytest.mark.parametrize("empty", ["", " \n "])
def test_an_empty_variable_is_none(empty: str) -> None:
    """As if it were not set."""
    assert (2, "Error: --role is missing: it says which role to assume in each account.") == told(AUDITOR_ROLE=empty)
    assert "No AWS credentials" in told("--role", "R", AUDITOR_DAYS="", AUDITOR_PROFILE="", AUDITOR_CSV_BOM="")[1]


def test_a_list_has_a_value_per_line() -> None:
    """Blanks in a value stay, those around it and empty lines do not count; more than one option adds up."""
    sample = typer.Typer()

    @sample.command(cls=OptionsOrVariables)
    def show(*, name: Annotated[list[str] | None, typer.Option(envvar="AUDITOR_NAME")] = None) -> None:
        typer.echo(repr(name or []))

    def shown(*arguments: str, **variables: str) -> str:
        return CliRunner().invoke(sample, list(arguments), env=variables).output.strip()

    assert "['a  b', 'c,d']" == shown(AUDITOR_NAME="\n  a  b \r\n\nc,d\n")
    assert "['one']" == shown(AUDITOR_NAME="one")
    assert "['e f', 'g']" == shown("--name", "e f", "--name", "g", AUDITOR_NAME="a\nb")
    assert "[]" == shown()


@pytest.mark.anyio
async def test_a_container_needs_no_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that an audit of a hub needs is in variables; resuming, what they say counts where it may be chosen anew."""
    async with served(LADDER, monkeypatch) as server:
        await anyio.Path(tmp_path / "credentials").write_text(server.credentials_file())
        for name, value in {
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
            "AUDITOR_ROLE": "Audit\nOld-{account_id}",
            "AUDITOR_LISTER_PROFILE": "lister",
            "AUDITOR_OUTPUT_DIR": str(tmp_path / "out"),
            "AUDITOR_SOURCE_IDENTITY": "ana@example.com",
            "AUDITOR_QUIET": "1",
            "AUDITOR_CSV_BOM": "no",
        }.items():
            monkeypatch.setenv(name, value)
        done = await anyio.run_process(AUDIT, check=False)
        assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)
        (coverage,) = (tmp_path / "out").glob("coverage_*.csv")
        roles = {row["account_id"]: row["role_used"] for row in read_csv(coverage)}
        sources = {str(parameters.get("SourceIdentity")) for parameters in server.assumptions.values()}

        (journal,) = (tmp_path / "out").glob("*.jsonl")
        for name, value in {"AUDITOR_ROLE": "Other", "AUDITOR_OUTPUT_DIR": "elsewhere", "AUDITOR_DAYS": "3"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AUDITOR_RESUME", str(journal))
        resumed = await anyio.run_process(AUDIT, check=False)
        monkeypatch.delenv("AUDITOR_LISTER_PROFILE")
        unlisted = await anyio.run_process(AUDIT, check=False)
        differs = await anyio.run_process([*AUDIT, "--role", "Other"], check=False)
    organization = server.organization
    expected = {there.id: organization.role_name(there) for there in organization.accounts}
    assert {**expected, organization.caller.id: ""} == roles
    assert {"ana@example.com"} == sources
    assert (0, b"", b"") == (resumed.returncode, resumed.stdout, resumed.stderr)
    assert (1, True) == (unlisted.returncode, b"--lister-profile" in unlisted.stderr)
    assert (2, True) == (differs.returncode, b"--role differs from the audit that is resumed" in differs.stderr)


@pytest.mark.anyio
@pytest.mark.long
async def test_the_demo_takes_no_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a container's audits are told, the demonstration is the same."""
    for name, value in {"AUDITOR_RESUME": "nowhere", "AUDITOR_PROFILE": "nobody", "AUDITOR_ROLE": "Other"}.items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, "-m", "auditor", "demo", "--accounts", "5", "--latency", "0"]
    done = await anyio.run_process([*command, "--quiet", "--output-dir", str(tmp_path)], check=False)
    assert (3, 5) == (done.returncode, len([path async for path in anyio.Path(tmp_path).iterdir()]))

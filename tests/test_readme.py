"""README and manual say what the program does: help, commands, code, policy and names are held against it."""

import inspect
import re
import shlex
import subprocess
import sys
from dataclasses import fields, replace
from importlib import metadata
from pathlib import Path

import anyio
import pytest
from typer.testing import CliRunner

import auditor
from auditor import AuditConfig, AuditError
from auditor.aws.permissions import policy_text
from auditor.cli.app import app
from auditor.cli.manual import FOLDER, summary_of, topics
from auditor.cli.terminal import json_log
from auditor.demo import Scenario
from auditor.model.diagnosis import Fault
from auditor.output.rows import COVERAGE_COLUMNS, EVENT_COLUMNS, FINDING_COLUMNS
from auditor.output.user_rows import USER_COLUMNS
from auditor.run.doctor import CHECKS
from tests.manual.pages import COMMANDS, PAGES, README, blocks, help_of, helped_commands, text_of
from tests.manual.picture import PICTURE, picture, texts_of
from tests.organizations import served
from tests.test_architecture import PACKAGE, ROOMS

SCENARIO = Scenario(accounts=3, users=1, largest_account=3, denied_every=None)
HELPED = helped_commands(COMMANDS.read_text(encoding="utf-8"))
ALL_COMMANDS = [
    "",
    *(command.callback.__name__ for command in app.registered_commands if command.callback),
    *(group.name or "" for group in app.registered_groups),
    *(
        f"{group.name} {command.callback.__name__}"
        for group in app.registered_groups
        if group.typer_instance
        for command in group.typer_instance.registered_commands
        if command.callback
    ),
]


def test_the_readme_is_short() -> None:
    """It is read in five minutes: what is to be looked up stands in the manual."""
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 200


@pytest.mark.skipif(
    int(metadata.version("rich").partition(".")[0]) < 15,
    reason="before version 15 Rich breaks the lines of tables elsewhere",
)
@pytest.mark.parametrize("command", HELPED)
def test_the_help_is_the_programs(command: str) -> None:
    """The block of each command is its --help, to the letter; `make readme` writes it."""
    (shown,) = re.findall(rf"<!-- help: ?{command} ?-->\n```text\n(.*?)\n```\n", text_of("commands"), flags=re.DOTALL)
    assert help_of(command) == shown


def test_every_command_has_its_help_in_the_manual() -> None:
    """A new command is shown there, too."""
    assert sorted(ALL_COMMANDS) == sorted(HELPED)


@pytest.mark.anyio
async def test_the_commands_run_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every `auditor audit` line does its audit, with a profile and a role of those names."""
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("auditor audit")]
    codes = [await _exit_code(shlex.split(line)[1:], folder=tmp_path, monkeypatch=monkeypatch) for line in lines]
    assert len(lines) >= 2
    assert [0] * len(lines) == codes


def test_the_examples_of_help_are_commands() -> None:
    """Each example has options that there are: with --help behind it, the command knows them."""
    examples = [line.strip() for line in "\n".join(map(help_of, HELPED)).splitlines() if " auditor " in f" {line}"]
    examples = [line.partition("Example: ")[2] or line for line in examples if not line.startswith("Usage")]
    assert len(examples) > len(HELPED)
    for example in examples:
        words = shlex.split(example.partition(" > ")[0])[1:]
        done = CliRunner().invoke(app, [*words, "--help"])
        assert (0, "") == (done.exit_code, done.stderr), example


@pytest.mark.anyio
@pytest.mark.parametrize("page", ["README", "library"])
async def test_the_code_runs_as_written(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of the library prints what an audit found."""
    (example,) = blocks("python", page=page)
    async with served(SCENARIO, monkeypatch):
        done = await anyio.run_process([sys.executable, "-c", example], cwd=tmp_path, check=False)
    assert (0, b"") == (done.returncode, done.stderr)
    assert any(line.endswith("exit code 0") for line in done.stdout.decode().splitlines())


def test_the_recipe_reads_what_was_guarded(tmp_path: Path) -> None:
    """The recipe in plain Python gets names back as AWS has them."""
    row = ["1", "'=SUM(A1)", "ana", "No", "", "AKIA1", "Active", "", "", "", "None"]
    other = [*row[:5], "AKIA2", "Inactive", *row[7:]]
    rows = [list(FINDING_COLUMNS), row, other]
    text = "".join(",".join(cells) + "\n" for cells in rows)
    (tmp_path / "iam_audit_report_20260301_120000.csv").write_text(text, encoding="utf-8-sig")
    (recipe,) = blocks("python", page="recipes")
    done = subprocess.run([sys.executable, "-c", recipe], cwd=tmp_path, check=True, capture_output=True)
    assert b"=SUM(A1) ana AKIA1\n" == done.stdout


def test_the_policy_is_the_programs() -> None:
    """The role's policy is the one that `auditor template policy` prints, and the caller's rights are named."""
    (shown,) = blocks("json")
    assert policy_text() == shown.strip()
    named = text_of("permissions")
    assert [] == [word for word in ("organizations:ListAccounts", "sts:AssumeRole") if word not in named]


def test_the_rooms_are_the_packages() -> None:
    """The table has every room of the package, the top one first."""
    shown = re.findall(r"^\| `(\w+)` \|", text_of("architecture").partition("| room |")[2], flags=re.MULTILINE)
    assert [room.removeprefix("auditor.") for room in ROOMS] == shown[: len(ROOMS)]


def test_each_dependency_has_its_reason() -> None:
    """The table of dependencies has those of the package, and no others."""
    table = text_of("architecture").partition("| package |")[2].partition("\n\n")[0]
    required = [name for name in metadata.requires("auditor") or [] if "extra ==" not in name]
    assert sorted(re.findall(r"^\| (\w+) \|", table, flags=re.MULTILINE)) == sorted(
        re.split(r"[<>=! ;]", name)[0] for name in required
    )


@pytest.mark.parametrize("columns", [FINDING_COLUMNS, EVENT_COLUMNS, COVERAGE_COLUMNS, USER_COLUMNS])
def test_every_column_is_explained(columns: tuple[str, ...]) -> None:
    """The tables of columns have each file's, in its order."""
    named = re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`\w+`.*?) \|", text_of("files"), flags=re.MULTILINE)))
    assert " ".join(columns) in " ".join(named)


def test_the_library_has_every_public_name() -> None:
    """Each name that can be imported from the package is in the topic about it, each error with its exit code."""
    library = text_of("library")
    assert [] == [name for name in auditor.__all__ if not re.search(rf"\b{name}\b", library)]
    public = [getattr(auditor, name) for name in auditor.__all__]
    errors = [kind for kind in public if isinstance(kind, type) and issubclass(kind, AuditError)]
    codes = dict(re.findall(r"^\| `(\w+)` \| .* \| (\d) \|$", library, flags=re.MULTILINE))
    assert {kind.__name__: str(kind.exit_code) for kind in errors if kind is not AuditError} == codes


def test_the_library_has_every_setting() -> None:
    """The table has each field of the settings, and no other."""
    table = text_of("library").partition("| setting |")[2].partition("\n\n")[0]
    named = [
        name for row in re.findall(r"^\| (`.*?) \|", table, flags=re.MULTILINE) for name in re.findall(r"\w+", row)
    ]
    assert sorted(field.name for field in fields(AuditConfig)) == sorted(named)


def test_the_log_has_every_event() -> None:
    """The table has each event that a line of the log can be."""
    source = inspect.getsource(json_log)
    table = text_of("logs").partition("| event |")[2].partition("\n\n")[0]
    made = set(re.findall(r"\bEntry\([^\"]*?\"(\w+)\"", source))
    assert made == set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE))


def test_the_doctor_has_every_check_and_every_fault() -> None:
    """The tables have each check in the order of reading, and each class of a failure."""
    checks, _, faults = text_of("doctor").partition("| class |")
    assert [check.name for check in CHECKS] == re.findall(r"^\| `([\w ]+)` \|", checks, flags=re.MULTILINE)
    assert list(Fault) == re.findall(r"^\| `(\w+)` \|", faults, flags=re.MULTILINE)


def test_the_messages_in_question_are_the_programs() -> None:
    """Whoever searches for a sentence that the program says finds it."""
    code = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    quoted = re.findall(r'^## "(.*)"$', text_of("questions"), flags=re.MULTILINE)
    assert len(quoted) >= 3
    assert [] == [part for said in quoted for part in said.split("…") if part.casefold() not in code.casefold()]


def test_the_files_that_are_named_are_there() -> None:
    """Whoever is told where to add something finds the place."""
    named = re.findall(r"`(auditor/[\w/.]+)`", text_of("contributing"))
    assert named
    assert [] == [path for path in named if not (PACKAGE.parent / path).exists()]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Each link to a file finds it."""
    targets = re.findall(r"\]\(([^):#]+)\)", text_of(page))
    assert [] == [target for target in targets if not (PAGES[page].parent / target).exists()]


def test_the_readme_leads_to_every_topic() -> None:
    """Each topic is linked, and says in its second line what it is about."""
    linked = re.findall(r"^\| \[([\w-]+)\]\(auditor/manual/", text_of("README"), flags=re.MULTILINE)
    assert topics() == sorted(linked)
    assert [] == [topic for topic in topics() if not re.fullmatch(r"[A-Z`].{10,65}\.", summary_of(topic))]


def test_the_newest_changes_are_this_versions() -> None:
    """The first version in the list of changes is the one that is installed."""
    assert metadata.version("auditor") == re.findall(r"^## (.*)$", text_of("changes"), flags=re.MULTILINE)[0]


@pytest.mark.anyio
async def test_the_picture_is_the_programs() -> None:
    """What stands in the picture is what the program prints; it is drawn with fonts that are there."""
    shown = PICTURE.read_text(encoding="utf-8")
    assert texts_of(await picture()) == texts_of(shown)
    assert "@font-face" not in shown
    assert [] == [url for url in re.findall(r"https?://[^\"')]+", shown) if url != "http://www.w3.org/2000/svg"]


def test_the_manual_is_shipped() -> None:
    """It stands in the package, so that every wheel has it."""
    assert PACKAGE == FOLDER.parent


async def _exit_code(arguments: list[str], *, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    role = arguments[arguments.index("--role") + 1]
    async with served(replace(SCENARIO, role_name=role), monkeypatch) as server:
        environment = server.environment()
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        profile = ["[profile security]", *(f"{name.lower()} = {environment[name]}" for name in names)]
        config = folder / "config"
        config.write_text("\n".join(profile), encoding="utf-8")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        command = [sys.executable, "-m", "auditor", *arguments]
        return (await anyio.run_process(command, cwd=folder, check=False)).returncode

"""The help of each command: readable wherever it is read, its texts as they are written, an example at the end."""

import os
import subprocess
import sys
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from auditor.cli.app import app
from auditor.cli.help import GroupHelpInPanels, HelpInPanels

COMMANDS = ["", "audit", "demo", "template", "template policy", "template cloudformation", "schema", "manual"]


def help_of(command: str, **environment: str) -> str:
    """What a command's --help prints without a terminal."""
    words = [sys.executable, "-m", "auditor", *command.split(), "--help"]
    inherited = {name: value for name, value in os.environ.items() if name not in {"GITHUB_ACTIONS", "FORCE_COLOR"}}
    done = subprocess.run(words, env={**inherited, "NO_COLOR": "1", **environment}, check=True, capture_output=True)
    return done.stdout.decode("utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_readable_without_a_terminal(command: str) -> None:
    """It fits into 80 columns, has no escape sequences, and ends in an example that can be copied."""
    text = help_of(command, COLUMNS="80")
    lines = [line.rstrip() for line in text.rstrip().splitlines()]
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in text
    assert "auditor " in lines[-1]
    assert "Example" in "\n".join(lines[-5:])


@pytest.mark.parametrize(("columns", "widest"), [("0", 100), ("20", 60), ("300", 100)])
def test_help_is_readable_at_any_width(columns: str, widest: int) -> None:
    """Where a terminal does not know its width, or has hardly any, there is a text all the same."""
    lines = help_of("schema", COLUMNS=columns).splitlines()
    assert "Print the JSON Schema that each line of a journal keeps" in "\n".join(lines)
    assert max(map(len, lines)) <= widest


def test_help_needs_no_letters_that_a_stream_does_not_have() -> None:
    """The frames of panels are drawn with what there is."""
    assert "+- Files -" in help_of("audit", PYTHONIOENCODING="ascii")


def test_options_stand_in_panels() -> None:
    """Whoever looks for an option looks in one of six places, and --help is no place of its own."""
    titles = [line.strip("╭╮─ ") for line in help_of("audit").splitlines() if line.startswith("╭")]
    assert [
        "Access to the accounts",
        "Which accounts",
        "Files",
        "What is read",
        "Where it runs, and how fast",
        "Messages",
    ] == titles


def test_brackets_stay_brackets() -> None:
    """No text is taken for markup, and the lines of a docstring are filled anew."""
    sample = typer.Typer(rich_markup_mode=None)

    @sample.command(cls=HelpInPanels)
    def show(*, path: Annotated[str, typer.Option(help="A [bold] path [default: /tmp] with [/] in it.")] = "") -> None:
        """Show [red]all[/red].

        One line
        and another [/].

        Example: show [path]
        """

    assert 1 == CliRunner().invoke(sample, ["--help"]).output.count("Show [red]all[/red].")
    text = " ".join(CliRunner().invoke(sample, ["--help"]).output.replace("│", " ").split())
    for expected in (
        "Show [red]all[/red].",
        "One line and another [/].",
        "A [bold] path [default: /tmp] with [/] in it.",
        "Example: show [path]",
    ):
        assert expected in text


def test_a_wrong_option_is_a_sentence() -> None:
    """Only help has panels: an error can be searched for, however narrow the terminal is."""
    done = CliRunner().invoke(app, ["audit", "--concurrency", "many"])
    assert 2 == done.exit_code
    assert "Error: Invalid value for '--concurrency': Input should be a valid integer" in done.stderr
    assert "╭" not in done.stderr


def test_brackets_stay_brackets_in_the_list_of_commands() -> None:
    """The first sentence of each command is no markup either."""
    sample = typer.Typer(cls=GroupHelpInPanels, help="All [of] it.", epilog="Example: [x]", rich_markup_mode=None)
    for name in ("one", "two"):
        sample.command(name, cls=HelpInPanels, help=f"Show [bold]{name}[/].")(lambda: None)
    text = CliRunner().invoke(sample, ["--help"]).output
    for expected in ("All [of] it.", "Show [bold]one[/].", "Show [bold]two[/].", "Example: [x]"):
        assert expected in text

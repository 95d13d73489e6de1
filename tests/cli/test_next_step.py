"""The walk to the first audit: each command names the next, with the options that it was given."""

import re
import shlex

import pytest
import typer
from typer.testing import CliRunner

from auditor.cli import options
from auditor.cli.app import app
from auditor.cli.filters import Ous
from auditor.cli.next_step import GivenOptions, Step, given_options, next_step

GIVEN = GivenOptions(["--role", "a b"], ["--ou", "Prod"])
ROLE = GivenOptions(["--role", "Audit"])


@pytest.mark.parametrize(
    ("after", "words", "command"),
    [
        (Step.TEMPLATE, ROLE, "auditor doctor --role Audit"),
        (Step.DOCTOR, GIVEN, "auditor plan --role 'a b' --ou Prod"),
        (Step.PLAN, ROLE, "auditor audit --role Audit --ou NAME"),
        (Step.PLAN, GIVEN, "auditor audit --role 'a b' --ou Prod"),
        (Step.AUDIT, GIVEN, "auditor audit --role 'a b'"),
        (Step.AUDIT, ROLE, "auditor manual recipes"),
    ],
)
def test_each_step_names_the_next(after: Step, words: GivenOptions, command: str) -> None:
    """From the template over one unit to all accounts; a command can be pasted."""
    sentence = next_step(after, words)
    assert sentence.startswith("Next, ")
    assert command == sentence.partition(": ")[2]


def test_a_plan_names_a_unit_to_begin_with() -> None:
    """The command can be pasted as it is."""
    sentence = next_step(Step.PLAN, ROLE, pilot="ou-root-12345678")
    assert "auditor audit --role Audit --ou ou-root-12345678" == sentence.partition(": ")[2]


def test_options_are_repeated_as_they_were_given() -> None:
    """Switches, lists and filters, but none that has its default, comes from a variable, or is not wanted."""
    found: list[GivenOptions] = []
    group = typer.Typer()

    @group.command()
    def command(  # noqa: PLR0913 - one parameter an option
        context: typer.Context,
        *,
        role: options.Role = None,
        ous: Ous = None,
        no_session_policy: options.NoSessionPolicy = False,
        days: options.Days = None,
        quiet: options.Quiet = False,
    ) -> None:
        del role, ous, no_session_policy, days, quiet
        found.append(given_options(context, but=("quiet",)))

    given = ["--role", "A", "--ou", "Prod", "--role", "B", "--no-session-policy", "--quiet"]
    done = CliRunner().invoke(group, given, env={"AUDITOR_DAYS": "9"})
    assert 0 == done.exit_code
    assert [GivenOptions(["--role", "A", "--role", "B", "--no-session-policy"], ["--ou", "Prod"])] == found


def test_a_template_names_the_next_step_beside_its_text() -> None:
    """Stdout is the template alone, for a file."""
    words = ["--role", "Audit", "--trust", "111122223333", "--external-id", "x:1"]
    done = CliRunner().invoke(app, ["template", "cloudformation", *words])
    assert done.stdout.rstrip().endswith("}")
    said = " ".join(done.stderr.split())
    assert shlex.split(re.sub(r"^.*?: ", "", said)) == ["auditor", "doctor", *words[:2], *words[4:]]

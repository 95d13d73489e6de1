"""The command line: which commands there are."""

import sys
from typing import Annotated

import typer

from auditor.cli.audit import audit
from auditor.cli.demo import demo
from auditor.cli.doctor import doctor
from auditor.cli.environment import OptionsOrVariables
from auditor.cli.help import GroupHelpInPanels, HelpInPanels
from auditor.cli.manual import manual
from auditor.cli.plan import plan
from auditor.cli.template import cloudformation, policy
from auditor.cli.terminal.process import begin_process, without_waiting_for_threads
from auditor.cli.terminal.streams import guarded_stderr, stdout_failure
from auditor.cli.text import schema

app = typer.Typer(
    name="auditor",
    cls=GroupHelpInPanels,
    help="Who can still get in with an IAM user's password or access key, in every account of an AWS organization.",
    epilog="Example: auditor demo --output-dir demo-output",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(*, wanted: bool) -> None:
    if wanted:
        from importlib import metadata  # noqa: PLC0415 - it loads the parser of mail, which no other command needs

        typer.echo(metadata.version("auditor"))
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that stand before a command."""


app.command(cls=OptionsOrVariables)(plan)
app.command(cls=OptionsOrVariables)(audit)
app.command(cls=OptionsOrVariables)(doctor)
app.command(cls=HelpInPanels)(demo)

templates = typer.Typer(
    cls=GroupHelpInPanels,
    help="Print what the role that audits assume is created from.",
    epilog="Example: auditor template policy > policy.json",
    no_args_is_help=True,
    rich_markup_mode=None,
)
templates.command(cls=HelpInPanels)(policy)
templates.command(cls=HelpInPanels)(cloudformation)
app.add_typer(templates, name="template")
app.command(cls=HelpInPanels)(schema)
app.command(cls=HelpInPanels)(manual)


@without_waiting_for_threads()
def run() -> None:
    """The console command; a help text that can't be written is one sentence, and exit code 1.

    A usage error that nobody can be told of keeps its exit code.
    """
    begin_process()
    try:
        app()
    except OSError as error:
        usage_error = getattr(error.__context__, "exit_code", None)
        if usage_error is not None:
            sys.exit(usage_error)
        failure = stdout_failure()
        if not failure:
            raise
        from auditor.cli.terminal.console import ConsoleOutput  # noqa: PLC0415 - for this rare case alone

        ConsoleOutput(guarded_stderr().console()).say(f"Error: The text could not be written: {failure}.")
        sys.exit(1)

"""The command line: which commands there are."""

import sys
from importlib import metadata
from typing import Annotated

import typer

from auditor.cli.audit import audit
from auditor.cli.demo import demo
from auditor.cli.schema import schema
from auditor.cli.template import cloudformation, policy
from auditor.cli.terminal.console import ConsoleOutput
from auditor.cli.terminal.leaving import at_once
from auditor.cli.terminal.streams import guarded_stderr, occupy_closed_descriptors, stdout_failure

app = typer.Typer(
    name="auditor",
    help="Who can still get in with an IAM user's password or access key, in every account of an AWS organization.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(*, wanted: bool) -> None:
    if wanted:
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


app.command()(audit)
app.command()(demo)

templates = typer.Typer(
    help="Print what the role that audits assume is created from.", no_args_is_help=True, rich_markup_mode=None
)
templates.command()(policy)
templates.command()(cloudformation)
app.add_typer(templates, name="template")
app.command()(schema)


@at_once()
def run() -> None:
    """The console command; a help text that can't be written is one sentence, and exit code 1."""
    occupy_closed_descriptors()
    try:
        app()
    except OSError:
        failure = stdout_failure()
        if not failure:
            raise
        ConsoleOutput(guarded_stderr().console()).say(f"Error: The text could not be written: {failure}.")
        sys.exit(1)

"""The command line: which commands there are."""

import typer

from auditor.commands.audit import audit
from auditor.commands.demo import demo

app = typer.Typer(
    name="auditor",
    help="Who can still get in with an IAM user's password or access key, in every account of an AWS organization.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(audit)
app.command()(demo)


def run() -> None:
    """The console command."""
    app()

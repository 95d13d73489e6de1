"""The command line: which commands there are."""

import typer

from auditor.commands.audit import audit
from auditor.commands.demo import demo
from auditor.commands.streams import occupy_closed_descriptors
from auditor.commands.template import cloudformation, policy

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

templates = typer.Typer(
    help="Print what the role that audits assume is created from.", no_args_is_help=True, rich_markup_mode=None
)
templates.command()(policy)
templates.command()(cloudformation)
app.add_typer(templates, name="template")


def run() -> None:
    """The console command."""
    occupy_closed_descriptors()
    app()

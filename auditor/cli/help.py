"""How `--help` looks: options in panels, texts as they are written, and an example at the end."""

import inspect
import shutil
from copy import copy
from typing import Any

from typer.core import TyperCommand, TyperGroup, TyperOption

ACCESS = "Access to the accounts"
ACCOUNTS = "Which accounts"
FACTS = "What is read"
FILES = "Files"
SPEED = "Where it runs, and how fast"
MESSAGES = "Messages"
ORGANIZATION = "The organization"

_NARROWEST = 60
_WIDEST = 100
_EXAMPLES = "\n\nExample"


class HelpInPanels(TyperCommand):
    """A command whose docstring may end in a paragraph that begins with `Example`: that comes after the options."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:  # noqa: ANN401 - Typer's own settings
        super().__init__(*arguments, **settings)
        text, mark, examples = inspect.cleandoc(self.help or "").partition(_EXAMPLES)
        self.help = _unwrapped(text)
        self.epilog = mark.strip() + examples or None

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401 - types of a module that Typer keeps to itself
        """`--help`, in the panel of the option before it."""
        option = super().get_help_option(ctx)
        if option is not None and self.params:
            option.rich_help_panel = getattr(self.params[-1], "rich_help_panel", None)
        return option

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        """Write the help on stdout."""
        del formatter
        _write(_as_written(self), ctx)


class GroupHelpInPanels(TyperGroup):
    """A group of commands; its help looks like that of each of them."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        """Write the help on stdout."""
        del formatter
        shown = _as_written(self)
        shown.commands = {name: _as_written(command) for name, command in self.commands.items()}
        _write(shown, ctx)


def _write(command: TyperCommand | TyperGroup, context: Any) -> None:  # noqa: ANN401 - as above
    """Only help has panels: an error of usage stays a sentence that can be searched for, whatever the width."""
    from typer import rich_utils  # noqa: PLC0415 - whoever asks for no help need not load it

    for option in command.get_params(context):
        if isinstance(option, TyperOption) and option.is_flag:
            option.metavar = ""
    if rich_utils.MAX_WIDTH is None:
        # Rich takes a width of 0 for one, and shows nothing; some terminals that do not know theirs say so.
        columns = shutil.get_terminal_size().columns or _WIDEST
        rich_utils.MAX_WIDTH = min(max(columns, _NARROWEST), _WIDEST)
    rich_utils.rich_format_help(obj=command, ctx=context, markup_mode="rich")


def _unwrapped(text: str) -> str:
    """The paragraphs in a line each: those of a docstring are wrapped for another width."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _as_written(command: Any) -> Any:  # noqa: ANN401 - as above
    """A copy whose texts have brackets that stay brackets, and are no markup."""
    from rich.markup import escape  # noqa: PLC0415 - as above

    shown = copy(command)
    shown.params = [copy(parameter) for parameter in command.params]
    for described in (shown, *shown.params):
        for name in ("help", "epilog", "short_help"):
            if text := getattr(described, name, None):
                setattr(described, name, escape(text))
    return shown

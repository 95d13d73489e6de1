"""Options from the environment: a list has a value per line, and an error names the variable that is wrong."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import typer

from auditor.cli.help import HelpInPanels
from auditor.cli.options import ALTERNATIVES
from auditor.errors import ConfigurationError
from auditor.model.filters import OPTIONS


class OptionsOrVariables(HelpInPanels):
    """A command whose options may be variables: an option wins over its variable, and an empty variable is none."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:  # noqa: ANN401 - Typer's own settings
        super().__init__(*arguments, **settings)
        for option in self.params:
            if getattr(option, "multiple", False):
                # Typer splits at blanks, which names of accounts and of units have.
                option.value_from_envvar = partial(_lines_of, option)  # type: ignore[method-assign]  # said above

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - types of a module that Typer keeps to itself
        """The words that no option took; an error names the variable where that is what is wrong, else the option."""
        try:
            rest = super().parse_args(ctx, args)
        except typer.BadParameter as error:
            option: Any = error.param
            if option is not None:
                error.param_hint = f"'{_origin(ctx, option.name, otherwise=option.opts[0])}'"
            raise
        for one, other in ALTERNATIVES:
            _overrule(ctx, one, by=other)
            _overrule(ctx, other, by=one)
        return rest


def _overrule(context: Any, name: str, *, by: str) -> None:  # noqa: ANN401 - as above
    """Let a variable be none where the option that would exclude it was given by hand."""
    source, given = (context.get_parameter_source(each) for each in (name, by))
    if source is None or given is None or (source.name, given.name) != ("ENVIRONMENT", "COMMANDLINE"):
        return
    (option,) = [option for option in context.command.params if option.name == name]
    context.params[name] = option.get_default(context)
    context.set_parameter_source(name, type(source).DEFAULT)


def _lines_of(option: Any, context: Any) -> list[str] | None:  # noqa: ANN401 - as above
    text = option.resolve_envvar_value(context) or ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if text and not lines and option.name in OPTIONS:
        # A list that came out empty must not become an audit of everybody.
        return [""]
    return lines or None


def _origin(context: Any, name: str, *, otherwise: str) -> str:  # noqa: ANN401 - as above
    if not is_variable(context, name):
        return otherwise
    return str(next(option.envvar for option in context.command.params if option.name == name))


def is_variable(context: typer.Context, name: str) -> bool:
    """Whether the value of an option, named as its parameter is, comes from its variable."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "ENVIRONMENT"


def check_variables(context: typer.Context, checks: Mapping[str, Callable[[Any], object]]) -> None:
    """Raise ConfigurationError, which names the variable, for the first one whose check raises one."""
    for name, check in checks.items():
        if not is_variable(context, name):
            continue
        try:
            check(context.params[name])
        except ConfigurationError as error:
            raise ConfigurationError(f"{_origin(context, name, otherwise=name)}: {error}") from error

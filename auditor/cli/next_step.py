"""The next step that a command names at its end, from the role to the audit of all accounts."""

import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from auditor.model.filters import OPTIONS


class Step(StrEnum):
    """The commands that name a next step, in their order."""

    TEMPLATE = "template"
    DOCTOR = "doctor"
    PLAN = "plan"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class GivenOptions:
    """The options on the command line, to repeat in the next command."""

    others: Sequence[str] = ()
    filters: Sequence[str] = ()
    """The options that choose accounts."""


def next_step(after: Step, words: GivenOptions = GivenOptions(), *, pilot: str = "") -> str:
    """The sentence that names the step after this one, with its command; `pilot` is an OU to begin with."""
    every = [*words.others, *words.filters]
    begin = [*every, "--ou", pilot or "NAME"]
    match after:
        case Step.TEMPLATE:
            command = _command("doctor", words.others)
            return f"Next, once the accounts have the role, see whether it lets you in: {command}"
        case Step.DOCTOR:
            return f"Next, see what an audit asks, and how long it takes: {_command('plan', every)}"
        case Step.PLAN if words.filters:
            return f"Next, audit these accounts: {_command('audit', every)}"
        case Step.PLAN:
            return f"Next, begin with one organizational unit: {_command('audit', begin)}"
        case Step.AUDIT if words.filters:
            return f"Next, where these rows are what you need, audit all accounts: {_command('audit', words.others)}"
    return "Next, see what can be done with the files: auditor manual recipes"


def _command(name: str, words: Sequence[str]) -> str:
    return shlex.join(["auditor", name, *words])


def given_options(context: Any, *, but: Collection[str] = ()) -> GivenOptions:  # noqa: ANN401 - a context of the command line
    """The options on the command line, but for these parameters; variables are not repeated."""
    others: list[str] = []
    filters: list[str] = []
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name)
        if source is not None and source.name == "COMMANDLINE" and parameter.name not in but:
            words = filters if parameter.name in OPTIONS else others
            words += _words(parameter, context.params[parameter.name])
    return GivenOptions(others, filters)


def _words(parameter: Any, value: Any) -> list[str]:  # noqa: ANN401 - whatever an option holds
    name = parameter.opts[0]
    if isinstance(value, bool):
        return [name]
    values = value if isinstance(value, list | tuple) else [value]
    return [word for each in values for word in (name, str(each))]

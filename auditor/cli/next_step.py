"""The walk to the first audit of all accounts: what a command names at its end as the next step."""

import shlex
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Any


class Step(StrEnum):
    """The commands of the walk, in their order."""

    TEMPLATE = "template"
    DOCTOR = "doctor"
    PLAN = "plan"
    PILOT = "pilot"
    """An audit of chosen accounts."""
    AUDIT = "audit"
    """An audit of all accounts."""


_SENTENCES = {
    Step.TEMPLATE: "Next, when the role is in the accounts, see whether it lets you in: {doctor}",
    Step.DOCTOR: "Next, see what an audit asks, and how long it takes: {plan}",
    Step.PLAN: "Next, begin with one organizational unit: {audit} --ou NAME",
    Step.PILOT: "Next, when the rows of these accounts are what you need, audit all: {all}",
    Step.AUDIT: "Next, see what can be done with the files: auditor manual recipes",
}
_PLANNED_PILOT = "Next, audit these accounts: {audit}"


def next_step(after: Step, words: Sequence[str] = (), *, choosing: Collection[str] = ()) -> str:
    """The sentence that names the step after this one, with its command.

    `words` are the options that were given, as they stand on the command line: the next command gets them, too.
    `choosing` are those of them that choose accounts: an audit of all does without.
    """
    chosen = [*choosing]
    sentence = _PLANNED_PILOT if after is Step.PLAN and chosen else _SENTENCES[after]
    every = [*words, *chosen]
    return sentence.format(
        doctor=_command("doctor", every),
        plan=_command("plan", every),
        audit=_command("audit", every),
        all=_command("audit", words),
    )


def _command(name: str, words: Sequence[str]) -> str:
    return shlex.join(["auditor", name, *words])


def given_words(context: Any, *, of: Collection[str]) -> list[str]:  # noqa: ANN401 - a context of the command line
    """The options with these parameters' names that were given, as they stand on the command line."""
    words: list[str] = []
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name)
        if parameter.name in of and source is not None and source.name == "COMMANDLINE":
            words += _words(parameter, context.params[parameter.name])
    return words


def _words(parameter: Any, value: Any) -> list[str]:  # noqa: ANN401 - whatever an option holds
    name = parameter.opts[0]
    if isinstance(value, bool):
        return [name]
    values = value if isinstance(value, list | tuple) else [value]
    return [word for each in values for word in (name, str(each))]

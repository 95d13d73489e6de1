"""What is wrong with the files of an audit, and how much of them is right."""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What is wrong with a file."""

    LOST = "lost"
    """A row or cell is not there, and nothing names it as missing."""
    DOUBLED = "doubled"
    FALSE = "false"
    """Something says other than the truth."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    kind: Kind
    text: str


@dataclass(slots=True)
class Verdict:
    """What was found in the files."""

    problems: list[Problem] = field(default_factory=list)
    right: int = 0
    """Rows of findings and events that are the truth in every cell."""
    named: int = 0
    """Rows that are not there, or have cells that are unknown, and are named as missing."""
    incomplete: bool = False
    """Whether the coverage names anything as missing."""

    def say(self, kind: Kind, text: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(kind, text))

    def expect(self, right: bool, text: str, kind: Kind = Kind.FALSE) -> None:  # noqa: FBT001 - an assertion
        """Note a problem unless it is right."""
        if not right:
            self.say(kind, text)

"""`auditor manual`: the topics of the manual that is shipped with the program."""

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.terminal.pages import show_page
from auditor.cli.text import print_text
from auditor.errors import ConfigurationError

FOLDER = Path(__file__).parents[1] / "manual"
"""A Markdown file per topic: a title, and a line that says what it is about."""


def topics() -> list[str]:
    """The names of all topics, in alphabetical order."""
    return sorted(path.stem for path in FOLDER.glob("*.md"))


def summary_of(topic: str) -> str:
    """The line that says what a topic is about."""
    return _page(topic).split("\n\n")[1].replace("\n", " ")


def manual(
    topic: Annotated[
        str | None, typer.Argument(help="What to read about; without it, the topics are listed.", autocompletion=topics)
    ] = None,
) -> None:
    """Show a topic of the manual, or list the topics.

    On a terminal it is laid out and shown by your pager; elsewhere it is Markdown, as it is written.

    Exit codes: 0 shown; 1 not shown; 2 no such topic.

    Example: auditor manual files
    """
    if topic is None:
        print_text(_contents)
    else:
        name = topic
        print_text(lambda: _page(name), show=show_page)


def _contents() -> str:
    width = max(map(len, topics()))
    return "\n".join(f"{topic:{width}}  {summary_of(topic)}" for topic in topics())


def _page(topic: str) -> str:
    """The text of a topic; raises ConfigurationError where there is none of that name."""
    if topic not in topics():
        raise ConfigurationError(f"{topic!r} is no topic of the manual: it has {', '.join(topics())}.")
    return FOLDER.joinpath(f"{topic}.md").read_text(encoding="utf-8").rstrip()

"""`auditor manual`: the topics of the manual that is shipped, laid out and in a pager on a terminal."""

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.terminal.streams import guarded_stdout, write_result
from auditor.cli.text import print_text
from auditor.errors import ConfigurationError

FOLDER = Path(__file__).parents[1] / "manual"
"""A Markdown file per topic: a title, and a line that says what it is about."""
_WIDEST = 100
_LINKS = re.compile(r"\[([\w-]+)\]\(\1\.md\)")
"""Links to other topics."""
_COMMENTS = re.compile(r"<!--.*?-->\n", re.DOTALL)


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
        print_text(lambda: _page(name), show=_show_page)


def _contents() -> str:
    width = max(map(len, topics()))
    return "\n".join(f"{topic:{width}}  {summary_of(topic)}" for topic in topics())


def _page(topic: str) -> str:
    """The text of a topic; raises ConfigurationError where there is none of that name."""
    if topic not in topics():
        raise ConfigurationError(f"{topic!r} is no topic of the manual: it has {', '.join(topics())}.")
    return FOLDER.joinpath(f"{topic}.md").read_text(encoding="utf-8").rstrip()


def _show_page(text: str) -> str:
    """Show a page on stdout; returns why it could not be written, empty where it was."""
    stdout = guarded_stdout()
    if not stdout.isatty():
        return write_result(text)
    # Whoever reads no manual need not load these.
    import pydoc  # noqa: PLC0415 - said above

    from rich.markdown import Markdown  # noqa: PLC0415 - said above

    console = stdout.console()
    console.width = min(console.width, _WIDEST)
    text = _LINKS.sub(r"`auditor manual \1`", _COMMENTS.sub("", text))
    page = Markdown(text, code_theme="ansi_dark", hyperlinks=False)
    with console.capture() as captured:
        console.print(page)
    # As git does it: less shows styles, and does not ask to be left where all fits on the screen.
    os.environ.setdefault("LESS", "FRX")
    pydoc.pager(captured.get() if _shows_styles() else _plain(captured.get()))
    return ""


def _shows_styles() -> bool:
    """Whether the pager understands the escape sequences of styles."""
    command = os.environ.get("MANPAGER") or os.environ.get("PAGER") or "less"
    return Path(command.partition(" ")[0]).name == "less"


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)

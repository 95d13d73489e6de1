"""The README and the manual's pages, and the help texts that are written into them."""

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from auditor.cli.manual import FOLDER, topics

README = Path(__file__).parents[2] / "README.md"
COMMANDS = FOLDER / "commands.md"
PAGES = {"README": README, **{topic: FOLDER / f"{topic}.md" for topic in topics()}}
"""By name."""

_HELP = re.compile(r"(<!-- help: ?(.*?) ?-->\n).*?(<!-- /help -->)", re.DOTALL)
_COLUMNS = "76"
"""As wide as a code block on a terminal of 80 columns."""


def text_of(page: str) -> str:
    """The text of a page."""
    return PAGES[page].read_text(encoding="utf-8")


def blocks(language: str, *, page: str | None = None) -> list[str]:
    """The fenced blocks of one language, of one page or of all of them."""
    texts = [text_of(page)] if page else [text_of(name) for name in PAGES]
    fenced = re.compile(rf"^( *)```{language}\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
    return [dedent(found[2]) for text in texts for found in fenced.finditer(text)]


def helped_commands(text: str) -> list[str]:
    """The commands whose help is shown, an empty one for the program itself."""
    return [command for _, command, _ in _HELP.findall(text)]


def with_help(text: str) -> str:
    """The text with the help of each command as the program prints it now."""
    return _HELP.sub(lambda found: f"{found[1]}```text\n{help_of(found[2])}\n```\n{found[3]}", text)


def help_of(command: str) -> str:
    """What a command's --help prints, without a terminal and without blanks at the ends of lines."""
    environment = {name: value for name, value in os.environ.items() if name not in {"GITHUB_ACTIONS", "FORCE_COLOR"}}
    done = subprocess.run(
        [sys.executable, "-m", "auditor", *command.split(), "--help"],
        env={**environment, "COLUMNS": _COLUMNS, "NO_COLOR": "1", "TERM": "dumb", "PYTHONIOENCODING": "utf-8"},
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    # Python names the program after the module that it runs; a person who installed it sees its own name.
    printed = done.stdout.replace("python -m auditor", "auditor")
    return "\n".join(line.rstrip() for line in printed.splitlines()).strip()

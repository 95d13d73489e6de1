"""Pages of Markdown: laid out and in a pager on a terminal, as they are written everywhere else."""

import os
import re
from pathlib import Path

from auditor.cli.terminal.streams import guarded_stdout, write_result

_WIDEST = 100
_LINKS = re.compile(r"\[([\w-]+)\]\(\1\.md\)")
"""Links to other topics."""
_COMMENTS = re.compile(r"<!--.*?-->\n", re.DOTALL)


def show_page(text: str) -> str:
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

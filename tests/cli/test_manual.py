"""`auditor manual`: the topics with a line each, and each topic."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from auditor.cli.app import app
from auditor.cli.manual import FOLDER, summary_of, topics


def test_without_a_topic_all_are_listed() -> None:
    """A line each, which fits into 80 columns."""
    done = CliRunner().invoke(app, ["manual"])
    assert 0 == done.exit_code
    assert topics() == [line.split()[0] for line in done.stdout.splitlines()]
    assert [] == [line for line in done.stdout.splitlines() if len(line) > 80]


@pytest.mark.parametrize("topic", topics())
def test_a_topic_is_its_markdown_where_there_is_no_terminal(topic: str) -> None:
    """What is piped into a file is the page as it is written, and begins with a title and what it is about."""
    done = CliRunner().invoke(app, ["manual", topic])
    text = FOLDER.joinpath(f"{topic}.md").read_text(encoding="utf-8")
    assert (0, text) == (done.exit_code, done.stdout)
    assert text.startswith("# ")
    assert summary_of(topic) == text.splitlines()[2]


@pytest.mark.parametrize("topic", ["nonsense", "../../README", "", "Files"])
def test_an_unknown_topic_is_one_sentence_with_the_topics(topic: str) -> None:
    """Exit code 2, and nothing is read from elsewhere."""
    done = CliRunner().invoke(app, ["manual", topic])
    expected = f"Error: {topic!r} is no topic of the manual: it has {', '.join(topics())}.\n"
    assert (2, "", expected) == (done.exit_code, done.stdout, done.stderr)


@pytest.mark.parametrize(("pager", "styled"), [("less", True), ("more", False)])
def test_a_terminal_shows_a_page_in_the_pager(pager: str, tmp_path: Path, *, styled: bool) -> None:
    """It is laid out, links name the command that shows the other topic, and only less gets styles."""
    text = _on_a_terminal("files", pager=_pager(tmp_path / pager))
    words = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())
    assert "paged:" in words
    assert "see auditor manual resuming" in words
    assert "resuming.md" not in text
    assert "# " not in text
    assert styled is ("\x1b[1" in text)


def _pager(path: Path) -> Path:
    """A pager of this name that shows all at once."""
    path.write_text("#!/bin/sh\necho paged:\nexec cat\n")
    path.chmod(0o700)
    return path


def test_a_page_that_can_not_be_written_is_one_sentence() -> None:
    """The disk is full."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "auditor", "manual", "files"], check=False, stdout=full, stderr=subprocess.PIPE
        )
    assert (1, b"Error: The text could not be written: No space left on device.\n") == (done.returncode, done.stderr)


def _on_a_terminal(topic: str, *, pager: Path) -> str:
    """What `auditor manual` shows on a terminal."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"MANPAGER", "NO_COLOR", "COLUMNS"}}
    environment = {**inherited, "PAGER": str(pager), "TERM": "xterm"}
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "auditor", "manual", topic]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        text = b"".join(_read(ours))
        os.close(ours)
        assert 0 == process.wait()
    return text.decode()


def _read(terminal: int) -> Iterator[bytes]:
    # At its end a terminal of Linux answers with an error, and one of macOS with nothing.
    with suppress(OSError):
        while part := os.read(terminal, 1 << 16):
            yield part

"""The process's streams, which may break while it works: a reader that left, a disk that is full."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console

_NARROWEST = 40
_USUAL_WIDTH = 80


class GuardedStream:
    """A text stream that raises nothing: what can't be written is dropped, and all that comes after it.

    Only what this process has written is lost. Its file descriptor leads nowhere from then on: else the interpreter
    would try once more to write what is left in its buffers, and end with a complaint and an exit code of its own.
    """

    def __init__(self, stream: TextIO | None, *, name: str) -> None:
        """Guard the stream of this name; None is one that was closed before the process began."""
        self._stream = stream
        self._closed = f"{name} is closed (redirect it to a file, or to /dev/null)"
        self.failure = "" if stream is not None else self._closed
        """Why something could not be written, empty where everything was."""

    def write(self, text: str) -> int:
        """Write the text, letters that the stream does not have escaped, or drop it."""
        if self._stream is not None and not self.failure:
            try:
                self._stream.write(self._escaped(text))
            except (OSError, ValueError) as error:  # ValueError: it was closed since
                self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Hand over what was written; only now some errors are known."""
        if self._stream is not None and not self.failure:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._give_up(error)

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._stream is not None and not self._stream.closed and self._stream.isatty()

    def fileno(self) -> int:
        """The descriptor of what it writes to; raises OSError where there is none."""
        if self._stream is None:
            raise OSError(self._closed)
        return self._stream.fileno()

    @property
    def encoding(self) -> str:
        """How letters become bytes: a console takes those that can be written."""
        return (None if self._stream is None else self._stream.encoding) or "utf-8"

    def console(self) -> "Console":
        """A console that writes to it."""
        from rich.console import Console  # noqa: PLC0415 - help and completions need none

        # It has all of a stream that a console uses.
        console = Console(file=cast("TextIO", self))
        if console.width < _NARROWEST:
            # A console shows nothing at all on a width of 0, which is what some terminals say that do not know theirs.
            console.width = _NARROWEST if console.width else _USUAL_WIDTH
        return console

    def _escaped(self, text: str) -> str:
        try:
            text.encode(self.encoding)
        except UnicodeError:
            return text.encode(self.encoding, "backslashreplace").decode(self.encoding)
        return text

    def _give_up(self, error: OSError | ValueError) -> None:
        said = (error.strerror if isinstance(error, OSError) else None) or str(error)
        self.failure = self._closed if self._stream is None or self._stream.closed else said
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        with suppress(OSError, ValueError):
            descriptor = self.fileno()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)


def occupy_closed_descriptors() -> None:
    """Let the descriptors of standard streams that are closed lead nowhere.

    Else the next file that is opened would get one of them: a library that complains on stderr would write in a CSV
    file, and uvloop refuses to close such a file.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free: this one


def guarded_stdout() -> GuardedStream:
    """Where results go; `failure` says afterwards whether they could be written."""
    return GuardedStream(sys.stdout, name="stdout")


def write_result(text: str) -> str:
    """Write a text and a line end on stdout; returns why it could not be written, empty where it was."""
    stdout = guarded_stdout()
    stdout.write(f"{text}\n")
    stdout.flush()
    return stdout.failure


def show_result(show: Callable[["Console"], object]) -> str:
    """Let `show` print on stdout; returns why that could not be written, empty where it was."""
    stdout = guarded_stdout()
    show(stdout.console())
    stdout.flush()
    return stdout.failure


def stdout_failure() -> str:
    """Why nothing can be written on stdout, empty where something can: an empty line is."""
    return "" if sys.stdout is None else write_result("")


def guarded_stderr() -> GuardedStream:
    """Where progress and logs go, and where it does no harm if they can't."""
    return GuardedStream(sys.stderr, name="stderr")

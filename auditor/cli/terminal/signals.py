"""How a command ends: by an error of the audit, one sentence and an exit code, or by Ctrl-C and SIGTERM."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import anyio

from auditor.cli.terminal.output import Output
from auditor.errors import AuditError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_EXIT_BASE = 128
_INTERRUPTED = 130


class Interruption:
    """Whether the run was interrupted. Until `arm` is called a signal ends the process as it always does.

    That matters while the SDK asks for an MFA code at the terminal: nothing of the event loop runs then.
    """

    def __init__(self) -> None:
        self._signal: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scope: anyio.CancelScope | None = None
        self._last_words: Callable[[], str] = str

    @property
    def exit_code(self) -> int | None:
        """130 after Ctrl-C, 143 after SIGTERM, None where there was neither."""
        return None if self._signal is None else _EXIT_BASE + self._signal

    @property
    def last_words(self) -> str:
        """What is left to say where a second signal has ended the run, empty where that is nothing."""
        return self._last_words()

    def arm(self, scope: anyio.CancelScope, *, last_words: Callable[[], str] = str) -> None:
        """From now on a signal cancels `scope`; a second one does not wait for it, and leaves `last_words` to say."""
        self._loop, self._scope, self._last_words = asyncio.get_running_loop(), scope, last_words

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        del frame
        again = self._signal is not None
        self._signal = self._signal or number
        if self._loop is None or self._scope is None or self._loop.is_closed() or again:
            raise KeyboardInterrupt
        self._loop.call_soon_threadsafe(self._scope.cancel)


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Take SIGINT and SIGTERM inside the block; what took them before does so again behind it.

    A signal that was ignored when the process started stays ignored: a job in the background of a script is not to end
    with Ctrl-C, and one of nohup not at all.
    """
    interruption = Interruption()
    taken = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interruption.receive) for number in taken}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def one_sentence(output: Output) -> Iterator[Interruption]:
    """Take signals inside the block, and end the process where an error of the audit or a signal ends the block.

    Raises:
        SystemExit: With the error's or the signal's exit code; why has been said, in one sentence.
    """
    with interruptible() as interruption:
        try:
            yield interruption
        except AuditError as error:
            output.say(f"Error: {error}")
            raise SystemExit(error.exit_code) from error
        except KeyboardInterrupt as error:
            output.say("Interrupted.")
            if interruption.last_words:
                output.say(interruption.last_words)
            raise SystemExit(interruption.exit_code or _INTERRUPTED) from error

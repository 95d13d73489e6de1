"""Ctrl-C and SIGTERM: what they stop, and what they leave as it was."""

import os
import signal
from collections.abc import Iterator
from types import FrameType

import anyio
import pytest

from auditor.cli.terminal.signals import Interruption, interruptible

BOTH = pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
EACH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@pytest.fixture(autouse=True)
def handlers() -> Iterator[list[object]]:
    """The handlers before the test, which are there again behind it."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield list(before.values())
    for number, handler in before.items():
        signal.signal(number, handler)


def current_handlers() -> list[object]:
    """The handlers of both signals."""
    return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


@BOTH
@pytest.mark.anyio
async def test_a_signal_cancels_the_scope(number: signal.Signals, code: int) -> None:
    """Once it is armed a signal cancels the scope, and the exit code says which signal it was."""
    with interruptible() as interruption:
        with anyio.CancelScope() as scope:
            interruption.arm(scope)
            os.kill(os.getpid(), number)
            await anyio.sleep_forever()
        assert scope.cancelled_caught
    assert code == interruption.exit_code


@EACH
@pytest.mark.anyio
async def test_a_second_signal_does_not_wait(number: signal.Signals) -> None:
    """Whoever asks twice is not made to wait for the first to be done."""
    with interruptible() as interruption, anyio.CancelScope() as scope:
        interruption.arm(scope)
        signal.raise_signal(number)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        await anyio.lowlevel.checkpoint()
    assert scope.cancel_called


@pytest.mark.anyio
async def test_what_is_outside_of_the_scope_goes_on() -> None:
    """Only the scope is cancelled: what comes behind it is done."""
    with interruptible() as interruption:
        with anyio.CancelScope() as scope:
            interruption.arm(scope)
            signal.raise_signal(signal.SIGTERM)
            await anyio.sleep_forever()
        await anyio.lowlevel.checkpoint()
    assert scope.cancelled_caught


@BOTH
def test_a_signal_before_it_is_armed(number: signal.Signals, code: int) -> None:
    """Until it is armed a signal ends what is running, a prompt at the terminal too; it is known which it was."""
    with interruptible() as interruption, pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    assert code == interruption.exit_code


def test_no_signal() -> None:
    """Without a signal there is no exit code."""
    with interruptible() as interruption:
        pass
    assert interruption.exit_code is None


@EACH
def test_a_signal_behind_the_event_loop(number: signal.Signals) -> None:
    """A signal when the event loop has ended, and the block has not, ends the process as it always does."""

    async def arm(interruption: Interruption) -> None:
        interruption.arm(anyio.CancelScope())

    with interruptible() as interruption:
        anyio.run(arm, interruption, backend="asyncio")
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)


@EACH
def test_a_signal_that_is_ignored_stays_ignored(number: signal.Signals) -> None:
    """Whoever started the process with it ignored, as nohup does, wants it so; the other signal is taken."""
    signal.signal(number, signal.SIG_IGN)
    with interruptible() as interruption:
        signal.raise_signal(number)
        assert 1 == current_handlers().count(interruption.receive)
    assert interruption.exit_code is None
    assert signal.SIG_IGN is signal.getsignal(number)


def test_handlers_are_put_back(handlers: list[object]) -> None:
    """What took the signals before does so again behind the block."""
    with interruptible():
        assert all(before is not now for before, now in zip(handlers, current_handlers(), strict=True))
    assert handlers == current_handlers()


def test_handlers_are_put_back_after_an_error() -> None:
    """Handlers of somebody else's are put back, however the block ends."""
    taken: list[int] = []

    def take(number: int, _frame: FrameType | None) -> None:
        taken.append(number)

    signal.signal(signal.SIGTERM, take)
    with pytest.raises(KeyboardInterrupt), interruptible():
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)
    assert [signal.SIGTERM] == taken

"""How a command ends: an error of the audit is one sentence and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

from auditor.cli.terminal.output import Output
from auditor.cli.terminal.signals import Interruption, interruptible
from auditor.errors import AuditError

_INTERRUPTED = 130


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
            raise SystemExit(interruption.exit_code or _INTERRUPTED) from error

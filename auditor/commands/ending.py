"""How a command ends: an error of the audit is one sentence and an exit code."""

from collections.abc import Callable

from auditor.commands.interruption import Interruption, interruptible
from auditor.commands.output import Output
from auditor.errors import AuditError

_INTERRUPTED = 130


def exit_code_of(work: Callable[[Interruption], int], *, output: Output) -> int:
    """What `work` returns; an error of the audit is one sentence and its own exit code."""
    with interruptible() as interruption:
        try:
            return work(interruption)
        except AuditError as error:
            output.say(f"Error: {error}")
            return error.exit_code
        except KeyboardInterrupt:
            output.say("Interrupted.")
            return interruption.exit_code or _INTERRUPTED

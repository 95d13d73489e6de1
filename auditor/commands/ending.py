"""How a command ends: an error of the audit is one sentence and an exit code."""

from collections.abc import Callable

from rich.console import Console

from auditor.console import print_line
from auditor.errors import AuditError
from auditor.interruption import Interruption, interruptible

_INTERRUPTED = 130


def exit_code_of(work: Callable[[Interruption], int], *, errors: Console) -> int:
    """What `work` returns; an error of the audit is one sentence and its own exit code."""
    with interruptible() as interruption:
        try:
            return work(interruption)
        except AuditError as error:
            print_line(errors, f"Error: {error}")
            return error.exit_code
        except KeyboardInterrupt:
            print_line(errors, "Interrupted.")
            return interruption.exit_code or _INTERRUPTED

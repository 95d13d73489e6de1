"""What a writer is: it takes account reports, one at a time."""

from typing import Protocol

from auditor.models import AccountReport


class Writer(Protocol):
    """Takes account reports, whole, one after another."""

    async def write(self, report: AccountReport) -> None:
        """Keep one report: once this returns, it is where the writer promises it to be.

        Raises:
            WriteError: It could not be kept; the run stops.
        """
        ...

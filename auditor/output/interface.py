"""What a writer is: it takes account reports, one at a time or several at once."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from auditor.model.progress import AuditStarted
from auditor.model.report import AccountReport


class Writer(Protocol):
    """Takes account reports, whole, one after another."""

    async def write(self, report: AccountReport) -> None:
        """Keep one report: once this returns, it is where the writer promises it to be.

        Raises:
            WriteError: It could not be kept; the run stops.
        """
        ...


@runtime_checkable
class BatchWriter(Writer, Protocol):
    """Takes several account reports at once where they are there: one trip to the disk for all of them."""

    async def write_all(self, reports: Sequence[AccountReport]) -> None:
        """Keep these reports: once this returns, they are where the writer promises them to be.

        Raises:
            WriteError: They could not be kept; the run stops.
        """
        ...


@runtime_checkable
class BeginningWriter(Writer, Protocol):
    """Is told how the audit was started before it gets any report."""

    async def begin(self, started: AuditStarted) -> None:
        """Take the start of the audit: the caller is known, and no account was asked yet.

        Raises:
            WriteError: It could not be kept; no account is asked.
        """
        ...

"""Handing reports to the writers, so that each has all of them or none."""

from collections.abc import Sequence

import anyio

from auditor.models import AccountReport
from auditor.writers.interface import BatchWriter, Writer


async def keep(reports: Sequence[AccountReport], writers: Sequence[Writer]) -> None:
    """Give these reports to every writer in turn; a cancellation waits until they are with all of them.

    Raises:
        WriteError: A writer could not keep them; those behind it have none of them.
    """
    if not reports:
        return
    with anyio.CancelScope(shield=True):
        for writer in writers:
            await _write(reports, writer)


async def _write(reports: Sequence[AccountReport], writer: Writer) -> None:
    if isinstance(writer, BatchWriter):
        await writer.write_all(reports)
        return
    for report in reports:
        await writer.write(report)

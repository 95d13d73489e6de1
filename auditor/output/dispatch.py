"""Handing reports to the writers, so that each has all of them or none."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from auditor.concurrency.completion import completed
from auditor.errors import WriteError
from auditor.model.placeholders import not_reached
from auditor.model.progress import AuditStarted
from auditor.model.report import AccountReport
from auditor.output.interface import BatchWriter, BeginningWriter, Writer


async def begin(started: AuditStarted, writers: Sequence[Writer]) -> None:
    """Tell every writer that has a `begin` how the audit was started, in their order; a cancellation waits.

    Raises:
        WriteError: A writer could not keep it; those behind it are not told.
    """
    await completed(partial(_begin, started, writers))


async def _begin(started: AuditStarted, writers: Sequence[Writer]) -> None:
    for writer in writers:
        if isinstance(writer, BeginningWriter):
            await writer.begin(started)


async def keep(reports: Sequence[AccountReport], writers: Sequence[Writer]) -> None:
    """Give these reports to every writer in turn; a cancellation waits until they are with all of them.

    A writer that could not keep them, and those behind it, are told instead that their accounts were not reached.

    Raises:
        WriteError: A writer could not keep them; those behind it have none of them.
    """
    await completed(partial(_keep, reports, writers))


async def _keep(reports: Sequence[AccountReport], writers: Sequence[Writer]) -> None:
    for place, writer in enumerate(writers):
        kept = 0
        try:
            for part in _parts(reports, writer):
                await _write(part, writer)
                kept += len(part)
        except WriteError:
            await _tell([not_reached(report.account) for report in reports[kept:]], [writer])
            await _tell([not_reached(report.account) for report in reports], writers[place + 1 :])
            raise


async def tell(rest: Sequence[AccountReport], writers: Sequence[Writer]) -> None:
    """Give what was not reached to every writer that can keep it: one that can't, on a full disk, stops no other."""
    await completed(partial(_tell, rest, writers))


async def _tell(rest: Sequence[AccountReport], writers: Sequence[Writer]) -> None:
    for writer in writers:
        with suppress(WriteError):
            for part in _parts(rest, writer):
                await _write(part, writer)


def _parts(reports: Sequence[AccountReport], writer: Writer) -> list[Sequence[AccountReport]]:
    """What the writer takes at a time."""
    if isinstance(writer, BatchWriter):
        return [reports] if reports else []
    return [[report] for report in reports]


async def _write(part: Sequence[AccountReport], writer: Writer) -> None:
    if isinstance(writer, BatchWriter):
        await writer.write_all(part)
        return
    for report in part:
        await writer.write(report)

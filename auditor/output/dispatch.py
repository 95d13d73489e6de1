"""What a writer is, and how reports are dispatched to several of them, so that each has all of them or none."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol, runtime_checkable

from auditor.concurrency.tasks import completed
from auditor.errors import WriteError
from auditor.model.kinds import check_kind, check_method
from auditor.model.placeholders import Unlisted, not_reached
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


@runtime_checkable
class FirstReadingWriter(Writer, Protocol):
    """Gets what was read of accounts that will be asked once more, in case the process does not live so long."""

    async def write_first(self, reports: Sequence[AccountReport]) -> None:
        """Keep these readings; the accounts' reports come later, as all others do.

        Raises:
            WriteError: They could not be kept; the run stops.
        """
        ...


@runtime_checkable
class UnlistedWriter(Writer, Protocol):
    """Is told where the organization has accounts that were not listed, so that nothing more is known of them."""

    async def write_unlisted(self, unlisted: Unlisted) -> None:
        """Keep why: once this returns, it is where the writer promises it to be.

        Raises:
            WriteError: It could not be kept; the run stops.
        """
        ...


def check_writers(writers: Sequence[Writer]) -> None:
    """Raise ConfigurationError where they are no sequence, or one has no `write`."""
    check_kind("writers", writers, Sequence)
    for place, writer in enumerate(writers):
        check_method(f"writers[{place}]", writer, "write")


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


async def dispatch_first(reports: Sequence[AccountReport], writers: Sequence[Writer]) -> None:
    """Give first readings to every writer that has a `write_first`, in their order; a cancellation waits.

    Raises:
        WriteError: A writer could not keep them; those behind it do not get them.
    """
    if reports:
        await completed(partial(_dispatch_first, reports, writers))


async def _dispatch_first(reports: Sequence[AccountReport], writers: Sequence[Writer]) -> None:
    for writer in writers:
        if isinstance(writer, FirstReadingWriter):
            await writer.write_first(reports)


async def dispatch(reports: Sequence[AccountReport], writers: Sequence[Writer]) -> None:
    """Give these reports to every writer in turn; a cancellation waits until they are with all of them.

    A writer that could not keep them, and those behind it, are told instead that their accounts were not reached.

    Raises:
        WriteError: A writer could not keep them; those behind it have none of them.
    """
    await completed(partial(_dispatch, reports, writers))


async def _dispatch(reports: Sequence[AccountReport], writers: Sequence[Writer]) -> None:
    for place, writer in enumerate(writers):
        kept = 0
        try:
            for part in _parts(reports, writer):
                await _write(part, writer)
                kept += len(part)
        except WriteError:
            await _broadcast([not_reached(report.account) for report in reports[kept:]], [writer])
            await _broadcast([not_reached(report.account) for report in reports], writers[place + 1 :])
            raise


async def dispatch_unlisted(unlisted: Unlisted, writers: Sequence[Writer]) -> None:
    """Tell every writer that has a `write_unlisted`, in their order; a cancellation waits.

    Raises:
        WriteError: A writer could not keep it; those behind it are not told.
    """
    await completed(partial(_dispatch_unlisted, unlisted, writers))


async def _dispatch_unlisted(unlisted: Unlisted, writers: Sequence[Writer]) -> None:
    for writer in writers:
        if isinstance(writer, UnlistedWriter):
            await writer.write_unlisted(unlisted)


async def broadcast(
    rest: Sequence[AccountReport], writers: Sequence[Writer], *, unlisted: Unlisted | None = None
) -> None:
    """Tell every writer what was not reached and not listed, ignoring those that fail; a cancellation waits."""
    await completed(partial(_broadcast, rest, writers, unlisted=unlisted))


async def _broadcast(
    rest: Sequence[AccountReport], writers: Sequence[Writer], *, unlisted: Unlisted | None = None
) -> None:
    for writer in writers:
        with suppress(WriteError):
            for part in _parts(rest, writer):
                await _write(part, writer)
            if unlisted is not None:
                await _dispatch_unlisted(unlisted, [writer])


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

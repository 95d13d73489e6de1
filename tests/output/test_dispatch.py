"""Reports on their way to the writers: all of them or none, in the writers' order."""

from collections.abc import Sequence

import anyio
import pytest

from auditor.errors import WriteError
from auditor.model.placeholders import Unlisted, not_reached
from auditor.model.progress import AuditStarted
from auditor.model.report import AccountReport
from auditor.output import (
    BatchWriter,
    BeginningWriter,
    UnlistedWriter,
    Writer,
    begin,
    broadcast,
    dispatch,
    dispatch_first,
    dispatch_unlisted,
)
from tests.samples import CALLER, PERIOD, REPORT


class Plain:
    """Takes one report at a time, with a turn of the loop in between."""

    def __init__(self) -> None:
        self.taken: list[AccountReport] = []

    async def write(self, report: AccountReport) -> None:
        """Take one."""
        await anyio.lowlevel.checkpoint()
        self.taken.append(report)


class AtOnce(Plain):
    """Takes all at once."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    async def write_all(self, reports: Sequence[AccountReport]) -> None:
        """Take them."""
        self.batches.append(len(reports))


def test_who_takes_several() -> None:
    """A writer says by its method that it takes several reports at once."""
    writers: tuple[Writer, Writer] = (Plain(), AtOnce())
    assert (False, True) == (isinstance(writers[0], BatchWriter), isinstance(writers[1], BatchWriter))


@pytest.mark.anyio
async def test_each_writer_gets_all() -> None:
    """One that takes several gets them together, another one by one."""
    plain, at_once = Plain(), AtOnce()
    await dispatch([REPORT, REPORT], [plain, at_once])
    await dispatch([], [plain, at_once])
    assert ([REPORT, REPORT], [2], []) == (plain.taken, at_once.batches, at_once.taken)


@pytest.mark.anyio
async def test_a_cancellation_waits() -> None:
    """Once a writer has some of them, it gets all of them, and so do the others."""
    first, second = Plain(), Plain()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await dispatch([REPORT, REPORT], [first, second])
    assert (2, 2) == (len(first.taken), len(second.taken))


class Full(Plain):
    """Keeps one, and then what was not reached."""

    async def write(self, report: AccountReport) -> None:
        """Take it, or fail."""
        if report.reached and self.taken:
            raise WriteError("full.")
        await super().write(report)


class Broken(Plain):
    """Keeps nothing."""

    async def write(self, report: AccountReport) -> None:
        """Fail."""
        raise WriteError(f"no place for {report.account.id}.")


@pytest.mark.anyio
async def test_who_can_not_keep_a_report_is_told_that_it_was_not_reached() -> None:
    """Each writer has every account once, whether its own writing failed or that of one before it."""
    first, full, last = Plain(), Full(), Plain()
    with pytest.raises(WriteError, match="full"):
        await dispatch([REPORT, REPORT], [first, full, last])
    assert [[True, True], [True, False], [False, False]] == [
        [report.reached for report in writer.taken] for writer in (first, full, last)
    ]


@pytest.mark.anyio
async def test_who_can_keep_nothing_stops_no_other() -> None:
    """What was not reached is told to those who can keep it, and the error stays the first one."""
    last = Plain()
    await broadcast([not_reached(REPORT.account)], [Broken(), last])
    assert 1 == len(last.taken)
    with pytest.raises(WriteError, match="no place"):
        await dispatch([REPORT], [Broken(), last])
    assert 2 == len(last.taken)


class Begins(Plain):
    """Takes the start of the audit, with a turn of the loop in between; or fails."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__()
        self.started: list[AuditStarted] = []
        self._fails = fails

    async def begin(self, started: AuditStarted) -> None:
        """Take it."""
        await anyio.lowlevel.checkpoint()
        if self._fails:
            raise WriteError("no place for the start.")
        self.started.append(started)


STARTED = AuditStarted(CALLER, PERIOD)


@pytest.mark.anyio
async def test_who_is_told_of_the_start() -> None:
    """A writer says by its method that it wants to be, and is told in its turn, a cancellation or not."""
    plain, first, last = Plain(), Begins(), Begins()
    assert (False, True) == (isinstance(plain, BeginningWriter), isinstance(first, BeginningWriter))
    with anyio.CancelScope() as scope:
        scope.cancel()
        await begin(STARTED, [first, plain, last])
    assert [[STARTED], [STARTED]] == [first.started, last.started]


@pytest.mark.anyio
async def test_a_start_that_can_not_be_kept_goes_no_further() -> None:
    """The error is told, and the writers behind it are not."""
    first, last = Begins(), Begins()
    with pytest.raises(WriteError, match="no place for the start"):
        await begin(STARTED, [first, Begins(fails=True), last])
    assert ([STARTED], []) == (first.started, last.started)


class KeepsFirst(Plain):
    """Keeps first readings, with a turn of the loop in between."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__()
        self.first: list[AccountReport] = []
        self._fails = fails

    async def write_first(self, reports: Sequence[AccountReport]) -> None:
        """Take them, or find no place for them."""
        if self._fails:
            raise WriteError("no place for it")
        await anyio.lowlevel.checkpoint()
        self.first.extend(reports)


@pytest.mark.anyio
async def test_who_gets_first_readings() -> None:
    """A writer says by its method that it wants them; a cancellation waits, and an error goes no further."""
    plain, keeps, last = Plain(), KeepsFirst(), KeepsFirst()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await dispatch_first([REPORT], [plain, keeps])
    with pytest.raises(WriteError, match="no place for it"):
        await dispatch_first([REPORT], [plain, KeepsFirst(fails=True), last])
    assert ([], [REPORT], []) == (plain.taken, keeps.first, last.first)


class Told(Plain):
    """Is told of accounts that were not listed."""

    def __init__(self) -> None:
        super().__init__()
        self.unlisted: list[Unlisted] = []

    async def write_unlisted(self, unlisted: Unlisted) -> None:
        """Take it, with a turn of the loop in between."""
        await anyio.lowlevel.checkpoint()
        self.unlisted.append(unlisted)


@pytest.mark.anyio
async def test_who_is_told_of_unlisted_accounts() -> None:
    """A writer says by its method that it wants to be, and gets no report of an account that was made up."""
    plain, told, rest = Plain(), Told(), Unlisted("NotListed", "cut off")
    assert (False, True) == (isinstance(plain, UnlistedWriter), isinstance(told, UnlistedWriter))
    with anyio.CancelScope() as scope:
        scope.cancel()
        await dispatch_unlisted(rest, [plain, told])
    await broadcast([], [Broken(), plain, told], unlisted=rest)
    assert ([], [], [rest, rest]) == (plain.taken, told.taken, told.unlisted)

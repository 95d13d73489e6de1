"""Reports on their way to the writers: all of them or none, in the writers' order."""

from collections.abc import Sequence

import anyio
import pytest

from auditor.models import AccountReport
from auditor.writers import BatchWriter, Writer, keep
from tests.samples import REPORT


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
    await keep([REPORT, REPORT], [plain, at_once])
    await keep([], [plain, at_once])
    assert ([REPORT, REPORT], [2], []) == (plain.taken, at_once.batches, at_once.taken)


@pytest.mark.anyio
async def test_a_cancellation_waits() -> None:
    """Once a writer has some of them, it gets all of them, and so do the others."""
    first, second = Plain(), Plain()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await keep([REPORT, REPORT], [first, second])
    assert (2, 2) == (len(first.taken), len(second.taken))

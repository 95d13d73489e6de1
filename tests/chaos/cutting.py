"""What cuts a run off at the moment that a seed has drawn: cancellation, a crash with torn files, a full disk."""

import random
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio

from auditor import AccountFinished, AccountReport, AuditStarted, ProgressEvent
from auditor.demo import Request
from tests.chaos.seeds import Cut, CutOff

_CRASHES = frozenset({Cut.CRASH_AT_REQUEST, Cut.CRASH_AT_WRITING})
_BY_REQUEST = frozenset({Cut.AT_REQUEST, Cut.CRASH_AT_REQUEST})
_BY_WRITING = frozenset({Cut.AT_WRITING, Cut.CRASH_AT_WRITING})


class Cutter:
    """Counts requests, writes and accounts of one run, and cuts it off at the one that was drawn.

    It is the server's listener, the run's observer, and a writer between the CSV files and the journal.
    """

    def __init__(self, cut: CutOff | None, folder: Path, *, resumed: bool) -> None:
        self._cut = cut
        self._folder = folder
        self._resumed = resumed
        self._requests = self._writes = self._accounts = 0
        self._reached = anyio.Event()
        self._done = anyio.Event()
        self.happened = False
        self.started = False
        """Whether the audit was begun or gone on with, and not refused before."""

    @property
    def crashes(self) -> bool:
        """Whether what is left is what was on the disk at one moment."""
        return self._cut is not None and self._cut.kind in _CRASHES

    def hear(self, request: Request) -> None:
        """Count a request."""
        del request
        self._requests += 1
        self._count(self._requests, among=_BY_REQUEST)

    def observe(self, event: ProgressEvent) -> None:
        """Count a finished account; a resumed run writes nothing but its journal, so that they are its writes."""
        self.started = self.started or isinstance(event, AuditStarted)
        if not isinstance(event, AccountFinished):
            return
        self._accounts += 1
        self._count(self._accounts, among=_BY_WRITING | {Cut.AT_ACCOUNT} if self._resumed else {Cut.AT_ACCOUNT})

    async def write(self, report: AccountReport) -> None:
        """Count a write of the CSV files, which the journal has not made yet."""
        del report
        self._writes += 1
        self._count(self._writes, among=_BY_WRITING)
        if self._reached.is_set():
            await self._done.wait()

    async def wait(self, scope: anyio.CancelScope) -> None:
        """Cut off the scope when the moment comes."""
        await self._reached.wait()
        self.happened = True
        if self.crashes:
            shutil.copytree(self._folder, torn_folder(self._folder))
        scope.cancel()
        self._done.set()

    def _count(self, number: int, *, among: set[Cut] | frozenset[Cut]) -> None:
        if self._cut is not None and self._cut.kind in among and number == self._cut.at:
            self._reached.set()


def torn_folder(folder: Path) -> Path:
    """Where the files are that a crash has left."""
    return folder.with_name(f"{folder.name}-crashed")


@contextmanager
def disk_limit(cut: CutOff | None) -> Iterator[None]:
    """While the block runs no file of this process grows beyond the drawn byte: writing fails in its middle."""
    if cut is None or cut.kind is not Cut.FULL_DISK:
        yield
        return
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (cut.at, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def tear(folder: Path, dice: random.Random) -> None:
    """Tear the journal's last line, and each CSV file, at a random byte, as a crash of the machine does; or don't.

    A journal's first line is on the disk before the journal has its name, and is never torn.
    """
    for path in folder.glob("*.csv"):
        if dice.random() < 0.5:
            path.write_bytes(_torn(path.read_bytes(), dice, first=0))
    for path in folder.glob("*.jsonl"):
        content = path.read_bytes()
        if dice.random() < 0.7:
            last = content.rstrip(b"\n").rfind(b"\n") + 1
            path.write_bytes(_torn(content, dice, first=last or len(content)))


def _torn(content: bytes, dice: random.Random, *, first: int) -> bytes:
    """The content up to a random byte; sometimes with zeros in the place of the rest, as file systems leave them."""
    place = dice.randint(first, len(content))
    return content[:place] + (b"\0" * (len(content) - place) if dice.random() < 0.3 else b"")

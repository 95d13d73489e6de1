"""What a person sees while an audit runs: progress, warnings and failures, on stderr."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from auditor.cli.opening import OpenAudit
from auditor.cli.terminal.output import is_own, sentence_of, traceback_of
from auditor.config import Labels
from auditor.model.coverage import Failure
from auditor.model.progress import (
    AccountFinished,
    AccountsListed,
    AuditStarted,
    AuditWarning,
    ProgressEvent,
    Waiting,
    WaitingEnded,
)
from auditor.model.report import AccountReport
from auditor.model.text import counted
from auditor.output.rows import failure_line

_SECONDS_BETWEEN_LINES = 10.0
_ROOM_FOR_TIMES = 60
_ROOM_FOR_NAMES = 80
_TOLD_IN_FULL = 3
"""Accounts with failures of one code."""


class ProgressDisplay:
    """An observer that shows a bar on a terminal, a line now and then elsewhere, and failures in both."""

    def __init__(self, console: Console, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._quiet = quiet
        self._counts: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        self._labels = Labels.ES
        self._resumed = ""
        self._before: int | None = None
        self._known = 0
        self._listed = False
        self._waiting: list[str] = []
        self._next_line = self._clock() + _SECONDS_BETWEEN_LINES
        self._bar = _bar(console) if console.is_terminal and not quiet else None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        for code, times in self._told.items():
            if times > _TOLD_IN_FULL:
                self.say(f"{code}: {counted(times - _TOLD_IN_FULL, 'more account')}", style="red")

    @property
    def finished(self) -> int:
        """How many accounts are finished."""
        return self._counts["accounts"]

    def open(self, audit: OpenAudit) -> None:
        """Count accounts that were finished before this run, to say once it starts which are asked again, and why."""
        self._labels, self._before = audit.labels, audit.finished
        if audit.finished is not None:
            self._counts["accounts"] += audit.finished
            before = counted(audit.finished, "account")
            self._resumed = f"Finished before: {before}. Asked now: {_asked_now(audit.again)}."

    def __call__(self, event: ProgressEvent) -> None:
        """Show one event."""
        match event:
            case AuditStarted():
                self._start(event)
            case AccountsListed(count=count, finished=finished, excluded=excluded):
                self._known, self._listed = count - excluded, finished
                if finished and self._known == self._before and not self._quiet:
                    self.say("Nothing is left to do: all accounts were finished before.")
            case AccountFinished(report=report) if not report.excluded:
                self._counts["accounts"] += 1
                self._counts["access key"] += sum(1 for _ in report.findings())
                self._counts["event"] += sum(1 for _ in report.happened())
                self._counts["failure"] += sum(failure.count for failure in report.failures)
                self._tell(report)
            case AuditWarning(message=message):
                if not self._quiet:
                    self.say(f"Warning: {message}", style="yellow")
            case Waiting() | WaitingEnded():
                self._wait(event)
        self._show()

    def _tell(self, report: AccountReport) -> None:
        """A line for each code of the account's failures that is not known well by now."""
        by_code: dict[str, list[Failure]] = {}
        for failure in report.failures:
            by_code.setdefault(failure.code, []).append(failure)
        for code, failures in by_code.items():
            self._told[code] += 1
            if self._told[code] <= _TOLD_IN_FULL:
                self.say(failure_line(report.account, failures, labels=self._labels), style="red")
            elif self._told[code] == _TOLD_IN_FULL + 1:
                self.say(f"{code}: met in more accounts, which are counted from now on.", style="red")

    def say(self, text: str, *, style: str = "") -> None:
        """One line, as it is: names of accounts are neither markup nor escape sequences."""
        line = printable(text)
        self._console.print(line, style=style, markup=False, highlight=False, soft_wrap=True, emoji=False)

    def _start(self, event: AuditStarted) -> None:
        if self._quiet:
            return
        period = event.period
        self.say(f"Caller: {event.caller.arn}")
        self.say(f"Events: {period.start.isoformat()} to {period.end.isoformat()}")
        if self._resumed:
            self.say(self._resumed)
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("Auditing", total=None, counts="")

    def _wait(self, event: Waiting | WaitingEnded) -> None:
        if isinstance(event, Waiting):
            self._waiting.append(event.service)
        elif event.service in self._waiting:
            self._waiting.remove(event.service)
        if not self._quiet:
            self.say(waiting_line(event), style="yellow")

    def _show(self) -> None:
        if self._bar is not None and self._task is not None:
            total = self._known or None
            self._bar.update(
                self._task, completed=self.finished, total=total, description=self._doing(), counts=self._text()
            )
        elif not self._quiet and self._clock() >= self._next_line:
            self._next_line = self._clock() + _SECONDS_BETWEEN_LINES
            known = f"{self._known:,}{'' if self._listed else '+'}"
            noun = "account" if known == "1" else "accounts"
            self.say(f"{self.finished:,} of {known} {noun}, {self._text()}")

    def _doing(self) -> str:
        if not self._waiting:
            return "Auditing"
        return "Waiting" if self._console.width < _ROOM_FOR_NAMES else f"Waiting for {', '.join(self._waiting)}"

    def _text(self) -> str:
        return ", ".join(counted(self._counts[noun], noun) for noun in ("access key", "event", "failure"))


def _asked_now(again: Mapping[str, int]) -> str:
    """What a resumed audit asks: accounts that failed, with their first failures, and the rest."""
    if not again:
        return "those that are not finished, if any"
    codes = ", ".join(f"{code} {accounts:,}" for code, accounts in again.items())
    return f"{counted(sum(again.values()), 'account')} again ({codes}), and those that were not reached, if any"


class _Bar(Progress):
    """A bar as wide as the terminal, and what was found below it: whole in 40 columns, and in 80 on a line each."""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        for task in self.tasks:
            yield Text(task.fields["counts"])


def waiting_line(event: Waiting | WaitingEnded) -> str:
    """What is waited for, or how that has ended."""
    if isinstance(event, Waiting):
        said = f"{event.service} is unavailable ({event.code}): it is retried for up to {event.seconds:.0f} seconds."
        return f"Waiting: {said}"
    end = "is available again" if event.answered else "is still unavailable"
    return f"{event.service} {end}, after {event.seconds:.0f} seconds."


def _bar(console: Console) -> Progress:
    times = [TextColumn("elapsed"), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()]
    return _Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        *(times if console.width >= _ROOM_FOR_TIMES else [TimeElapsedColumn()]),
        console=console,
        expand=True,
    )


class ConsoleOutput:
    """Says everything to a person: lines on a console, above the bar where there is one."""

    def __init__(self, console: Console, *, quiet: bool = False, verbose: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self.handler: logging.Handler = _Handler(console, verbose=verbose)

    def display(self) -> ProgressDisplay:
        """A bar, or lines now and then."""
        return ProgressDisplay(self._console, quiet=self._quiet)

    def say(self, message: str) -> None:
        """A line of its own."""
        print_line(self._console, message)


class _Handler(logging.Handler):
    """Log records as lines; those of other libraries have their logger's name in front."""

    def __init__(self, console: Console, *, verbose: bool) -> None:
        super().__init__()
        self._console = console
        self._verbose = verbose

    def emit(self, record: logging.LogRecord) -> None:
        print_line(self._console, f"{self._opening(record)}{sentence_of(record)}")
        for line in traceback_of(record).splitlines():
            print_line(self._console, line)

    def _opening(self, record: logging.LogRecord) -> str:
        if self._verbose:
            time = logging.Formatter().formatTime(record)
            return f"{time} {record.levelname} {record.name}: "
        return "" if is_own(record) else f"{record.name}: "


def printable(text: str) -> str:
    """The text with control characters spelled out: an account's name must not steer a terminal."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def print_line(console: Console, line: str) -> None:
    """One line that no width breaks."""
    console.print(printable(line), markup=False, highlight=False, soft_wrap=True, emoji=False)

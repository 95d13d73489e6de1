"""What a person sees: progress and failures on stderr, the summary and the paths on stdout."""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from auditor.error_line import error_line
from auditor.progress import (
    AccountFinished,
    AccountsListed,
    AuditStarted,
    AuditWarning,
    ProgressEvent,
    Waiting,
    WaitingEnded,
)
from auditor.summary import AuditSummary

_SECONDS_BETWEEN_LINES = 10.0
_VERBOSE_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class ProgressDisplay:
    """An observer that shows a bar on a terminal, a line now and then elsewhere, and failures in both."""

    def __init__(self, console: Console, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._quiet = quiet
        self._counts: Counter[str] = Counter()
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

    @property
    def finished(self) -> int:
        """How many accounts are finished."""
        return self._counts["accounts"]

    def resume(self, accounts: int) -> None:
        """Count accounts that were finished before this run."""
        self._counts["accounts"] += accounts

    def __call__(self, event: ProgressEvent) -> None:
        """Show one event."""
        match event:
            case AuditStarted():
                self._start(event)
            case AccountsListed(count=count, finished=finished):
                self._known, self._listed = count, finished
            case AccountFinished(report=report):
                self._counts["accounts"] += 1
                self._counts["findings"] += sum(1 for _ in report.findings())
                self._counts["events"] += sum(1 for _ in report.happened())
                if report.failures:
                    self._counts["failures"] += 1
                    self.say(error_line(report), style="red")
            case AuditWarning(message=message):
                if not self._quiet:
                    self.say(f"Warning: {message}", style="yellow")
            case Waiting() | WaitingEnded():
                self._wait(event)
        self._show()

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
            doing = f"Waiting for {', '.join(self._waiting)}" if self._waiting else "Auditing"
            text = escape(self._text())
            self._bar.update(self._task, completed=self.finished, total=total, description=doing, counts=text)
        elif not self._quiet and self._clock() >= self._next_line:
            self._next_line = self._clock() + _SECONDS_BETWEEN_LINES
            known = f"{self._known}{'' if self._listed else '+'}"
            self.say(f"{self.finished} of {known} accounts, {self._text()}")

    def _text(self) -> str:
        return ", ".join(f"{self._counts[word]} {word}" for word in ("findings", "events", "failures"))


def waiting_line(event: Waiting | WaitingEnded) -> str:
    """What is waited for, or how that has ended."""
    if isinstance(event, Waiting):
        said = f"{event.service} serves nobody ({event.code}): it is tried again for up to {event.seconds:.0f} seconds."
        return f"Waiting: {said}"
    end = "is there again" if event.answered else "is waited for no more"
    return f"{event.service} {end}, after {event.seconds:.0f} seconds."


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


class ConsoleOutput:
    """Says everything to a person: lines on a console, above the bar where there is one."""

    def __init__(self, console: Console, *, quiet: bool = False, verbose: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self.handler: logging.Handler = _Handler(console, line=_VERBOSE_LINE if verbose else "%(message)s")

    def display(self) -> ProgressDisplay:
        """A bar, or lines now and then."""
        return ProgressDisplay(self._console, quiet=self._quiet)

    def say(self, message: str) -> None:
        """A line of its own."""
        print_line(self._console, message)


class _Handler(logging.Handler):
    def __init__(self, console: Console, *, line: str) -> None:
        super().__init__()
        self._console = console
        self.setFormatter(logging.Formatter(line))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print_line(self._console, self.format(record))
        except (TypeError, ValueError):  # values that do not fit their message
            self.handleError(record)


def printable(text: str) -> str:
    """The text with control characters spelled out: an account's name must not steer a terminal."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def print_summary(console: Console, summary: AuditSummary, *, paths: Iterable[Path]) -> None:
    """The table of what a run came to, why it is not all, and where the rows are."""
    table = Table(title="Audit summary", title_justify="left", show_header=False)
    table.add_column("what")
    table.add_column("number", justify="right")
    for what, number in _summary_rows(summary):
        table.add_row(what, f"{number:,}")
    console.print(table)
    for line in _remarks(summary):
        print_line(console, line)
    print_paths(console, paths)


def print_paths(console: Console, paths: Iterable[Path]) -> None:
    """Where the rows are, a path a line, to be copied."""
    for path in paths:
        print_line(console, str(path))


def print_line(console: Console, line: str) -> None:
    """One line that no width breaks."""
    console.print(printable(line), markup=False, highlight=False, soft_wrap=True, emoji=False)


def _summary_rows(summary: AuditSummary) -> list[tuple[str, int]]:
    events = [(f"events: {name}", count) for name, count in sorted(summary.events_by_name.items())]
    return [
        ("accounts", summary.accounts),
        ("  audited", summary.audited),
        ("  suspended, closed or not active yet", summary.not_auditable),
        ("  with failures", summary.failed_accounts),
        ("users", summary.users),
        ("access keys", summary.keys),
        ("  older than 90 days", summary.old_keys),
        ("users with keys and without MFA", summary.users_with_keys_without_mfa),
        *events,
        ("events that AWS refused", summary.refused_events),
        ("users and keys that vanished meanwhile", summary.vanished),
        ("failures", summary.failures),
        *_report_rows(summary),
    ]


def _report_rows(summary: AuditSummary) -> list[tuple[str, int]]:
    """What credential reports gave; nothing in an audit that did not ask for them."""
    if not summary.reported and not summary.fallbacks:
        return []
    age = summary.oldest_report_age
    return [
        ("accounts with facts from their credential report", summary.reported),
        *([] if age is None else [("  age of the oldest report, in minutes", round(age.total_seconds() / 60))]),
        ("accounts whose report could not be used for all", summary.fallbacks),
    ]


def _percent(share: float) -> str:
    """Never 100 % where something is missing."""
    return f"{math.floor(share * 1000) / 10:g} %"


def _remarks(summary: AuditSummary) -> list[str]:
    remarks = [summary.interruption] if summary.interruption else []
    if summary.failed_accounts:
        remarks.append(f"Not all was read: {summary.failed_accounts} accounts have failures.")
    if summary.own_credentials:
        remarks.append("The caller's account was read with its own credentials, which no session policy narrows.")
    accounts, facts = _percent(summary.covered_accounts), _percent(summary.covered_facts)
    known = "were listed and can be audited" if summary.interruption else "can be audited"
    return [*remarks, f"Covered: {accounts} of the accounts that {known}, {facts} of the facts asked for."]

"""What a person sees: one line a failure, numbers, paths, and nothing that steers the terminal."""

import io
import logging
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from auditor import (
    AccountFinished,
    AccountsListed,
    AuditStarted,
    AuditSummary,
    AuditWarning,
    Failure,
    Section,
    Waiting,
    WaitingEnded,
)
from auditor.commands.console import ConsoleOutput, ProgressDisplay, print_line, print_paths, print_summary, printable
from tests.samples import ACCOUNT, CALLER, EVENT, FAILURE, PERIOD, REFUSED_EVENT, REPORT, SUMMARY, USER, report_of

DENIED = Failure(Section.ROLE, "AccessDenied", "AccessDenied: not allowed (sts assume_role)")
STARTED = AuditStarted(CALLER, PERIOD)


class Screen:
    """A console that writes to memory."""

    def __init__(self, *, terminal: bool = False, width: int = 80) -> None:
        self._file = io.StringIO()
        self.console = Console(
            file=self._file, width=width, force_terminal=terminal, color_system=None, legacy_windows=False
        )

    @property
    def text(self) -> str:
        """All that was written."""
        return self._file.getvalue()

    @property
    def lines(self) -> list[str]:
        """The lines that were written."""
        return self.text.splitlines()


def test_what_is_printable() -> None:
    """Letters of all languages stay, control characters are spelled out."""
    assert printable("Gestión — 研究 'x' [red]") == "Gestión — 研究 'x' [red]"
    assert printable("\x1b[31mred\x1b[0m") == "\\x1b[31mred\\x1b[0m"
    assert printable("a\r\nb\tc\x07\x9b") == "a\\r\\nb\\tc\\x07\\x9b"
    # Turns what follows it around.
    assert printable("\u202eabc") == "\\u202eabc"


def test_a_line_is_one_line() -> None:
    """No width breaks a line, and no line is markup, an emoji or an escape sequence."""
    screen = Screen()
    print_line(screen.console, "word " * 50 + "[bold]x[/bold] :smile: \x1b[2J")
    assert ["word " * 50 + "[bold]x[/bold] :smile: \\x1b[2J"] == screen.lines


def test_paths_are_not_broken() -> None:
    """Each path is one line that can be copied."""
    screen = Screen()
    paths = [Path("/long" * 40 + "/a.csv"), Path("relative [1] dir/b.csv")]
    print_paths(screen.console, paths)
    assert [str(path) for path in paths] == screen.lines


def test_a_failed_account() -> None:
    """An account that failed is one line, in the script's words, and the audit goes on."""
    screen = Screen()
    with ProgressDisplay(screen.console) as display:
        display(AccountFinished(report_of(failures=(DENIED,))))
        display(AccountFinished(REPORT))
    assert [f"Error en cuenta pagos-dev (111122223333): role: {DENIED.message}"] == screen.lines
    assert display.finished == 2


def test_several_failures_of_an_account() -> None:
    """The first failure is told, and how many more questions were not answered."""
    screen = Screen()
    with ProgressDisplay(screen.console) as display:
        display(AccountFinished(report_of(failures=(FAILURE, replace(DENIED, count=2)))))
    assert ["Error en cuenta pagos-dev (111122223333): MFA: not allowed (and 4 more)"] == screen.lines


def test_names_do_not_steer_the_terminal() -> None:
    """A name that is markup or an escape sequence is shown as it is written."""
    screen = Screen(terminal=True)
    account = replace(ACCOUNT, name="[red]x[/red]\x1b[2J\n")
    with ProgressDisplay(screen.console) as display:
        display(AccountFinished(report_of(failures=(DENIED,), account=account)))
    assert "Error en cuenta [red]x[/red]\\x1b[2J\\n (111122223333)" in screen.text
    assert "\x1b[2J" not in screen.text


def test_the_start_off_a_terminal() -> None:
    """The first lines say who audits, and which events."""
    screen = Screen()
    with ProgressDisplay(screen.console) as display:
        display(STARTED)
    assert [
        "Caller: arn:aws:iam::999988887777:user/auditor",
        "Events: 2025-12-01T12:00:00+00:00 to 2026-03-01T12:00:00+00:00",
    ] == screen.lines


def test_no_line_for_each_account_off_a_terminal() -> None:
    """Off a terminal accounts that are well are no lines of their own."""
    screen = Screen()
    with ProgressDisplay(screen.console) as display:
        for count in range(100):
            display(AccountsListed(count, finished=False))
            display(AccountFinished(REPORT))
    assert [] == screen.lines


@pytest.mark.parametrize(("finished", "known"), [(False, "5+"), (True, "5")])
def test_a_line_now_and_then_off_a_terminal(*, finished: bool, known: str) -> None:
    """When it is time there is one line with all numbers; those that are not final have a plus."""
    screen = Screen()
    with ProgressDisplay(screen.console) as display:
        display(AccountsListed(5, finished=finished))
        display(AccountFinished(replace(REPORT, users=(USER, USER), events=(EVENT, REFUSED_EVENT))))
        display._next_line = 0.0  # noqa: SLF001 - it is time: nothing sleeps in a test
        display(AccountFinished(REPORT))
        display(AccountFinished(REPORT))
    assert [f"2 of {known} accounts, 3 findings, 2 events, 0 failures"] == screen.lines


def test_the_bar_on_a_terminal() -> None:
    """On a terminal a bar shows accounts done of those known, findings, events and failures."""
    screen = Screen(terminal=True, width=200)
    with ProgressDisplay(screen.console) as display:
        display(STARTED)
        display(AccountsListed(7, finished=False))
        display(AccountFinished(REPORT))
        display(AccountFinished(report_of(failures=(DENIED,))))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.text)
    assert "Auditing" in shown
    assert "2/7" in shown
    assert "Error en cuenta pagos-dev (111122223333): role: " in shown
    assert "1 findings, 1 events, 1 failures" in shown


def test_the_bar_gives_the_terminal_back() -> None:
    """The cursor is hidden while the bar is there, and shown again behind it, after an error too."""
    screen = Screen(terminal=True)

    def interrupted() -> None:
        with ProgressDisplay(screen.console) as display:
            display(STARTED)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    hidden, shown = "\x1b[?25l", "\x1b[?25h"
    assert screen.text.count(hidden) == screen.text.count(shown) == 1
    assert screen.text.index(hidden) < screen.text.index(shown)


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet(*, terminal: bool) -> None:
    """Quiet is errors only: no bar, no warnings, no lines now and then."""
    screen = Screen(terminal=terminal)
    with ProgressDisplay(screen.console, quiet=True) as display:
        display(STARTED)
        display(AccountsListed(2, finished=True))
        display(AuditWarning("careful"))
        display(AccountFinished(REPORT))
        assert screen.text == ""
        display(AccountFinished(report_of(failures=(DENIED,))))
    assert [f"Error en cuenta pagos-dev (111122223333): role: {DENIED.message}"] == screen.lines


def test_warnings() -> None:
    """A warning is a line that says that it is one."""
    screen = Screen()
    with ProgressDisplay(screen.console) as display:
        display(AuditWarning("[careful]"))
    assert ["Warning: [careful]"] == screen.lines


@pytest.mark.parametrize("terminal", [True, False])
def test_what_is_waited_for(*, terminal: bool) -> None:
    """An outage is told when it is waited for, and when that is over; on a terminal the bar says so meanwhile."""
    screen = Screen(terminal=terminal)
    with ProgressDisplay(screen.console) as display:
        display(STARTED)
        display(Waiting("iam", "ConnectionFailed", 600.0))
        display(WaitingEnded("iam", "ConnectionFailed", 45.3, answered=True))
        display(WaitingEnded("sts", "Timeout", 600.0, answered=False))
        display(Waiting("cloudtrail", "Timeout", 600.0))
    for line in (
        "Waiting: iam serves nobody (ConnectionFailed): it is tried again for up to 600 seconds.",
        "iam is there again, after 45 seconds.",
        "sts is waited for no more, after 600 seconds.",
    ):
        assert line in screen.text
    assert terminal == ("Waiting for cloudtrail" in screen.text)


def table_of(lines: list[str]) -> dict[str, str]:
    """The numbers of a table, by their words."""
    rows = (re.fullmatch(r"│\s*(.+?)\s*│\s*([\d,]+)\s*│", line.strip()) for line in lines)
    return {row[1]: row[2] for row in rows if row}


def test_the_summary() -> None:
    """The table holds every number, grouped by thousands, events by their names; then come remarks and paths.

    Of a list that ended early nobody knows how much of all accounts it is.
    """
    screen = Screen()
    path = Path("/some" * 30 + "/findings.csv")
    print_summary(screen.console, replace(SUMMARY, interruption="It ended early."), paths=[path])
    assert {
        "accounts": "1,234",
        "audited": "1,200",
        "suspended, closed or not active yet": "24",
        "with failures": "10",
        "users": "56,789",
        "access keys": "4,321",
        "older than 90 days": "87",
        "users with keys and without MFA": "321",
        "events: CreateUser": "65",
        "events: DeleteUser": "2",
        "events that AWS refused": "43",
        "users and keys that vanished meanwhile": "11",
        "failures": "99",
    } == table_of(screen.lines)
    assert [
        "It ended early.",
        "Not all was read: 10 accounts have failures.",
        "Covered: 98.3 % of the accounts that were listed and can be audited, 100 % of the facts asked for.",
        str(path),
    ] == screen.lines[-4:]


def test_the_summary_of_a_complete_run() -> None:
    """Where all was read there are no remarks, and all that can be audited is covered."""
    screen = Screen()
    print_summary(screen.console, AuditSummary(caller=CALLER, period=PERIOD), paths=[Path("a.csv")])
    covered = "Covered: 100 % of the accounts that can be audited, 100 % of the facts asked for."
    assert [covered, "a.csv"] == screen.lines[-2:]
    assert set(table_of(screen.lines).values()) == {"0"}
    assert "Not all" not in screen.text


def test_the_summary_says_where_no_session_policy_was() -> None:
    """The caller's own account, where it was read, is said to have been read with rights that nothing narrows."""
    screen = Screen()
    print_summary(screen.console, replace(SUMMARY, own_credentials=1), paths=[])
    sentence = "The caller's account was read with its own credentials, which no session policy narrows."
    assert [sentence] == screen.lines[-2:-1]


def test_the_summary_of_a_run_with_credential_reports() -> None:
    """How many accounts a report was used for, how old the oldest was, and where one could not be used."""
    screen = Screen()
    summary = replace(SUMMARY, reported=1100, oldest_report_age=timedelta(hours=3, seconds=29), fallbacks=100)
    print_summary(screen.console, summary, paths=[])
    expected = {
        "accounts with facts from their credential report": "1,100",
        "age of the oldest report, in minutes": "180",
        "accounts whose report could not be used for all": "100",
    }
    assert expected == {what: number for what, number in table_of(screen.lines).items() if "report" in what}
    print_summary(screen.console, replace(SUMMARY, fallbacks=3), paths=[])
    assert "3" == table_of(screen.lines)["accounts whose report could not be used for all"]


def test_a_record_whose_values_do_not_fit_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake in somebody's logging stops no audit: `logging` itself says what is wrong with it."""
    screen = Screen()
    record = logging.LogRecord("botocore", logging.ERROR, "x.py", 1, "%s and %s", ("one",), None)
    ConsoleOutput(screen.console).handler.handle(record)
    assert "not enough arguments" in capsys.readouterr().err
    assert "" == screen.text

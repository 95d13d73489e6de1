"""What a person sees: one line a failure, numbers, paths, and nothing that steers the terminal."""

import logging
import re
from dataclasses import replace

import pytest

from auditor import (
    AccountFinished,
    AccountsListed,
    AuditStarted,
    AuditWarning,
    Failure,
    Labels,
    Section,
    Waiting,
    WaitingEnded,
)
from auditor.cli.terminal.console import ConsoleOutput, ProgressDisplay, print_line, printable
from auditor.model.placeholders import excluded
from tests.cli.terminal.screen import OPEN, Screen
from tests.samples import ACCOUNT, CALLER, EVENT, FAILURE, PERIOD, REFUSED_EVENT, REPORT, USER, report_of

DENIED = Failure(Section.ROLE, "AccessDenied", "AccessDenied: not allowed (sts assume_role)")
STARTED = AuditStarted(CALLER, PERIOD)


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


def test_many_failures_are_counted() -> None:
    """Three accounts with a code are told in full, the others at the end in one number; each code counts for itself."""
    screen = Screen()
    throttled = Failure(Section.USERS, "Throttling", "Throttling: slow down", count=2)
    with ProgressDisplay(screen.console) as display:
        for number in range(6):
            account = replace(ACCOUNT, name=f"account-{number}")
            display(AccountFinished(report_of(failures=(DENIED,), account=account)))
        both = replace(ACCOUNT, name="both")
        display(AccountFinished(report_of(failures=(DENIED, throttled), account=both)))
        assert 5 == len(screen.lines)
    assert [
        *[f"Error en cuenta account-{number} (111122223333): role: {DENIED.message}" for number in range(3)],
        "AccessDenied: met in more accounts, which are counted from now on.",
        "Error en cuenta both (111122223333): users: Throttling: slow down (and 1 more)",
        "AccessDenied: 4 more accounts",
    ] == screen.lines


@pytest.mark.parametrize(("labels", "words"), [(Labels.ES, "Error en cuenta"), (Labels.EN, "Error in account")])
def test_a_failed_account_in_the_language_of_the_rows(labels: Labels, words: str) -> None:
    """The labels decide the line, too, where they come from a journal as well."""
    screen = Screen()
    with ProgressDisplay(screen.console) as display:
        display.open(replace(OPEN, labels=labels))
        display(AccountFinished(report_of(failures=(DENIED,))))
    assert [f"{words} pagos-dev (111122223333): role: {DENIED.message}"] == screen.lines


@pytest.mark.parametrize(
    ("finished", "again", "line"),
    [
        (1, {}, "Finished before: 1 account. Asked now: those that are not finished, if any."),
        (
            0,
            {"X": 1},
            "Finished before: 0 accounts. Asked now: 1 account again (X 1), and those that were not reached, if any.",
        ),
        (
            1200,
            {"X": 3, "Y": 1},
            (
                "Finished before: 1,200 accounts. Asked now: 4 accounts again (X 3, Y 1), "
                "and those that were not reached, if any."
            ),
        ),
    ],
)
def test_a_resumed_audit_says_what_it_asks_again_and_why(finished: int, again: dict[str, int], line: str) -> None:
    """What was finished counts as finished; quiet, nothing is said of it."""
    screen = Screen(width=200)
    with ProgressDisplay(screen.console) as display:
        display.open(replace(OPEN, finished=finished, again=again))
        assert "" == screen.text
        display(STARTED)
    assert ([line], finished) == (screen.lines[2:], display.finished)
    quiet = Screen()
    with ProgressDisplay(quiet.console, quiet=True) as display:
        display.open(replace(OPEN, finished=finished, again=again))
        display(STARTED)
    assert "" == quiet.text


@pytest.mark.parametrize(("finished", "now", "said"), [(7, 0, True), (6, 0, False), (6, 1, False), (None, 7, False)])
def test_a_finished_audit_that_is_resumed_has_nothing_left_to_do(*, finished: int | None, now: int, said: bool) -> None:
    """Once all accounts are listed, and were finished before, that is said, and in no other case."""
    screen = Screen(width=200)
    with ProgressDisplay(screen.console) as display:
        display.open(replace(OPEN, finished=finished))
        display(STARTED)
        display(AccountsListed(7, finished=False))
        for _ in range(now):
            display(AccountFinished(REPORT))
        display(AccountsListed(7, finished=True))
    assert said == ("Nothing is left to do: all accounts were finished before." in screen.lines)


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
    assert [f"2 of {known} accounts, 3 access keys, 2 events, 0 failures"] == screen.lines


def test_accounts_that_were_left_out_are_none_to_wait_for() -> None:
    """They are neither among those that are done nor among those that are to be."""
    screen = Screen()
    with ProgressDisplay(screen.console) as display:
        display(AccountsListed(5, finished=True, excluded=3))
        display(AccountFinished(excluded(ACCOUNT)))
        display._next_line = 0.0  # noqa: SLF001 - it is time: nothing sleeps in a test
        display(AccountFinished(REPORT))
    assert ["1 of 2 accounts, 1 access key, 1 event, 0 failures"] == screen.lines


def test_the_bar_on_a_terminal() -> None:
    """On a terminal a bar shows accounts done of those known, and the rest in the summary's words."""
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
    assert "1 access key, 1 event, 1 failure" in shown
    assert re.search(r"elapsed +\d:\d\d:\d\d +left ", shown)


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
        "Waiting: iam is unavailable (ConnectionFailed): it is retried for up to 600 seconds.",
        "iam is available again, after 45 seconds.",
        "sts is still unavailable, after 600 seconds.",
    ):
        assert line in screen.text
    assert terminal == ("Waiting for cloudtrail" in screen.text)


def test_a_record_whose_values_do_not_fit_is_told_without_them(capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake in somebody's logging stops no audit, and `logging` does not print the values beside it."""
    screen = Screen()
    record = logging.LogRecord("botocore", logging.ERROR, "x.py", 1, "%s and %s", ("one",), None)
    ConsoleOutput(screen.console).handler.handle(record)
    assert ["botocore: %s and %s"] == screen.lines
    assert ("", "") == capsys.readouterr()


def test_a_traceback_of_ours_has_a_line_for_each_of_its_lines() -> None:
    """What went wrong in this package can be read as Python shows it."""
    screen = Screen()
    try:
        int("odd")
    except ValueError as error:
        reason = (ValueError, error, error.__traceback__)
    record = logging.LogRecord("auditor.x", logging.DEBUG, "x.py", 1, "unforeseen", None, reason)
    ConsoleOutput(screen.console, verbose=True).handler.handle(record)
    assert "DEBUG auditor.x: unforeseen" in screen.lines[0]
    assert "Traceback (most recent call last):" == screen.lines[1]
    assert "ValueError: invalid literal" in screen.lines[-1]


@pytest.mark.parametrize(
    ("width", "row"),
    [
        (80, r"Waiting for sts, cloudtrail .*49001/50000 elapsed \d:\d\d:\d\d left \S"),
        (79, r"Waiting .*49001/50000 elapsed \d:\d\d:\d\d left \d:\d\d:\d\d"),
        (60, r"Waiting .*49001/50000 elapsed \d:\d\d:\d\d left \d:\d\d:\d\d"),
        (40, r"Waiting .*49001/50000 \d:\d\d:\d\d"),
    ],
)
def test_numbers_are_whole_in_a_narrow_terminal_while_a_service_is_waited_for(width: int, row: str) -> None:
    """What there is no room for is left out, and what was found goes on in the next line."""
    screen = Screen(terminal=True, width=width)
    with ProgressDisplay(screen.console) as display:
        display(STARTED)
        display(AccountsListed(50_000, finished=True))
        display.open(replace(OPEN, finished=49_000))
        display(Waiting("sts", "Timeout", 600.0))
        display(Waiting("cloudtrail", "Timeout", 600.0))
        display(AccountFinished(report_of(USER, events=(EVENT,) * 12_345, failures=(replace(DENIED, count=5000),))))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.text)
    assert re.search(row, shown)
    assert re.search(r"1 access key, 12,345 events, 5,000\s+failures", shown)


def test_the_bar_fits_into_a_usual_terminal() -> None:
    """Numbers of a large organization are whole in 80 columns."""
    screen = Screen(terminal=True)
    with ProgressDisplay(screen.console) as display:
        display(STARTED)
        display(AccountsListed(50_000, finished=True))
        display.open(replace(OPEN, finished=49_000))
        display(AccountFinished(report_of(USER, events=(EVENT,) * 12_345, failures=(replace(DENIED, count=5000),))))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.text)
    assert re.search(r"49001/50000 elapsed \d:\d\d:\d\d left \S", shown)
    assert "1 access key, 12,345 events, 5,000 failures" in shown

"""What a run came to, for a person: what was not read, the numbers, the causes, and where the rows are."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from auditor.cli.causes import UNKNOWN, CausedFailures, by_cause, passing, refusals_of_role
from auditor.cli.terminal.console import print_line, printable
from auditor.cli.terminal.output import clock
from auditor.model.summary import AuditSummary
from auditor.model.text import counted


def print_summary(  # noqa: PLR0913 - what is said of a run
    console: Console,
    summary: AuditSummary,
    *,
    paths: Iterable[Path],
    role: str = "",
    policy: str = "",
    resume_command: str = "",
    next_step: str = "",
) -> None:
    """What was not read, the table of what a run came to, why it is not all, and where the rows are.

    The policy is shown where the role lacks some of what it allows. The command that resumes the run is named where
    something failed for a reason that passes.
    """
    for line in _unread(summary, role=role):
        print_line(console, line)
    console.print(_numbers(summary))
    if summary.failure_groups:
        console.print(_causes(by_cause(summary.failure_groups)))
    for line in (*_missing_actions(summary, role=role, policy=policy), *_remarks(summary)):
        print_line(console, line)
    if resume_command and (summary.interruption or passing(summary.failure_groups)):
        print_line(console, f"Ask again for what may succeed now: {resume_command}")
    print_paths(console, paths)
    if next_step:
        print_line(console, next_step)


def print_paths(console: Console, paths: Iterable[Path]) -> None:
    """Where the rows are, a path a line, to be copied."""
    for path in paths:
        print_line(console, str(path))


def _unread(summary: AuditSummary, *, role: str) -> Iterator[str]:
    """What a reader of the rows must know first: whom they say nothing about."""
    refused = refusals_of_role(summary.failure_groups)
    if refused and summary.audited == summary.own_credentials:
        named = f"the role {role}" if role else "the role"
        yield f"No account let {named} in, of {counted(refused, 'account')} that answered: is its name right?"
    if summary.interruption:
        yield f"Not read at all: the accounts behind the first {summary.accounts:,}. {summary.interruption}"
    accounts = counted(summary.auditable, "listed account" if summary.interruption else "account")
    if summary.not_read:
        yield f"Not read at all: {summary.not_read:,} of {accounts} that can be audited."
    partly = summary.audited - summary.complete
    if partly:
        yield f"Read in part: {partly:,} of {accounts} that can be audited."
    if summary.user_lists_not_read:
        unlisted = counted(summary.user_lists_not_read, "account")
        yield f"Not all listed: the users of {unlisted}; how many more there are is not known."
    if summary.users_not_read:
        yield f"Not read: the keys of {summary.users_not_read:,} of {counted(summary.users, 'user')}."
    if summary.roots_not_read:
        yield f"Not all read: the root user of {counted(summary.roots_not_read, 'account')}."
    if summary.service_credentials_not_read:
        unread = counted(summary.service_credentials_not_read, "account")
        yield f"Not all read: the service-specific credentials of {unread}."


def _missing_actions(summary: AuditSummary, *, role: str, policy: str) -> Iterator[str]:
    """What the role lacks, with the accounts that denied it, and the policy that allows it all."""
    if not summary.missing_actions:
        return
    named = f"The role {role}" if role else "The role"
    yield f"{named} lacks {counted(len(summary.missing_actions), 'action')}:"
    for action, accounts in summary.missing_actions.items():
        yield f"  {action} was denied in {counted(accounts, 'account')}."
    if policy:
        yield "This policy allows all that this audit asks for, unless a service control policy denies it:"
        yield from policy.splitlines()


def _numbers(summary: AuditSummary) -> Table:
    table = Table(title="Audit summary", title_justify="left", show_header=False)
    table.add_column("what")
    table.add_column("number", justify="right", no_wrap=True)
    for what, number in _rows(summary):
        table.add_row(what, f"{number:,}")
    table.add_row("elapsed", clock(summary.seconds))
    return table


def _rows(summary: AuditSummary) -> list[tuple[str, int]]:
    events = [(f"events: {name}", count) for name, count in sorted(summary.events_by_name.items())]
    return [
        ("accounts", summary.accounts),
        ("  audited", summary.audited),
        *([("  left out by the filters", summary.excluded)] if summary.excluded else []),
        ("  suspended, closed or not active yet", summary.not_auditable),
        ("  with failures", summary.failed_accounts),
        ("users", summary.users),
        ("access keys", summary.keys),
        ("  active and older than 90 days", summary.old_keys),
        ("users with active keys and without MFA", summary.users_with_keys_without_mfa),
        *_rows_of_console(summary),
        *events,
        ("events that AWS refused", summary.refused_events),
        ("users and keys that vanished meanwhile", summary.vanished),
        ("failures", summary.failures),
        *_report_rows(summary),
    ]


def _rows_of_console(summary: AuditSummary) -> list[tuple[str, int]]:
    """Users with a password, and what is asked for only where all users are."""
    console_users = summary.console_users_without_mfa
    of_all = [
        ("root users with credentials and without MFA", summary.root_without_mfa),
        ("root users with access keys", summary.root_with_keys),
        ("service-specific credentials", summary.service_credentials),
        ("  active and never ending", summary.endless_service_credentials),
    ]
    known = [(what, number) for what, number in of_all if number is not None]
    return [
        ("console users without MFA" if known else "console users without MFA, of those with keys", console_users),
        *known,
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


def _causes(failures: Iterable[CausedFailures]) -> Table:
    table = Table(title="Failures by code", title_justify="left", show_lines=True)
    table.add_column("code", overflow="fold")
    table.add_column("count", justify="right", no_wrap=True)
    table.add_column("what it means, what to do about it, and where", overflow="fold")
    for failure in failures:
        # As texts: what AWS and the organization call things is no markup.
        table.add_row(Text(printable(failure.code)), f"{failure.count:,}", Text("\n".join(_explained(failure))))
    return table


def _explained(failure: CausedFailures) -> Iterator[str]:
    yield failure.cause.meaning
    yield failure.cause.cure
    if failure.cause == UNKNOWN:
        yield f"It said: {printable(failure.message)}"
    yield f"For example: {printable(', '.join(failure.examples))}"


def _percent(share: float) -> str:
    """Never 100 % where something is missing."""
    return f"{math.floor(share * 1000) / 10:g} %"


def _remarks(summary: AuditSummary) -> Iterator[str]:
    if summary.own_credentials:
        yield "The caller's account was read with its own credentials, which no session policy narrows."
    if summary.covered_accounts is None:
        return
    facts = summary.covered_facts
    also = "" if facts is None else f", {_percent(facts)} of the facts asked for"
    yield f"Covered: {_percent(summary.covered_accounts)} of the accounts that can be audited{also}."

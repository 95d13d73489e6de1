"""What a person reads at the end: what was not read first, then numbers, causes, and where the rows are."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from auditor import AuditSummary, Section
from auditor.cli.terminal.summary import print_paths, print_summary
from auditor.model.summary import FailureGroup
from tests.cli.terminal.screen import Screen
from tests.samples import CALLER, PERIOD, SUMMARY


def lines_of(summary: AuditSummary, *, role: str = "Audit", resume_command: str = "", width: int = 100) -> list[str]:
    """The lines of a summary."""
    screen = Screen(width=width)
    print_summary(screen.console, summary, paths=[], role=role, resume_command=resume_command)
    return screen.lines


def leading(summary: AuditSummary) -> list[str]:
    """The lines above the numbers."""
    lines = lines_of(summary)
    return lines[: next(at for at, line in enumerate(lines) if line.startswith("Audit summary"))]


def test_paths_are_not_broken() -> None:
    """Each path is one line that can be copied."""
    screen = Screen()
    paths = [Path("/long" * 40 + "/a.csv"), Path("relative [1] dir/b.csv")]
    print_paths(screen.console, paths)
    assert [str(path) for path in paths] == screen.lines


def table_of(lines: list[str]) -> dict[str, str]:
    """The numbers of a table, by their words."""
    rows = (re.fullmatch(r"│\s*(.+?)\s*│\s*([\d,]+)\s*│", line.strip()) for line in lines)
    return {row[1]: row[2] for row in rows if row}


def test_the_summary() -> None:
    """The table holds every number, grouped by thousands, events by their names; then come remarks and paths."""
    screen = Screen()
    path = Path("/some" * 30 + "/findings.csv")
    print_summary(screen.console, SUMMARY, paths=[path])
    assert {
        "accounts": "1,234",
        "audited": "1,200",
        "suspended, closed or not active yet": "24",
        "with failures": "10",
        "users": "56,789",
        "access keys": "4,321",
        "active and older than 90 days": "87",
        "users with active keys and without MFA": "321",
        "console users without MFA, of those with keys": "12",
        "events: CreateUser": "65",
        "events: DeleteUser": "2",
        "events that AWS refused": "43",
        "users and keys that vanished meanwhile": "11",
        "failures": "99",
    } == table_of(screen.lines)
    assert ["Covered: 98.3 % of the accounts that can be audited.", str(path)] == screen.lines[-2:]
    assert any(re.fullmatch(r"│ elapsed +│ 0:00:03 │", line) for line in screen.lines)


def test_the_summary_of_a_complete_run() -> None:
    """Where all was read there are no remarks, and all that can be audited is covered; nothing is to be resumed."""
    screen = Screen()
    whole = AuditSummary(caller=CALLER, period=PERIOD)
    print_summary(screen.console, whole, paths=[Path("a.csv")], resume_command="auditor audit --resume x")
    covered = "Covered: 100 % of the accounts that can be audited, 100 % of the facts asked for."
    assert [covered, "a.csv"] == screen.lines[-2:]
    assert set(table_of(screen.lines).values()) == {"0"}
    assert [] == leading(whole)
    assert "--resume" not in screen.text


def test_the_summary_says_where_no_session_policy_was() -> None:
    """The caller's own account, where it was read, is said to have been read with rights that nothing narrows."""
    screen = Screen()
    print_summary(screen.console, replace(SUMMARY, own_credentials=1), paths=[])
    sentence = "The caller's account was read with its own credentials, which no session policy narrows."
    assert [sentence] == screen.lines[-2:-1]


@pytest.mark.parametrize(
    ("summary", "lines"),
    [
        (
            replace(SUMMARY, accounts=40, not_auditable=3, audited=34, complete=34),
            ["Not read at all: 3 of 37 accounts that can be audited."],
        ),
        (
            replace(SUMMARY, accounts=1, not_auditable=0, audited=1, complete=0),
            ["Read in part: 1 of 1 account that can be audited."],
        ),
        (
            replace(
                SUMMARY, accounts=5, not_auditable=0, audited=4, complete=2, user_lists_not_read=1, users_not_read=7
            ),
            [
                "Not read at all: 1 of 5 accounts that can be audited.",
                "Read in part: 2 of 5 accounts that can be audited.",
                "Not all listed: the users of 1 account; how many more there are is not known.",
                "Not read: the keys of 7 of 56,789 users.",
            ],
        ),
        (
            replace(
                SUMMARY,
                accounts=3,
                not_auditable=0,
                audited=3,
                complete=1,
                roots_not_read=2,
                service_credentials_not_read=1,
            ),
            [
                "Read in part: 2 of 3 accounts that can be audited.",
                "Not all read: the root user of 2 accounts.",
                "Not all read: the service-specific credentials of 1 account.",
            ],
        ),
        (
            replace(SUMMARY, accounts=580, not_auditable=0, audited=579, complete=579, interruption="It ended early."),
            [
                "Not read at all: the accounts behind the first 580. It ended early.",
                "Not read at all: 1 of 580 listed accounts that can be audited.",
            ],
        ),
    ],
)
def test_what_was_not_read_comes_first(summary: AuditSummary, lines: list[str]) -> None:
    """Accounts and users, of how many; of what was not listed nobody knows how much it is."""
    assert lines == leading(summary)


REFUSED = FailureGroup(Section.ROLE, "AccessDenied", 36, ("[red]pagos\x1b (1)", "datos (2)"), "no")
OUTAGE = tuple(
    FailureGroup(section, "ConnectionFailed", 2, ("web (3)",)) for section in (Section.USERS, Section.EVENTS)
)


def test_a_role_that_no_account_lets_in_comes_first() -> None:
    """Its name is told, since it is often wrong; not where an account let it in."""
    refused = replace(SUMMARY, accounts=37, not_auditable=0, audited=1, own_credentials=1, failure_groups=(REFUSED,))
    question = "No account let the role Audit in, of 36 accounts that answered: is its name right?"
    assert question == leading(refused)[0]
    assert question not in leading(replace(refused, audited=2))
    assert question not in leading(replace(refused, failure_groups=OUTAGE))


@pytest.mark.parametrize(
    ("others", "asked"),
    [
        ((), True),
        ((FailureGroup(Section.ROLE, "Timeout", 2, ("web (3)",), "late"),), True),
        ((FailureGroup(Section.ROLE, "Timeout", 36, ("web (3)",), "late"),), False),
        ((FailureGroup(Section.USERS, "Timeout", 99, ("web (3)",), "late"),), True),
    ],
    ids=["all", "most", "not even most", "another section"],
)
def test_who_did_not_answer_says_nothing_of_the_name(others: tuple[FailureGroup, ...], *, asked: bool) -> None:
    """The question is for where most denied the role; STS that is switched off in a region denies whichever."""
    nobody = replace(SUMMARY, accounts=37, not_auditable=0, audited=0, own_credentials=0)
    assert asked == ("is its name right?" in leading(replace(nobody, failure_groups=(REFUSED, *others)))[0])
    off = replace(REFUSED, code="RegionDisabledException")
    assert "is its name right?" not in leading(replace(nobody, failure_groups=(off, *others)))[0]


def test_the_table_of_causes() -> None:
    """Each code has its count, what it means, what to do, and accounts, which are no markup; sections are one."""
    lines = lines_of(replace(SUMMARY, failure_groups=(*OUTAGE, REFUSED)), width=200)
    text = "\n".join(lines[lines.index(next(line for line in lines if line.startswith("Failures by code"))) :])
    rows = [line for line in text.splitlines() if re.match(r"│ \w", line)]
    assert ["AccessDenied", "ConnectionFailed"] == [row.split()[1] for row in rows]
    assert ["36", "4"] == [row.split()[3] for row in rows]
    assert "The account did not let the role in." in rows[0]
    assert "See that the role is there under this name" in text
    assert "For example: [red]pagos\\x1b (1), datos (2)" in text
    assert "Check network, VPN, name server and proxy, then resume." in text
    assert 1 == text.count("web (3)")
    odd = FailureGroup(Section.USERS, "SomethingNew", 1, ("web (3)",), "[b]it is so\x1b")
    assert "It said: [b]it is so\\x1b" in "\n".join(lines_of(replace(SUMMARY, failure_groups=(odd,))))


LACKING = replace(SUMMARY, missing_actions={"iam:GetAccountSummary": 1200, "iam:ListVirtualMFADevices": 1})
POLICY = '{\n  "Action": [\n    "iam:GetAccountSummary"\n  ]\n}'


def test_what_the_role_lacks_is_said_once() -> None:
    """Each missing action has its number of accounts, and below them is the policy, to be copied as it is."""
    screen = Screen(width=40)
    denied = FailureGroup(Section.ROOT, "AccessDenied", 1200, ("web (3)",))
    print_summary(
        screen.console, replace(LACKING, failure_groups=(denied,)), paths=[Path("a.csv")], role="Audit", policy=POLICY
    )
    first = screen.lines.index("The role Audit lacks 2 actions:")
    assert [
        "  iam:GetAccountSummary was denied in 1,200 accounts.",
        "  iam:ListVirtualMFADevices was denied in 1 account.",
        "This policy allows all that this audit asks for, unless a service control policy denies it:",
        *POLICY.splitlines(),
        "Covered: 98.3 % of the accounts that can be audited.",
        "a.csv",
    ] == screen.lines[first + 1 :]
    assert first > next(at for at, line in enumerate(screen.lines) if "Failures by code" in line)


def test_a_role_that_lacks_nothing_needs_no_policy() -> None:
    """Neither is shown where no action was denied; nor a policy that nobody knows."""
    assert not any("lacks" in line or "Action" in line for line in _shown(SUMMARY, policy=POLICY))
    assert "The role lacks 2 actions:" in _shown(LACKING, policy="")
    assert not any("This policy" in line for line in _shown(LACKING, policy=""))


def _shown(summary: AuditSummary, *, policy: str) -> list[str]:
    screen = Screen()
    print_summary(screen.console, summary, paths=[], policy=policy)
    return screen.lines


@pytest.mark.parametrize(
    ("summary", "named"),
    [
        (replace(SUMMARY, failure_groups=(REFUSED,)), False),
        (replace(SUMMARY, failure_groups=(REFUSED, *OUTAGE)), True),
        (replace(SUMMARY, interruption="It ended early."), True),
    ],
)
def test_the_command_that_asks_again(summary: AuditSummary, named: bool) -> None:  # noqa: FBT001 - a parameter
    """It is named where something failed for a reason that passes; a denial does not pass by itself."""
    command = "auditor audit --resume a/audit_20260301_120000.journal.jsonl"
    lines = lines_of(summary, resume_command=command)
    assert named == (f"Ask again for what may succeed now: {command}" in lines)


@pytest.mark.parametrize(
    ("summary", "facts"),
    [
        (
            replace(SUMMARY, asked=1000, answered=999),
            ", 99.9 % of the facts asked for.",
        ),
        (replace(SUMMARY, asked=1000, answered=999, not_listed=1), "."),
        (replace(SUMMARY, asked=10, answered=10), "."),
    ],
)
def test_shares_only_of_what_is_known(summary: AuditSummary, facts: str) -> None:
    """No share of facts where anything was not listed, and never 100 % beside failures."""
    assert f"Covered: 98.3 % of the accounts that can be audited{facts}" == lines_of(summary)[-1]
    assert "Covered" not in "".join(lines_of(replace(summary, interruption="It ended early.")))


def test_the_summary_of_all_users() -> None:
    """Root and service credentials have their numbers where they were asked for, 0 too, and console users are all."""
    summary = replace(
        SUMMARY, service_credentials=1234, endless_service_credentials=5, root_without_mfa=7, root_with_keys=0
    )
    expected = {
        "console users without MFA": "12",
        "root users with credentials and without MFA": "7",
        "root users with access keys": "0",
        "service-specific credentials": "1,234",
        "active and never ending": "5",
    }
    with_keys, of_all = (table_of(lines_of(each)) for each in (SUMMARY, summary))
    assert expected == {what: number for what, number in of_all.items() if what not in with_keys}
    assert {"console users without MFA, of those with keys"} == set(with_keys) - set(of_all)


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

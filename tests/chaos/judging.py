"""Whether four CSV files are the truth, and say plainly of what is not there that it is missing."""

from collections import Counter

from tests.chaos.account import MISSING, NOTHING, ODD, AuditedAccount
from tests.chaos.blame import Blame
from tests.chaos.facts import Facts
from tests.chaos.files import SECTIONS, Tables
from tests.chaos.findings import judge_events, judge_findings
from tests.chaos.user_facts import Row
from tests.chaos.users import judge_users
from tests.chaos.verdict import Kind, Verdict

_WORDS = MISSING | {"complete", "skipped"}
_OF_ALL = ("root", "service_credentials")
"""The sections that only an audit of all users has."""
_ORGANIZATION = "organization"


def judge(tables: Tables, facts: Facts, *, blame: Blame, ended: bool, verdict: Verdict) -> None:
    """Hold the files against the truth; `ended` is whether the run came to its end, so that all was reached."""
    accounts = Counter(row["account_id"] for row in tables.coverage)
    for account, times in accounts.items():
        verdict.expect(times == 1, f"{account} has {times} rows of coverage", Kind.DOUBLED)
    rows = {row["account_id"]: row for row in tables.coverage}
    rest = rows.pop(_ORGANIZATION, None)
    if rest is not None:
        verdict.incomplete = True
        verdict.expect(set(_words(rest).values()) == {"not reached"}, "the rest of the organization is not said so")
        verdict.expect(bool(rest["error_code"]), "the listing ended early, and no code says why")
        if ended:
            met = blame.codes_of_listing() | ({ODD} if facts.odd_listing else set())
            verdict.expect(rest["error_code"] in met, f"the listing met {met}, not {rest['error_code']}")
    elif ended and facts.odd_listing:
        verdict.say(Kind.LOST, "accounts that could not be read are not said")
    for account in facts.accounts:
        if account not in rows:
            verdict.expect(rest is not None, f"{account} is nowhere in the coverage", Kind.LOST)
            verdict.named += _rows_of(account, facts)
    for row in (*tables.findings, *tables.events, *tables.users, *rows.values()):
        verdict.expect(row["account_id"] in facts.accounts, f"there is no account {row['account_id']}")
        verdict.expect(row["account_id"] in rows, f"{row['account_id']} has rows, and no coverage")
    for account, row in rows.items():
        if account in facts.accounts:
            true = facts.accounts[account]
            _judge(AuditedAccount(account, row, _words(row), true, tables, facts, blame, verdict), ended=ended)


def _judge(account: AuditedAccount, *, ended: bool) -> None:
    words, row, true = account.words, account.row, account.true
    account.expect(set(words.values()) <= _WORDS, f"unknown words {words}")
    account.expect(row["account_name"] == true.name, f"is named {row['account_name']}")
    account.expect(row["state"] == true.state_word, f"is {row['state']}")
    account.expect(row["ou_path"] == true.ou_path, f"is in {row['ou_path']}")
    reached = "not reached" not in words.values()
    # An outage that outlasts the patience ends a run, and each account that was not finished names its code.
    ended_by = row["error_code"]
    account.expect(reached or not ended or ended_by, "was not reached, and the run came to its end", Kind.LOST)
    if not reached and ended_by:
        met = account.blame.codes_of_all()
        account.expect(ended_by in met, f"was not reached for {ended_by}, and the run met {met}")
    account.expect(reached or set(words.values()) == {"not reached"}, f"was reached in part: {words}")
    account.verdict.incomplete |= bool(_missing(account) or row["error_code"])
    for counted, table in (("key_count", account.tables.findings), ("event_count", account.tables.events)):
        there = len(account.of(table))
        account.expect(row[counted] == str(there), f"has {row[counted]} as its {counted}, and {there} rows")
    if not true.asked:
        _judge_unasked(account, reached=reached)
    elif reached:
        _judge_words(account)
    judge_findings(account)
    judge_events(account)
    judge_users(account)


def _judge_unasked(account: AuditedAccount, *, reached: bool) -> None:
    if not reached:
        return
    words, row, known = account.words, account.row, account.true.known
    said = {**dict.fromkeys(words, "skipped"), **({} if known else {"role": "failed"})}
    account.expect(words == said, f"can't be audited, and says {words}")
    code = "" if known else "UnknownAccountState"
    account.expect(row["error_code"] == code, f"has the error {row['error_code']!r}")


def _judge_words(account: AuditedAccount) -> None:
    words, row, true = account.words, account.row, account.true
    missing = _missing(account)
    account.expect(words["role"] != "skipped", "can be audited, and was skipped", Kind.LOST)
    account.expect(bool(row["error_code"]) == bool(missing), f"has the error {row['error_code']!r}, and {words}")
    if row["error_code"]:
        met = account.codes()
        account.expect(row["error_code"] in met, f"met {met}, and not {row['error_code']}")
    for section in missing:
        blamed = section in true.odd or account.blame.went_wrong(account.id, section)
        blamed = blamed or account.rests_on(section) != "complete"
        account.expect(blamed, f"{section} is {words[section]}, and nothing went wrong")
    for section in true.odd:
        account.expect(words[section] != "complete", f"{section} is complete, and has odd items", Kind.LOST)
    _judge_scope(account)
    least, most = true.users, true.users + true.passing_users
    if words["users"] == "complete":
        account.expect(
            least <= int(row["user_count"]) <= most, f"counts {row['user_count']} of {least} users", Kind.LOST
        )
    elif words["users"] in NOTHING:
        account.expect(row["user_count"] == "0", f"counts {row['user_count']} users, which were not listed")


def _judge_scope(account: AuditedAccount) -> None:
    """Whether all was asked that the audit was told to ask, and nothing else."""
    words, row, scope, entered = account.words, account.row, account.facts.scope, account.words["role"] == "complete"
    role = account.facts.role if entered and account.id != account.facts.caller else ""
    account.expect(row["role_used"] == role, f"used the role {row['role_used']!r}")
    for section in _OF_ALL:
        asked, said = entered and scope.users == "all", words[section] != "skipped"
        account.expect(asked or not said, f"{section} is {words[section]}, and was not to be asked")
        account.expect(said or not asked, f"{section} was skipped", Kind.LOST)
    by_report = scope.freshness == "report" and not account.blame.ever_went_wrong(account.id, "report")
    from_where = {"report"} if by_report and scope.users == "all" else {"live", scope.freshness}
    account.expect(row["freshness"] in (from_where if entered else {""}), f"is told from {row['freshness']!r}")


def _missing(account: AuditedAccount) -> set[str]:
    return {section for section, word in account.words.items() if word in MISSING}


def _words(row: Row) -> dict[str, str]:
    return {section: row[section] for section in SECTIONS}


def _rows_of(account: str, facts: Facts) -> int:
    """How many rows there should be of an account that is nowhere."""
    told = facts.accounts[account].told
    users = 0 if told is None else len(told.users) + (told.root is not None)
    return users + sum(row["account_id"] == account for row in (*facts.findings, *facts.events))

"""Whether three CSV files are the truth, and say plainly of what is not there that it is missing."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tests.chaos.blame import Blame
from tests.chaos.facts import EVENTS, FINDINGS, Facts, Row
from tests.output.reading import unguarded

FILES = (
    ("iam_audit_report", FINDINGS),
    ("cloudtrail_events", EVENTS),
    (
        "coverage",
        (
            *("account_id", "account_name", "state", "role_used"),
            *("role", "users", "keys", "last_used", "password", "mfa", "events"),
            *("user_count", "key_count", "event_count", "refused_event_count", "error_code", "error_message"),
            *("requests", "throttles", "seconds", "freshness", "report_time", "foreign_event_count"),
        ),
    ),
)
"""What the files' names begin with, and their columns, as the README has them."""
_SECTIONS = FILES[2][1][4:11]
_RESTS_ON = {
    "users": "role",
    "events": "role",
    "keys": "users",
    "last_used": "keys",
    "password": "keys",
    "mfa": "keys",
}
_CELLS = {
    "last_used": ("last_used_date", "service_name"),
    "password": ("password_status",),
    "mfa": ("mfa_status",),
}
_MISSING = frozenset({"partial", "denied", "failed", "not reached"})
_WORDS = _MISSING | {"complete", "skipped"}
_NOTHING = frozenset({"denied", "failed", "skipped", "not reached"})
_DENIALS = frozenset({"AccessDenied", "AccessDeniedException"})
_ODD = "InvalidResponse"
"""The code of an item that can't be read."""
_KINDS = frozenset({"sms", "other"})
"""In the place of a code: devices that are known, and neither virtual nor hardware."""
_UNKNOWN = re.compile(r"(?:Desconocido|Unknown) \((\w+)\)")
_ORGANIZATION = "organization"


class Kind(StrEnum):
    """What is wrong with a file."""

    LOST = "lost"
    """A row or cell is not there, and nothing names it as missing."""
    DOUBLED = "doubled"
    FALSE = "false"
    """Something says other than the truth."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    kind: Kind
    text: str


@dataclass(slots=True)
class Verdict:
    """What was found in the files."""

    problems: list[Problem] = field(default_factory=list)
    right: int = 0
    """Rows of findings and events that are the truth in every cell."""
    named: int = 0
    """Rows that are not there, or have cells that are unknown, and are named as missing."""
    incomplete: bool = False
    """Whether the coverage names anything as missing."""

    def say(self, kind: Kind, text: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(kind, text))

    def expect(self, right: bool, text: str, kind: Kind = Kind.FALSE) -> None:  # noqa: FBT001 - an assertion
        """Note a problem unless it is right."""
        if not right:
            self.say(kind, text)


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows of the three files."""

    findings: list[Row]
    events: list[Row]
    coverage: list[Row]


def read_tables(folder: Path, verdict: Verdict) -> Tables | None:
    """The rows of the only run in the folder; None, and a problem, where they can't be read as what they should be."""
    tables: list[list[Row]] = []
    for name, columns in FILES:
        paths = list(folder.glob(f"{name}_*.csv"))
        if len(paths) != 1:
            verdict.say(Kind.LOST, f"{len(paths)} files of {name}")
            return None
        text = paths[0].read_text(encoding="utf-8")
        header, *lines = list(csv.reader(text.splitlines(keepends=True))) or [[]]
        whole = text.endswith("\n") and all(len(line) == len(columns) for line in lines)
        if tuple(header) != columns or not whole:
            verdict.say(Kind.LOST, f"{name} has another header, or a torn row")
            return None
        tables.append([dict(zip(columns, map(unguarded, line), strict=True)) for line in lines])
    return Tables(*tables)


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
            met = blame.codes_of_listing() | ({_ODD} if facts.odd_listing else set())
            verdict.expect(rest["error_code"] in met, f"the listing met {met}, not {rest['error_code']}")
    elif ended and facts.odd_listing:
        verdict.say(Kind.LOST, "accounts that could not be read are not said")
    for account in facts.accounts:
        if account not in rows:
            verdict.expect(rest is not None, f"{account} is nowhere in the coverage", Kind.LOST)
            verdict.named += sum(row["account_id"] == account for row in (*facts.findings, *facts.events))
    for row in (*tables.findings, *tables.events, *rows.values()):
        verdict.expect(row["account_id"] in facts.accounts, f"there is no account {row['account_id']}")
        verdict.expect(row["account_id"] in rows, f"{row['account_id']} has rows, and no coverage")
    for account, row in rows.items():
        if account in facts.accounts:
            _Account(account, row, tables, facts, blame, verdict).judge(ended=ended)


@dataclass(frozen=True, slots=True)
class _Account:
    """One account of the coverage, with all that is said of it and true of it."""

    id: str
    row: Row
    tables: Tables
    facts: Facts
    blame: Blame
    verdict: Verdict

    def judge(self, *, ended: bool) -> None:
        words, row, account = _words(self.row), self.row, self.facts.accounts[self.id]
        self._expect(set(words.values()) <= _WORDS, f"unknown words {words}")
        self._expect(row["account_name"] == account.name, f"is named {row['account_name']}")
        self._expect(row["state"] == account.state_word, f"is {row['state']}")
        missing = {section for section, word in words.items() if word in _MISSING}
        reached = "not reached" not in words.values()
        # An outage that outlasts the patience ends a run, and each account that was not finished names its code.
        ended_by = row["error_code"]
        self._expect(reached or not ended or ended_by, "was not reached, and the run came to its end", Kind.LOST)
        if not reached and ended_by:
            met = self.blame.codes_of_all()
            self._expect(ended_by in met, f"was not reached for {ended_by}, and the run met {met}")
        self._expect(reached or set(words.values()) == {"not reached"}, f"was reached in part: {words}")
        self.verdict.incomplete |= bool(missing or row["error_code"])
        findings, events = self._of(self.tables.findings), self._of(self.tables.events)
        self._expect(row["key_count"] == str(len(findings)), f"counts {row['key_count']} keys of {len(findings)}")
        self._expect(row["event_count"] == str(len(events)), f"counts {row['event_count']} events of {len(events)}")
        if not account.asked:
            self._judge_unasked(words, reached=reached, known=account.known)
        elif reached:
            self._judge_words(words, missing=missing)
        self._judge_findings(findings, words)
        self._judge_events(events, words)

    def _judge_unasked(self, words: Mapping[str, str], *, reached: bool, known: bool) -> None:
        if not reached:
            return
        said = {**dict.fromkeys(words, "skipped"), **({} if known else {"role": "failed"})}
        self._expect(words == said, f"can't be audited, and says {words}")
        code = "" if known else "UnknownAccountState"
        self._expect(self.row["error_code"] == code, f"has the error {self.row['error_code']!r}")

    def _judge_words(self, words: Mapping[str, str], *, missing: set[str]) -> None:
        row, account = self.row, self.facts.accounts[self.id]
        self._expect(words["role"] != "skipped", "can be audited, and was skipped", Kind.LOST)
        self._expect(bool(row["error_code"]) == bool(missing), f"has the error {row['error_code']!r}, and {words}")
        if row["error_code"]:
            met = self._codes()
            self._expect(row["error_code"] in met, f"met {met}, and not {row['error_code']}")
        for section in missing:
            rests_on = words.get(_RESTS_ON.get(section, ""), "complete")
            blamed = rests_on != "complete" or section in account.odd or self.blame.went_wrong(self.id, section)
            self._expect(blamed, f"{section} is {words[section]}, and nothing went wrong")
        for section in account.odd:
            self._expect(words[section] != "complete", f"{section} is complete, and has odd items", Kind.LOST)
        entered = words["role"] == "complete"
        role = self.facts.role if entered and self.id != self.facts.caller else ""
        self._expect(row["role_used"] == role, f"used the role {row['role_used']!r}")
        least, most = account.users, account.users + account.passing_users
        if words["users"] == "complete":
            self._expect(
                least <= int(row["user_count"]) <= most, f"counts {row['user_count']} of {least} users", Kind.LOST
            )
        elif words["users"] in _NOTHING:
            self._expect(row["user_count"] == "0", f"counts {row['user_count']} users, which were not listed")

    def _judge_findings(self, found: Sequence[Row], words: Mapping[str, str]) -> None:
        true = {row["access_key_id"]: row for row in self._of(self.facts.findings)}
        passing = {row["access_key_id"]: row for row in self._of(self.facts.passing)}
        times = Counter(row["access_key_id"] for row in found)
        for key, number in times.items():
            self._expect(number == 1, f"has the key {key} {number} times", Kind.DOUBLED)
        for row in found:
            self._judge_finding(row, {**passing, **true}.get(row["access_key_id"]), words)
            if row["access_key_id"] in passing:
                told = all(_UNKNOWN.fullmatch(row[cell]) is None for cells in _CELLS.values() for cell in cells)
                self._expect(not told, f"has the key {row['access_key_id']}, which is deleted")
        lost = true.keys() - times.keys()
        self._judge_lost(len(lost), words, sections=("users", "keys"), what=f"the keys {sorted(lost)}")
        if words["users"] in _NOTHING or words["keys"] in _NOTHING:
            self._expect(not found, f"has keys, and says {words}")
        for section, cells in _CELLS.items():
            self._judge_section(section, words, [row[cells[0]] for row in found])

    def _judge_finding(self, row: Row, true: Row | None, words: Mapping[str, str]) -> None:
        if true is None:
            self._expect(False, f"has no key {row['access_key_id']}")  # noqa: FBT003 - an assertion
            return
        unknown = False
        for section, cells in _CELLS.items():
            codes = {match[1] for cell in cells if (match := _UNKNOWN.fullmatch(row[cell]))}
            if not codes or codes <= _KINDS:
                continue
            unknown = True
            self._expect(len({row[cell] for cell in cells}) == 1, f"knows half of {section} of {row['access_key_id']}")
            self._expect(words[section] in _MISSING, f"does not know {section}, which is {words[section]}", Kind.LOST)
            met = self._codes()
            self._expect(codes <= met, f"does not know {section} for {codes}, and met {met}")
        wrong = [name for name in row if row[name] != true[name] and not _may_differ(name, row[name])]
        self._expect(not wrong, f"says of {row['access_key_id']} {[(row[name], true[name]) for name in wrong]}")
        self.verdict.named += unknown
        self.verdict.right += not unknown and not wrong

    def _judge_section(self, section: str, words: Mapping[str, str], cells: Iterable[str]) -> None:
        """Whether a section's word goes with its cells."""
        found = [match[1] if (match := _UNKNOWN.fullmatch(cell)) else None for cell in cells]
        codes = [None if code in _KINDS else code for code in found]
        word, known, passing = words[section], codes.count(None), self.facts.accounts[self.id].passes
        if word in _NOTHING:
            self._expect(not known, f"{section} is {word}, and {known} are known")
        if word == "denied":
            self._expect({code for code in codes if code} <= _DENIALS, f"{section} is denied, and says {set(codes)}")
        if word == "failed" and codes and not passing:
            self._expect(not set(codes) <= _DENIALS, f"{section} failed, and says {set(codes)}")
        if word == "partial" and words["keys"] == "complete" and not passing:
            self._expect(known < len(codes), f"{section} is partial, and all {known} are known")

    def _judge_events(self, found: Sequence[Row], words: Mapping[str, str]) -> None:
        true, said = _counted(self._of(self.facts.events)), _counted(found)
        for row, number in (said - true).items():
            kind = Kind.DOUBLED if row in true else Kind.FALSE
            self._expect(False, f"has {number} times too often the event {row}", kind)  # noqa: FBT003 - an assertion
        lost = (true - said).total()
        self.verdict.right += (said & true).total()
        self._judge_lost(lost, words, sections=("events",), what=f"{lost} events")
        if words["events"] in _NOTHING:
            self._expect(not found, f"events are {words['events']}, and there are {len(found)}")
        foreign, passed_over = self.facts.accounts[self.id].foreign_events, int(self.row["foreign_event_count"])
        whole = self._is_whole("events", words)
        right = passed_over == foreign if whole else passed_over <= foreign
        self._expect(right, f"has passed over {passed_over} events of {foreign}")

    def _judge_lost(self, number: int, words: Mapping[str, str], *, sections: Sequence[str], what: str) -> None:
        partly = {section: words[section] for section in ("role", *sections) if not self._is_whole(section, words)}
        named = not _MISSING.isdisjoint(partly.values())
        self._expect(not number or named, f"lost {what}", Kind.LOST)
        self.verdict.named += number if named else 0

    def _is_whole(self, section: str, words: Mapping[str, str]) -> bool:
        """Whether a section was read but for its odd items: for those nothing that is true may be missing."""
        odd = section in self.facts.accounts[self.id].odd and words[section] == "partial"
        return words[section] == "complete" or (odd and not self.blame.went_wrong(self.id, section))

    def _codes(self) -> set[str]:
        """The codes that may be said of the account."""
        return self.blame.codes_of(self.id) | ({_ODD} if self.facts.accounts[self.id].odd else set())

    def _of(self, rows: Iterable[Row]) -> list[Row]:
        return [row for row in rows if row["account_id"] == self.id]

    def _expect(self, right: object, text: str, kind: Kind = Kind.FALSE) -> None:
        self.verdict.expect(bool(right), f"account {self.id}: {text}", kind)


def _may_differ(column: str, cell: str) -> bool:
    facts = {name for cells in _CELLS.values() for name in cells}
    return column in facts and _UNKNOWN.fullmatch(cell) is not None


def _words(row: Row) -> dict[str, str]:
    return {section: row[section] for section in _SECTIONS}


def _counted(rows: Iterable[Row]) -> Counter[tuple[tuple[str, str], ...]]:
    return Counter(tuple(sorted(row.items())) for row in rows)

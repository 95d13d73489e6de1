"""One account of a run's files, with all that is said of it, true of it, and went wrong in it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.chaos.blame import Blame
from tests.chaos.facts import AccountTruth, Facts
from tests.chaos.files import Tables
from tests.chaos.user_facts import Row
from tests.chaos.verdict import Kind, Verdict

MISSING = frozenset({"partial", "denied", "failed", "not reached"})
NOTHING = frozenset({"denied", "failed", "skipped", "not reached"})
"""Words of a section of which nothing was read."""
KINDS = frozenset({"sms", "other"})
"""In the place of a code: devices that are known, and neither virtual nor hardware."""
DENIALS = frozenset({"AccessDenied", "AccessDeniedException"})
ODD = "InvalidResponse"
"""The code of an item that can't be read."""
_NOT_IN_SUMMARY = "NotInSummary"
"""The code of what an account's summary does not have."""
_UNKNOWN = re.compile(r"(?:Desconocido|Unknown) \((\w+)\)")
_RESTS_ON = {
    "users": "role",
    "events": "role",
    "root": "role",
    "keys": "users",
    "last_used": "keys",
    "password": "keys",
    "mfa": "keys",
    "service_credentials": "users",
}


@dataclass(frozen=True, slots=True)
class AuditedAccount:
    """One account of the coverage."""

    id: str
    row: Row
    """Of the coverage."""
    words: Mapping[str, str]
    """How much of each section was read."""
    true: AccountTruth
    tables: Tables
    facts: Facts
    blame: Blame
    verdict: Verdict

    def expect(self, right: object, text: str, kind: Kind = Kind.FALSE) -> None:
        """Note a problem unless it is right."""
        self.verdict.expect(bool(right), f"account {self.id}: {text}", kind)

    def of(self, rows: Iterable[Row]) -> list[Row]:
        """The account's own rows."""
        return [row for row in rows if row["account_id"] == self.id]

    def codes(self) -> set[str]:
        """The codes that may be said of the account."""
        odd = {ODD} if self.true.odd - {"root"} else set[str]()
        untold = {_NOT_IN_SUMMARY} if "root" in self.true.odd else set[str]()
        return self.blame.codes_of(self.id) | odd | untold

    def rests_on(self, section: str) -> str:
        """The word of the section without which this one can't be whole."""
        base = _RESTS_ON.get(section, "")
        if section == "password" and self.facts.scope.users == "all":
            base = "users"
        return self.words.get(base, "complete")

    def is_whole(self, section: str) -> bool:
        """Whether a section was read but for its odd items: for those nothing that is true may be missing."""
        word = self.words[section]
        odd = section in self.true.odd and word == "partial"
        return word == "complete" or (odd and not self.blame.went_wrong(self.id, section))

    def judge_lost(self, number: int, *, sections: Sequence[str], what: str) -> None:
        """Note rows that are not there, unless a section of theirs is named as missing."""
        partly = {self.words[section] for section in ("role", *sections) if not self.is_whole(section)}
        named = not MISSING.isdisjoint(partly)
        self.expect(not number or named, f"lost {what}", Kind.LOST)
        self.verdict.named += number if named else 0

    def judge_section(self, section: str, cells: Iterable[str]) -> None:
        """Note a section whose word does not go with its cells."""
        codes = [unknown_code(cell) for cell in cells]
        word, known, settled = self.words[section], codes.count(None), not self.true.passes
        if word in NOTHING:
            self.expect(not known, f"{section} is {word}, and {known} are known")
        if word == "denied":
            self.expect({code for code in codes if code} <= DENIALS, f"{section} is denied, and says {set(codes)}")
        if word == "failed" and codes and settled:
            self.expect(not set(codes) <= DENIALS, f"{section} failed, and says {set(codes)}")
        # Whose credentials they are is listed once more where they can't be had at once, and that may fail.
        listed_apart = section == "service_credentials" and not codes
        if word == "partial" and self.rests_on(section) == "complete" and settled and not listed_apart:
            self.expect(known < len(codes), f"{section} is partial, and all {known} are known")
            odd = section in self.true.odd
            self.expect(known or odd or not codes, f"{section} is partial, and none of {len(codes)} is known")

    def judge_unknown(self, code: str, *, sections: Sequence[str], what: str, stays: bool = True) -> None:
        """Note a cell that is unknown for a code that was not met, or without a section being named as missing.

        Who does not stay can be as an earlier run has read them: no later one can ask again.
        """
        words = {section: self.words[section] for section in sections}
        self.expect(not MISSING.isdisjoint(words.values()), f"does not know {what}, and says {words}", Kind.LOST)
        met = self.codes() | (set() if stays else self.blame.codes_ever_of(self.id))
        self.expect(code in met, f"does not know {what} for {code}, and met {met}")


def unknown_code(cell: str) -> str | None:
    """The code in the place of what is not known; None for what is."""
    match = _UNKNOWN.fullmatch(cell)
    return None if match is None or match[1] in KINDS else match[1]

"""Whether an account's rows of keys and of events are the truth, each once, or are named as missing."""

from collections import Counter
from collections.abc import Iterable

from tests.chaos.account import NOTHING, AuditedAccount, unknown_code
from tests.chaos.user_facts import Row
from tests.chaos.verdict import Kind

_CELLS = {
    "last_used": ("last_used_date", "service_name"),
    "password": ("password_status",),
    "mfa": ("mfa_status",),
}
_OF_REPORT = ("password_status", "mfa_status")
"""What a report may be older than; of keys it tells nothing that is not so any more."""


def judge_findings(account: AuditedAccount) -> None:
    """Hold the rows of keys against the truth."""
    found, words = account.of(account.tables.findings), account.words
    true = {row["access_key_id"]: row for row in account.of(account.facts.findings)}
    passing = {row["access_key_id"]: row for row in account.of(account.facts.passing)}
    times = Counter(row["access_key_id"] for row in found)
    for key, number in times.items():
        account.expect(number == 1, f"has the key {key} {number} times", Kind.DOUBLED)
    for row in found:
        _judge_finding(account, row, {**passing, **true}.get(row["access_key_id"]))
        # The report may still know all of a key that has just been deleted.
        if row["access_key_id"] in passing and account.facts.scope.freshness == "live":
            told = all(unknown_code(row[cell]) is None for cells in _CELLS.values() for cell in cells)
            account.expect(not told, f"has the key {row['access_key_id']}, which is deleted")
    lost = true.keys() - times.keys()
    account.judge_lost(len(lost), sections=("users", "keys"), what=f"the keys {sorted(lost)}")
    if words["users"] in NOTHING or words["keys"] in NOTHING:
        account.expect(not found, f"has keys, and says {words}")
    account.judge_section("last_used", (row["last_used_date"] for row in found))


def _judge_finding(account: AuditedAccount, row: Row, true: Row | None) -> None:
    if true is None:
        account.expect(False, f"has no key {row['access_key_id']}")  # noqa: FBT003 - an assertion
        return
    unknown = False
    for section, cells in _CELLS.items():
        codes = {code for cell in cells if (code := unknown_code(row[cell]))}
        what = f"{section} of {row['access_key_id']}"
        if codes:
            unknown = True
            account.expect(len({row[cell] for cell in cells}) == 1, f"knows half of {what}")
        for code in codes:
            account.judge_unknown(code, sections=[section], what=what)
    facts = {cell for cells in _CELLS.values() for cell in cells}
    reported = _reported(account, row["username"])
    wrong = [
        name
        for name in row
        if row[name] not in (true[name], *(one[name] for one in reported if name in _OF_REPORT))
        and (name not in facts or not unknown_code(row[name]))
    ]
    account.expect(not wrong, f"says of {row['access_key_id']} {[(name, row[name], true[name]) for name in wrong]}")
    account.verdict.named += unknown
    account.verdict.right += not unknown and not wrong


def _reported(account: AuditedAccount, username: str) -> tuple[Row, ...]:
    """What a report, which may be older than the truth, says of the user."""
    told = account.true.told
    return () if told is None or username not in told.users else told.users[username].reported


def judge_events(account: AuditedAccount) -> None:
    """Hold the rows of events against the truth."""
    found, words = account.of(account.tables.events), account.words
    true, said = _counted(account.of(account.facts.events)), _counted(found)
    for row, number in (said - true).items():
        kind = Kind.DOUBLED if row in true else Kind.FALSE
        account.expect(False, f"has {number} times too often the event {row}", kind)  # noqa: FBT003 - an assertion
    lost = (true - said).total()
    account.verdict.right += (said & true).total()
    account.judge_lost(lost, sections=("events",), what=f"{lost} events")
    if words["events"] in NOTHING:
        account.expect(not found, f"events are {words['events']}, and there are {len(found)}")
    foreign, passed_over = account.true.foreign_events, int(account.row["foreign_event_count"])
    right = passed_over == foreign if account.is_whole("events") else passed_over <= foreign
    account.expect(right, f"has passed over {passed_over} events of {foreign}")


def _counted(rows: Iterable[Row]) -> Counter[tuple[tuple[str, str], ...]]:
    return Counter(tuple(sorted(row.items())) for row in rows)

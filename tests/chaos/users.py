"""Whether an account's rows of users are the truth: root's and each user's, once, or named as missing."""

from collections import Counter
from collections.abc import Sequence

from tests.chaos.account import AuditedAccount, unknown_code
from tests.chaos.user_facts import Row, RowTruth
from tests.chaos.verdict import Kind

_ROOT = "<root_account>"
_NOT_ASKED = "NotAsked"
_NO_PASSWORD = frozenset({"No configurada", "Not configured"})
_SECTIONS = {
    "password_status": ("password",),
    "mfa_status": ("mfa",),
    "active_keys": ("keys",),
    "inactive_keys": ("keys",),
    "service_credentials": ("service_credentials",),
    "last_activity": ("keys", "last_used"),
}
"""What a user's cell may be missing for; no other one may."""
_OF_ROOT = ("password_status", "mfa_status", "active_keys", "inactive_keys", "last_activity")
_OF_SUMMARY = ("password_status", "mfa_status")
"""Cells of root that are empty of facts where its section is."""
_JUDGED = ("password", "mfa", "service_credentials")


def judge_users(account: AuditedAccount) -> None:
    """Hold the rows of the users table against the truth."""
    found, told = account.of(account.tables.users), account.true.told
    for name, number in Counter(row["username"] for row in found).items():
        account.expect(number == 1, f"has the user {name} {number} times", Kind.DOUBLED)
    root = [row for row in found if row["username"] == _ROOT]
    users = [row for row in found if row["username"] != _ROOT]
    _judge_root(account, root)
    for row in users:
        true = None if told is None else told.users.get(row["username"])
        account.expect(true, f"has no user {row['username']}")
        if true is not None:
            _judge_user(account, row, true)
    stay = {name for name, true in told.users.items() if true.stays} if told is not None else set[str]()
    lost = stay - {row["username"] for row in users}
    account.judge_lost(len(lost), sections=("users",), what=f"the users {sorted(lost)}")
    counted = account.row["user_count"]
    account.expect(counted == str(len(users)), f"counts {counted} users of {len(users)}")
    for section in _JUDGED:
        cells = (row[column] for row in users for column in _SECTIONS if _SECTIONS[column][0] == section)
        account.judge_section(section, [cell for cell in cells if unknown_code(cell) != _NOT_ASKED])


def _judge_root(account: AuditedAccount, found: Sequence[Row]) -> None:
    true = None if account.true.told is None else account.true.told.root
    if account.words["role"] != "complete" or true is None:
        account.expect(not found, "has a row of root, which was not asked about")
        return
    account.expect(found, "lost root", Kind.LOST)
    for row in found:
        _judge_row(account, row, _allowed(account, true), sections=dict.fromkeys(_OF_ROOT, ("root",)))
        account.judge_section("root", [row[cell] for cell in _OF_SUMMARY])


def _judge_user(account: AuditedAccount, row: Row, true: RowTruth) -> None:
    allowed = _allowed(account, true)
    # What is not asked depends on what is known: of who may have a password devices are asked, and not of who has
    # neither that nor a key that is known.
    if account.facts.scope.users == "all" and account.blame.ever_went_wrong(account.id, "password"):
        allowed["mfa_status"].add(true.devices)
    if account.blame.ever_went_wrong(account.id, "keys"):
        for other in true.without_keys:
            allowed["password_status"].add(other["password_status"])
            allowed["mfa_status"].add(other["mfa_status"])
    if account.blame.ever_went_wrong(account.id, "report"):
        allowed["mfa_status"].update(other["mfa_status"] for other in true.without_holders)
        if unknown_code(row["active_keys"]) and row["password_status"] in _NO_PASSWORD:
            allowed["mfa_status"] |= {f"{word} ({_NOT_ASKED})" for word in ("Desconocido", "Unknown")}
    _judge_row(account, row, allowed, sections=_SECTIONS, stays=true.stays)


def _allowed(account: AuditedAccount, true: RowTruth) -> dict[str, set[str]]:
    """What each cell may say: the report's words where all went well with it, and else the API's, too."""
    by_report = bool(true.reported) and not account.blame.ever_went_wrong(account.id, "report")
    rows = true.reported if by_report else (*true.reported, *true.live)
    return {name: {row[name] for row in rows} for name in rows[0]}


def _judge_row(
    account: AuditedAccount,
    row: Row,
    allowed: dict[str, set[str]],
    *,
    sections: dict[str, tuple[str, ...]],
    stays: bool = True,
) -> None:
    name, wrong, unknown = row["username"], [], False
    for column, cell in row.items():
        if cell in allowed[column]:
            continue
        code = unknown_code(cell)
        if code is None or column not in sections:
            wrong.append((column, cell, sorted(allowed[column])))
            continue
        unknown = True
        account.judge_unknown(code, sections=sections[column], what=f"{column} of {name}", stays=stays)
    account.expect(not wrong, f"says of {name} {wrong}")
    account.verdict.named += unknown
    account.verdict.right += not unknown and not wrong

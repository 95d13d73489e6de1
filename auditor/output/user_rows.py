"""Reports as rows of users: one per IAM user, and before them one for the account's root user."""

from collections.abc import Iterable
from datetime import datetime

from auditor.config import Labels
from auditor.model.facts import ACTIVE, Account, MfaDevice, NotAsked, Root, ServiceCredential, Unknown, User
from auditor.model.report import AccountReport
from auditor.output.words import (
    NOT_APPLICABLE,
    WORDS,
    Words,
    mfa_text,
    moment_text,
    password_text,
    unknown_text,
)

USER_COLUMNS = (
    "account_id",
    "account_name",
    "username",
    "arn",
    "created_date",
    "password_status",
    "password_last_used",
    "mfa_status",
    "active_keys",
    "inactive_keys",
    "service_credentials",
    "last_activity",
)

ROOT_NAME = "<root_account>"
"""The credential report's name for root; no IAM user can have it."""

Counts = tuple[int, int] | Unknown
"""How many keys are active, and how many are not."""


def user_rows(report: AccountReport, *, labels: Labels) -> list[dict[str, str]]:
    """One row per user, in AWS's order, and before them one for root where it was asked about.

    The columns are in the file's order. What was not asked says so in its cell.
    """
    words = WORDS[labels]
    rows = [_user_row(user, account=report.account, words=words) for user in report.users]
    if isinstance(report.root, NotAsked):
        return rows
    return [_root_row(report.root, account=report.account, words=words), *rows]


def _user_row(user: User, *, account: Account, words: Words) -> dict[str, str]:
    return {
        "account_id": account.id,
        "account_name": account.name,
        "username": user.name,
        "arn": user.arn,
        "created_date": moment_text(user.created_at, words=words, none=NOT_APPLICABLE),
        "password_status": password_text(user.has_password, words=words),
        "password_last_used": moment_text(user.password_last_used, words=words, none=words.never),
        "mfa_status": mfa_text(user.mfa_devices, words=words),
        **_key_cells(_counts_of_user(user), words=words),
        "service_credentials": _service_credentials(user.service_credentials, words=words),
        "last_activity": _last_activity(_activity_of_user(user), words=words),
    }


def _root_row(root: Root, *, account: Account, words: Words) -> dict[str, str]:
    return {
        "account_id": account.id,
        "account_name": account.name,
        "username": ROOT_NAME,
        "arn": root.arn,
        "created_date": moment_text(root.created_at, words=words, none=NOT_APPLICABLE),
        "password_status": password_text(root.has_password, words=words),
        "password_last_used": moment_text(root.password_last_used, words=words, none=words.never),
        "mfa_status": mfa_text(_devices_of_root(root), words=words),
        **_key_cells(_counts_of_root(root), words=words),
        "service_credentials": NOT_APPLICABLE,
        "last_activity": _last_activity(_activity_of_root(root), words=words),
    }


def _devices_of_root(root: Root) -> tuple[MfaDevice, ...] | Unknown:
    if root.has_mfa is False:
        return ()
    return root.has_mfa if isinstance(root.has_mfa, Unknown) else root.mfa_devices


def _counts_of_user(user: User) -> Counts:
    if isinstance(user.keys, Unknown):
        return user.keys
    return _counts(key.status if isinstance(key.status, Unknown) else key.status == ACTIVE for key in user.keys)


def _counts_of_root(root: Root) -> Counts:
    if root.has_keys is False:
        return 0, 0
    return root.keys if isinstance(root.keys, Unknown) else _counts(key.active for key in root.keys)


def _counts(active: Iterable[bool | Unknown]) -> Counts:
    """One key whose status is not known leaves both numbers open."""
    known: list[bool] = []
    for key in active:
        if isinstance(key, Unknown):
            return key
        known.append(key)
    return known.count(True), known.count(False)


def _key_cells(counts: Counts, *, words: Words) -> dict[str, str]:
    if isinstance(counts, Unknown):
        return dict.fromkeys(("active_keys", "inactive_keys"), unknown_text(counts, words=words))
    active, inactive = counts
    return {"active_keys": str(active), "inactive_keys": str(inactive)}


def _service_credentials(credentials: tuple[ServiceCredential, ...] | Unknown | NotAsked, *, words: Words) -> str:
    """How many are active."""
    if not isinstance(credentials, tuple):
        return unknown_text(credentials, words=words)
    unknown = next((one.status for one in credentials if isinstance(one.status, Unknown)), None)
    if unknown is not None:
        return unknown_text(unknown, words=words)
    return str(sum(one.status == ACTIVE for one in credentials))


def _activity_of_user(user: User) -> list[datetime | Unknown | None]:
    if isinstance(user.keys, Unknown):
        return [user.password_last_used, user.keys]
    uses = (key.last_use for key in user.keys)
    return [user.password_last_used, *(use if use is None or isinstance(use, Unknown) else use.at for use in uses)]


def _activity_of_root(root: Root) -> list[datetime | Unknown | None]:
    if root.has_keys is False:
        return [root.password_last_used]
    if isinstance(root.keys, Unknown):
        return [root.password_last_used, root.keys]
    return [root.password_last_used, *(key.last_used_at for key in root.keys)]


def _last_activity(moments: Iterable[datetime | Unknown | None], *, words: Words) -> str:
    """The latest one; any that is not known may be later than all others."""
    latest: datetime | None = None
    for moment in moments:
        if isinstance(moment, Unknown):
            return unknown_text(moment, words=words)
        latest = latest if moment is None else max(moment, latest or moment)
    return moment_text(latest, words=words, none=words.never)

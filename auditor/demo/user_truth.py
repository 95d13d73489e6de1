"""The row of one IAM user, as the users table must have it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from auditor.demo.facts import AccessKey, AccountFacts, User, isoformat
from auditor.demo.organization import Organization
from auditor.demo.report_truth import ReportedFacts, use_of
from auditor.demo.truth import mfa_word
from auditor.demo.words import DENIED, NOT_ASKED, UNREADABLE, Words

_Use = datetime | str | None
"""When something was last used: a time, None for never, or the reason for which it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One account, and how it is read."""

    organization: Organization
    facts: AccountFacts
    words: Words
    all_users: bool
    """Whether users without a key are asked about, too."""
    report: ReportedFacts | None

    def denied(self, action: str) -> bool:
        """Whether the account refuses an action of IAM's."""
        return self.organization.scenario.denies(self.facts.account.id, f"iam:{action}")


def user_row(reading: Reading, user: User, *, keys: tuple[AccessKey, ...] | None, then: User | None) -> dict[str, str]:
    """The cells of a user with these keys, None where they were refused.

    `then` is the user as reported, None where the report is not trusted about them: then all is read live.
    """
    words, account = reading.words, reading.facts.account
    login: _Use = UNREADABLE if user.odd == "time" else user.password_last_used
    has_password = _has_password(reading, user, then)
    asked = reading.all_users or bool(keys)
    active, inactive = _counts(words, keys)
    return {
        "account_id": account.id,
        "account_name": account.name,
        "username": user.name,
        "arn": f"{_owner(reading)}:user{user.path}{user.name}",
        "created_date": isoformat(user.created),
        "password_status": _password(words, has_password) if asked else words.unknown(NOT_ASKED),
        "password_last_used": _time(words, login),
        "mfa_status": _mfa(reading, user, keys, then, has_password) if asked else words.unknown(NOT_ASKED),
        "active_keys": active,
        "inactive_keys": inactive,
        "service_credentials": _service_credentials(reading, user),
        "last_activity": _time(words, _latest([login, *_uses(reading, keys, then)])),
    }


def _owner(reading: Reading) -> str:
    return f"arn:{reading.organization.scenario.partition}:iam::{reading.facts.account.id}"


def _has_password(reading: Reading, user: User, then: User | None) -> bool | None:
    """None where it was refused."""
    if then is not None:
        return then.password_created is not None
    if reading.denied("GetLoginProfile"):
        return None

    return user.password_created is not None


def _password(words: Words, has_password: bool | None) -> str:  # noqa: FBT001 - it may be None as well
    if has_password is None:
        return words.unknown(DENIED)

    return words.configured if has_password else words.not_configured


def _mfa(
    reading: Reading,
    user: User,
    keys: tuple[AccessKey, ...] | None,
    then: User | None,
    has_password: bool | None,  # noqa: FBT001 - it may be None as well
) -> str:
    if then is None:
        return _devices(reading, user) if keys or has_password is not False else reading.words.unknown(NOT_ASKED)

    holders_known = not reading.denied("ListVirtualMFADevices")
    holds = holders_known and any(device.kind == "virtual" for device in user.devices)
    if not then.devices and holders_known and not holds:
        return "None"
    if keys or (holds and keys is None):
        return _devices(reading, user)
    if holds:
        return "Virtual"

    return _devices(reading, user) if has_password else reading.words.unknown(NOT_ASKED)


def _devices(reading: Reading, user: User) -> str:
    """What the list of the user's devices says."""
    return reading.words.unknown(DENIED) if reading.denied("ListMFADevices") else mfa_word(user, reading.words)


def _counts(words: Words, keys: tuple[AccessKey, ...] | None) -> tuple[str, str]:
    if keys is None:
        return words.unknown(DENIED), words.unknown(DENIED)
    if any(key.odd == "status" for key in keys):
        return words.unknown(UNREADABLE), words.unknown(UNREADABLE)

    active = sum(key.status == "Active" for key in keys)
    return str(active), str(len(keys) - active)


def _service_credentials(reading: Reading, user: User) -> str:
    if not reading.all_users:
        return reading.words.unknown(NOT_ASKED)
    if reading.denied("ListServiceSpecificCredentials"):
        return reading.words.unknown(DENIED)

    return str(sum(credential.status == "Active" for credential in user.service_credentials))


def _uses(reading: Reading, keys: tuple[AccessKey, ...] | None, then: User | None) -> Iterator[_Use]:
    if keys is None:
        yield DENIED
        return

    for key in keys:
        slot = None if then is None else use_of(then, key, listed=keys)
        if slot is not None:
            yield slot.last_used
        elif reading.denied("GetAccessKeyLastUsed"):
            yield DENIED
        else:
            yield UNREADABLE if key.odd == "use" else key.last_used


def _latest(uses: list[_Use]) -> _Use:
    """The latest of them, not known where one of them is not."""
    unknown = [use for use in uses if isinstance(use, str)]
    if unknown:
        return unknown[0]

    return max((use for use in uses if isinstance(use, datetime)), default=None)


def _time(words: Words, use: _Use) -> str:
    if isinstance(use, str):
        return words.unknown(use)

    return isoformat(use) if use else words.never

"""The users table that an audit of a local organization must write, told without asking its server."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from auditor.demo.facts import AccessKey, User
from auditor.demo.organization import Organization
from auditor.demo.report_truth import facts_of_report, has_reported_key
from auditor.demo.root_truth import root_row
from auditor.demo.truth import kind_of
from auditor.demo.user_truth import Reading, user_row
from auditor.demo.words import WORDS, Language

Row = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersTruth:
    """The rows of the users table."""

    rows: list[Row]
    """Account by account, root first and then the users as IAM lists them."""
    passing: list[Row]
    """Rows of users who go, or whose keys do, while they are read: right only where nothing told the audit so."""
    unsettled: frozenset[str]
    """The names of these users: where an answer was lost on its way, each of their rows may be there or not."""


def users_truth(
    organization: Organization,
    *,
    labels: Language = "es",
    freshness: Literal["live", "report"] = "live",
    users: Literal["all", "with-keys"] = "all",
) -> UsersTruth:
    """The rows of an audit that asks for so much, of all users or only of those with a key.

    An account that gives no report is read live. Without root where only users with keys are asked about.
    """
    rows: list[Row] = []
    passing: list[Row] = []
    unsettled: list[str] = []
    for account in organization.accounts:
        if kind_of(organization, account) != "audited":
            continue
        facts = organization.facts(account)
        reading = Reading(
            organization=organization,
            facts=facts,
            words=WORDS[labels],
            all_users=users == "all",
            report=facts_of_report(organization, facts) if freshness == "report" else None,
        )
        if reading.all_users:
            rows.append(root_row(organization, facts, reading.words, reported=reading.report is not None))
        for user in _listed(reading):
            settled = _settled(reading, user)
            (rows if settled else passing).extend(_rows(reading, user))
            if _changes(user):
                unsettled.append(user.name)

    return UsersTruth(rows=rows, passing=passing, unsettled=frozenset(unsettled))


def _listed(reading: Reading) -> Iterator[User]:
    if not reading.denied("ListUsers"):
        yield from (user for user in reading.facts.users if user.odd not in ("name", "null"))


def _changes(user: User) -> bool:
    return user.vanishes != "never" or any(key.vanishes for key in user.keys)


def _settled(reading: Reading, user: User) -> bool:
    """Whether the audit has just the user's one row, as long as no answer is lost."""
    if not _changes(user):
        return True
    if reading.report is not None or user.vanishes == "after listing":
        return False
    # Nothing goes where nobody may list keys; and live, each key is asked about, which shows that it is gone.
    return reading.denied("ListAccessKeys") or user.vanishes == "never" or not user.keys


def _rows(reading: Reading, user: User) -> Iterator[Row]:
    """The row that the user has, or those that they may have."""
    keys = tuple(key for key in user.keys if key.odd != "id")
    then = None if reading.report is None else reading.report.of(user)
    if then is not None and not has_reported_key(then) and not keys:
        yield user_row(reading, user, keys=(), then=then)
    elif reading.denied("ListAccessKeys"):
        gone = user.vanishes == "after listing"
        yield user_row(reading, replace(user, password_created=None) if gone else user, keys=None, then=then)
    elif user.vanishes == "after listing":
        return
    else:
        kept = tuple(key for key in keys if not key.vanishes)
        if _is_gone_by_devices(reading, user, keys):
            return
        if reading.report is not None and kept != keys:
            yield user_row(reading, user, keys=keys, then=_still(reading, keys, then))
        yield user_row(reading, user, keys=kept, then=_still(reading, keys, then))


def _is_gone_by_devices(reading: Reading, user: User, keys: tuple[AccessKey, ...]) -> bool:
    """Whether a user without a key who goes once the keys were listed is asked for devices then, and no more there."""
    asked = user.password_created is not None or reading.denied("GetLoginProfile")
    live = reading.report is None and reading.all_users and not reading.denied("ListMFADevices")
    return live and asked and not keys and user.vanishes == "after keys"


def _still(reading: Reading, keys: tuple[AccessKey, ...], then: User | None) -> User | None:
    """The reported user, unless a key shows that much may have changed since."""
    report = reading.report
    newer = report is not None and any(key.odd == "time" or report.misses(key.created) for key in keys)
    return None if newer else then

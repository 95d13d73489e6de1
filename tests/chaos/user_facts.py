"""What the users table may say of an account: of root, and of each user, if nobody were refused anything."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from auditor.demo import Account, AccountFacts, Organization, User
from auditor.demo.report_truth import ReportedFacts, facts_of_report
from auditor.demo.root_truth import root_row
from auditor.demo.truth import mfa_word
from auditor.demo.user_truth import Reading, user_row
from auditor.demo.words import WORDS, Language

Row = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an audit is told to ask for, and in which words it answers."""

    labels: Language = "es"
    users: Literal["all", "with-keys"] = "all"
    events: Literal["basic", "extended"] = "basic"
    freshness: Literal["live", "report"] = "live"


EVERYTHING = Scope()
"""What is asked for where nobody says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTruth:
    """One user, or root."""

    live: tuple[Row, ...]
    """Rows as the API tells them: one, or several where much of the user goes while they are read."""
    reported: tuple[Row, ...] = ()
    """Rows as a credential report tells them; none where no report is asked for."""
    without_keys: tuple[Row, ...] = ()
    """Rows where it is not known if there are keys: with what is not asked then."""
    without_holders: tuple[Row, ...] = ()
    """Rows of the report where it is not known who holds virtual devices: with what is not asked then."""
    devices: str = ""
    """The word for the user's MFA where it is asked about them."""
    stays: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersOfAccount:
    """The rows of one account."""

    root: RowTruth | None
    """None where root is not asked about."""
    users: Mapping[str, RowTruth]
    """By name."""


def users_of(organization: Organization, account: Account, scope: Scope) -> UsersOfAccount:
    """What is true of the account's root user and its users."""
    facts, words = organization.facts(account), WORDS[scope.labels]
    report = facts_of_report(organization, facts) if scope.freshness == "report" else None
    root = RowTruth(
        live=(root_row(organization, facts, words, reported=False),),
        reported=() if report is None else (root_row(organization, facts, words, reported=True),),
    )
    named = (user for user in facts.users if user.odd not in ("name", "null"))
    return UsersOfAccount(
        root=root if scope.users == "all" else None,
        users={user.name: _user(organization, facts, user, scope, report=report) for user in named},
    )


def _user(
    organization: Organization, facts: AccountFacts, user: User, scope: Scope, *, report: ReportedFacts | None
) -> RowTruth:
    words = WORDS[scope.labels]
    live = Reading(organization=organization, facts=facts, words=words, all_users=scope.users == "all", report=None)
    reported = replace(live, report=report)
    return RowTruth(
        live=tuple(_rows(live, user)),
        reported=tuple(_rows(reported, user)) if report is not None else (),
        without_keys=tuple(
            user_row(reading, user, keys=None, then=_then(reading, user)) for reading in (live, reported)
        ),
        without_holders=tuple(_rows(replace(reported, organization=_without_holders(organization)), user)),
        devices=mfa_word(user, words),
        stays=user.vanishes == "never",
    )


def _without_holders(organization: Organization) -> Organization:
    denied = {"*": frozenset({"iam:ListVirtualMFADevices"})}
    return replace(organization, scenario=replace(organization.scenario, denied_actions=denied))


def _rows(reading: Reading, user: User) -> Iterator[Row]:
    """The user's row; where they go, or a key of theirs does, one for each moment."""
    keys = tuple(key for key in user.keys if key.odd != "id")
    then = _then(reading, user)
    yield user_row(reading, user, keys=keys, then=then)
    if any(key.vanishes for key in keys):
        yield user_row(reading, user, keys=tuple(key for key in keys if not key.vanishes), then=then)
    if user.vanishes != "never":
        gone = replace(user, password_created=None)
        yield user_row(reading, gone, keys=keys, then=None)
        yield user_row(reading, gone, keys=(), then=None)


def _then(reading: Reading, user: User) -> User | None:
    """The user as reported; None where there is no report, and where it may be older than the user or a key."""
    report = reading.report
    if report is None or any(report.misses(key.created) for key in user.keys):
        return None

    return report.of(user)

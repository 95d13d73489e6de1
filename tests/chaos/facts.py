"""What is true of a local organization if nobody were refused anything: what an audit is held against."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from auditor.demo import Account, Organization, Scenario, Truth, build_organization, truth
from auditor.demo.organization import KNOWN_STATES
from tests.chaos.user_facts import EVERYTHING, Row, Scope, UsersOfAccount, users_of

FINDINGS = (
    *("account_id", "account_name", "username", "password_status", "password_last_used", "access_key_id"),
    *("status", "created_date", "last_used_date", "service_name", "mfa_status"),
)
USERS = (
    *("account_id", "account_name", "username", "arn", "created_date", "password_status", "password_last_used"),
    *("mfa_status", "active_keys", "inactive_keys", "service_credentials", "last_activity"),
)
EVENTS = ("eventTime", "eventName", "username", "account_id", "account_name", "resources")
_HISTORY = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTruth:
    """What is true of one account."""

    name: str
    state_word: str
    ou_path: str
    """The ids from the root down to the OU that it is in."""
    known: bool
    """Whether its state is one that there is."""
    asked: bool
    """Whether its state, as far as AWS tells it, lets it be audited."""
    users: int
    """Those who stay."""
    passing_users: int
    """Those who are deleted while they are read."""
    passes: bool
    """Whether a user or a key is deleted while it is read."""
    told: UsersOfAccount | None
    """What the users table says of it; None where it can't be entered."""
    foreign_events: int
    odd: frozenset[str]
    """The sections that have items which can't all be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The rows and accounts of an organization."""

    role: str
    caller: str
    scope: Scope
    accounts: Mapping[str, AccountTruth]
    findings: list[Row]
    passing: list[Row]
    """Keys that are deleted while they are read."""
    events: list[Row]
    odd_listing: bool
    """Whether the list of accounts has items that can't be read."""


def facts_of(scenario: Scenario, scope: Scope = EVERYTHING) -> Facts:
    """All that is true of the scenario's organization, whatever it refuses; its `now` must be set."""
    organization = build_organization(replace(scenario, denied_actions={}, denied_every=None))
    now = datetime.now(UTC)
    told = truth(organization, start=now - _HISTORY, end=now, labels=scope.labels)
    entered, denied = set(told.audited_accounts), set(told.denied_accounts)
    return Facts(
        role=scenario.role_name,
        caller=organization.caller.id,
        scope=scope,
        accounts={
            one.id: _account(organization, one, told, scope=scope, asked=one.id in entered or one.id in denied)
            for one in organization.accounts
        },
        findings=told.findings,
        passing=told.passing,
        events=told.extended_events if scope.events == "extended" else told.events,
        odd_listing=scenario.odd_items,
    )


def _account(organization: Organization, account: Account, told: Truth, *, scope: Scope, asked: bool) -> AccountTruth:
    words = organization.state_words(account)
    entered = account.id in told.audited_accounts
    users = organization.facts(account).users if entered else ()
    users = tuple(user for user in users if user.odd not in ("name", "null"))
    passing = [user for user in users if user.vanishes != "never"]
    return AccountTruth(
        name=account.name,
        state_word=words.get("State") or words.get("Status") or "",
        ou_path="/".join(organization.tree.way_to(account.id)),
        known=(words.get("State") or words.get("Status")) in KNOWN_STATES,
        asked=asked,
        users=len(users) - len(passing),
        passing_users=len(passing),
        told=users_of(organization, account, scope) if entered else None,
        passes=bool(passing) or any(key.vanishes for user in users for key in user.keys),
        foreign_events=told.foreign_events.get(account.id, 0),
        odd=frozenset(told.odd.get(account.id, ())) - (frozenset() if scope.users == "all" else {"root"}),
    )

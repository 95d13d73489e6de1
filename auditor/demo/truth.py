"""What an audit of a local organization must find, told without asking its server."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from auditor.demo.dice import HORIZON
from auditor.demo.events import AUDITED
from auditor.demo.facts import AccessKey, Account, AccountFacts, Event, User, isoformat
from auditor.demo.organization import KNOWN_STATES, Organization

Row = dict[str, str]
_CANNOT_BE_AUDITED = frozenset({"SUSPENDED", "CLOSED", "PENDING_ACTIVATION"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The rows that an audit must write, and what it must say about each account."""

    findings: list[Row]
    """One row an access key, cells as they are before CSV's own marks."""
    passing: list[Row]
    """The rows of keys that are deleted while they are read: right only where nothing told the audit so."""
    events: list[Row]
    """As the file has them: resources joined by a comma and a blank."""
    audited_accounts: tuple[str, ...]
    denied_accounts: tuple[str, ...]
    """Refused the role."""
    skipped_accounts: tuple[str, ...]
    """Suspended, closed, or not yet active."""
    unknown_accounts: tuple[str, ...]
    """With no state, or with one that nobody knows."""
    vanished: tuple[str, ...]
    """Names of users and ids of keys that are deleted while they are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    configured: str
    not_configured: str
    never: str
    never_used: str
    denied: str


_LABELS: Mapping[str, _Words] = {
    "es": _Words(
        configured="Configurada",
        not_configured="No configurada",
        never="Nunca",
        never_used="Nunca utilizada",
        denied="Desconocido (AccessDenied)",
    ),
    "en": _Words(
        configured="Configured",
        not_configured="Not configured",
        never="Never",
        never_used="Never used",
        denied="Unknown (AccessDenied)",
    ),
}


def truth(organization: Organization, *, start: datetime, end: datetime, labels: Literal["es", "en"] = "es") -> Truth:
    """All rows and accounts of an audit from start to end (both aware, both inclusive)."""
    words = _LABELS[labels]
    findings: list[Row] = []
    passing: list[Row] = []
    events: list[Row] = []
    vanished: list[str] = []
    kinds: dict[str, list[str]] = {"audited": [], "denied": [], "skipped": [], "unknown": []}
    for account in organization.accounts:
        kind = _kind(organization, account)
        kinds[kind].append(account.id)
        if kind == "audited":
            facts = organization.facts(account)
            for lasts, row in _findings(organization, facts, words):
                (findings if lasts else passing).append(row)
            events.extend(_events(organization, facts, start, end))
            vanished.extend(_vanished(facts))

    return Truth(
        findings=findings,
        passing=passing,
        events=events,
        audited_accounts=tuple(kinds["audited"]),
        denied_accounts=tuple(kinds["denied"]),
        skipped_accounts=tuple(kinds["skipped"]),
        unknown_accounts=tuple(kinds["unknown"]),
        vanished=tuple(vanished),
    )


def _kind(organization: Organization, account: Account) -> str:
    words = organization.state_words(account)
    state = words.get("State") or words.get("Status")
    if state not in KNOWN_STATES:
        return "unknown"
    if state in _CANNOT_BE_AUDITED:
        return "skipped"
    if account == organization.caller or organization.lends_role(account):
        return "audited"

    return "denied"


def _findings(organization: Organization, facts: AccountFacts, words: _Words) -> Iterator[tuple[bool, Row]]:
    """Each key's row, and whether the key is there to stay."""
    denies = organization.scenario.denies
    if denies(facts.account.id, "iam:ListUsers") or denies(facts.account.id, "iam:ListAccessKeys"):
        return

    for user in facts.users:
        for key in user.keys:
            lasts = user.vanishes == "never" and not key.vanishes
            yield lasts, _finding(organization, facts.account, user, key, words)


def _finding(organization: Organization, account: Account, user: User, key: AccessKey, words: _Words) -> Row:
    denies = organization.scenario.denies
    password = words.configured if user.password_created else words.not_configured
    used = isoformat(key.last_used) if key.last_used else words.never_used
    unknown_use = denies(account.id, "iam:GetAccessKeyLastUsed")
    return {
        "account_id": account.id,
        "account_name": account.name,
        "username": user.name,
        "password_status": words.denied if denies(account.id, "iam:GetLoginProfile") else password,
        "password_last_used": isoformat(user.password_last_used) if user.password_last_used else words.never,
        "access_key_id": key.id,
        "status": key.status,
        "created_date": isoformat(key.created),
        "last_used_date": words.denied if unknown_use else used,
        "service_name": words.denied if unknown_use else key.service,
        "mfa_status": words.denied if denies(account.id, "iam:ListMFADevices") else _mfa(user),
    }


def _mfa(user: User) -> str:
    kinds = {device.kind for device in user.devices}
    if kinds - {"virtual"}:
        return "Hardware"

    return "Virtual" if kinds else "None"


def _events(organization: Organization, facts: AccountFacts, start: datetime, end: datetime) -> Iterator[Row]:
    if organization.scenario.denies(facts.account.id, "cloudtrail:LookupEvents"):
        return

    region, earliest = organization.scenario.region, max(start, organization.now - HORIZON)
    for name in AUDITED:
        for event in facts.events:
            happened = event.name == name and event.error_code is None and event.region == region
            if happened and earliest <= event.time <= end:
                yield _event(facts.account, event)


def _event(account: Account, event: Event) -> Row:
    return {
        "eventTime": isoformat(event.time),
        "eventName": event.name,
        "username": event.username or "N/A",
        "account_id": account.id,
        "account_name": account.name,
        "resources": ", ".join(name for _, name in event.resources),
    }


def _vanished(facts: AccountFacts) -> Iterator[str]:
    for user in facts.users:
        if user.vanishes != "never":
            yield user.name
        else:
            yield from (key.id for key in user.keys if key.vanishes)

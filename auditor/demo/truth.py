"""What an audit of a local organization must find, told without asking its server."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from auditor.demo.dice import HORIZON
from auditor.demo.events import AUDITED
from auditor.demo.facts import IAM, AccessKey, Account, AccountFacts, Event, User, isoformat
from auditor.demo.oddities import odd_sections
from auditor.demo.organization import KNOWN_STATES, Organization

Row = dict[str, str]
_HARDWARE = frozenset({"totp", "fido", "passkey"})
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
    foreign_events: Mapping[str, int]
    """How many events must be passed over, by account id: another service made them."""
    odd: Mapping[str, Mapping[str, int]]
    """How many items can't all be read, by account id and section of the coverage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    configured: str
    not_configured: str
    never: str
    never_used: str
    denied: str
    unreadable: str
    sms: str
    other: str


_LABELS: Mapping[str, _Words] = {
    "es": _Words(
        configured="Configurada",
        not_configured="No configurada",
        never="Nunca",
        never_used="Nunca utilizada",
        denied="Desconocido (AccessDenied)",
        unreadable="Desconocido (InvalidResponse)",
        sms="Desconocido (sms)",
        other="Desconocido (other)",
    ),
    "en": _Words(
        configured="Configured",
        not_configured="Not configured",
        never="Never",
        never_used="Never used",
        denied="Unknown (AccessDenied)",
        unreadable="Unknown (InvalidResponse)",
        sms="Unknown (sms)",
        other="Unknown (other)",
    ),
}


def truth(organization: Organization, *, start: datetime, end: datetime, labels: Literal["es", "en"] = "es") -> Truth:
    """All rows and accounts of an audit from start to end (both aware, both inclusive)."""
    words = _LABELS[labels]
    findings: list[Row] = []
    passing: list[Row] = []
    events: list[Row] = []
    vanished: list[str] = []
    foreign: dict[str, int] = {}
    odd: dict[str, Mapping[str, int]] = {}
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
            foreign[account.id] = sum(1 for _ in _foreign(organization, facts, start, end))
            odd[account.id] = odd_sections(facts, start=start, end=end)

    return Truth(
        findings=findings,
        passing=passing,
        events=events,
        audited_accounts=tuple(kinds["audited"]),
        denied_accounts=tuple(kinds["denied"]),
        skipped_accounts=tuple(kinds["skipped"]),
        unknown_accounts=tuple(kinds["unknown"]),
        vanished=tuple(vanished),
        foreign_events=foreign,
        odd=odd,
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
        for key in _listed_keys(user):
            lasts = user.vanishes == "never" and not key.vanishes
            yield lasts, _finding(organization, facts.account, user, key, words)


def _listed_keys(user: User) -> tuple[AccessKey, ...]:
    """Keys of which it can be read whose they are, and which."""
    return () if user.odd in ("name", "null") else tuple(key for key in user.keys if key.odd != "id")


def _finding(organization: Organization, account: Account, user: User, key: AccessKey, words: _Words) -> Row:
    denies = organization.scenario.denies
    password = words.configured if user.password_created else words.not_configured
    login = isoformat(user.password_last_used) if user.password_last_used else words.never
    denied_use = denies(account.id, "iam:GetAccessKeyLastUsed")
    unknown_use = words.denied if denied_use else words.unreadable if key.odd == "use" else None
    used = isoformat(key.last_used) if key.last_used else words.never_used
    return {
        "account_id": account.id,
        "account_name": account.name,
        "username": user.name,
        "password_status": words.denied if denies(account.id, "iam:GetLoginProfile") else password,
        "password_last_used": words.unreadable if user.odd == "time" else login,
        "access_key_id": key.id,
        "status": words.unreadable if key.odd == "status" else key.status,
        "created_date": words.unreadable if key.odd == "time" else isoformat(key.created),
        "last_used_date": unknown_use or used,
        "service_name": unknown_use or key.service,
        "mfa_status": words.denied if denies(account.id, "iam:ListMFADevices") else _mfa(user, words),
    }


def _mfa(user: User, words: _Words) -> str:
    kinds = {device.kind for device in user.devices if device.odd != "serial"}
    if kinds & _HARDWARE:
        return "Hardware"
    if any(device.odd == "serial" for device in user.devices):
        return words.unreadable
    if "virtual" in kinds:
        return "Virtual"
    if "unknown" in kinds:
        return words.other

    return words.sms if kinds else "None"


def _events(organization: Organization, facts: AccountFacts, start: datetime, end: datetime) -> Iterator[Row]:
    if organization.scenario.denies(facts.account.id, "cloudtrail:LookupEvents"):
        return

    region, earliest = organization.scenario.region, max(start, organization.now - HORIZON)
    for name in AUDITED:
        for event in facts.events:
            happened = event.name == name and event.happened and event.region == region and event.source == IAM
            if happened and event.readable and earliest <= event.time <= end:
                yield _event(facts.account, event)


def _foreign(organization: Organization, facts: AccountFacts, start: datetime, end: datetime) -> Iterator[Event]:
    if organization.scenario.denies(facts.account.id, "cloudtrail:LookupEvents"):
        return

    region, earliest = organization.scenario.region, max(start, organization.now - HORIZON)
    for event in facts.events:
        asked = event.name in AUDITED and event.region == region and earliest <= event.time <= end
        if asked and event.source != IAM:
            yield event


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

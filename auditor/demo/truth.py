"""What an audit of a local organization must find, told without asking its server."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from auditor.demo.dice import HORIZON
from auditor.demo.events import AUDITED
from auditor.demo.extended_events import EXTENDED
from auditor.demo.facts import IAM, AccessKey, Account, AccountFacts, Event, User, isoformat
from auditor.demo.oddities import odd_sections
from auditor.demo.organization import KNOWN_STATES, Organization
from auditor.demo.words import DENIED, UNREADABLE, WORDS, Language, Words

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
    """Those of the five names, as the file has them: resources joined by a comma and a blank."""
    extended_events: list[Row]
    """Those of all twelve names."""
    audited_accounts: tuple[str, ...]
    denied_accounts: tuple[str, ...]
    """Refused the role."""
    skipped_accounts: tuple[str, ...]
    """Suspended, closed, or not yet active."""
    unknown_accounts: tuple[str, ...]
    """With no state, or with one that nobody knows."""
    vanished: tuple[str, ...]
    """Names of users and ids of keys that are deleted while they are read, so that a question meets it."""
    foreign_events: Mapping[str, int]
    """How many events must be passed over, by account id: another service made them."""
    odd: Mapping[str, Mapping[str, int]]
    """How many items can't all be read, by account id and section of the coverage."""


def truth(organization: Organization, *, start: datetime, end: datetime, labels: Language = "es") -> Truth:
    """All rows and accounts of an audit from start to end (both aware, both inclusive)."""
    words = WORDS[labels]
    findings: list[Row] = []
    passing: list[Row] = []
    events: list[Row] = []
    extended: list[Row] = []
    vanished: list[str] = []
    foreign: dict[str, int] = {}
    odd: dict[str, Mapping[str, int]] = {}
    kinds: dict[str, list[str]] = {"audited": [], "denied": [], "skipped": [], "unknown": []}
    for account in organization.accounts:
        kind = kind_of(organization, account)
        kinds[kind].append(account.id)
        if kind == "audited":
            facts = organization.facts(account)
            for lasts, row in _findings(organization, facts, words):
                (findings if lasts else passing).append(row)
            events.extend(_events(organization, facts, start, end, names=AUDITED))
            extended.extend(_events(organization, facts, start, end, names=(*AUDITED, *EXTENDED)))
            vanished.extend(_vanished(facts))
            foreign[account.id] = sum(1 for _ in _foreign(organization, facts, start, end))
            odd[account.id] = odd_sections(facts, start=start, end=end)

    return Truth(
        findings=findings,
        passing=passing,
        events=events,
        extended_events=extended,
        audited_accounts=tuple(kinds["audited"]),
        denied_accounts=tuple(kinds["denied"]),
        skipped_accounts=tuple(kinds["skipped"]),
        unknown_accounts=tuple(kinds["unknown"]),
        vanished=tuple(vanished),
        foreign_events=foreign,
        odd=odd,
    )


def kind_of(organization: Organization, account: Account) -> str:
    """What becomes of the account: it is audited, denied, skipped, or of an unknown state."""
    words = organization.state_words(account)
    state = words.get("State") or words.get("Status")
    if state not in KNOWN_STATES:
        return "unknown"
    if state in _CANNOT_BE_AUDITED:
        return "skipped"
    if account == organization.caller or organization.lends_role(account):
        return "audited"

    return "denied"


def _findings(organization: Organization, facts: AccountFacts, words: Words) -> Iterator[tuple[bool, Row]]:
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


def _finding(organization: Organization, account: Account, user: User, key: AccessKey, words: Words) -> Row:
    denies = organization.scenario.denies
    password = words.configured if user.password_created else words.not_configured
    login = isoformat(user.password_last_used) if user.password_last_used else words.never
    denied_use = denies(account.id, "iam:GetAccessKeyLastUsed")
    unknown_use = words.unknown(DENIED) if denied_use else words.unknown(UNREADABLE) if key.odd == "use" else None
    used = isoformat(key.last_used) if key.last_used else words.never_used
    return {
        "account_id": account.id,
        "account_name": account.name,
        "username": user.name,
        "password_status": words.unknown(DENIED) if denies(account.id, "iam:GetLoginProfile") else password,
        "password_last_used": words.unknown(UNREADABLE) if user.odd == "time" else login,
        "access_key_id": key.id,
        "status": words.unknown(UNREADABLE) if key.odd == "status" else key.status,
        "created_date": words.unknown(UNREADABLE) if key.odd == "time" else isoformat(key.created),
        "last_used_date": unknown_use or used,
        "service_name": unknown_use or key.service,
        "mfa_status": words.unknown(DENIED) if denies(account.id, "iam:ListMFADevices") else mfa_word(user, words),
    }


def mfa_word(user: User, words: Words) -> str:
    """What the list of the user's devices makes of their MFA."""
    kinds = {device.kind for device in user.devices if device.odd != "serial"}
    if kinds & _HARDWARE:
        return "Hardware"
    if any(device.odd == "serial" for device in user.devices):
        return words.unknown(UNREADABLE)
    if "virtual" in kinds:
        return "Virtual"
    if "unknown" in kinds:
        return words.unknown("other")

    return words.unknown("sms") if kinds else "None"


def _events(
    organization: Organization, facts: AccountFacts, start: datetime, end: datetime, *, names: Iterable[str]
) -> Iterator[Row]:
    if organization.scenario.denies(facts.account.id, "cloudtrail:LookupEvents"):
        return

    region, earliest = organization.scenario.region, max(start, organization.now - HORIZON)
    for name in names:
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
        # Of a user without a key nothing need be asked once the keys have been listed.
        if user.vanishes == "after listing" or (user.vanishes == "after keys" and user.keys):
            yield user.name
        else:
            yield from (key.id for key in user.keys if key.vanishes)

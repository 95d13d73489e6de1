"""The rows that every contender writes, and how they are compared with the truth."""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from tests.output.reading import unguarded

FINDINGS = "iam_audit_report_contender.csv"
EVENTS = "cloudtrail_events_contender.csv"
EVENT_NAMES = ("CreateUser", "DeleteUser", "CreateAccessKey", "DeleteAccessKey", "DeleteLoginProfile")

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Digest:
    """How many rows there are, and a hash of them all, whatever their order."""

    rows: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """What the row of one key says of its user and of itself, times as in the row, empty for none."""

    username: str
    has_password: bool
    password_last_used: str
    key_id: str
    status: str
    created: str
    last_used: str
    service: str
    serials: tuple[str, ...]
    """Serial numbers of the user's MFA devices."""


@dataclass(slots=True)
class Rows:
    """All rows of a run, in memory until its end, as a script has them."""

    findings: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)

    def add_finding(self, account: Mapping[str, str], facts: KeyFacts) -> None:
        """Add the row of one key; the account is Organizations' own."""
        self.findings.append(
            {
                "account_id": account["Id"],
                "account_name": account["Name"],
                "username": facts.username,
                "password_status": "Configurada" if facts.has_password else "No configurada",
                "password_last_used": facts.password_last_used or "Nunca",
                "access_key_id": facts.key_id,
                "status": facts.status,
                "created_date": facts.created,
                "last_used_date": facts.last_used or "Nunca utilizada",
                "service_name": facts.service,
                "mfa_status": _mfa(facts.serials),
            }
        )

    def add_event(self, account: Mapping[str, str], event: Mapping[str, object], *, at: str) -> None:
        """Add the row of one event of LookupEvents, unless AWS refused the change, or it is another service's."""
        refused = json.loads(str(event["CloudTrailEvent"])).get("errorCode") not in {None, "", "Success"}
        if refused or event["EventSource"] != "iam.amazonaws.com":
            return
        resources = event.get("Resources")
        names = [resource["ResourceName"] for resource in resources] if isinstance(resources, list) else []
        self.events.append(
            {
                "eventTime": at,
                "eventName": str(event["EventName"]),
                "username": str(event.get("Username") or "N/A"),
                "account_id": account["Id"],
                "account_name": account["Name"],
                "resources": ", ".join(names),
            }
        )

    def write(self, directory: Path) -> None:
        """Write both files."""
        for name, rows in ((FINDINGS, self.findings), (EVENTS, self.events)):
            with (directory / name).open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else [])
                writer.writeheader()
                writer.writerows(rows)


def moment_text(moment: datetime | None) -> str:
    """A time as the rows have it, empty for None."""
    return "" if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")


def auditable(account: Mapping[str, object]) -> bool:
    """Whether an account of ListAccounts can still be entered."""
    return (account.get("State") or account.get("Status")) in {"ACTIVE", "PENDING_CLOSURE"}


def digest(rows: Iterable[Mapping[str, str]]) -> Digest:
    """The digest of some rows."""
    lines = sorted(json.dumps(row, sort_keys=True) for row in rows)
    return Digest(len(lines), sha256("\n".join(lines).encode()).hexdigest())


def digest_of_file(directory: Path, pattern: str, *, guarded: bool, gone: frozenset[str] = frozenset()) -> Digest:
    """The digest of the one file of this pattern; of a guarded one without its guard against spreadsheets.

    Rows of the users and keys in `gone`, who vanish while they are read, do not count: who asks less sees less of that.
    """
    (path,) = directory.glob(pattern)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if guarded:
        rows = [{name: unguarded(cell) for name, cell in row.items()} for row in rows]
    return digest(row for row in rows if not gone & {row["username"], row.get("access_key_id", "")})


def _mfa(serials: tuple[str, ...]) -> str:
    kinds = {serial.split(":")[-1].partition("/")[0] for serial in serials}
    if any("arn:" not in serial for serial in serials) or "u2f" in kinds:
        return "Hardware"
    if "mfa" in kinds:
        return "Virtual"
    if kinds - {"sms-mfa"}:
        return "Desconocido (other)"
    return "Desconocido (sms)" if kinds else "None"

"""One call as the actions see it: who asks what, of which account, and what the server remembers."""

import base64
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b

from auditor.demo.facts import AccountFacts
from auditor.demo.identity import CredentialStore, Identity
from auditor.demo.organization import Organization
from auditor.demo.protocol import Parameters, ServiceError


@dataclass(slots=True)
class Report:
    """The credential report of one account."""

    made: float
    ready: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What one server remembers between calls."""

    credentials: CredentialStore = field(default_factory=CredentialStore)
    reports: dict[str, Report] = field(default_factory=dict)
    report_refusals: Counter[str] = field(default_factory=Counter)
    """How often the making of a report was refused, by account id."""
    vanished: set[tuple[str, str]] = field(default_factory=set)
    """Account ids with the user names and key ids that were listed once and are now deleted."""
    policies: dict[str, str] = field(default_factory=dict)
    """The session policy that was last asked for, by account id."""
    assumptions: dict[str, Parameters] = field(default_factory=dict)
    """What each role was last assumed with, by its ARN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One verified request."""

    organization: Organization
    identity: Identity
    memory: Memory
    action: str
    parameters: Parameters
    region: str
    now: float

    @property
    def facts(self) -> AccountFacts:
        """What the caller's account holds; always the account of the signature."""
        account = self.organization.account(self.identity.account_id)
        if account is None:
            raise ServiceError("InvalidClientTokenId", "The account is not there.", status=403)

        return self.organization.facts(account)

    def text(self, name: str) -> str:
        """A parameter that must be there."""
        value = self.parameters.get(name)
        if not isinstance(value, str) or not value:
            raise ServiceError("ValidationError", f"1 validation error detected: {name} must not be null")

        return value

    def number(self, name: str, *, default: int, least: int, most: int, code: str = "ValidationError") -> int:
        """A number within its bounds; an error of the code where it is outside."""
        try:
            value = int(str(self.parameters.get(name, default)))
        except ValueError as error:
            raise ServiceError(code, f"{name} is no number") from error

        if not least <= value <= most:
            message = f"1 validation error detected: {name} must be between {least} and {most}"
            raise ServiceError(code, message)

        return value


Action = Callable[[Call], object]
"""Answers a call with inner XML (Query services) or a JSON object."""


def seal(position: int, *context: object) -> str:
    """An opaque token for a position, of use only in the same context."""
    return base64.urlsafe_b64encode(f"{position}:{_mark(position, *context)}".encode()).decode("ascii")


def unseal(token: str, *context: object) -> int | None:
    """The position of a token; None where it was not made in this context."""
    try:
        position, _, mark = base64.urlsafe_b64decode(token.encode()).decode("ascii").partition(":")
        found = int(position)
    except ValueError:
        return None

    return found if mark == _mark(found, *context) else None


def _mark(position: int, *context: object) -> str:
    return blake2b(repr((position, *context)).encode(), digest_size=24).hexdigest()

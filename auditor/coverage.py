"""What was asked of an account, and how much of it was answered."""

from dataclasses import dataclass
from enum import StrEnum


class Section(StrEnum):
    """What is asked of an account."""

    ROLE = "role"
    USERS = "users"
    KEYS = "keys"
    LAST_USED = "last used"
    PASSWORD = "password"  # noqa: S105 - the name of a section
    MFA = "MFA"
    EVENTS = "events"

    @property
    def column(self) -> str:
        """Its name in files and logs."""
        return self.lower().replace(" ", "_")


class Completeness(StrEnum):
    """How much of a section was read."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    DENIED = "denied"
    SKIPPED = "skipped"
    FAILED = "failed"
    NOT_REACHED = "not reached"
    """The run was cut off before the account was finished."""


@dataclass(frozen=True, slots=True)
class SectionCoverage:
    """How much of one section of one account was read: questions asked, and answered."""

    section: Section
    completeness: Completeness
    asked: int = 0
    answered: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that was asked and not answered; `count` questions met the same code in this section."""

    section: Section
    code: str
    message: str
    request_id: str = ""
    count: int = 1

"""What a check is: a name, the checks that it rests on, and what it does with their results."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditor.aws.request import RunLimits
from auditor.config import AuditConfig
from auditor.model.diagnosis import Finding, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What all checks of an examination share."""

    config: AuditConfig
    limits: RunLimits
    stack: AsyncExitStack
    """Closes what checks have opened, when all have ended."""
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Result:
    """What a check has found, and what those that rest on it need."""

    findings: tuple[Finding, ...]
    value: object = None
    """None where those that rest on it can't be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check."""

    name: str
    needs: tuple[str, ...]
    """The checks whose values it takes, in this order."""
    examine: Callable[..., Awaitable[Result]]
    """Takes the setup and those values."""
    ends_audit: bool = False
    """Whether an audit could read nothing at all where it gives no value."""


def well(found: str, *, value: Any = True, cure: str = "") -> Result:  # noqa: ANN401 - whatever others need of it
    """The result of a check that has found all in order."""
    return Result((Finding(outcome=Outcome.OK, found=found, cure=cure),), value)


def counted(number: int) -> str:
    """So many accounts, in words that are right of one, too."""
    return f"{number:,} account{'' if number == 1 else 's'}"

"""What a check is: its name, the checks that it needs, and its result."""

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
    """What all checks share."""

    config: AuditConfig
    limits: RunLimits
    stack: AsyncExitStack
    """Closes what checks have opened, after the last check."""
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Result:
    """The findings of a check, and its value for the checks that need it."""

    findings: tuple[Finding, ...]
    value: object = None
    """None if the checks that need it can't run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check."""

    name: str
    needs: tuple[str, ...]
    """The checks whose values it takes, in this order."""
    examine: Callable[..., Awaitable[Result]]
    """Takes the setup and those values."""
    ends_audit: bool = False
    """Whether an audit could read nothing if this check gives no value."""


def well(found: str, *, value: Any = True, cure: str = "") -> Result:  # noqa: ANN401 - each check has its own kind of value
    """The result of a check that found nothing wrong."""
    return Result((Finding(outcome=Outcome.OK, found=found, cure=cure),), value)

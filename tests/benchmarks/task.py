"""What a contender is told, and what it may tell beside its rows."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One audit of one organization; the environment says where that is."""

    role: str
    directory: Path
    """Where the two files go."""
    sample: int | None = None
    """Audit so many accounts only, spread evenly over all; None is all."""
    epoch: float = 0.0
    """When the process was asked for, in seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What only the contender can know."""

    first_finding: float | None = None
    """Seconds from `epoch` to the first finding in a file."""
    share: float = 1.0
    """The part of the organization's accounts that was audited."""

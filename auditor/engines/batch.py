"""What crosses to a worker: some accounts, and all that it must know to audit them."""

import math
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import metadata

from auditor.config import AuditConfig
from auditor.model.facts import Account, Caller, Period


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What all batches of a run have in common; frozen and picklable, and no credential is in it."""

    config: AuditConfig
    """The settings of the whole run."""
    caller: Caller
    """Whose credentials the workers must have."""
    period: Period
    share: int
    """Among how many batches at once the run is divided."""
    lost_until: datetime | None = None
    """Until when CloudTrail has dropped the period's events, None where it still has all."""
    version: str = ""
    """That of the package where the run was begun, which its workers must have; empty where nobody asked."""

    def portion(self) -> AuditConfig:
        """The settings with one batch's part of all that is limited for the run as a whole."""
        rates = replace(self.config.rates, sts=self.config.rates.sts / self.share)
        return replace(self.config, rates=rates, concurrency=math.ceil(self.config.concurrency / self.share))


@dataclass(frozen=True, slots=True)
class Batch:
    """Some accounts for one worker."""

    plan: RunPlan
    accounts: tuple[Account, ...]
    answered: frozenset[str] = frozenset({"sts"})
    """Services that have answered the run: where one of them fails for all, it is an outage, and waited for."""
    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    """That of no other batch: an executor that remembers answers must not give an old one."""


def package_version() -> str:
    """The version of the package in this process, as it is installed now; reads files, and so blocks."""
    try:
        return metadata.version("auditor")
    except metadata.PackageNotFoundError:
        return "0 (not installed)"

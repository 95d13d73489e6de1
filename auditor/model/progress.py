"""What a run tells while it goes on: event dataclasses, and the observer that takes them."""

from collections.abc import Callable
from dataclasses import dataclass

from auditor.model.facts import Caller
from auditor.model.period import Period
from auditor.model.report import AccountReport
from auditor.model.summary import AuditSummary


@dataclass(frozen=True, slots=True)
class AuditStarted:
    """The caller is known and the credentials work; nothing was asked of the organization yet."""

    caller: Caller
    period: Period


@dataclass(frozen=True, slots=True)
class AccountsListed:
    """So many accounts are known so far; `finished` where there are no more."""

    count: int
    finished: bool
    excluded: int = 0
    """How many of them the filters leave out; known only at the end."""


@dataclass(frozen=True, slots=True)
class AccountFinished:
    """An account's report is written."""

    report: AccountReport


@dataclass(frozen=True, slots=True)
class AuditWarning:
    """Something that a person should know, and that does not make the audit incomplete."""

    message: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A service serves nobody, or the caller's credentials can't be had: the run waits until that has passed."""

    service: str
    """`iam`, `cloudtrail`, `sts` or `organizations`, or `credentials` for what provides the caller's."""
    code: str
    """What its requests fail with."""
    seconds: float
    """How long it is waited for at the most."""


@dataclass(frozen=True, slots=True)
class WaitingEnded:
    """A wait is over: it has answered, or the patience has ended, and what was not read is not reached."""

    service: str
    code: str
    seconds: float
    """How long the outage was."""
    answered: bool


@dataclass(frozen=True, slots=True)
class AuditFinished:
    """The audit has come to its end by itself; the summary is the one that is returned."""

    summary: AuditSummary


ProgressEvent = AuditStarted | AccountsListed | AccountFinished | AuditWarning | Waiting | WaitingEnded | AuditFinished
Observer = Callable[[ProgressEvent], None]
"""Called on the event loop: it must return at once and raise nothing."""


def ignore(event: ProgressEvent) -> None:
    """An observer that looks away."""
    del event

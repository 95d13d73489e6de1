"""What a resumed audit keeps to: how it was begun, and what is finished already."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from auditor.errors import CallerError
from auditor.model.facts import AccountId, Caller
from auditor.model.kinds import check_kind
from auditor.model.period import Period, lost_until
from auditor.model.progress import AuditStarted


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """The run that is resumed."""

    started: AuditStarted
    finished: frozenset[AccountId] = frozenset()
    """Accounts of which nothing is missing: they are passed over."""
    excluded: frozenset[AccountId] = frozenset()
    """Those of them that its filters left out."""

    def __post_init__(self) -> None:
        check_kind("started", self.started, AuditStarted)
        for name in ("finished", "excluded"):
            check_kind(name, getattr(self, name), AbstractSet)

    def period(self, now: datetime) -> tuple[Period, tuple[str, ...]]:
        """The period as it was, with a warning where CloudTrail has dropped some of its events since then."""
        period = self.started.period
        lost = lost_until(period, now=now)
        if lost is None:
            return period, ()
        return period, (f"CloudTrail keeps 90 days of events: those from before {lost.isoformat()} are lost.",)

    def check(self, caller: Caller) -> None:
        """Raise CallerError where the caller is not of the account that began the audit."""
        began = self.started.caller
        if not caller.shares_account_with(began):
            raise CallerError(
                f"The audit was begun by the account {began.account_id} ({began.partition}), and the credentials are "
                f"of {caller.account_id} ({caller.partition})."
            )

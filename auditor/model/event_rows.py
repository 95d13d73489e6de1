"""Events as the functions of this package return them: rows, and the accounts whose events are missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

from auditor.model.coverage import Failure


class EventRow(TypedDict):
    """One event that took place, as a dictionary: the columns of the events' file, in its order."""

    eventTime: str
    """ISO 8601 in UTC, whole seconds."""
    eventName: str
    username: str
    """Who did it; `N/A` where CloudTrail has no name."""
    account_id: str
    account_name: str
    resources: list[str]
    """Names of what was changed, in CloudTrail's order; the file joins them by a comma and a blank."""


@dataclass(frozen=True, slots=True)
class AccountFailure:
    """An account whose events could not be read, or not all of them."""

    account_id: str
    account_name: str
    failures: tuple[Failure, ...]
    """Why, in the order in which it happened: the role or the events were refused or not answered; never empty."""

    @property
    def code(self) -> str:
        """The first failure's code: AWS's, or one that the manual names (`auditor manual files`)."""
        return self.failures[0].code

    @property
    def message(self) -> str:
        """The first failure's message."""
        return self.failures[0].message


class EventRows(list[EventRow]):
    """A list of events that also says which accounts' events are missing.

    `failures` has an entry for each account that failed, in the order of the accounts; what could be read of such an
    account is in the list. It belongs to this list: a slice or a sum of it is a plain list.
    """

    def __init__(self, rows: Iterable[EventRow] = (), *, failures: Iterable[AccountFailure] = ()) -> None:
        super().__init__(rows)
        self.failures = tuple(failures)

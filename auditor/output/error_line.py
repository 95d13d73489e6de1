"""The one line that says which account failed, and how."""

from collections.abc import Sequence

from auditor.config import Labels
from auditor.model.coverage import Failure
from auditor.model.facts import Account
from auditor.model.report import AccountReport

_FAILED = {Labels.ES: "Error en cuenta", Labels.EN: "Error in account"}


def error_line(report: AccountReport, *, labels: Labels = Labels.ES) -> str:
    """The script's words for an account that failed, with its first failure and how many there are."""
    return failure_line(report.account, report.failures, labels=labels)


def failure_line(account: Account, failures: Sequence[Failure], *, labels: Labels) -> str:
    """The line of some of an account's failures: the first of them, and how many more there are."""
    first, *others = failures
    more = sum(failure.count for failure in others) + first.count - 1
    also = f" (and {more} more)" if more else ""
    return f"{_FAILED[labels]} {account.name} ({account.id}): {first.section}: {first.message}{also}"

"""The one line that says which account failed, and how."""

from auditor.models import AccountReport


def error_line(report: AccountReport) -> str:
    """The script's words for an account that failed, with its first failure and how many there are."""
    first, *others = report.failures
    more = sum(failure.count for failure in others) + first.count - 1
    also = f" (and {more} more)" if more else ""
    account = report.account
    return f"Error en cuenta {account.name} ({account.id}): {first.section}: {first.message}{also}"

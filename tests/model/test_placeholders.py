"""What a run that was cut off did not come to: nothing is claimed of it."""

from auditor.errors import ListingInterrupted
from auditor.model.placeholders import ORGANIZATION, not_listed, not_reached
from auditor.model.report import AccountReport
from auditor.output.rows import coverage_row
from tests.samples import ACCOUNT, REPORT


def words_of(report: AccountReport) -> set[str]:
    """The words that its coverage row has for the sections."""
    row = coverage_row(report)
    return {row[name] for name in ("role", "users", "keys", "last_used", "password", "mfa", "events")}


def test_an_account_that_was_not_reached() -> None:
    """Every section says so, and the account counts neither as audited nor as complete."""
    report = not_reached(ACCOUNT)
    assert {"not reached"} == words_of(report)
    assert (False, False, False) == (report.reached, report.audited, report.complete)
    assert (True, True, True) == (REPORT.reached, REPORT.audited, REPORT.complete)


def test_accounts_that_were_not_listed() -> None:
    """One row stands for them, with the code that ended the listing."""
    report = not_listed(ListingInterrupted(code="AccessDeniedException", message="no", listed=7))
    row = coverage_row(report)
    assert {"not reached"} == words_of(report)
    assert ("organization", "AccessDeniedException", "") == (row["account_id"], row["error_code"], row["freshness"])
    assert ORGANIZATION == report.account.id

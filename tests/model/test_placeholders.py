"""What a run that was cut off did not come to: nothing is claimed of it."""

from collections.abc import Mapping
from dataclasses import replace

from auditor.errors import ListingInterrupted
from auditor.model.placeholders import not_listed, not_reached
from auditor.output.rows import COVERAGE_COLUMNS, coverage_row, unlisted_row
from tests.samples import ACCOUNT, REPORT


def words_of(row: Mapping[str, str]) -> set[str]:
    """The words that a coverage row has for the sections."""
    return {row[name] for name in ("role", "users", "keys", "last_used", "password", "mfa", "events")}


def test_an_account_that_was_not_reached() -> None:
    """Every section says so, and the account counts neither as audited nor as complete."""
    report = not_reached(ACCOUNT)
    assert {"not reached"} == words_of(coverage_row(report))
    assert (False, False, False) == (report.reached, report.audited, report.complete)
    assert (True, True, True) == (REPORT.reached, REPORT.audited, REPORT.complete)


def test_accounts_that_were_not_listed() -> None:
    """One row stands for them, with the code that ended the listing."""
    row = unlisted_row(not_listed(ListingInterrupted(code="AccessDeniedException", message="no", listed=7)))
    assert (COVERAGE_COLUMNS, {"not reached"}) == (tuple(row), words_of(row))
    assert ("organization", "AccessDeniedException", "") == (row["account_id"], row["error_code"], row["freshness"])
    # But for the account's name the row is that of an account of which nothing was read.
    unread = coverage_row(not_reached(replace(ACCOUNT, name="", state_word="")))
    assert unread == {**row, "account_id": ACCOUNT.id, "error_code": "", "error_message": ""}

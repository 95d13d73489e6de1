"""An account that was read more than once has all that its readings have."""

from dataclasses import replace

import pytest

from auditor import (
    AccountId,
    AccountReport,
    AccountState,
    AuditConfig,
    Completeness,
    Failure,
    Section,
    SectionCoverage,
    Unknown,
)
from auditor.journal.header import header_of
from auditor.journal.reader import Content, report_line
from auditor.model.placeholders import failed, unasked
from tests.samples import ACCOUNT, NOW, REPORT, USER

DENIAL = Failure(Section.ROLE, "AccessDenied", "no")
SUSPENDED = unasked(replace(ACCOUNT, state=AccountState.SUSPENDED, state_word="SUSPENDED"))
REFUSED = failed(ACCOUNT, DENIAL)


def with_events(completeness: Completeness, *, answered: int = 0) -> AccountReport:
    """A report that is whole but for its events."""
    events = SectionCoverage(Section.EVENTS, completeness, asked=5, answered=answered)
    coverage = tuple(events if covered.section is Section.EVENTS else covered for covered in REPORT.coverage)
    return replace(REPORT, coverage=coverage, failures=(replace(DENIAL, section=Section.EVENTS),))


OTHER = replace(REPORT, account=replace(ACCOUNT, id=AccountId("999988887777")))
DENIED_EVENTS = with_events(Completeness.DENIED)


def content_of(*reports: AccountReport) -> Content:
    """What a journal of these reports holds, each ten bytes long."""
    content = Content(header_of(AuditConfig(role="R"), at=NOW), lambda place: reports[place // 10])
    for number, report in enumerate(reports):
        content.note(report, place=10 * number)
    return content


def report_of(*readings: AccountReport) -> AccountReport:
    """The one report of an account that was read so often."""
    lines = [(10 * number, report_line(report)) for number, report in enumerate(readings)]
    (report,) = content_of(*readings).reports(lines)
    return report


def test_there_are_such_reports() -> None:
    """A suspended account is complete, one that refuses its role is not, and neither was entered."""
    assert SUSPENDED is not None
    assert (True, False) == (SUSPENDED.complete, REFUSED.complete)
    assert (False, False) == (SUSPENDED.audited, REFUSED.audited)


@pytest.mark.parametrize("later", [REFUSED, SUSPENDED])
def test_what_was_read_stays(later: AccountReport) -> None:
    """An account that lets nobody in any more keeps its rows, is incomplete, and is asked again."""
    assert set() == content_of(DENIED_EVENTS, later).complete
    report = report_of(DENIED_EVENTS, later)
    assert (DENIED_EVENTS.users, DENIED_EVENTS.events) == (report.users, report.events)
    assert DENIED_EVENTS.failures == report.failures


def test_two_readings_make_one_report() -> None:
    """What one of them lacks is the other's: the account is finished with the second."""
    no_password = replace(USER, has_password=Unknown("Timeout"))
    failure = Failure(Section.PASSWORD, "Timeout", "no reply")
    partial = SectionCoverage(Section.PASSWORD, Completeness.PARTIAL, asked=1)
    coverage = tuple(partial if covered.section is Section.PASSWORD else covered for covered in REPORT.coverage)
    without = replace(REPORT, users=(no_password,), coverage=coverage, failures=(failure,))
    assert {ACCOUNT.id} == content_of(without, DENIED_EVENTS).complete
    report = report_of(without, DENIED_EVENTS)
    assert (REPORT.users, REPORT.events, ()) == (report.users, report.events, report.failures)


@pytest.mark.parametrize("earlier", [REFUSED, DENIED_EVENTS, with_events(Completeness.PARTIAL, answered=9)])
def test_a_whole_report_is_the_last(earlier: AccountReport) -> None:
    """Nothing is missing any more, whatever was missing before."""
    assert {ACCOUNT.id} == content_of(earlier, REPORT).complete
    report = report_of(earlier, REPORT)
    assert (REPORT.users, REPORT.events, ()) == (report.users, report.events, report.failures)


def test_an_account_that_was_never_entered_may_be_suspended_by_now() -> None:
    """Nothing was read that could be lost, and nothing is missing any more."""
    assert SUSPENDED is not None
    assert {ACCOUNT.id} == content_of(REFUSED, SUSPENDED).complete


def test_reports_come_in_the_order_of_the_last_lines() -> None:
    """An account that was asked again comes behind those that were not."""
    readings = (REFUSED, OTHER, REPORT)
    lines = [(10 * number, report_line(report)) for number, report in enumerate(readings)]
    reports = content_of(*readings).reports(lines)
    assert [OTHER.account.id, ACCOUNT.id] == [report.account.id for report in reports]


def test_why_accounts_are_asked_again() -> None:
    """The first failure of the line that counts says so; an account of which nothing is missing is not asked."""
    assert {ACCOUNT.id: "AccessDenied"} == content_of(OTHER, DENIED_EVENTS, REFUSED).failed
    assert {} == content_of(OTHER, REFUSED, REPORT).failed
    later = content_of(OTHER)
    later.pass_over(ACCOUNT)
    assert {ACCOUNT.id: "written by a later version"} == later.failed


def test_an_account_whose_line_can_not_be_read_is_not_finished() -> None:
    """Nothing is known of it, and only of it."""
    content = content_of(OTHER)
    content.pass_over(ACCOUNT)
    assert ({OTHER.account.id: (0,)}, {OTHER.account.id}) == (content.places, content.complete)
    assert {ACCOUNT.id: ACCOUNT} == content.unread


@pytest.mark.parametrize("earlier", [REPORT, DENIED_EVENTS, REFUSED])
def test_an_earlier_line_counts_where_the_later_one_can_not_be_read(earlier: AccountReport) -> None:
    """What it has is there, and the account is asked again all the same."""
    content = content_of(earlier)
    content.pass_over(ACCOUNT)
    assert ({ACCOUNT.id: (0,)}, set()) == (content.places, content.complete)


@pytest.mark.parametrize("later", [REPORT, DENIED_EVENTS, REFUSED])
def test_a_later_line_counts_where_the_earlier_one_can_not_be_read(later: AccountReport) -> None:
    """It is all that is known of the account."""
    content = content_of()
    content.pass_over(ACCOUNT)
    content.note(later, place=10)
    assert ({ACCOUNT.id: (10,)}, later.complete) == (content.places, ACCOUNT.id in content.complete)
    assert {} == content.unread

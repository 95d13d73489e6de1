"""Which report of an account counts: the later one, unless it has less."""

from dataclasses import replace

import pytest

from auditor import AccountId, AccountReport, AccountState, AuditConfig, Completeness, Failure, Section, SectionCoverage
from auditor.journal.content import Content, extent_of
from auditor.journal.header import header_of
from auditor.unread import failed, unasked
from tests.samples import ACCOUNT, NOW, REPORT

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
    content = Content(header_of(AuditConfig(role="R"), at=NOW))
    for number, report in enumerate(reports):
        content.note(report, place=10 * number)
    return content


def test_there_are_such_reports() -> None:
    """A suspended account is complete, one that refuses its role is not, and neither was entered."""
    assert SUSPENDED is not None
    assert (True, False) == (SUSPENDED.complete, REFUSED.complete)
    assert (False, False) == (SUSPENDED.audited, REFUSED.audited)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (DENIED_EVENTS, REFUSED),
        (DENIED_EVENTS, SUSPENDED),
        (with_events(Completeness.PARTIAL, answered=1), DENIED_EVENTS),
        (with_events(Completeness.PARTIAL, answered=3), with_events(Completeness.PARTIAL, answered=2)),
    ],
)
def test_a_later_report_with_less_does_not_count(earlier: AccountReport, later: AccountReport) -> None:
    """What was read stays, and the account stays incomplete: it is asked again, and the exit code is 3."""
    content = content_of(earlier, later)
    assert ({ACCOUNT.id: 0}, set()) == (content.places, content.complete)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (REFUSED, DENIED_EVENTS),
        (DENIED_EVENTS, DENIED_EVENTS),
        (DENIED_EVENTS, with_events(Completeness.PARTIAL)),
        (with_events(Completeness.PARTIAL, answered=2), with_events(Completeness.PARTIAL, answered=2)),
        (REFUSED, REFUSED),
    ],
)
def test_a_later_report_with_as_much_counts(earlier: AccountReport, later: AccountReport) -> None:
    """It is newer."""
    content = content_of(earlier, later)
    assert ({ACCOUNT.id: 10}, set()) == (content.places, content.complete)


@pytest.mark.parametrize("earlier", [REFUSED, DENIED_EVENTS, with_events(Completeness.PARTIAL, answered=9)])
def test_a_whole_report_always_counts(earlier: AccountReport) -> None:
    """No report has more than one of which nothing is missing."""
    content = content_of(earlier, REPORT)
    assert ({ACCOUNT.id: 10}, {ACCOUNT.id}) == (content.places, content.complete)


def test_an_account_that_was_never_entered_may_be_suspended_by_now() -> None:
    """Nothing was read that could be lost, and nothing is missing any more."""
    assert SUSPENDED is not None
    content = content_of(REFUSED, SUSPENDED)
    assert ({ACCOUNT.id: 10}, {ACCOUNT.id}) == (content.places, content.complete)


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
    assert ({OTHER.account.id: 0}, {OTHER.account.id}) == (content.places, content.complete)
    assert {ACCOUNT.id: ACCOUNT} == content.unread


@pytest.mark.parametrize("earlier", [REPORT, DENIED_EVENTS, REFUSED])
def test_an_earlier_line_counts_where_the_later_one_can_not_be_read(earlier: AccountReport) -> None:
    """What it has is there, and the account is asked again all the same."""
    content = content_of(earlier)
    content.pass_over(ACCOUNT)
    assert ({ACCOUNT.id: 0}, set()) == (content.places, content.complete)


@pytest.mark.parametrize("later", [REPORT, DENIED_EVENTS, REFUSED])
def test_a_later_line_counts_where_the_earlier_one_can_not_be_read(later: AccountReport) -> None:
    """It is all that is known of the account."""
    content = content_of()
    content.pass_over(ACCOUNT)
    content.note(later, place=10)
    assert ({ACCOUNT.id: 10}, later.complete) == (content.places, ACCOUNT.id in content.complete)
    assert {} == content.unread


def test_how_much_a_report_has() -> None:
    """Whether the account was entered comes first, then its sections, then the answers of those that are partial."""
    partial = with_events(Completeness.PARTIAL, answered=3)
    expected = [(False, 0, 0), (True, 12, 0), (True, 13, 3), (True, 14, 0)]
    assert expected == [extent_of(report) for report in (REFUSED, DENIED_EVENTS, partial, REPORT)]

"""Causes: every code that the manual names has one, and each denial says what is to be allowed."""

import re

import pytest

from auditor import Section
from auditor.cli.causes import by_cause, cause_of
from auditor.model.codes import NOT_IN_SUMMARY
from auditor.model.summary import FailureGroup
from tests.manual.pages import text_of

FILES = text_of("files")


def codes_of_the_manual() -> list[str]:
    """The codes of the manual's table that are not AWS's."""
    table = FILES[FILES.index("| code that is not AWS's") :].partition("\n\n")[0]
    return [code for row in table.splitlines()[2:] for code in re.findall(r"`(\w+)`", row.split("|")[1])]


def test_every_code_of_the_manual_has_a_cause() -> None:
    """Whoever meets one is told what it means and what to do, not where to look it up."""
    unknown = cause_of("SomethingNew", section=Section.USERS)
    assert len(codes_of_the_manual()) > 10
    assert [] == [code for code in codes_of_the_manual() if cause_of(code, section=Section.USERS) == unknown]


def test_what_a_summary_leaves_out_is_no_code_of_aws() -> None:
    """Its documentation would say nothing of a code that this package has given."""
    assert NOT_IN_SUMMARY in codes_of_the_manual()
    assert "root" in cause_of(NOT_IN_SUMMARY, section=Section.ROOT).meaning


@pytest.mark.parametrize("section", Section)
def test_a_denial_names_what_is_to_be_allowed(section: Section) -> None:
    """Each section's own action, or what a role must be."""
    cause = cause_of("AccessDenied", section=section)
    assert re.search(r"(iam|sts|cloudtrail):\w+", cause.cure)
    assert cause == cause_of("AccessDeniedException", section=section)


@pytest.mark.parametrize(
    "message",
    [
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    ],
)
def test_a_session_that_is_too_long_has_one_cause(message: str) -> None:
    """Whichever limit it is that AWS names; what else can be wrong with a request has AWS's code, too."""
    (failures,) = by_cause([FailureGroup(Section.ROLE, "ValidationError", count=3, message=message)])
    assert "--session-duration" in failures.cause.meaning
    assert "MaxSessionDuration" in failures.cause.cure
    for section, said in ((Section.ROLE, "roleSessionName is odd"), (Section.USERS, message)):
        assert cause_of("Other", section=section) == cause_of("ValidationError", section=section, message=said)


@pytest.mark.parametrize("code", ["Throttling", "TooManyRequestsException", "ServiceUnavailable", "InternalFailure"])
def test_codes_of_a_kind_have_one_cause(code: str) -> None:
    """Throttles and faults of AWS have many names, and none of them is to be looked up."""
    assert "resume" in cause_of(code, section=Section.ROLE).cure.lower()


def test_failures_of_one_cause_are_one() -> None:
    """Sections are put together where they have one cause, with three accounts at the most, the most frequent first."""
    groups = [
        FailureGroup(Section.MFA, "AccessDenied", 2, ("a", "b"), "no"),
        FailureGroup(Section.USERS, "Timeout", 3, ("a", "b"), "late"),
        FailureGroup(Section.EVENTS, "Timeout", 4, ("b", "c", "d"), "later"),
        FailureGroup(Section.KEYS, "AccessDenied", 1, ("e",), "no"),
    ]
    assert [("Timeout", 7, ("a", "b", "c")), ("AccessDenied", 2, ("a", "b")), ("AccessDenied", 1, ("e",))] == [
        (found.code, found.count, found.examples) for found in by_cause(groups)
    ]

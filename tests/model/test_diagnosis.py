"""What an examination comes to: the worst of what was found, and the exit code that an audit would have."""

import pytest

from auditor.model.diagnosis import Checked, Diagnosis, Finding, Outcome


def checked(*outcomes: Outcome, ends_audit: bool = False) -> Checked:
    """A check with findings of these outcomes."""
    findings = tuple(Finding(outcome=outcome, found="something") for outcome in outcomes)
    return Checked(name="one", findings=findings, ends_audit=ends_audit)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ((), Outcome.OK),
        ((Outcome.OK, Outcome.SKIPPED), Outcome.SKIPPED),
        ((Outcome.WARNING, Outcome.SKIPPED), Outcome.WARNING),
        ((Outcome.FAILED, Outcome.OK), Outcome.FAILED),
        ((Outcome.FAILED, Outcome.CRASHED), Outcome.CRASHED),
    ],
)
def test_a_check_is_as_good_as_the_worst_that_it_found(outcomes: tuple[Outcome, ...], expected: Outcome) -> None:
    """What could not be tried is no fault, but it is not all well."""
    assert expected is checked(*outcomes).outcome
    assert expected is Diagnosis(checks=(checked(), checked(*outcomes))).outcome


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [(Outcome.OK, 0), (Outcome.SKIPPED, 0), (Outcome.WARNING, 0), (Outcome.FAILED, 3), (Outcome.CRASHED, 3)],
)
def test_the_exit_code_is_that_of_an_audit(outcome: Outcome, expected: int) -> None:
    """What would not be read makes an audit incomplete."""
    assert expected == Diagnosis(checks=(checked(Outcome.OK), checked(outcome))).exit_code


def test_where_an_audit_would_end_the_exit_code_is_1() -> None:
    """Whatever else was found."""
    assert 1 == Diagnosis(checks=(checked(Outcome.FAILED, ends_audit=True), checked(Outcome.CRASHED))).exit_code

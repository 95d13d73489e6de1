"""From a sample to all accounts: what is exact stays so, and what is not gets its margin."""

import pytest

from auditor import AuditConfig
from auditor.model.plan import AccountSize, Range, Sampled, exactly
from auditor.run.extrapolation import Population, calls_of_all, roles_of, users_of
from tests.fakes import account

CONFIG = AuditConfig(role="Audit")


def sampled(*users: int | None) -> list[Sampled]:
    """Accounts of a sample with so many users; None refuses the role."""
    return [
        Sampled(account(), None, entered=False, code="AccessDenied")
        if number is None
        else Sampled(account(), AccountSize(number))
        for number in users
    ]


def test_a_sample_of_all_is_exact() -> None:
    """Nobody is left of whom something is not known; who refuses the role has no users to be asked about."""
    population = Population(4, 0, sampled(3, 0, 5, None))
    assert exactly(8) == users_of(population)
    calls = calls_of_all(population, CONFIG)
    assert (exactly(8), exactly(3)) == (calls["iam:ListAccessKeys"], calls["iam:GetAccountSummary"])


def test_a_sample_of_some_has_margins() -> None:
    """The mean is what is likely, refusals among them; the margin grows with what differs in the sample."""
    alike, unlike = Population(100, 0, sampled(*[5] * 10)), Population(100, 0, sampled(*[0, 10] * 5))
    assert (500, 500) == (users_of(alike).likely, users_of(unlike).likely)
    assert users_of(unlike).least < users_of(alike).least < 500 < users_of(alike).most < users_of(unlike).most
    half = Population(100, 0, sampled(*[5, None] * 5))
    assert 25 + 45 * 5 == users_of(half).likely
    assert 0 < calls_of_all(half, CONFIG)["iam:GetAccountSummary"].least < 50


def test_a_sample_that_tells_nothing_leaves_all_open() -> None:
    """An account that was entered may have as many users as IAM allows."""
    silent = [Sampled(account(), None, code="AccessDenied")]
    assert Range(0, 10, 5000) == users_of(Population(1, 0, silent))
    assert 5000 == calls_of_all(Population(1, 0, silent), CONFIG)["iam:ListAccessKeys"].most


def test_a_sample_that_was_refused_leaves_the_others_open() -> None:
    """None is likely to let the caller in, and some may."""
    population = Population(1000, 0, sampled(*[None] * 20))
    assert (0, 0) == users_of(population)[:2]
    assert users_of(population).most > 0


@pytest.mark.parametrize(("roles", "own", "expected"), [("A", 0, exactly(10)), (("A", "B"), 1, Range(9, 9, 18))])
def test_roles_are_tried_in_each_account_but_the_callers_own(
    roles: str | tuple[str, ...], own: int, expected: Range
) -> None:
    """One is exact; of several each may be denied but the last."""
    assert expected == roles_of(Population(10, own, []), AuditConfig(role=roles))


def test_an_organization_without_accounts_to_enter_costs_nothing() -> None:
    """All may be suspended."""
    population = Population(0, 0, [])
    assert exactly(0) == users_of(population)
    assert {} == calls_of_all(population, CONFIG)

"""The organization as the demo shows it."""

from datetime import timedelta

from auditor.demo import Scenario, build_organization
from auditor.demo.command import demonstration
from tests.fakes import NOON


def test_dates_are_the_same_all_day() -> None:
    """What was made when does not depend on the hour in which the demo is run."""
    scenario = Scenario(accounts=6, users=3, largest_account=9)
    first, second = (
        build_organization(demonstration(scenario, now=NOON + timedelta(hours=hours))) for hours in (0, 11)
    )
    assert [first.facts(account) for account in first.accounts] == [
        second.facts(account) for account in second.accounts
    ]


def test_a_small_organization_is_shown_too() -> None:
    """Where the account that refuses something is not there, nothing is refused."""
    assert {} == dict(demonstration(Scenario(accounts=2), now=NOON).denied_actions)

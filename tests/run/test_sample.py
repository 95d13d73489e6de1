"""The sample: the caller's own account, and a few of each unit."""

from dataclasses import replace

import pytest

from auditor.model.facts import Account, AccountId, AccountState
from auditor.run.sample import sample_of_units
from tests.fakes import account

OWN = AccountId("111111111111")


def accounts(number: int, *, unit: str = "", first: int = 200) -> list[Account]:
    """Accounts of one unit; without one, of a place that nobody knows."""
    found = [account(f"{first + place:012}") for place in range(number)]
    return [replace(each, paths=(f"o-1/r-1/{unit}/{each.id}",)) for each in found] if unit else found


def test_units_take_turns() -> None:
    """Each has one before any has two, and small ones do not hold up large ones."""
    large, small = accounts(50, unit="ou-large"), accounts(1, unit="ou-small", first=900)
    sample = sample_of_units([*large, *small], own=OWN, most=5)
    assert 2 == sample.units
    assert small[0] in sample.accounts
    assert 5 == len(sample.accounts)
    assert large[0] in sample.accounts


def test_of_more_units_than_there_is_room_for_some_are_taken() -> None:
    """From the first to the last."""
    units = [accounts(2, unit=f"ou-{number}", first=1000 * number) for number in range(1, 31)]
    sample = sample_of_units([each for unit in units for each in unit], own=OWN, most=10)
    assert (10, 10) == (len(sample.accounts), sample.units)
    assert {units[0][0], units[-1][0]} <= set(sample.accounts)


def test_without_units_the_sample_is_spread_over_the_list() -> None:
    """The first and the last are in it."""
    listed = accounts(100)
    sample = sample_of_units(listed, own=OWN, most=10)
    assert (10, 0) == (len(sample.accounts), sample.units)
    assert (listed[0], listed[-1]) == (sample.accounts[0], sample.accounts[-1])


def test_the_caller_s_own_account_is_in_the_sample() -> None:
    """It is read with other credentials than the rest."""
    own = account(OWN)
    sample = sample_of_units([*accounts(100), own], own=OWN, most=10)
    assert own == sample.accounts[0]
    assert 10 == len(sample.accounts)


@pytest.mark.parametrize("state", [AccountState.SUSPENDED, AccountState.CLOSED, AccountState.PENDING_ACTIVATION, None])
def test_what_can_t_be_audited_is_not_in_the_sample(state: AccountState | None) -> None:
    """An audit would not enter it."""
    shut = account("999999999999", state)
    assert (account(),) == sample_of_units([shut, account()], own=OWN).accounts

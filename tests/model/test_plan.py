"""A plan knows where a first audit had best begin."""

from dataclasses import replace

from auditor.model.facts import Account, AccountState
from auditor.model.plan import Bound, Forecast, Plan, exactly
from tests.fakes import account
from tests.samples import CALLER


def plan(*accounts: Account) -> Plan:
    """A plan for these accounts."""
    return Plan(
        caller=CALLER,
        accounts=accounts,
        auditable=len(accounts),
        excluded=0,
        sample=(),
        users=exactly(0),
        forecast=Forecast(calls={}, seconds=0.0, bound=Bound.LISTING),
        alternatives=(),
        seconds=0.0,
    )


def placed(number: int, *units: str, state: AccountState = AccountState.ACTIVE) -> Account:
    """An account in these units, from the outermost in."""
    path = "/".join(("o-1", "r-1", *units, f"{number:012}", ""))
    return replace(account(f"{number:012}", state), paths=(path,))


def test_the_unit_with_fewest_accounts_is_the_one_to_begin_with() -> None:
    """Those of units in it count, and those that can't be entered do not."""
    accounts = (
        placed(1, "ou-large"),
        placed(2, "ou-large", "ou-inner"),
        placed(3, "ou-large", "ou-inner"),
        placed(4, "ou-outer", "ou-small"),
        placed(5, "ou-outer"),
        placed(6, "ou-closed", state=AccountState.CLOSED),
    )
    assert "ou-small" == plan(*accounts).pilot


def test_without_units_nobody_knows_where_to_begin() -> None:
    """Accounts of the root are in none, and of others nothing is known."""
    assert "" == plan(placed(1), account("000000000002")).pilot

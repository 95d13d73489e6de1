"""Whether the accounts are listed, and which of them are the sample."""

import json
from contextlib import AsyncExitStack
from typing import Any

import pytest

from auditor.config import AuditConfig
from auditor.demo import Scenario
from auditor.errors import ConfigurationError
from auditor.model.diagnosis import Checked, Fault, Outcome
from auditor.model.facts import AccountId
from auditor.model.filters import ALL_ACCOUNTS, AccountFilters
from auditor.model.scopes import UserScope
from auditor.run.checks.check import Setup
from auditor.run.checks.organization import Organization, check_accounts
from auditor.run.doctor import examine
from tests.fakes import NOON, FakeClients, FakeService, gateway, limits, refusal
from tests.organizations import served

OWN = AccountId("111111111111")
DENIED = "AccessDeniedException"


async def accounts_check(filters: AccountFilters, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> Checked:
    """What the check of accounts finds with these filters."""
    async with served(scenario, monkeypatch) as server:
        config = AuditConfig(role=server.organization.scenario.role_name, filters=filters)
        diagnosis = await examine(config)
    return next(checked for checked in diagnosis.checks if checked.name == "accounts")


@pytest.mark.anyio
async def test_the_sample_is_of_those_that_the_filters_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else is entered."""
    scenario = Scenario(accounts=12, users=1, largest_account=2)
    (finding,) = (await accounts_check(AccountFilters(account_names=("plataforma",)), scenario, monkeypatch)).findings
    assert Outcome.OK is finding.outcome
    assert finding.found.startswith(
        "1 of 12 accounts are left by the filters, listed from the management account; the sample is 1 account"
    )


@pytest.mark.anyio
@pytest.mark.parametrize("unlisted", [{"no_organization": True}, {"hub": True}], ids=str)
async def test_accounts_that_are_named_by_id_need_not_be_listed(
    unlisted: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are the sample, without an organization too."""
    scenario = Scenario(accounts=4, users=1, largest_account=2, **unlisted)  # type: ignore[arg-type]  # switches
    async with served(scenario, monkeypatch) as server:
        named = tuple(each.id for each in server.organization.accounts[2:])
        diagnosis = await examine(
            AuditConfig(role=scenario.role_name, filters=AccountFilters(accounts=named), users=UserScope.WITH_KEYS)
        )
    assert 0 == diagnosis.exit_code
    found = {checked.name: checked.findings[-1].found for checked in diagnosis.checks}
    assert found["accounts"].startswith("2 accounts of --account, tried without a list; the sample is 2 accounts")
    assert f"2 entered with {scenario.role_name}" == found["role"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("delegated", "where"), [(False, "the management account"), (True, "a delegated administrator's account")]
)
async def test_it_is_said_from_where_the_accounts_are_listed(
    *, delegated: bool, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member that may list is a delegated administrator."""
    scenario = Scenario(accounts=3, users=1, largest_account=2, delegated_administrator=delegated)
    (finding,) = (await accounts_check(ALL_ACCOUNTS, scenario, monkeypatch)).findings
    assert finding.found.startswith(f"3 accounts listed from {where}; ")


@pytest.mark.anyio
async def test_an_account_without_an_id_is_told_and_the_others_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An audit goes on with the others, too, and is not complete."""
    scenario = Scenario(accounts=30, users=1, largest_account=2, odd_items=True)
    odd, listed = (await accounts_check(ALL_ACCOUNTS, scenario, monkeypatch)).findings
    assert (Outcome.FAILED, "InvalidResponse") == (odd.outcome, odd.code)
    assert odd.found.endswith("can't be entered: AWS does not say which")
    assert listed.found.startswith("30 accounts listed from ")


@pytest.mark.anyio
async def test_a_list_of_nobody_is_no_organization() -> None:
    """Its management account at least is in it."""
    organizations = FakeService("organizations", list_accounts={"Accounts": []})
    there = gateway(FakeClients(organizations=organizations))
    async with AsyncExitStack() as stack:
        setup = Setup(config=AuditConfig(role="R"), limits=limits(), stack=stack, now=lambda: NOON)
        result = await check_accounts(setup, there, there.lister, Organization("o-1", "1" * 12))
    assert result.value is None
    assert ["AWS lists no account, and no error"] == [finding.found for finding in result.findings]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("filters", "refused", "found"),
    [
        ({"ous": ("Root/Prod",)}, "list_roots", "The OUs, which the filters need, are not listed"),
        (
            {"excluded_tags": ("Env=dev",)},
            "list_tags_for_resource",
            "The tags of the accounts, which the filters need, are not listed",
        ),
    ],
)
async def test_the_cure_allows_what_the_filters_rest_on(filters: dict[str, Any], refused: str, found: str) -> None:
    """Whoever may list the accounts lacks no right to do so."""
    listed: Any = {"list_accounts": {"Accounts": [{"Id": "222222222222", "State": "ACTIVE"}]}}
    there = gateway(FakeClients(organizations=FakeService("organizations", **listed, **{refused: refusal(DENIED)})))
    async with AsyncExitStack() as stack:
        config = AuditConfig(role="R", filters=AccountFilters(**filters))
        setup = Setup(config=config, limits=limits(), stack=stack, now=lambda: NOON)
        result = await check_accounts(setup, there, there.lister, Organization("o-1", OWN))
    (finding,) = result.findings
    assert (f"{found}: {DENIED}", Fault.LISTING_DENIED) == (finding.found, finding.fault)
    (statement,) = json.loads(finding.cure.partition("this policy: ")[2])["Statement"]
    assert {"organizations:ListAccounts", action_of(refused)} <= set(statement["Action"])


def action_of(operation: str) -> str:
    """The action of Organizations that allows it."""
    return f"organizations:{operation.title().replace('_', '')}"


@pytest.mark.anyio
async def test_filters_that_leave_nothing_are_wrong_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for an audit."""
    scenario = Scenario(accounts=3, users=1, largest_account=2)
    with pytest.raises(ConfigurationError, match="no account of this organization is called"):
        await accounts_check(AccountFilters(account_names=("nobody",)), scenario, monkeypatch)

"""Plans of whole audits, held against the audits: the calls that are made, the time that they take."""

from collections import Counter
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import anyio
import pytest

from auditor import AuditConfig, EventScope, Freshness, UserScope, run_audit
from auditor.demo import LocalServer, Scenario
from auditor.model.filters import AccountFilters
from auditor.model.plan import Bound, Plan, Range
from auditor.run.plan import plan_audit
from tests.fakes import JUMPING
from tests.organizations import served

pytestmark = [pytest.mark.anyio, pytest.mark.long]

SCENARIO = Scenario(accounts=30, users=5, largest_account=60, latency=0.03, denied_every=4)
"""Every fourth account refuses the role, and so does the one whose users vanish meanwhile, at a price of their own."""
WAYS = [
    {"freshness": freshness, "users": users, "events": events}
    for freshness, users, events in product(Freshness, UserScope, EventScope)
]
CLOSE = 0.25


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates take no time."""
    return JUMPING


@dataclass(frozen=True)
class Held:
    """A plan, and what the audit that was planned came to."""

    plan: Plan
    calls: Counter[str]
    """What the audit asked, by action without its service."""
    seconds: float


async def held(scenario: Scenario, monkeypatch: pytest.MonkeyPatch, *, sample: int = 100, **settings: Any) -> Held:
    """The plan of an audit, and the audit, each of an organization that nobody has asked anything."""
    config = AuditConfig(role=scenario.role_name, **settings)
    async with served(scenario, monkeypatch, timer=anyio.current_time):
        plan = await plan_audit(config, sample=sample)
    async with served(scenario, monkeypatch, timer=anyio.current_time) as server:
        began = anyio.current_time()
        await run_audit(config)
        return Held(plan, calls_of(server), anyio.current_time() - began)


def calls_of(server: LocalServer) -> Counter[str]:
    """How often each action was asked."""
    calls = Counter[str]()
    for (_, action, _), count in server.counts.items():
        calls[action] += count
    return calls


def planned(plan: Plan) -> dict[str, Range]:
    """The calls of the plan, by action without its service."""
    return {action.partition(":")[2]: number for action, number in plan.forecast.calls.items()}


def unmet(found: Held) -> dict[str, tuple[Range | None, int]]:
    """What was asked more or less often than planned, or not planned at all."""
    ranges = planned(found.plan)
    return {
        action: (ranges.get(action), found.calls[action])
        for action in ranges.keys() | found.calls.keys()
        if action not in ranges or not ranges[action].least <= found.calls[action] <= ranges[action].most
    }


@pytest.mark.parametrize("settings", WAYS, ids=lambda way: "-".join(way.values()))
async def test_the_calls_of_an_audit_are_those_of_its_plan(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where every account has told its size, exact numbers are the audit's, and the others lie in their ranges."""
    found = await held(SCENARIO, monkeypatch, **settings)
    assert {} == unmet(found)
    exact = {action for action, number in planned(found.plan).items() if number.exact}
    assert {"GetCallerIdentity", "ListAccounts", "AssumeRole"} <= exact
    live, every = settings["freshness"] is Freshness.LIVE, settings["users"] is UserScope.ALL
    assert ("ListAccessKeys" in exact) == live
    assert ("GetLoginProfile" in exact) == (live and every)
    assert ("GetAccountSummary" in exact) == every
    assert "LookupEvents" not in exact


@pytest.mark.long
@pytest.mark.parametrize("settings", WAYS, ids=lambda way: "-".join(way.values()))
async def test_the_time_of_an_audit_is_that_of_its_plan(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever an audit waits for, it takes a quarter more or less than planned at the most."""
    found = await held(replace(SCENARIO, accounts=40), monkeypatch, concurrency=8, **settings)
    assert abs(found.plan.forecast.seconds - found.seconds) <= CLOSE * found.seconds


@pytest.mark.long
@pytest.mark.parametrize(
    ("scenario", "settings", "bound"),
    [
        (replace(SCENARIO, largest_account=400, accounts=3), {}, Bound.IAM_OF_ACCOUNT),
        (replace(SCENARIO, largest_account=3, accounts=2, events=0), {}, Bound.EVENTS_OF_ACCOUNT),
        (replace(SCENARIO, largest_account=3, accounts=30), {"concurrency": 2}, Bound.EVENTS),
        (replace(SCENARIO, users=60, accounts=14), {"concurrency": 2}, Bound.IAM),
        (replace(SCENARIO, accounts=40, page_size_organizations=1, latency=0.5), {}, Bound.LISTING),
    ],
)
async def test_what_an_audit_depends_on_is_named(
    scenario: Scenario, settings: dict[str, Any], bound: Bound, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan names what bounds the audit, and is close to its time in each case."""
    found = await held(scenario, monkeypatch, **settings)
    assert bound == found.plan.forecast.bound
    assert abs(found.plan.forecast.seconds - found.seconds) <= CLOSE * found.seconds


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
async def test_the_calls_of_an_audit_lie_in_the_ranges_of_a_sample(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty accounts of eighty tell enough of the others, refusals too."""
    scenario = replace(SCENARIO, accounts=80, seed=seed)
    found = await held(scenario, monkeypatch, sample=20)
    assert {} == unmet(found)
    assert 20 == len(found.plan.sample)
    assert not planned(found.plan)["ListAccessKeys"].exact


async def test_filters_are_kept_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only accounts of the unit are planned, with the calls that it takes to know them."""
    found = await held(SCENARIO, monkeypatch, filters=AccountFilters(ous=("Prod",)))
    assert {} == unmet(found)
    assert found.plan.excluded > 0
    assert {"Root/Prod"} == {"/".join(unit.split("/")[:2]) for unit in found.plan.units}
    assert found.plan.forecast.calls["organizations:ListOrganizationalUnitsForParent"].exact


async def test_several_roles_are_a_range(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each account costs one role at least, and all of them where all but the last deny."""
    scenario = replace(SCENARIO, role_names=("First", "Second"))
    found = await held(replace(scenario, role_name="First"), monkeypatch)
    assert {} == unmet(found)
    config = AuditConfig(role=("First", "Second"))
    async with served(scenario, monkeypatch, timer=anyio.current_time):
        plan = await plan_audit(config)
    async with served(scenario, monkeypatch, timer=anyio.current_time) as server:
        await run_audit(config)
    assert {} == unmet(Held(plan, calls_of(server), 0.0))
    assert not planned(plan)["AssumeRole"].exact


async def test_a_large_organization_is_planned_while_it_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked of the sample adds less than a fifth to the time of listing ten thousand accounts."""
    scenario = replace(SCENARIO, accounts=10_000, largest_account=20)
    async with served(scenario, monkeypatch, timer=anyio.current_time) as server:
        plan = await plan_audit(AuditConfig(role=scenario.role_name))
        calls = calls_of(server)
    assert (1, 99, 10_000) == (calls["GetCallerIdentity"], calls["AssumeRole"], len(plan.accounts))
    assert plan.seconds <= 1.2 * calls["ListAccounts"] / 8
    assert Bound.CPU == plan.forecast.bound


async def test_who_may_not_be_asked_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts that do not tell their summaries make ranges wide; those that refuse the role cost no other call."""
    scenario = replace(SCENARIO, denied_actions={"*": frozenset({"iam:GetAccountSummary"})})
    found = await held(scenario, monkeypatch, users=UserScope.WITH_KEYS)
    assert {} == unmet(found)
    assert {"AccessDenied"} == {each.code for each in found.plan.silent}
    assert (0, True) == (found.plan.sampled, found.plan.users.most >= 5000)


async def test_accounts_that_can_not_be_listed_are_planned_by_their_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has answered but STS where these refuse the role, too: the plan is short, and a number."""
    scenario = replace(SCENARIO, no_organization=True, latency=0.05)
    async with served(scenario, monkeypatch, timer=anyio.current_time) as server:
        refusing = server.organization.accounts[4].id
        plan = await plan_audit(AuditConfig(role="Nobodys", filters=AccountFilters(accounts=(refusing,))))
    assert (1, 1) == (plan.auditable, len(plan.refused))
    assert 0 < plan.forecast.seconds < 1

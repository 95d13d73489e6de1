"""How long an audit takes, and what it depends on."""

from dataclasses import replace

import pytest

from auditor import AuditConfig, Freshness, Rates
from auditor.model.plan import AccountSize, Bound, Sampled
from auditor.run.extrapolation import Population
from auditor.run.forecast import Conditions, forecast_of
from tests.fakes import account

CONFIG = AuditConfig(role="Audit")
CONDITIONS = Conditions(
    begun={"sts:GetCallerIdentity": 1, "organizations:ListAccounts": 1}, near=0.1, sts=0.1, opening=0.5, cores=4
)


def population(number: int, *, users: int = 0) -> Population:
    """So many accounts, all with so many users."""
    return Population(number, 0, [Sampled(account(), AccountSize(users)) for _ in range(min(number, 20))])


@pytest.mark.parametrize(
    ("accounts", "users", "settings", "seconds", "bound"),
    [
        pytest.param(
            1, 0, {}, 0.5 + 0.1 + 0.1 + 4 * 0.5 + 0.1, Bound.EVENTS_OF_ACCOUNT, id="opening, list, role, events"
        ),
        pytest.param(100, 0, {"concurrency": 10}, 0.6 + 10 * 2.2, Bound.EVENTS, id="ten times ten"),
        pytest.param(1, 1000, {"rates": Rates(iam=1)}, 513.0, Bound.IAM_OF_ACCOUNT, id="a rate that grows"),
        pytest.param(1000, 0, {"rates": Rates(sts=1), "concurrency": 999}, 1000.5, Bound.STS, id="roles"),
        pytest.param(9000, 0, {"concurrency": 9000}, 73.4, Bound.CPU, id="cpu"),
    ],
)
def test_the_slowest_of_all_is_the_time(
    accounts: int, users: int, settings: dict[str, object], seconds: float, bound: Bound
) -> None:
    """Whatever is done meanwhile costs nothing."""
    values: dict[str, object] = {"role": "Audit", **settings}
    found = forecast_of(population(accounts, users=users), AuditConfig(**values), conditions=CONDITIONS)  # type: ignore[arg-type]  # settings of several kinds
    assert bound is found.bound
    assert seconds == pytest.approx(found.seconds, rel=0.01)


def test_accounts_are_not_audited_before_they_are_listed() -> None:
    """A list of many pages is what a quick audit waits for; where filters choose, all of it comes first."""
    slow = replace(CONDITIONS, begun={"organizations:ListAccounts": 801})
    config = replace(CONFIG, concurrency=128)
    found = forecast_of(population(801), config, conditions=slow)
    assert Bound.LISTING == found.bound
    assert 0.5 + 0.1 + 100 + 2.2 == pytest.approx(found.seconds, rel=0.01)
    chosen = forecast_of(replace(population(801), filtered=True), config, conditions=slow)
    assert chosen.seconds > found.seconds + 10


def test_near_answers_get_no_more_connections() -> None:
    """The first slots are all there are for them; far ones get as many as they need."""
    crowded = replace(CONDITIONS, near=0.05, slots={"iam": 1, "cloudtrail": 24, "sts": 14})
    far = replace(crowded, near=0.06)
    busy = population(100, users=50)
    assert Bound.CONNECTIONS == forecast_of(busy, CONFIG, conditions=crowded).bound
    assert Bound.CONNECTIONS != forecast_of(busy, CONFIG, conditions=far).bound


def test_processes_share_the_cpu_and_cost_their_start() -> None:
    """More than there are cores help no more."""
    many = AuditConfig(role="Audit", concurrency=9000)
    one, two, eight = (forecast_of(population(9000), many, conditions=CONDITIONS, processes=n) for n in (1, 2, 8))
    assert (one.seconds - 0.5) / 2 == pytest.approx(two.seconds - 2.0, rel=0.01)
    assert (one.seconds - 0.5) / 4 == pytest.approx(eight.seconds - 2.0, rel=0.01)
    assert one.calls["sts:GetCallerIdentity"].exact
    assert not two.calls["sts:GetCallerIdentity"].exact


def test_a_report_saves_a_large_account_most_of_its_time() -> None:
    """Users without keys are not asked for anything then."""
    large = population(1, users=2000)
    report = replace(CONFIG, freshness=Freshness.REPORT)
    live, reported = (forecast_of(large, config, conditions=CONDITIONS) for config in (CONFIG, report))
    assert reported.seconds < live.seconds
    assert reported.requests.likely < live.requests.likely / 2

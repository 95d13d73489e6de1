"""`python -m tests.benchmarks.large`: what grows with the organization, and how the budgets are kept to.

Takes some ten minutes at full size.
"""

import argparse
import sys
from dataclasses import replace

from auditor.demo import Scenario
from tests.benchmarks.measuring import Contender, Measurement, measure
from tests.benchmarks.tables import machine, table

LIVE = Contender(name="live", module="product", function="live", guarded=True)

_EVENTS_RATE, _IAM_RATE = 2.0, 20.0
_SMALL = Scenario(users=5, largest_account=5, latency=0.002, denied_every=None)
_LIMITED = Scenario(
    users=20, largest_account=20, latency=0.03, events_rate=_EVENTS_RATE, iam_rate=_IAM_RATE, denied_every=None
)
_MEMORY = 200
_POOL = 100
_FIRST_FINDING = 3
_GROWTH = 10


def main() -> None:
    """Measure the scenarios that are asked for, and print what each must reach beside it."""
    options = _options()
    rows = [*_growth(options.accounts), *_throttled(options.throttled_accounts), *_one_account(options.largest)]
    sys.stdout.write(f"{machine()}.\n\n{table(('', 'measured', 'must', 'aim'), rows)}\n")


def _growth(accounts: int) -> list[list[str]]:
    if not accounts:
        return []
    small, large = (_measured(LIVE, replace(_SMALL, accounts=number)) for number in (accounts // _GROWTH, accounts))
    memory = large.peak_memory / small.peak_memory
    cpu = large.cpu / (_GROWTH * small.cpu)
    first = large.first_finding or float("inf")
    many = f"{accounts:,} accounts"
    return [
        _line(f"{many}: peak memory (MiB)", large.peak_memory, must=_MEMORY),
        _line(f"{many}: peak memory ÷ that of {accounts // _GROWTH:,}", memory, must=1.2),
        _line(f"{many}: CPU ÷ {_GROWTH} times that of {accounts // _GROWTH:,}", cpu, must=1.15),
        _line(f"{many}: first finding on disk (s after start)", first, must=_FIRST_FINDING),
        _line(f"{many}: connections open at once", large.counts.peak, must=_POOL),
        _line(f"{many}: connections opened", large.counts.opened, must=2 * _POOL),
        _line(f"{many}: calls above the necessary", large.calls - large.facts.necessary_calls, must=0, aim=0),
        _exactness(many, large),
    ]


def _throttled(accounts: int) -> list[list[str]]:
    if not accounts:
        return []
    one = _measured(LIVE, replace(_LIMITED, accounts=accounts))
    name = f"{accounts} accounts with buckets of {_EVENTS_RATE:g}/s and {_IAM_RATE:g}/s"
    return [
        _line(f"{name}: throttled answers (% of calls)", 100 * one.counts.throttled / one.calls, must=1, aim=0.2),
        _exactness(name, one),
    ]


def _one_account(users: int) -> list[list[str]]:
    """The wall of a large account against its busiest API: one ListAccessKeys a user."""
    if not users:
        return []
    one = _measured(LIVE, replace(_LIMITED, accounts=2, users=1, largest_account=users))
    name = f"an account of {users:,} users at {_IAM_RATE:g}/s an API"
    limit = one.facts.most_users / _IAM_RATE
    return [
        _line(f"{name}: wall ÷ calls of the busiest API ÷ rate", one.wall / limit, must=1.1),
        _line(f"{name}: throttled answers (% of calls)", 100 * one.counts.throttled / one.calls, must=1, aim=0.2),
        _exactness(name, one),
    ]


def _measured(contender: Contender, scenario: Scenario) -> Measurement:
    one = measure(contender, scenario)
    first = "none" if one.first_finding is None else f"{one.first_finding:.2f} s"
    sys.stderr.write(
        f"{scenario.accounts:,} accounts, {contender.name}: {one.wall:.1f} s, CPU {one.cpu:.1f} s, {one.calls:,} calls,"
        f" {one.cpu_a_call:.2f} ms a call, {one.peak_memory:.0f} MiB, first finding {first},"
        f" {one.counts.throttled:,} throttled, {one.counts.peak} connections at once of {one.counts.opened}\n"
    )
    return one


def _line(name: str, value: float, *, must: float, aim: float | None = None) -> list[str]:
    verdict = "" if value <= must else " **missed**"
    return [name, f"{value:.3g}{verdict}", f"≤ {must:g}", "" if aim is None else f"≤ {aim:g}"]


def _exactness(name: str, one: Measurement) -> list[str]:
    return [f"{name}: rows", "exact" if one.exact else "**WRONG**", "exact", ""]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.large", description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000, help="and a tenth of it; 0 leaves this out")
    parser.add_argument("--throttled-accounts", type=int, default=200, help="0 leaves this out")
    parser.add_argument("--largest", type=int, default=3_000, help="users of one account; 0 leaves this out")
    return parser.parse_args()


if __name__ == "__main__":
    main()

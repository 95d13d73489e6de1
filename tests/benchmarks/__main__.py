"""`python -m tests.benchmarks`: this product beside the ways people write it now, as a table.

With `--write` the first table and the last go into the README beside this file, too.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from auditor.demo import Scenario
from tests.benchmarks.measuring import Contender, Measurement, best_of
from tests.benchmarks.tables import machine, table

README = Path(__file__).with_name("README.md")
MARKED = re.compile(r"(?<=<!-- benchmark -->\n).*?(?=<!-- /benchmark -->)", re.DOTALL)
COLUMNS = (
    "",
    "wall (s)",
    "÷ live",
    "CPU (s)",
    "calls",
    "CPU a call (ms)",
    "÷ floor",
    "connections opened",
    "at once",
    "peak (MiB)",
    "throttled",
    "rows",
)
_POOL = 100
"""Connections of the product's pool, where AWS is near."""
_NEAR = Scenario(accounts=200, users=12, largest_account=12, latency=0.03, denied_every=None)
_FAR = {0.15: 1.15, 0.25: 1.3}
"""Seconds before each answer, and how many times as long as near by the audit may take there."""
LIVE = Contender(name="**auditor, live**", module="product", function="live", guarded=True)
ALL = Contender(
    name="**auditor, live, all users, root and service credentials**",
    module="product",
    function="all_users",
    guarded=True,
)
COMMAND = Contender(
    name="**auditor audit, all users, root and service credentials (whole command)**",
    module="product",
    function="command",
    guarded=True,
)
FLOOR = Contender(name="floor: the same calls, bare aiohttp", module="floor", function="bare")
THREADS = Contender(name="boto3, 32 threads", module="blocking", function="threads")
CLIENTS = Contender(name="aioboto3, a client an account", module="client_per_account", function="gathered")
REPORT = Contender(name="**auditor, report**", module="product", function="report", guarded=True)


def contenders(*, sample: int) -> list[Contender]:
    """All of them."""
    unlimited = Contender(
        name="auditor, live, no budgets", module="product", function="live_without_budgets", guarded=True
    )
    processes = Contender(
        name="auditor, live, two processes (whole command)", module="product", function="two_processes", guarded=True
    )
    sequential = Contender(
        name=f"boto3, sequential ({sample} accounts, scaled)", module="blocking", function="sequential", sample=sample
    )
    return [LIVE, ALL, unlimited, REPORT, processes, FLOOR, CLIENTS, THREADS, sequential]


def main() -> None:
    """Measure, print, and write where that is asked for."""
    options = _options()
    scenario = Scenario(
        accounts=options.accounts,
        users=options.users,
        largest_account=options.users,
        latency=options.latency,
        denied_every=None,
    )
    load = os.getloadavg()[0]
    measured = [_measured(contender, scenario, options.rounds) for contender in contenders(sample=options.sample)]
    text = page(measured, scenario, loads=(load, os.getloadavg()[0]))
    far = distances(options.rounds)
    sys.stdout.write(f"\n{text}\n{ratios(measured)}\n\n{far}\n")
    if options.write:
        before = README.read_text(encoding="utf-8")
        README.write_text(MARKED.sub(lambda _: f"{text}\n{far}\n", before), encoding="utf-8")


def page(measured: list[Measurement], scenario: Scenario, *, loads: tuple[float, float]) -> str:
    """What the README shows."""
    live, floor = _of(measured, LIVE), _of(measured, FLOOR)
    about = (
        f"{scenario.accounts} accounts with {scenario.users} users on average, {scenario.latency * 1000:g} ms before "
        f"each answer; measured on {datetime.now(UTC):%Y-%m-%d}.\n{machine()}. "
        f"The machine's load was {loads[0]:.1f} before the run and {loads[1]:.1f} after it."
    )
    return f"{about}\n\n{table(COLUMNS, (_cells(one, live=live, floor=floor) for one in measured))}\n"


def ratios(measured: list[Measurement]) -> str:
    """The ratios that the product is held to, beside what it must and what it should reach."""
    live, floor, threads = _of(measured, LIVE), _of(measured, FLOOR), _of(measured, THREADS)
    clients, sequential = _of(measured, CLIENTS), measured[-1]
    surplus = live.calls - live.facts.necessary_calls
    rows = [
        _ratio("live, wall ÷ 32 boto3 threads", live.wall / threads.wall, must=0.30, aim=0.17),
        _ratio("live, wall ÷ a client an account", live.wall / clients.wall, must=0.42, aim=0.20),
        _ratio("live, wall ÷ sequential", live.wall / sequential.wall, must=1 / 28, aim=1 / 60),
        _ratio("live, CPU a call ÷ floor", live.cpu_a_call / floor.cpu_a_call, must=5, aim=2.5),
        _ratio("live, calls above the necessary", surplus, must=0, aim=0),
        _ratio("live, connections at once", live.counts.peak, must=_POOL, aim=_POOL),
        _ratio("live, connections opened", live.counts.opened, must=2 * _POOL, aim=2 * _POOL),
    ]
    reports = [one for one in measured if one.contender == REPORT]
    rows += [_ratio("report, wall ÷ 32 boto3 threads", one.wall / threads.wall, must=0.13, aim=0.08) for one in reports]
    return table(("", "measured", "must", "aim"), rows)


def distances(rounds: int) -> str:
    """The command where AWS is near and where it is far, one after the other in each round."""
    latencies = [_NEAR.latency, *_FAR]
    runs = [
        {latency: _measured(COMMAND, replace(_NEAR, latency=latency), 1) for latency in latencies}
        for _ in range(rounds)
    ]
    best = {latency: min((one[latency] for one in runs), key=lambda run: run.wall) for latency in latencies}
    near = best[_NEAR.latency]
    rows = [
        _ratio("30 ms, connections at once", near.counts.peak, must=_POOL, aim=_POOL),
        _ratio("30 ms, connections opened", near.counts.opened, must=2 * _POOL, aim=2 * _POOL),
    ]
    for latency, must in _FAR.items():
        name, far = f"{1000 * latency:g} ms", best[latency]
        rows.append(_ratio(f"{name}, wall ÷ that at 30 ms", far.wall / near.wall, must=must, aim=must))
        rows.append([f"{name}, connections at once", f"{far.counts.peak}", "two thirds of the open files", ""])
    about = f"{_NEAR.accounts} accounts with {_NEAR.users} users on average; {near.wall:.1f} s at 30 ms."
    return f"{about}\n\n{table(('', 'measured', 'must', 'aim'), rows)}"


def _measured(contender: Contender, scenario: Scenario, rounds: int) -> Measurement:
    measurement = best_of(contender, scenario, rounds=rounds)
    sys.stderr.write(f"{contender.name}: {measurement.wall:.2f} s, CPU {measurement.cpu:.2f} s\n")
    return measurement


def _of(measured: Iterable[Measurement], contender: Contender) -> Measurement:
    return next(one for one in measured if one.contender == contender)


def _cells(one: Measurement, *, live: Measurement, floor: Measurement) -> list[str]:
    rows = {True: "exact", False: "**WRONG**", None: "a part"}
    return [
        one.contender.name,
        f"{one.wall:.1f}",
        f"{one.wall / live.wall:.2f}",
        f"{one.cpu:.1f}",
        f"{one.calls:,}",
        f"{one.cpu_a_call:.2f}",
        f"{one.cpu_a_call / floor.cpu_a_call:.1f}",
        f"{one.counts.opened:,}",
        f"{one.counts.peak:,}",
        f"{one.peak_memory:.0f}",
        f"{one.counts.throttled:,}",
        rows[one.exact],
    ]


def _ratio(name: str, value: float, *, must: float, aim: float) -> list[str]:
    show: Callable[[float], str] = "{:.3g}".format
    verdict = "" if value <= must else " **missed**"
    return [name, show(value) + verdict, f"≤ {show(must)}", f"≤ {show(aim)}"]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--users", type=int, default=20, help="mean number of users in an account")
    parser.add_argument("--latency", type=float, default=0.03, help="seconds before each answer")
    parser.add_argument("--sample", type=int, default=6, help="accounts of the sequential contender")
    parser.add_argument("--rounds", type=int, default=2, help="runs of each contender, the quickest counts")
    parser.add_argument("--write", action="store_true", help="put the table into the README")
    return parser.parse_args()


if __name__ == "__main__":
    main()

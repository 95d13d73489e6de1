"""One contender against one fresh organization, each in a process of its own, and what that came to."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from auditor.demo import Scenario
from tests.benchmarks.organization import Counts, Facts, served_elsewhere
from tests.benchmarks.rows import digest_of_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way to audit the organization."""

    name: str
    module: str
    function: str
    guarded: bool = False
    """Whether its files are guarded against spreadsheets, as the product's are."""
    sample: int | None = None
    """Audits so many accounts only, and what it takes is scaled to all calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one run took."""

    contender: Contender
    facts: Facts
    counts: Counts
    wall: float
    """Seconds, imports not counted."""
    cpu: float
    """Seconds, user and system."""
    peak_memory: float
    """MiB of the largest process."""
    first_finding: float | None
    """Seconds from the start of the process, imports counted, to the first finding on disk."""
    exact: bool | None
    """Whether the rows are the truth; None where only some accounts were audited."""
    calls: int

    @property
    def cpu_a_call(self) -> float:
        """Milliseconds."""
        return 1000 * self.cpu / self.calls


def measure(contender: Contender, scenario: Scenario) -> Measurement:
    """Run the contender once."""
    with tempfile.TemporaryDirectory() as directory, served_elsewhere(scenario) as organization:
        facts = organization.facts
        task = {"role": facts.role, "directory": directory, "sample": contender.sample, "epoch": time.time()}
        command = [sys.executable, "-m", "tests.benchmarks.contender", contender.module, contender.function]
        done = subprocess.run(
            [*command, json.dumps(task)], env=facts.environment, check=True, stdout=subprocess.PIPE, encoding="utf-8"
        )
        counts = organization.counts()
        took = json.loads(done.stdout)
        measurement = Measurement(
            contender=contender,
            facts=facts,
            counts=counts,
            wall=took["wall"],
            cpu=took["cpu"],
            peak_memory=took["peak_memory"],
            first_finding=took["first_finding"],
            exact=None if contender.sample else _exact(Path(directory), facts, guarded=contender.guarded),
            calls=counts.calls,
        )
    return _scaled(measurement) if contender.sample else measurement


def best_of(contender: Contender, scenario: Scenario, *, rounds: int) -> Measurement:
    """The quickest of some runs; one where the contender is scaled up, which says enough about its accuracy."""
    runs = [measure(contender, scenario) for _ in range(1 if contender.sample else rounds)]
    return min(runs, key=lambda run: run.wall)


def _exact(directory: Path, facts: Facts, *, guarded: bool) -> bool:
    findings = digest_of_file(directory, "iam_audit_report_*.csv", guarded=guarded, gone=facts.vanished)
    events = digest_of_file(directory, "cloudtrail_events_*.csv", guarded=guarded)
    return (findings, events) == (facts.findings, facts.events)


def _scaled(part: Measurement) -> Measurement:
    """What all accounts would take: as much more as there are calls for all of them."""
    whole = part.facts.calls_for_all_users
    factor = whole / part.calls
    return replace(part, wall=part.wall * factor, cpu=part.cpu * factor, calls=whole)

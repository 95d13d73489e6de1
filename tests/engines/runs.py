"""What the tests of engines share: an organization, an audit of it, and what it must come to."""

import multiprocessing
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

from auditor import AccountFinished, AuditConfig, AuditSummary, ProgressEvent, Rates
from auditor.demo import LocalServer, Scenario
from tests.expectations import as_set, joined, truth_of

SCENARIO = Scenario(accounts=20, users=2, largest_account=6, latency=0.005)
CONFIG = AuditConfig(role=SCENARIO.role_name, rates=Rates(iam=1000, events=1000, organizations=1000), concurrency=4)


class AtReport:
    """An observer that does something once: when an account that was asked anything is finished, and it can be done."""

    def __init__(self, act: Callable[[], bool]) -> None:
        self.done = False
        self._act = act

    def __call__(self, event: ProgressEvent) -> None:
        """Act where it is time to."""
        if not self.done and isinstance(event, AccountFinished) and event.report.requests:
            self.done = self._act()


def kill_a_child() -> bool:
    """Kill a worker process, as the system does when memory runs out; whether there was one."""
    children = multiprocessing.active_children()
    for child in children[:1]:
        kill(child)
    return bool(children)


def kill(process: BaseProcess) -> None:
    """End a process as nobody can keep it from: loky's own can't be told to."""
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)


def assert_exact(summary: AuditSummary, server: LocalServer) -> None:
    """Rows and accounts are those of the truth, each once, and only what refuses the role is missing."""
    expected = truth_of(server, summary)
    assert as_set(expected.findings) == as_set(summary.findings)
    assert as_set(expected.events) == as_set(joined(summary.events))
    assert set(expected.denied_accounts) == {report.account.id for report in summary.reports if report.failures}
    assert_each_once(summary, server)


def assert_each_once(summary: AuditSummary, server: LocalServer) -> None:
    """Every account is reported, and none twice."""
    listed = Counter(account.id for account in server.organization.accounts)
    assert listed == Counter(report.account.id for report in summary.reports)


def codes_of(summary: AuditSummary) -> Counter[str]:
    """How many accounts failed with which code."""
    return Counter(failure.code for report in summary.reports for failure in report.failures)


def take_environment(variables: Mapping[str, str]) -> None:
    """Give a worker process an environment of its own."""
    os.environ.update(variables)


def names_in(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def look_first_in(folder: str) -> None:
    """Have a worker look for modules, and what is said of packages, in this folder first."""
    sys.path.insert(0, folder)


def lose_the_package() -> None:
    """Make a worker one where nobody installed the package."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "auditor"]:
        del sys.modules[name]
    sys.modules["auditor"] = None  # type: ignore[assignment]  # so that it can't be imported


def other_version(folder: Path) -> None:
    """What an installed package of version 0.0.9 says of itself, in this folder."""
    about = folder / "auditor-0.0.9.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: auditor\nVersion: 0.0.9\n", encoding="utf-8")

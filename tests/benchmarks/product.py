"""This product: its library with the CSV writer, and its command where a row is about an option of that.

But for one row it asks what the others ask: of users with an access key.
"""

import subprocess
import sys
import time

import anyio

from auditor import AccountReport, AuditConfig, Freshness, Rates, UserScope, open_csv_writer, run_audit
from tests.benchmarks.task import Task, Told

_UNLIMITED = 1e6


def live(task: Task) -> Told:
    """With default budgets."""
    return _run(task, AuditConfig(role=task.role, users=UserScope.WITH_KEYS))


def all_users(task: Task) -> Told:
    """As it comes: all users, root and service credentials, which nobody else asks for."""
    return _run(task, AuditConfig(role=task.role))


def live_without_budgets(task: Task) -> Told:
    """With budgets that never make it wait."""
    rates = Rates(iam=_UNLIMITED, events=_UNLIMITED, organizations=_UNLIMITED, sts=_UNLIMITED)
    return _run(task, AuditConfig(role=task.role, users=UserScope.WITH_KEYS, rates=rates))


def report(task: Task) -> Told:
    """With facts of the credential report."""
    return _run(task, AuditConfig(role=task.role, users=UserScope.WITH_KEYS, freshness=Freshness.REPORT))


def command(task: Task) -> Told:
    """The command as it comes: all users, root and service credentials."""
    return _run_command(task)


def two_processes(task: Task) -> Told:
    """The command with two processes."""
    return _run_command(task, "--users", "with-keys", "--processes", "2")


def _run_command(task: Task, *options: str) -> Told:
    files = ["--output-dir", str(task.directory), "--quiet"]
    subprocess.run([sys.executable, "-m", "auditor", "audit", "--role", task.role, *options, *files], check=True)
    return Told()


class _FirstFinding:
    """Notes when the writer before it has put the first finding into its file."""

    def __init__(self, *, epoch: float) -> None:
        self._epoch = epoch
        self.seconds: float | None = None

    async def write(self, report: AccountReport) -> None:
        """Look at the clock at the first report with a finding."""
        if self.seconds is None and any(report.findings()):
            self.seconds = time.time() - self._epoch


def _run(task: Task, config: AuditConfig) -> Told:
    return anyio.run(_audit, task, config, backend="asyncio")


async def _audit(task: Task, config: AuditConfig) -> Told:
    first = _FirstFinding(epoch=task.epoch)
    async with open_csv_writer(task.directory, labels=config.labels) as csv:
        await run_audit(config, writers=[csv, first])
    return Told(first_finding=first.seconds)

"""`kill -9` at random moments of real `auditor audit` processes, which are then gone on with."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread
from anyio.abc import Process

from auditor.concurrency.tasks import fan_out
from auditor.demo import FaultMix, Scenario, Truth, UsersTruth, build_organization, truth, users_truth
from tests.benchmarks.organization import served_elsewhere
from tests.chaos.comparison import compare
from tests.chaos.files import Tables, read_tables
from tests.chaos.resuming import clear, has_accounts, journal_in
from tests.chaos.verdict import Kind, Verdict

_FAULTS = FaultMix(internal_error=0.01, reset=0.01, truncated=0.01, throttled=0.01)
_AT_ONCE = 3
_INCOMPLETE = 3
_EARLIEST = 0.3
_LONGEST = 600
_ROOT = Path(__file__).parents[2]


class Victim(StrEnum):
    """Which processes are killed."""

    ONE = "kill -9 of an audit"
    ALL = "kill -9 of an audit in three processes, all of them"
    FIRST = "kill -9 of an audit in three processes, the first one"

    @property
    def options(self) -> list[str]:
        """What the command is told."""
        return [] if self is Victim.ONE else ["--processes", "2"]


@dataclass(frozen=True, slots=True)
class KillTrial:
    """One audit that is killed at these parts of the time that it takes, and then gone on with to its end."""

    number: int
    victim: Victim
    moments: tuple[float, ...]
    at_once: bool = False
    """Whether it is killed before all of them too, as soon as it has a journal."""


@dataclass(slots=True)
class KillOutcome:
    """What became of it."""

    trial: KillTrial
    kills: int = 0
    before_any_account: int = 0
    """Kills that left a journal without any account, which was gone on with."""
    before_journal: int = 0
    """Kills that left nothing to go on with, so that the audit began again."""
    verdict: Verdict = field(default_factory=Verdict)


def kill_trials(kills: int, *, first: int = 0) -> list[KillTrial]:
    """So many kills, or one or two more, in audits that are killed one to four times."""
    trials: list[KillTrial] = []
    while sum(len(trial.moments) + trial.at_once for trial in trials) < kills:
        trials.append(kill_trial(first + len(trials)))
    return trials


def kill_trial(number: int) -> KillTrial:
    """The trial of this number."""
    dice = random.Random(f"kill/{number}")
    victim = {0: Victim.ALL, 5: Victim.FIRST}.get(number % 10, Victim.ONE)
    moments = tuple(dice.random() for _ in range(dice.randint(1, 3)))
    return KillTrial(number, victim, moments, at_once=number % 3 == 1)


def killed(trials: list[KillTrial], folder: Path, *, accounts: int = 24) -> list[KillOutcome]:
    """What becomes of these trials, against one organization in a process of its own."""
    scenario = Scenario(
        accounts=accounts,
        users=2,
        largest_account=9,
        denied_every=4,
        latency=0.01,
        now=datetime.now(UTC),
        page_size_organizations=5,
        faults=_FAULTS,
    )
    with served_elsewhere(scenario) as organization:
        environment = {**organization.facts.environment, "PYTHONPATH": str(_ROOT)}
        return anyio.run(_Killing(scenario, environment, folder).all, trials, backend="asyncio")


class _Killing:
    def __init__(self, scenario: Scenario, environment: dict[str, str], folder: Path) -> None:
        self._scenario = scenario
        self._environment = environment
        self._folder = folder
        self._whole = Tables([], [], [], [])
        self._true: tuple[Truth, UsersTruth] | None = None
        self._took = Counter[str]()

    async def all(self, trials: list[KillTrial]) -> list[KillOutcome]:
        """The trials, some at once, after an audit of each kind that nobody kills."""
        self._true = await to_thread.run_sync(self._truth)
        first = KillOutcome(KillTrial(-1, Victim.ONE, ()))
        for options in {tuple(trial.victim.options) for trial in trials} | {()}:
            await self._measure(options, first)
        outcomes: list[KillOutcome] = []

        async def work(trial: KillTrial) -> None:
            outcome = KillOutcome(trial)
            await self._run(outcome, self._folder / str(trial.number))
            outcomes.append(outcome)

        await fan_out(trials, work, limit=_AT_ONCE)
        return [*([first] if first.verdict.problems else []), *outcomes]

    def _truth(self) -> tuple[Truth, UsersTruth]:
        now, organization = datetime.now(UTC), build_organization(self._scenario)
        return truth(organization, start=now - timedelta(days=90), end=now), users_truth(organization)

    async def _measure(self, options: tuple[str, ...], outcome: KillOutcome) -> None:
        """Audit once and remember how long that took, and its rows."""
        folder, began = self._folder / f"whole{len(options)}", anyio.current_time()
        await self._end(folder, outcome, options=list(options))
        self._took[" ".join(options)] = int(1000 * (anyio.current_time() - began))
        tables = await to_thread.run_sync(read_tables, folder, outcome.verdict)
        if tables is not None and not options:
            self._whole = tables

    async def _run(self, outcome: KillOutcome, folder: Path) -> None:
        trial = outcome.trial
        longest = self._took[" ".join(trial.victim.options)] / 1000
        if trial.at_once:
            await self._kill(folder, outcome, wait=partial(_until_journal, folder))
        for share in trial.moments:
            await self._kill(folder, outcome, wait=partial(anyio.sleep, _EARLIEST + share * (longest - _EARLIEST)))
        await self._end(folder, outcome, options=trial.victim.options)
        tables = await to_thread.run_sync(read_tables, folder, outcome.verdict)
        if tables is not None and self._true is not None:
            true, users = self._true
            compare(tables, whole=self._whole, true=true, users=users, verdict=outcome.verdict)

    async def _kill(self, folder: Path, outcome: KillOutcome, *, wait: Callable[[], Awaitable[None]]) -> None:
        """Begin or go on, and kill it after the wait unless it has ended."""
        victim = outcome.trial.victim
        command = await to_thread.run_sync(self._command, folder, victim.options)
        async with await anyio.open_process(
            command,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_leave_after_end, process, tasks.cancel_scope)
                await wait()
                tasks.cancel_scope.cancel()
            if process.returncode is None:
                outcome.kills += 1
                if victim is Victim.FIRST:
                    process.kill()
                else:
                    os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        await to_thread.run_sync(_note_what_is_left, folder, outcome)

    async def _end(self, folder: Path, outcome: KillOutcome, *, options: list[str]) -> None:
        """Begin or go on, to the end."""
        command = await to_thread.run_sync(self._command, folder, options)
        with anyio.fail_after(_LONGEST):
            done = await anyio.run_process(command, env=self._environment, check=False)
        said = done.stderr.decode()
        if done.returncode != _INCOMPLETE or "Traceback" in said:
            outcome.verdict.say(Kind.FALSE, f"ended with {done.returncode}: {said[-500:]}")

    def _command(self, folder: Path, options: list[str]) -> list[str]:
        begin = [sys.executable, "-m", "auditor", "audit", "--quiet", *options]
        journal = journal_in(folder)
        if journal is not None:
            return [*begin, "--resume", str(journal)]
        clear(folder)
        return [*begin, "--role", self._scenario.role_name, "--output-dir", str(folder)]


async def _leave_after_end(process: Process, scope: anyio.CancelScope) -> None:
    await process.wait()
    scope.cancel()


async def _until_journal(folder: Path) -> None:
    while await to_thread.run_sync(journal_in, folder) is None:  # noqa: ASYNC110 - another process makes it
        await anyio.sleep(0.001)


def _note_what_is_left(folder: Path, outcome: KillOutcome) -> None:
    journal = journal_in(folder)
    outcome.before_journal += journal is None
    outcome.before_any_account += journal is not None and not has_accounts(journal)

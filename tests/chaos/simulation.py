"""One trial in memory: the real audit over real connections, with a clock that jumps where only waiting is left."""

import multiprocessing
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio

from auditor import (
    AuditConfig,
    AuditError,
    AuditSummary,
    CallerError,
    ConfigurationError,
    EventScope,
    Freshness,
    Labels,
    OrganizationError,
    UserScope,
    WriteError,
    Writer,
    reopen_journal,
    resume_audit,
    run_audit,
)
from auditor.demo import FaultMix, LocalServer, Request, Scenario, build_organization, serve
from auditor.demo.command import isolated_environment
from auditor.output.run_files import open_run_files
from tests.chaos.blame import Blame
from tests.chaos.cutting import Cutter, disk_limit, tear, torn_folder
from tests.chaos.facts import facts_of
from tests.chaos.files import read_tables
from tests.chaos.judging import judge
from tests.chaos.resuming import clear, has_accounts, journal_in
from tests.chaos.seeds import Cut, CutOff, Trial, trial_of
from tests.chaos.user_facts import Scope
from tests.chaos.verdict import Kind, Verdict
from tests.fakes import JUMPING

_MOST_AHEAD = 600.0
"""Seconds that a server's clock may be ahead of the machine's: more would make signatures too old."""
_PATIENT_TRIES = 3
"""How often a run that could not begin is tried again before nothing goes wrong any more."""
_REFUSALS = (CallerError, OrganizationError)


@dataclass(slots=True)
class Outcome:
    """What became of a trial."""

    seed: int
    cuts: Counter[str] = field(default_factory=Counter)
    """How often it was really cut off, by kind."""
    before_any_account: int = 0
    """How often it went on with a journal that had no account yet."""
    runs: int = 0
    requests: int = 0
    mishaps: Counter[str] = field(default_factory=Counter)
    """What the servers refused and spoiled, by AWS's code or the mishap's name."""
    verdict: Verdict = field(default_factory=Verdict)
    """On the files at the end, with the problems that were met on the way."""


def simulate(trial: Trial, folder: Path) -> Outcome:
    """Run the trial in this folder; the machine's own AWS settings are left out meanwhile."""
    random.seed(trial.seed)
    backend, options = JUMPING
    return anyio.run(_Simulation(trial, folder).run, backend=backend, backend_options=options)


def simulated(seeds: Iterable[int]) -> Iterator[Outcome]:
    """What becomes of each seed, in order; they are divided among the processors."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        yield from pool.map(simulated_seed, seeds)


def simulated_seed(seed: int) -> Outcome:
    """What becomes of one seed, in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        return simulate(trial_of(seed), Path(folder))


def config_of(role: str, scope: Scope) -> AuditConfig:
    """The audit that asks for so much."""
    return AuditConfig(
        role=role,
        labels=Labels(scope.labels),
        users=UserScope(scope.users),
        events=EventScope(scope.events),
        freshness=Freshness(scope.freshness),
    )


class _Clock:
    """The machine's time, ahead by what the event loop has jumped over in this run."""

    def __init__(self) -> None:
        self._began = anyio.current_time() - time.monotonic()

    def __call__(self) -> float:
        jumped = anyio.current_time() - time.monotonic() - self._began
        return time.time() + min(jumped, _MOST_AHEAD)


class _Simulation:
    def __init__(self, trial: Trial, folder: Path) -> None:
        self._trial = trial
        self._root = folder
        self._facts = facts_of(trial.scenario, trial.scope)
        self._blame = Blame(self._facts.caller)
        self._outcome = Outcome(trial.seed)
        self._cutter: Cutter | None = None
        self._folders = 0

    async def run(self) -> Outcome:
        folder = self._new_folder()
        async with self._served(self._trial.scenario):
            for cut in self._trial.cuts:
                await self._run(folder, cut)
                folder = self._left(folder, cut)
            summary = await self._tried(folder)
        calm = _calm(self._trial.scenario)
        if summary is None:
            async with self._served(calm):
                summary = await self._tried(folder)
        self._judge_end(folder, summary)
        if self._trial.heals and summary is not None:
            self._blame.forget()
            async with self._served(calm):
                summary = await self._tried(folder)
            self._judge_end(folder, summary)
        return self._outcome

    async def _tried(self, folder: Path) -> AuditSummary | None:
        """The run to its end; None where it could not begin several times."""
        for _ in range(_PATIENT_TRIES):
            summary = await self._run(folder, None)
            if summary is not None:
                return summary
        return None

    async def _run(self, folder: Path, cut: CutOff | None) -> AuditSummary | None:
        """Begin, or go on with, the audit of the folder; None where it was cut off, or could not begin."""
        journal = journal_in(folder)
        if journal is None:
            clear(folder)
        elif not has_accounts(journal):
            self._outcome.before_any_account += 1
        before = _contents(folder)
        self._outcome.runs += 1
        self._cutter = cutter = Cutter(cut, folder, resumed=journal is not None)
        summary: AuditSummary | None = None
        refused: AuditError | None = None
        async with anyio.create_task_group() as tasks:
            with disk_limit(cut), anyio.CancelScope() as scope:
                tasks.start_soon(cutter.wait, scope)
                try:
                    summary = await (self._begin(folder, cutter) if journal is None else self._go_on(journal, cutter))
                except AuditError as error:
                    refused = error
            tasks.cancel_scope.cancel()
        self._note(refused, cut)
        if cut is not None and (cutter.happened or isinstance(refused, WriteError)):
            self._outcome.cuts[cut.kind] += 1
        if not cutter.started and not cutter.crashes:
            same = _unchanged(before, _contents(folder))
            self._outcome.verdict.expect(same, "a run that could not begin has changed files")
        elif summary is None and not cutter.crashes and not isinstance(refused, WriteError):
            self._judge(folder, ended=False)
        return None if cutter.happened else summary

    async def _begin(self, folder: Path, cutter: Cutter) -> AuditSummary:
        config = replace(config_of(self._facts.role, self._trial.scope), concurrency=self._trial.concurrency)
        async with open_run_files(folder, config=config) as files:
            writers: list[Writer] = [files.csv, cutter, files.journal]
            return await run_audit(config, writers=writers, observe=cutter.observe)

    async def _go_on(self, path: Path, cutter: Cutter) -> AuditSummary:
        async with reopen_journal(path) as journal:
            return await resume_audit(journal, concurrency=self._trial.concurrency, observe=cutter.observe)

    def _note(self, refused: AuditError | None, cut: CutOff | None) -> None:
        """A run may be refused by what goes wrong at its beginning, and fail where its disk is full; nothing else."""
        full = cut is not None and cut.kind is Cut.FULL_DISK
        fitting = isinstance(refused, _REFUSALS) or (full and isinstance(refused, WriteError | ConfigurationError))
        if refused is not None and not fitting:
            self._outcome.verdict.say(Kind.FALSE, f"a run ended with {type(refused).__name__}: {refused}")

    def _left(self, folder: Path, cut: CutOff) -> Path:
        """The folder to go on in: after a crash, of what was on the disk at its moment, torn."""
        crashed = torn_folder(folder)
        if not crashed.exists():
            return folder
        tear(crashed, cut.tears)
        return crashed.rename(self._new_folder())

    def _judge_end(self, folder: Path, summary: AuditSummary | None) -> None:
        verdict = self._outcome.verdict
        verdict.right = verdict.named = 0
        verdict.incomplete = False
        if summary is None:
            if self._trial.scenario.listing_denied_page != 0:
                verdict.say(Kind.LOST, "it could not be gone on with, although nothing went wrong any more")
            return
        self._judge(folder, ended=True)
        expected = 3 if verdict.incomplete else 0
        verdict.expect(summary.exit_code == expected, f"the exit code is {summary.exit_code}, not {expected}")

    def _judge(self, folder: Path, *, ended: bool) -> None:
        """Hold the files of a run against the truth; one that could not begin leaves none."""
        if not ended and not any(folder.iterdir()):
            return
        verdict = Verdict() if not ended else self._outcome.verdict
        tables = read_tables(folder, verdict)
        if tables is not None:
            judge(tables, self._facts, blame=self._blame, ended=ended, verdict=verdict)
        if not ended:
            self._outcome.verdict.problems += verdict.problems

    @asynccontextmanager
    async def _served(self, scenario: Scenario) -> AsyncIterator[LocalServer]:
        organization = build_organization(scenario)
        async with serve(
            organization, record=False, clock=_Clock(), timer=anyio.current_time, hear=self._hear
        ) as server:
            with environment_of(server):
                yield server

    def _hear(self, request: Request) -> None:
        self._outcome.requests += 1
        if request.error_code is not None:
            self._outcome.mishaps[request.error_code] += 1
        self._blame.hear(request)
        if self._cutter is not None:
            self._cutter.hear(request)

    def _new_folder(self) -> Path:
        self._folders += 1
        folder = self._root / f"{self._folders}"
        folder.mkdir(parents=True)
        return folder


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _unchanged(before: dict[str, bytes], after: dict[str, bytes]) -> bool:
    """Whether files are as they were, but for a journal's torn line, which is cut off."""
    journals = [name for name in before if name.endswith(".jsonl")]
    untorn = {name: after.get(name, b"") for name in journals if before[name].startswith(after.get(name, b""))}
    return {**before, **untorn} == after


def _calm(scenario: Scenario) -> Scenario:
    """The same organization when nothing goes wrong but what is denied."""
    return replace(
        scenario,
        faults=FaultMix(),
        outages=(),
        credential_lifetime=None,
        iam_rate=None,
        iam_caller_rate=None,
        events_rate=None,
        events_caller_rate=None,
        sts_rate=None,
        organizations_rate=None,
    )


@contextmanager
def environment_of(server: LocalServer) -> Iterator[None]:
    """This process's environment pointing at the server, and at nothing else of AWS, for as long as the block runs."""
    before = dict(os.environ)
    _set_environment(isolated_environment(before, server=server))
    try:
        yield
    finally:
        _set_environment(before)


def _set_environment(variables: dict[str, str]) -> None:
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables)

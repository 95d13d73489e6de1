"""Audits that go wrong and are cut off lose nothing; who judges them sees a row that is lost, doubled or false."""

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from auditor import open_csv_writer, run_audit
from auditor.demo import Scenario, build_organization, serve, truth, users_truth
from tests.chaos.__main__ import MARKED, README
from tests.chaos.blame import Blame
from tests.chaos.comparison import compare
from tests.chaos.facts import Facts, facts_of
from tests.chaos.files import Tables, read_tables
from tests.chaos.judging import judge
from tests.chaos.kills import KillTrial, Victim, killed
from tests.chaos.lies import ROOT, WRONG
from tests.chaos.seeds import Cut, trial_of
from tests.chaos.simulation import config_of, environment_of, simulated_seed
from tests.chaos.user_facts import EVERYTHING, Row, Scope
from tests.chaos.verdict import Kind, Verdict
from tests.fakes import JUMPING

pytestmark = pytest.mark.long

SEEDS = (10, 11, 23, 25, 29, 30, 32, 33, 38, 45, 46, 48)
"""Quick ones, with each kind of cut among them."""
KILLS = [
    KillTrial(0, Victim.ONE, (0.3,)),
    KillTrial(1, Victim.ONE, (), at_once=True),
    KillTrial(2, Victim.ONE, (0.45,), at_once=True),
]
SMALL = Scenario(accounts=4, users=1, largest_account=2, events=2, denied_every=3, now=datetime.now(UTC))
"""With two accounts that can be read, one that refuses the role, and the management account."""


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_ends_with_the_truth_or_names_what_is_missing(seed: int) -> None:
    """Whatever went wrong, and wherever it was cut off."""
    assert [] == simulated_seed(seed).verdict.problems


def test_the_seeds_cut_off_and_spoil() -> None:
    """Among the few there are trials with cuts, and with faults; a seed always stands for the same trial."""
    trials = [trial_of(seed) for seed in SEEDS]
    assert set(Cut) == {cut.kind for trial in trials for cut in trial.cuts}
    assert any(trial.scenario.faults != SMALL.faults for trial in trials)
    assert {"all", "with-keys"} == {trial.scope.users for trial in trials}
    assert {"basic", "extended"} == {trial.scope.events for trial in trials}
    assert {"live", "report"} == {trial.scope.freshness for trial in trials}
    now = SMALL.now
    again = trial_of(SEEDS[3])
    assert replace(trials[3].scenario, now=now) == replace(again.scenario, now=now)
    assert [(cut.kind, cut.at) for cut in trials[3].cuts] == [(cut.kind, cut.at) for cut in again.cuts]


def test_killed_processes_lose_nothing(tmp_path: Path) -> None:
    """`kill -9` and `--resume` end with the rows of an audit that nobody killed, before its first account too."""
    outcomes = killed(KILLS, tmp_path, accounts=5)
    assert [] == [problem for outcome in outcomes for problem in outcome.verdict.problems]
    assert all(outcome.kills >= outcome.trial.at_once for outcome in outcomes)
    assert sum(outcome.before_any_account for outcome in outcomes) >= 2


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, Facts, Blame]:
    """The files of an audit, what is true, and what went wrong."""
    return audit_of(SMALL, tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, Facts, Blame]:
    """The same of an organization with items that nobody can read."""
    return audit_of(replace(SMALL, odd_items=True), tmp_path_factory.mktemp("odd"))


def audit_of(scenario: Scenario, folder: Path, *, scope: Scope = EVERYTHING) -> tuple[Tables, Facts, Blame]:
    """An audit that nobody disturbs."""
    facts = facts_of(scenario, scope)
    blame = Blame(facts.caller)

    async def audit() -> None:
        async with serve(build_organization(scenario), record=False, hear=blame.hear) as server:
            with environment_of(server):
                async with open_csv_writer(folder) as rows:
                    await run_audit(config_of(facts.role, scope), writers=[rows])

    backend, options = JUMPING
    anyio.run(audit, backend=backend, backend_options=options)
    tables = read_tables(folder, Verdict())
    assert tables is not None
    return tables, facts, blame


@pytest.fixture
def audited(undisturbed: tuple[Tables, Facts, Blame]) -> tuple[Tables, Facts, Blame]:
    """The same, with tables that may be spoiled."""
    tables, facts, blame = undisturbed
    return deepcopy(tables), facts, blame


SCOPES = [
    EVERYTHING,
    Scope(users="with-keys"),
    Scope(events="extended"),
    Scope(freshness="report"),
    Scope(users="with-keys", freshness="report"),
]


@pytest.mark.parametrize("scope", SCOPES, ids=repr)
def test_the_truth_has_no_problem(scope: Scope, tmp_path: Path) -> None:
    """The files of an audit that nobody disturbed are right as they are, whatever it was told to ask for."""
    tables, facts, blame = audit_of(replace(SMALL, accounts=7), tmp_path, scope=scope)
    verdict = Verdict()
    judge(tables, facts, blame=blame, ended=True, verdict=verdict)
    assert [] == verdict.problems
    assert verdict.right > 0


@pytest.mark.parametrize(
    ("scope", "kind"),
    [
        (Scope(users="with-keys"), Kind.FALSE),
        (Scope(events="extended"), Kind.LOST),
        (Scope(freshness="report"), Kind.FALSE),
        (Scope(labels="en"), Kind.FALSE),
    ],
    ids=repr,
)
def test_files_of_another_audit_are_wrong(audited: tuple[Tables, Facts, Blame], scope: Scope, kind: Kind) -> None:
    """They have what was not to be asked for, or lack what was."""
    tables, _, blame = audited
    verdict = Verdict()
    judge(tables, facts_of(SMALL, scope), blame=blame, ended=True, verdict=verdict)
    assert kind in {problem.kind for problem in verdict.problems}


@pytest.mark.parametrize("spoil", WRONG, ids=lambda spoil: spoil.__name__)
def test_what_is_wrong_is_seen(audited: tuple[Tables, Facts, Blame], spoil: Callable[[Tables], None]) -> None:
    """One thing wrong in right files is a problem of its kind."""
    tables, facts, blame = audited
    spoil(tables)
    verdict = Verdict()
    judge(tables, facts, blame=blame, ended=True, verdict=verdict)
    assert WRONG[spoil] in {problem.kind for problem in verdict.problems}


@pytest.mark.parametrize("table", ["nothing", "findings", "events", "users", "coverage", "rest"])
def test_odd_items_excuse_nothing_else(odd: tuple[Tables, Facts, Blame], table: str) -> None:
    """An odd item is named as missing, and a row that is not odd may be missing no more than elsewhere."""
    tables, facts, blame = deepcopy(odd[0]), *odd[1:]
    row = next(row for row in tables.coverage if row["role"] == "complete" and row["key_count"] != "0")
    if table in ("findings", "events", "users"):
        rows: list[Row] = getattr(tables, table)
        own = [one for one in rows if one["account_id"] == row["account_id"] and one["username"] != ROOT]
        rows.remove(own[0])
        count = {"findings": "key_count", "events": "event_count", "users": "user_count"}[table]
        row[count] = str(int(row[count]) - 1)
    elif table == "coverage":
        row["keys"] = "complete"
    elif table == "rest":
        tables.coverage[:] = [one for one in tables.coverage if one["account_id"] != "organization"]
    verdict = Verdict()
    judge(tables, facts, blame=blame, ended=True, verdict=verdict)
    assert (Kind.LOST in {problem.kind for problem in verdict.problems}) is (table != "nothing")
    assert table != "nothing" or [] == verdict.problems


@pytest.mark.parametrize("table", ["events", "users"])
def test_a_comparison_sees_what_is_wrong(audited: tuple[Tables, Facts, Blame], table: str) -> None:
    """Beside an audit that nobody killed a row that is lost, doubled or another is a problem of its kind."""
    whole, _, _ = audited
    assert SMALL.now is not None
    organization = build_organization(SMALL)
    true = truth(organization, start=SMALL.now - timedelta(days=90), end=SMALL.now)
    rows: list[Row] = getattr(whole, table)
    first, *others = rows
    expected = {
        Kind.LOST: others,
        Kind.DOUBLED: [first, first, *others],
        Kind.FALSE: [*rows, {**first, "username": "nobody"}],
    }
    for kind, found in expected.items():
        verdict, tables = Verdict(), replace(whole, **{table: found})
        compare(tables, whole=whole, true=true, users=users_truth(organization), verdict=verdict)
        assert {kind} == {problem.kind for problem in verdict.problems}


def test_torn_files_are_no_files(tmp_path: Path) -> None:
    """A torn row, or a file that is missing, is a loss."""
    verdict = Verdict()
    assert read_tables(tmp_path, verdict) is None
    for name in ("iam_audit_report", "cloudtrail_events", "coverage", "iam_users"):
        (tmp_path / f"{name}_20260101_000000.csv").write_text("account_id,acc")
    assert read_tables(tmp_path, verdict) is None
    assert [Kind.LOST, Kind.LOST] == [problem.kind for problem in verdict.problems]


def test_the_readme_has_a_place_for_the_table() -> None:
    """`--write` finds the one place that it replaces, and in it a table of what was tried."""
    (shown,) = re.findall(MARKED, README.read_text(encoding="utf-8"))
    assert "| kill -9 of an audit |" in shown

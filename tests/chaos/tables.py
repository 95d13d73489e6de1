"""What was tried, how often, and what was lost, as the README beside it shows it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.benchmarks.tables import table
from tests.chaos.kills import KillOutcome, Victim
from tests.chaos.seeds import Cut
from tests.chaos.simulation import Outcome
from tests.chaos.verdict import Kind, Problem

COLUMNS = ("", "how often", "audits", "lost", "doubled", "false")
_UNCUT = "never cut off"
_MISHAPS = {
    "throttles": {"Throttling", "ThrottlingException", "TooManyRequestsException"},
    "server errors": {"ServiceFailure", "ServiceException", "InternalFailure", "ServiceUnavailable"},
    "resets": {"reset"},
    "cut bodies": {"truncated"},
    "web pages": {"html"},
    "slow answers": {"slow"},
    "ended credentials": {"ExpiredToken", "ExpiredTokenException"},
    "lost page tokens": {"ValidationError", "InvalidInputException", "InvalidNextTokenException"},
    "repeated page tokens": {"repeated_token"},
    "denials": {"AccessDenied", "AccessDeniedException"},
}


@dataclass(slots=True)
class _Line:
    times: int = 0
    audits: int = 0
    problems: Counter[Kind] = field(default_factory=Counter)

    def add(self, times: int, problems: Iterable[Problem]) -> None:
        self.times += times
        self.audits += 1
        self.problems.update(problem.kind for problem in problems)

    def cells(self, name: str) -> list[str]:
        return [name, f"{self.times:,}", f"{self.audits:,}", *(str(self.problems[kind]) for kind in Kind)]


def page(outcomes: Sequence[Outcome], kills: Sequence[KillOutcome]) -> str:
    """What the README shows: what went wrong, a table of the cuts, and how much was right or named as missing."""
    mishaps = sum((outcome.mishaps for outcome in outcomes), Counter[str]())
    wrong = ", ".join(f"{sum(mishaps[code] for code in codes):,} {name}" for name, codes in _MISHAPS.items())
    right, named = (sum(getattr(outcome.verdict, name) for outcome in outcomes) for name in ("right", "named"))
    early, earliest = (
        sum(getattr(outcome, name) for outcome in kills) for name in ("before_any_account", "before_journal")
    )
    bare = sum(outcome.before_any_account for outcome in outcomes)
    return (
        f"{len(outcomes)} audits in memory and {len(kills)} of processes, tried on {datetime.now(UTC):%Y-%m-%d}. "
        f"In memory there were {sum(outcome.requests for outcome in outcomes):,} requests, among them {wrong}.\n\n"
        f"{table(COLUMNS, [line.cells(name) for name, line in _lines(outcomes, kills).items()])}\n\n"
        f"At their ends the audits in memory had {right:,} rows that were true in every cell, and the coverage named "
        f"{named:,} that were missing or not whole; {bare:,} times they were resumed from a journal without an account "
        f"yet. Of the killed processes {early} had a journal without any account, and were resumed; {earliest} "
        "had none yet, and were begun again.\n"
    )


def _lines(outcomes: Iterable[Outcome], kills: Iterable[KillOutcome]) -> dict[str, _Line]:
    lines = {name: _Line() for name in (_UNCUT, *Cut, *Victim)}
    for outcome in outcomes:
        for name, times in outcome.cuts.items() or [(_UNCUT, 1)]:
            lines[name].add(times, outcome.verdict.problems)
    for killed in kills:
        lines[killed.trial.victim].add(killed.kills, killed.verdict.problems)
    return lines

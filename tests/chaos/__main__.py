"""`python -m tests.chaos`: audits in which all that can go wrong does, cut off and gone on with.

Nothing may be hidden and nothing lost: at the end the files are the truth, or the coverage names what is not in them.
`--seed N` repeats one of the audits in memory; with `--write` the table goes into the README beside this file, too.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.chaos.kills import KillOutcome, kill_trial, kill_trials, killed
from tests.chaos.simulation import Outcome, simulated
from tests.chaos.tables import page
from tests.chaos.verdict import Problem

README = Path(__file__).with_name("README.md")
MARKED = re.compile(r"(?<=<!-- chaos -->\n).*?(?=<!-- /chaos -->)", re.DOTALL)
_SHOWN = 5


def main() -> int:
    """Try, print, and write where that is asked for; the exit code is 1 where anything was lost, doubled or false."""
    options = _options()
    seeds = range(options.seeds) if options.seed is None else [options.seed]
    outcomes = list(_told(simulated(seeds))) if options.kill is None else []
    kills = _killed(options)
    text = page(outcomes, kills)
    sys.stdout.write(f"\n{text}")
    if options.write:
        README.write_text(MARKED.sub(lambda _: text, README.read_text(encoding="utf-8")), encoding="utf-8")
    verdicts = [*(one.verdict for one in outcomes), *(one.verdict for one in kills)]
    return 1 if any(verdict.problems for verdict in verdicts) else 0


def _told(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    for outcome in outcomes:
        _tell(f"seed {outcome.seed}", outcome.verdict.problems, repeat=f"--seed {outcome.seed}")
        yield outcome


def _killed(options: argparse.Namespace) -> list[KillOutcome]:
    if options.seed is not None:
        return []
    trials = kill_trials(options.kills) if options.kill is None else [kill_trial(options.kill)]
    with tempfile.TemporaryDirectory() as folder:
        outcomes = killed(trials, Path(folder)) if trials else []
    for outcome in outcomes:
        number = outcome.trial.number
        _tell(f"kill {number}", outcome.verdict.problems, repeat=f"--kill {number}")
    return outcomes


def _tell(name: str, problems: list[Problem], *, repeat: str) -> None:
    for problem in problems[:_SHOWN]:
        sys.stdout.write(f"{name}: {problem.kind}: {problem.text}\n")
    if problems:
        sys.stdout.write(f"{name}: {len(problems)} in all; repeat with: python -m tests.chaos {repeat}\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=400, help="audits in memory")
    parser.add_argument("--kills", type=int, default=60, help="kills of processes, at least")
    parser.add_argument("--seed", type=int, help="this audit in memory, and nothing else")
    parser.add_argument("--kill", type=int, help="this audit that is killed, and nothing else")
    parser.add_argument("--write", action="store_true", help="put the table into the README")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

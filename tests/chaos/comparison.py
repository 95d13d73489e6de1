"""Whether an audit that was killed has the rows of one that was not: as sets, each row once."""

from collections import Counter
from collections.abc import Iterable

from auditor.demo import Truth, UsersTruth
from tests.chaos.files import Tables
from tests.chaos.user_facts import Row
from tests.chaos.verdict import Kind, Verdict

_OF_A_RUN = frozenset({"requests", "throttles", "seconds"})
"""Columns of the coverage that no two runs have alike."""


def compare(tables: Tables, *, whole: Tables, true: Truth, users: UsersTruth, verdict: Verdict) -> None:
    """Note each row that is not the truth, or not in the files of the whole run, and each that is there twice."""
    _compare(tables.findings, true.findings, verdict)
    _compare(tables.events, true.events, verdict)
    _compare(_settled(tables.users, users), _settled(users.rows, users), verdict)
    for found, expected in zip(_tables(tables), _tables(whole), strict=True):
        _compare(found, expected, verdict)


def _settled(rows: Iterable[Row], users: UsersTruth) -> list[Row]:
    """The rows of who is there in each run: some go while the first one reads them."""
    return [row for row in rows if row["username"] not in users.unsettled]


def _tables(tables: Tables) -> tuple[list[Row], list[Row], list[Row]]:
    coverage = [{name: cell for name, cell in row.items() if name not in _OF_A_RUN} for row in tables.coverage]
    return tables.findings, tables.events, coverage


def _compare(found: Iterable[Row], expected: Iterable[Row], verdict: Verdict) -> None:
    said, true = _counted(found), _counted(expected)
    for row in true - said:
        verdict.say(Kind.LOST, f"lost {dict(row)}")
    for row in said - true:
        verdict.say(Kind.DOUBLED if row in true else Kind.FALSE, f"has {dict(row)}")
    verdict.right += (said & true).total()


def _counted(rows: Iterable[Row]) -> Counter[tuple[tuple[str, str], ...]]:
    return Counter(tuple(row.items()) for row in rows)

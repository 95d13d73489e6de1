"""What an audit must find: the local organization's own truth, and rows made comparable with it."""

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor import AuditSummary, Labels
from auditor.demo import LocalServer, Truth, truth
from auditor.model.summary import EventRow
from tests.output.reading import unguarded


def as_set(rows: Iterable[Mapping[str, str]]) -> list[list[tuple[str, str]]]:
    """Rows in an order of their own, duplicates kept: accounts finish in any order."""
    return sorted(sorted(row.items()) for row in rows)


def joined(rows: Iterable[EventRow]) -> list[dict[str, str]]:
    """Events as their file has them."""
    return [
        {
            "eventTime": row["eventTime"],
            "eventName": row["eventName"],
            "username": row["username"],
            "account_id": row["account_id"],
            "account_name": row["account_name"],
            "resources": ", ".join(row["resources"]),
        }
        for row in rows
    ]


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a file, the guard against spreadsheets taken off."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{name: unguarded(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def truth_of(server: LocalServer, summary: AuditSummary, *, labels: Labels = Labels.ES) -> Truth:
    """What is true of the period that was audited."""
    assert summary.period is not None
    return truth(server.organization, start=summary.period.start, end=summary.period.end, labels=labels.value)


def truth_of_all(server: LocalServer) -> Truth:
    """What is true of the 90 days up to now; no event of a local organization lies at their edge."""
    now = datetime.now(UTC)
    return truth(server.organization, start=now - timedelta(days=90), end=now)

"""The four CSV files of a run, read as what they should be."""

import csv
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.facts import EVENTS, FINDINGS, USERS
from tests.chaos.user_facts import Row
from tests.chaos.verdict import Kind, Verdict
from tests.output.reading import unguarded

SECTIONS = ("role", "users", "keys", "last_used", "password", "mfa", "events", "root", "service_credentials")
"""The coverage's columns with a word each."""
FILES = (
    ("iam_audit_report", FINDINGS),
    ("cloudtrail_events", EVENTS),
    (
        "coverage",
        (
            *("account_id", "account_name", "state", "role_used"),
            *("role", "users", "keys", "last_used", "password", "mfa", "events"),
            *("user_count", "key_count", "event_count", "refused_event_count", "error_code", "error_message"),
            *("requests", "throttles", "seconds", "freshness", "report_time", "foreign_event_count"),
            *("root", "service_credentials", "ou_path"),
        ),
    ),
    ("iam_users", USERS),
)
"""What the files' names begin with, and their columns, as the README has them."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows of the four files."""

    findings: list[Row]
    events: list[Row]
    coverage: list[Row]
    users: list[Row]


def read_tables(folder: Path, verdict: Verdict) -> Tables | None:
    """The rows of the only run in the folder; None, and a problem, where they can't be read as what they should be."""
    tables: list[list[Row]] = []
    for name, columns in FILES:
        paths = list(folder.glob(f"{name}_*.csv"))
        if len(paths) != 1:
            verdict.say(Kind.LOST, f"{len(paths)} files of {name}")
            return None
        text = paths[0].read_text(encoding="utf-8")
        header, *lines = list(csv.reader(text.splitlines(keepends=True))) or [[]]
        whole = text.endswith("\n") and all(len(line) == len(columns) for line in lines)
        if tuple(header) != columns or not whole:
            verdict.say(Kind.LOST, f"{name} has another header, or a torn row")
            return None
        tables.append([dict(zip(columns, map(unguarded, line), strict=True)) for line in lines])
    return Tables(*tables)

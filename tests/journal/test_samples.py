"""Journals that an earlier version of the program wrote: they are read as that version read them.

Beside each sample are the facts that its own version read from it, one per line, but that requests, throttles and
seconds of an account that was asked again are now those of all its readings, and its sections those of this version.
New facts may come beside them.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from auditor.journal import JournalWriter, reopen_journal
from auditor.model.facts import NOT_ASKED
from auditor.model.scopes import EventScope, UserScope

pytestmark = pytest.mark.anyio

SAMPLES = Path(__file__).parent / "samples"
SETTINGS = (
    "role",
    "session_name",
    "external_id",
    "session_policy",
    "labels",
    "freshness",
    "users",
    "events",
    "start_date",
    "end_date",
)
OLDER = ["live", "report", "torn", "not_started", "surrogates", "again"]
"""Of format version 2, from before there were scopes, root and service credentials."""
NAMES = [*OLDER, "scopes"]


def facts_of(value: object, path: str) -> Iterator[str]:
    """Each leaf of a model with its path, and the length of each tuple."""
    if is_dataclass(value):
        for field in fields(value):
            yield from facts_of(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, tuple):
        yield f"{path} has {len(value)}"
        for place, item in enumerate(value):
            yield from facts_of(item, f"{path}.{place}")
    elif isinstance(value, datetime):
        yield f"{path} is {value.isoformat()}"
    else:
        yield f"{path} is {value!a}"


def facts_in(journal: JournalWriter) -> Iterator[str]:
    """All that an open journal tells."""
    header = journal.header
    config = header.config()
    for name in SETTINGS:
        yield from facts_of(getattr(config, name), f"config.{name}")
    yield from facts_of(header.asked, "asked")
    yield from facts_of(header.started, "started")
    yield from facts_of(header.period, "period")
    yield f"finished are {sorted(journal.finished)!a}"
    for place, report in enumerate(journal.reports()):
        yield from facts_of(report, str(place))


def test_there_are_samples() -> None:
    """Both freshnesses with failures and refused events, a torn one, one that never started, and odd letters.

    One is of all users, with root and service credentials in all their states.
    """
    names = {path.stem for path in SAMPLES.glob("*.jsonl")}
    assert set(NAMES) == names
    facts = {path.stem: path.read_text(encoding="ascii") for path in SAMPLES.glob("*.facts")}
    assert names == facts.keys()
    for name in ("live", "report"):
        assert ".failures.0.code is 'AccessDenied" in facts[name]
        assert ".error_code is 'EntityTemporarilyUnmodifiableException'" in facts[name]


@pytest.mark.parametrize("name", NAMES)
async def test_a_sample_is_read_as_ever(name: str, tmp_path: Path) -> None:
    """Each fact that the version that wrote it read from it is there, in the same order of accounts."""
    copy = tmp_path / name
    sample = (SAMPLES / f"{name}.jsonl").read_bytes()
    await anyio.Path(copy).write_bytes(sample)
    async with reopen_journal(copy) as journal:
        read = await to_thread.run_sync(lambda: list(facts_in(journal)))
    # Lone surrogates are read as the letters of an escape by now.
    frozen = (SAMPLES / f"{name}.facts").read_text(encoding="ascii").replace(r"\ud", r"\\ud").splitlines()
    told = set(read)
    assert [] == [fact for fact in frozen if fact not in told and not fact.endswith(".coverage has 7")]
    assert len(frozen) <= len(read)
    assert (name == "torn") == (sample != await anyio.Path(copy).read_bytes())


@pytest.mark.parametrize("name", OLDER)
async def test_what_older_versions_did_not_ask_is_not_asked(name: str, tmp_path: Path) -> None:
    """They audited users with keys and five kinds of events, and are gone on with as such audits."""
    copy = tmp_path / name
    await anyio.Path(copy).write_bytes((SAMPLES / f"{name}.jsonl").read_bytes())
    async with reopen_journal(copy) as journal:
        config = journal.header.config()
        reports = await to_thread.run_sync(lambda: list(journal.reports()))
    assert (UserScope.WITH_KEYS, EventScope.BASIC) == (config.users, config.events)
    assert {UserScope.WITH_KEYS} >= {report.scope for report in reports}
    assert {NOT_ASKED} >= {fact for report in reports for fact in (report.root, report.account.paths)}
    new = ("login_profile", "password_last_changed", "active_certificates", "service_credentials")
    users = [user for report in reports for user in report.users]
    assert {NOT_ASKED} >= {getattr(user, fact) for user in users for fact in new}
    assert (name in {"not_started", "torn"}) == (not users)

"""Journals that an earlier version of the program wrote: they are read as that version read them.

Beside each sample are the facts that its own version read from it, one per line, but that requests, throttles and
seconds of an account that was asked again are now those of all its readings. New facts may come beside them.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from auditor.journal import JournalWriter, reopen_journal

pytestmark = pytest.mark.anyio

SAMPLES = Path(__file__).parent / "samples"
SETTINGS = ("role", "session_name", "external_id", "session_policy", "labels", "freshness", "start_date", "end_date")


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
    """Both freshnesses with failures and refused events, a torn one, one that never started, and odd letters."""
    names = {path.stem for path in SAMPLES.glob("*.jsonl")}
    assert {"live", "report", "torn", "not_started", "surrogates", "again"} == names
    facts = {path.stem: path.read_text(encoding="ascii") for path in SAMPLES.glob("*.facts")}
    assert names == facts.keys()
    for name in ("live", "report"):
        assert ".failures.0.code is 'AccessDenied" in facts[name]
        assert ".error_code is 'EntityTemporarilyUnmodifiableException'" in facts[name]


@pytest.mark.parametrize("name", ["live", "report", "torn", "not_started", "surrogates", "again"])
async def test_a_sample_is_read_as_ever(name: str, tmp_path: Path) -> None:
    """Each fact that the version that wrote it read from it is there, in the same order of accounts."""
    copy = tmp_path / name
    sample = (SAMPLES / f"{name}.jsonl").read_bytes()
    await anyio.Path(copy).write_bytes(sample)
    async with reopen_journal(copy) as journal:
        read = await to_thread.run_sync(lambda: list(facts_in(journal)))
    # Lone surrogates are read as the letters of an escape by now.
    frozen = (SAMPLES / f"{name}.facts").read_text(encoding="ascii").replace(r"\ud", r"\\ud").splitlines()
    assert [] == [fact for fact in frozen if fact not in set(read)]
    assert len(frozen) <= len(read)
    assert (name == "torn") == (sample != await anyio.Path(copy).read_bytes())

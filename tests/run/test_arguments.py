"""What an audit is given: what is of another kind is refused before anything is asked, by a sentence that names it."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from auditor import (
    AuditConfig,
    ConfigurationError,
    EarlierRun,
    ProgressEvent,
    open_audit,
    open_csv_writer,
    open_journal,
    resume_audit,
    run_audit,
)
from auditor.model.progress import AuditStarted
from tests.samples import CALLER, PERIOD

pytestmark = pytest.mark.anyio

CONFIG = AuditConfig(role="Audit")
STARTED = AuditStarted(CALLER, PERIOD)
NAME = "audit_20260301_120000.journal.jsonl"

SHARED: list[tuple[str, dict[str, Any]]] = [
    ("observe", {"observe": None}),
    ("observe", {"observe": "x"}),
    ("workers", {"workers": "4"}),
    ("workers", {"workers": 1.5}),
    ("workers", {"workers": True}),
    ("workers", {"workers": 0}),
    ("executor", {"executor": "x", "workers": 2}),
    ("executor", {"executor": ThreadPoolExecutor, "workers": 2}),
    ("executor", {"executor": 5}),
    ("session", {"session": "x"}),
]
"""What all three functions take."""
CHOSEN: list[tuple[str, dict[str, Any]]] = [
    *SHARED,
    ("config", {"config": None}),
    ("config", {"config": "x"}),
    ("config", {"config": {"role": "Audit"}}),
    ("earlier", {"earlier": 5}),
    ("earlier", {"earlier": STARTED}),
]


def files_in(folder: Path) -> dict[str, bytes]:
    """What is in a folder's files."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("name", "given"),
    [
        *CHOSEN,
        ("writers", {"writers": None}),
        ("writers", {"writers": 5}),
        ("writers", {"writers": {"a": 1}}),
        ("writers[0]", {"writers": [5]}),
        ("writers[0]", {"writers": "x"}),
        ("writers[0]", {"writers": [open_csv_writer]}),
        ("writers[1]", {"writers": [io.StringIO(), None]}),
        ("collect", {"collect": "yes"}),
        ("collect", {"collect": None}),
    ],
)
async def test_running_with_another_kind(name: str, given: dict[str, Any]) -> None:
    """Neither the observer nor a writer hears of a run that can't be right."""
    heard: list[ProgressEvent] = []
    with pytest.raises(ConfigurationError) as caught:
        await run_audit(**{"config": CONFIG, "observe": heard.append, **given})
    assert name in str(caught.value)
    assert [] == heard


@pytest.mark.parametrize(("name", "given"), [*CHOSEN, ("begin", {"begin": 5}), ("begin", {"begin": "x"})])
async def test_opening_with_another_kind(name: str, given: dict[str, Any]) -> None:
    """The block is never entered."""
    heard: list[ProgressEvent] = []
    with pytest.raises(ConfigurationError) as caught:
        async with open_audit(**{"config": CONFIG, "observe": heard.append, **given}):
            heard.append(STARTED)
    assert name in str(caught.value)
    assert [] == heard


@pytest.mark.parametrize(
    ("name", "given"),
    [
        *SHARED,
        ("journal", {"journal": NAME}),
        ("journal", {"journal": Path(NAME)}),
        ("journal", {"journal": None}),
        ("patience", {"patience": "x"}),
        ("concurrency", {"concurrency": None}),
        ("role", {"role": "Other"}),
        ("pacience", {"pacience": 5}),
    ],
)
async def test_resuming_with_another_kind(name: str, given: dict[str, Any], tmp_path: Path) -> None:
    """The journal stays as it was, and no file is made beside it."""
    async with open_journal(tmp_path / NAME, config=CONFIG) as journal:
        await journal.begin(STARTED)
        before = files_in(tmp_path)
        with pytest.raises(ConfigurationError) as caught:
            await resume_audit(**{"journal": journal, **given})
        assert name in str(caught.value)
        assert before == files_in(tmp_path)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("started", lambda: EarlierRun("x")),  # type: ignore[arg-type]  # what is refused
        ("finished", lambda: EarlierRun(STARTED, 5)),  # type: ignore[arg-type]  # as above
        ("excluded", lambda: EarlierRun(STARTED, frozenset(), "x")),  # type: ignore[arg-type]  # as above
    ],
)
def test_an_earlier_run_of_another_kind(name: str, make: Callable[[], EarlierRun]) -> None:
    """It is checked when it is made."""
    with pytest.raises(ConfigurationError, match=f"^{name} must be"):
        make()

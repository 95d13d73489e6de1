"""The five files of a run: all of them are its own, or none."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from auditor import AuditConfig, AuditStarted, ConfigurationError, reopen_journal
from auditor.files.run_names import RunNames, names_beside
from auditor.model.placeholders import not_reached
from auditor.output.run_files import open_run_files
from tests.output.limits import files_no_longer_than
from tests.samples import ACCOUNT, CALLER, PERIOD, REPORT

pytestmark = pytest.mark.anyio

CONFIG = AuditConfig(role="Audit")


def names_in(folder: Path) -> set[str]:
    """What is in a folder."""
    return {path.name for path in folder.iterdir()}


async def test_names_and_order(tmp_path: Path) -> None:
    """Their names go together, and the journal is the last of the writers."""
    async with open_run_files(tmp_path, config=CONFIG) as files:
        names = names_beside(files.journal.path)
        assert names.tables == files.csv.paths
        assert (files.csv, files.journal) == files.writers
        assert 5 == len(await to_thread.run_sync(names_in, tmp_path))


def table(names: RunNames) -> None:
    """One of the CSV files is there."""
    names.tables[2].write_text("mine")


def journal(names: RunNames) -> None:
    """Only a journal is there."""
    names.journal.write_text("mine")


def link(names: RunNames) -> None:
    """In the journal's place a link leads to a file that is not there."""
    names.journal.symlink_to(names.directory / "nowhere")


@pytest.mark.parametrize("occupy", [table, journal, link], ids=lambda occupy: occupy.__name__)
async def test_one_name_that_is_taken_makes_all_wait(occupy: Callable[[RunNames], None], tmp_path: Path) -> None:
    """All five have a later second's, and what was there is left as it was."""
    now = datetime.now(UTC)
    taken = [RunNames(tmp_path, f"{now + timedelta(seconds=later):%Y%m%d_%H%M%S}") for later in (0, 1)]
    for names in taken:
        await to_thread.run_sync(occupy, names)
    before = await to_thread.run_sync(names_in, tmp_path)
    async with open_run_files(tmp_path, config=CONFIG) as files:
        names = names_beside(files.journal.path)
    assert names.second > taken[1].second
    assert names.tables == files.csv.paths
    now_there = await to_thread.run_sync(names_in, tmp_path)
    assert {names.journal.name, *(path.name for path in names.tables)} == now_there - before
    assert 2 == len(before)
    assert "nowhere" not in now_there


async def test_a_disk_without_room_for_the_journal_leaves_nothing(tmp_path: Path) -> None:
    """Where the headers fit and the journal's first line does not, there are no files."""
    long = AuditConfig(role="Audit", external_id="x" * 1000)
    with files_no_longer_than(500), pytest.raises(ConfigurationError, match="could not be written"):
        async with open_run_files(tmp_path, config=long):
            pass
    assert set() == await to_thread.run_sync(names_in, tmp_path)


async def stop_after(folder: Path, *, told: int) -> None:
    """A run that fails after so many writes."""
    async with open_run_files(folder, config=CONFIG) as files:
        await files.journal.begin(AuditStarted(CALLER, PERIOD))
        for report in [not_reached(ACCOUNT), REPORT][:told]:
            for writer in files.writers:
                await writer.write(report)
        raise KeyError


@pytest.mark.parametrize("told", [0, 1, 2])
async def test_all_stay_or_none(told: int, tmp_path: Path) -> None:
    """Where the coverage names accounts that were not reached, they can be gone on with."""
    with pytest.raises(KeyError):
        await stop_after(tmp_path, told=told)
    assert (5 if told else 0) == len(await to_thread.run_sync(names_in, tmp_path))
    async for path in anyio.Path(tmp_path).glob("*.jsonl"):
        async with reopen_journal(Path(path)) as again:
            assert max(told - 1, 0) == len(await to_thread.run_sync(lambda: list(again.reports())))

"""The names of a run's files: they go together, and none was there before."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor import ConfigurationError, WriteError
from auditor.files.run_names import RunNames, claim, names_beside


def test_names_go_together() -> None:
    """All five have the same second, and the journal's name tells the others."""
    names = RunNames(Path("x"), "20260301_120000")
    assert Path("x/audit_20260301_120000.journal.jsonl") == names.journal
    tables = ["iam_audit_report", "cloudtrail_events", "coverage", "iam_users"]
    assert tuple(Path(f"x/{name}_20260301_120000.csv") for name in tables) == names.tables
    assert names == names_beside(names.journal)


@pytest.mark.parametrize("name", ["a.jsonl", "audit_2026_1.journal.jsonl", "audit_20260301_120000.journal.jsonl.bak"])
def test_another_name_tells_nothing(name: str) -> None:
    """A journal that was renamed has no CSV files beside it."""
    with pytest.raises(ConfigurationError, match="is not named as an audit names its journal"):
        names_beside(Path(name))


class Taken:
    """Takes names, after so many refusals."""

    def __init__(self, refusals: int, *, error: Exception | None = None) -> None:
        self.tried: list[RunNames] = []
        self._refusals = refusals
        self._error = error

    def __call__(self, names: RunNames) -> RunNames:
        """Take them, or raise."""
        self.tried.append(names)
        if self._error is not None:
            raise self._error
        if len(self.tried) <= self._refusals:
            raise FileExistsError
        return names


@pytest.mark.anyio
async def test_the_next_second_is_tried(tmp_path: Path) -> None:
    """Not before it has come; the directory is made meanwhile."""
    create, before = Taken(1), datetime.now(UTC).replace(microsecond=0)
    names = await claim(tmp_path / "a" / "b", create=create)
    first, second = (datetime.strptime(one.second, "%Y%m%d_%H%M%S").replace(tzinfo=UTC) for one in create.tried)
    assert before <= first < second <= datetime.now(UTC)
    assert (names, tmp_path / "a" / "b") == (create.tried[1], names.directory)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "said"),
    [(OSError(30, "Read-only"), "Nothing can be written in .*: Read-only"), (WriteError("full."), "full")],
)
async def test_what_can_not_be_made_is_said(error: Exception, said: str, tmp_path: Path) -> None:
    """In one sentence, as something that the options alone show."""
    with pytest.raises(ConfigurationError, match=said):
        await claim(tmp_path, create=Taken(0, error=error))

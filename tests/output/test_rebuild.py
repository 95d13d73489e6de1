"""CSV files made anew: whole, or as they were."""

import codecs
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import AccountReport, ConfigurationError, Labels, WriteError
from auditor.output.rebuild import check_rendering, render_csv_files
from tests.samples import REPORT


def test_files_are_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    """An error while they are made leaves the old ones and nothing else; what a killed run left is no hindrance."""
    paths = [tmp_path / f"{name}.csv" for name in "abc"]
    for path in paths:
        path.write_text("old")
        path.with_name(f".{path.name}.unfinished").write_text("torn")
    with pytest.raises(WriteError, match="could not be made anew"):
        render_csv_files(paths, failing(), labels=Labels.ES)
    assert ["old"] * 3 == [path.read_text() for path in paths]
    render_csv_files(paths, [REPORT], labels=Labels.ES)
    assert [2, 2, 2] == [len(path.read_text().splitlines()) for path in paths]
    assert {0o600} == {path.stat().st_mode & 0o777 for path in paths}
    assert 3 == len(list(tmp_path.iterdir()))


@pytest.mark.parametrize("bom", [False, True])
def test_a_byte_order_mark_stays(tmp_path: Path, bom: bool) -> None:  # noqa: FBT001 - a parameter
    """Files that had one have one when they are made anew."""
    paths = [tmp_path / f"{name}.csv" for name in "abc"]
    render_csv_files(paths, [REPORT], labels=Labels.ES, bom=bom)
    assert [bom] * 3 == [path.read_bytes().startswith(codecs.BOM_UTF8) for path in paths]


def failing() -> Iterator[AccountReport]:
    """A full disk, met while the reports are read."""
    yield REPORT
    raise OSError(28, "No space left on device")


def test_whether_they_can_be_made_is_known_before(tmp_path: Path) -> None:
    """What stands in the way is told in one sentence, and nothing is left or changed."""
    paths = [tmp_path / f"{name}.csv" for name in "abc"]
    check_rendering(paths)
    assert [] == list(tmp_path.iterdir())
    in_the_way = tmp_path / ".b.csv.unfinished"
    in_the_way.mkdir()
    with pytest.raises(ConfigurationError, match="Nothing can be written in"):
        check_rendering(paths)
    assert [in_the_way] == list(tmp_path.iterdir())
    with pytest.raises(WriteError, match="could not be made anew"):
        render_csv_files(paths, [REPORT], labels=Labels.ES)
    with pytest.raises(ConfigurationError, match="Nothing can be written in"):
        check_rendering([tmp_path / "missing" / path.name for path in paths])

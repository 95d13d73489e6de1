"""A journal's file: there with its first line or not at all, and locked under every name."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from auditor.errors import ConfigurationError, WriteError
from auditor.journal.file import create_journal_file, open_journal_file
from tests.output.limits import files_no_longer_than

FIRST = b"first\n"


def test_it_is_there_with_its_first_line(tmp_path: Path) -> None:
    """Under its name alone, and locked."""
    file = create_journal_file(tmp_path / "a", FIRST)
    assert [tmp_path / "a"] == list(tmp_path.iterdir())
    assert FIRST == file.path.read_bytes()
    assert (0o600, 1) == (file.path.stat().st_mode & 0o777, file.path.stat().st_nlink)
    with pytest.raises(ConfigurationError, match="Another audit is writing"):
        open_journal_file(tmp_path / "a")
    file.append(b"second\n")
    file.close()
    assert FIRST + b"second\n" == file.path.read_bytes()


def test_whoever_finds_it_finds_it_whole(tmp_path: Path) -> None:
    """Until it gets its name, it has its line, is on the disk and locked under another one."""
    seen: list[tuple[bytes, bool]] = []

    def look(source: Path, path: Path) -> None:
        with pytest.raises(ConfigurationError, match="Another audit is writing"):
            open_journal_file(source)
        seen.append((source.read_bytes(), path.exists()))
        os.link(source, path)

    create_journal_file(tmp_path / "a", FIRST, link=look).close()
    assert [(FIRST, False)] == seen


def test_a_line_is_read_while_lines_are_read(tmp_path: Path) -> None:
    """Any line can be had by its place, however long it is, and the reading of all goes on."""
    long = b"x" * 200_000 + b"\n"
    file = create_journal_file(tmp_path / "a", FIRST)
    for line in (long, b"last\n"):
        file.append(line)
    read = [(place, line, file.line_at(len(FIRST))) for place, line in file.lines()]
    file.close()
    places = (0, len(FIRST), len(FIRST) + len(long))
    assert [(place, line, long) for place, line in zip(places, (FIRST, long, b"last\n"), strict=True)] == read


@pytest.mark.parametrize("planted", [False, True])
def test_a_name_that_is_taken_is_left_alone(tmp_path: Path, planted: bool) -> None:  # noqa: FBT001 - a parameter
    """A file and a link that leads nowhere stay as they are, and nothing else is left."""
    path, nowhere = tmp_path / "a", tmp_path / "nowhere"
    if planted:
        path.symlink_to(nowhere)
    else:
        path.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        create_journal_file(path, FIRST)
    assert [path] == list(tmp_path.iterdir())
    assert planted or path.read_bytes() == b"mine"


@pytest.mark.parametrize("taken", [False, True])
def test_a_file_system_without_links_has_journals_too(
    tmp_path: Path,
    taken: bool,  # noqa: FBT001 - a parameter
) -> None:
    """The file is made under its own name then, which still must be free."""

    def refuse(source: Path, path: Path) -> None:
        raise OSError(errno.EPERM, f"no links from {source} to {path}")

    path = tmp_path / "a"
    if taken:
        path.touch()
        with pytest.raises(FileExistsError):
            create_journal_file(path, FIRST, link=refuse)
    else:
        create_journal_file(path, FIRST, link=refuse).close()
    assert [path] == list(tmp_path.iterdir())
    assert (b"" if taken else FIRST) == path.read_bytes()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOTSUP, errno.EIO])
def test_a_file_system_without_locks_has_journals_too(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning says that nothing keeps another audit away; another refusal of a lock is an error."""

    def refuse(_: int, __: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    if code == errno.EIO:
        with pytest.raises(ConfigurationError, match="could not be locked: Input/output error"):
            create_journal_file(tmp_path / "a", FIRST)
        assert [] == list(tmp_path.iterdir())
        return
    create_journal_file(tmp_path / "a", FIRST).close()
    assert [tmp_path / "a"] == list(tmp_path.iterdir())
    (record,) = caplog.records
    assert ("WARNING", True) == (record.levelname, "has no locks" in record.message)


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    """Neither a full disk nor another refusal leaves a file under any name."""

    def refuse(source: Path, path: Path) -> None:
        raise OSError(errno.EIO, f"nothing goes from {source} to {path}")

    with files_no_longer_than(3), pytest.raises(WriteError, match="could not be written"):
        create_journal_file(tmp_path / "a", FIRST)
    with pytest.raises(OSError, match="nothing goes"):
        create_journal_file(tmp_path / "a", FIRST, link=refuse)
    assert [] == list(tmp_path.iterdir())


def test_the_name_that_a_killed_audit_could_not_remove_is_removed(tmp_path: Path) -> None:
    """A journal is made under another name; only its own is left when it is opened again."""
    path = tmp_path / "audit_20260101_000000.journal.jsonl"
    create_journal_file(path, FIRST).close()
    os.link(path, tmp_path / f".{path.name}.0a1b2c3d.unfinished")
    other = tmp_path / f".{path.name}.ffffffff.unfinished"
    other.write_bytes(b"another's")
    open_journal_file(path).close()

    assert sorted([path.name, other.name]) == sorted(left.name for left in tmp_path.iterdir())

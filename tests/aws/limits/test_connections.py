"""How many connections a process can afford."""

import resource
from contextlib import ExitStack
from pathlib import Path

import pytest

from auditor.aws.limits.connections import Connections, most_connections, open_files


def limited(monkeypatch: pytest.MonkeyPatch, soft: int, *, opened: int = 0) -> None:
    """A process that may open so many files, and has opened some."""
    monkeypatch.setattr("resource.getrlimit", lambda _: (soft, resource.RLIM_INFINITY))
    monkeypatch.setattr("auditor.aws.limits.connections.open_files", lambda: opened)


def test_two_thirds_of_the_open_files_are_for_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `ulimit -n` says is divided, and no limit is a very large one."""
    limited(monkeypatch, 256)
    assert 170 == most_connections()
    limited(monkeypatch, resource.RLIM_INFINITY)
    assert most_connections() > 1_000_000


def test_no_more_are_taken_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """All services together come to two thirds, and not to one more."""
    limited(monkeypatch, 256)
    connections = Connections(100)

    assert [50, 20, 0] == [connections.take(50), connections.take(50), connections.take(50)]


def test_what_others_have_open_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs in one process do not both take two thirds."""
    limited(monkeypatch, 256, opened=160)
    assert 10 == Connections(100).take(50)
    limited(monkeypatch, 256, opened=200)
    assert 0 == Connections(100).take(50)


def test_open_files_are_counted(tmp_path: Path) -> None:
    """Every file that is opened is one more."""
    before = open_files()
    with ExitStack() as files:
        for number in range(3):
            files.enter_context((tmp_path / f"{number}").open("w"))
        assert before + 3 <= open_files()
    assert before == open_files()

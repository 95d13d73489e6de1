"""This program's own processes look for cycles seldom; whoever imports it as a library keeps their own setting."""

import gc
import subprocess
import sys

import pytest

from auditor.concurrency.collection import collect_seldom

_AFTER_THE_COMMAND = """
import gc
from auditor.cli.app import run
try:
    run()
except SystemExit:
    print(gc.get_threshold()[0])
"""


@pytest.fixture
def threshold() -> int:
    """The number of new objects that makes Python look, without this package."""
    return gc.get_threshold()[0]


def test_new_objects_are_looked_at_seldom(threshold: int) -> None:
    """Fifty thousand of them; how often old ones are looked at stays in proportion."""
    others = gc.get_threshold()[1:]
    try:
        collect_seldom()
        assert (50_000, *others) == gc.get_threshold()
    finally:
        gc.set_threshold(threshold, *others)


def test_the_command_does(threshold: int) -> None:
    """Its process is its own."""
    assert 50_000 != threshold
    assert "50000" == _printed(_AFTER_THE_COMMAND, "--version")


def test_the_library_does_not(threshold: int) -> None:
    """The process of an application is the application's."""
    assert str(threshold) == _printed("import gc, auditor.run.orchestrator; print(gc.get_threshold()[0])")


def _printed(program: str, *arguments: str) -> str:
    """The last line that a program prints."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], check=True, stdout=subprocess.PIPE, encoding="utf-8"
    )
    return done.stdout.splitlines()[-1]

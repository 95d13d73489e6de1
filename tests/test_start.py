"""What is loaded before anything is done: a help text, a version and a completion wait for no SDK."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec

import pytest
import typer

from auditor.cli.app import app

HEAVY = frozenset(
    {
        "aioboto3",
        "aiobotocore",
        "aiohttp",
        "anyio",
        "asyncio",
        "auditor.aws.gateway",
        "auditor.demo",
        "auditor.engines",
        "auditor.journal",
        "auditor.run",
        "boto3",
        "botocore",
        "dask",
        "distributed",
        "loky",
        "rich.live",
        "rich.progress",
        "urllib3",
        "uvloop",
    }
)
"""What is for audits alone, with all that is in it."""

RUN = "from auditor.cli.app import run as start\n"
ONE_OPTION = (
    "import typer\nstart = typer.Typer()\n@start.command()\n"
    "def greet(name: str = typer.Option('you', help='Whom.')) -> None:\n    'Greet.'\n"
)
"""The smallest application that has help panels."""


def loaded(source: str, *arguments: str, environment: Mapping[str, str] | None = None) -> set[str]:
    """The modules of a new process that has called the `start` of a text with these arguments."""
    program = (
        f"import sys\nsys.argv = {['auditor', *arguments]!r}\n{source}"
        "try:\n    start()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **(environment or {})},
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.stdout
    return set(done.stderr.split())


def parts_of(modules: set[str], packages: frozenset[str]) -> list[str]:
    """Those of the modules that are one of these packages, or in one."""
    return sorted(name for name in modules if any(name == whole or name.startswith(f"{whole}.") for whole in packages))


def commands(group: typer.Typer) -> Iterator[list[str]]:
    """The words of each command that there is."""
    for command in group.registered_commands:
        assert command.callback is not None
        yield [command.name or command.callback.__name__]
    for inner in group.registered_groups:
        assert inner.name is not None
        assert inner.typer_instance is not None
        yield [inner.name]
        yield from ([inner.name, *words] for words in commands(inner.typer_instance))


@pytest.mark.parametrize("words", [[], *commands(app)], ids=" ".join)
def test_a_help_text_loads_nothing_that_audits(words: list[str]) -> None:
    """Neither the program's own help nor that of a command loads the SDK, a cluster's client, or the demo."""
    assert [] == parts_of(loaded(RUN, *words, "--help"), HEAVY)


def test_the_version_loads_nothing_that_audits() -> None:
    """A version is told by what is installed, and by no more."""
    assert [] == parts_of(loaded(RUN, "--version"), HEAVY)


@pytest.mark.parametrize("begun", ["auditor te", "auditor audit --out", "auditor demo --fresh"])
def test_a_completion_loads_nothing_that_audits(begun: str) -> None:
    """A shell that asks what may follow a word gets its answer without the SDK."""
    asked = {
        "_AUDITOR_COMPLETE": "complete_bash",
        "COMP_WORDS": begun,
        "COMP_CWORD": str(begun.count(" ")),
    }
    assert [] == parts_of(loaded(RUN, environment=asked), HEAVY)


@pytest.mark.parametrize("words", [[], ["audit"], ["demo"]], ids=" ".join)
def test_a_help_text_loads_of_rich_what_typer_does(words: list[str]) -> None:
    """The help has at most as much of Rich as that of the smallest application with help panels."""
    rich = frozenset({"rich"})
    least = parts_of(loaded(ONE_OPTION, "--help"), rich)
    assert least
    assert set(least) >= set(parts_of(loaded(RUN, *words, "--help"), rich))


def test_the_package_loads_nothing() -> None:
    """`import auditor` loads none of its modules, and no other package."""
    before = loaded("def start(): print('nothing')\n")
    after = loaded("import auditor\ndef start(): print('nothing')\n")
    others = {name for name in after - before if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {"auditor"} == others


def test_one_name_loads_what_it_needs() -> None:
    """An error's class comes without the SDK."""
    modules = loaded("import auditor\ndef start(): print(auditor.RequestError)\n")
    assert "auditor.errors" in modules
    assert [] == parts_of(modules, HEAVY)


@pytest.mark.parametrize("name", sorted(HEAVY))
def test_what_must_not_be_loaded_is_there(name: str) -> None:
    """No name in the list is out of date."""
    assert find_spec(name) is not None

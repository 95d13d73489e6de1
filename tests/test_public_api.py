"""What the package gives away, by name, signature and word."""

import ast
import inspect
import pickle
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import auditor

NAMES = [
    "AccessKey",
    "Account",
    "AccountFailure",
    "AccountFilters",
    "AccountFinished",
    "AccountId",
    "AccountReport",
    "AccountState",
    "AccountsListed",
    "AuditConfig",
    "AuditError",
    "AuditFinished",
    "AuditStarted",
    "AuditSummary",
    "AuditWarning",
    "Caller",
    "CallerError",
    "Completeness",
    "ConfigurationError",
    "CsvWriter",
    "DeniedError",
    "EarlierRun",
    "EngineError",
    "Event",
    "EventResource",
    "EventRow",
    "EventRows",
    "EventScope",
    "ExpiredError",
    "Failure",
    "FailureGroup",
    "Finding",
    "Freshness",
    "IncompleteError",
    "InvalidResponseError",
    "JournalWriter",
    "KeyUse",
    "Labels",
    "ListingInterrupted",
    "LoginProfile",
    "MfaDevice",
    "MfaKind",
    "NotAsked",
    "Observer",
    "OrganizationError",
    "Period",
    "ProgressEvent",
    "Rates",
    "ReportStream",
    "ReportWait",
    "RequestError",
    "Root",
    "RootKey",
    "Section",
    "SectionCoverage",
    "ServiceCredential",
    "ThrottledError",
    "Unknown",
    "Unlisted",
    "UnreachableError",
    "User",
    "UserScope",
    "Waiting",
    "WaitingEnded",
    "WriteError",
    "Writer",
    "assume_role",
    "get_accounts",
    "get_cloudtrail_events",
    "get_iam_users_with_keys",
    "ignore",
    "main",
    "open_audit",
    "open_csv_writer",
    "open_journal",
    "reopen_journal",
    "resume_audit",
    "run_audit",
]
CLASSES = [name for name in NAMES if inspect.isclass(getattr(auditor, name))]
FUNCTIONS = [name for name in NAMES if inspect.isfunction(getattr(auditor, name))]


def test_public_names() -> None:
    """The public names are these, sorted, and no others."""
    assert sorted(auditor.__all__) == auditor.__all__
    assert NAMES == auditor.__all__


def test_public_names_are_there() -> None:
    """Every public name can be imported."""
    assert [] == [name for name in NAMES if not hasattr(auditor, name)]


def homes() -> dict[str, str]:
    """Where each name is imported from for type checkers, in the `if TYPE_CHECKING` of the package."""
    source = Path(auditor.__file__).read_text(encoding="utf-8")
    blocks = [node.body for node in ast.parse(source).body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}


def test_public_names_are_loaded_from_where_type_checkers_find_them() -> None:
    """The table of names that are loaded late is that of the imports, and names what is public."""
    assert NAMES == sorted(homes())
    assert homes() == vars(auditor)["_HOMES"]


def test_public_names_are_those_of_their_modules() -> None:
    """A name is the same thing, however it is come by, and each time."""
    for name, home in homes().items():
        assert getattr(auditor, name) is getattr(import_module(home), name)
        assert getattr(auditor, name) is getattr(auditor, name)


def fresh(program: str) -> str:
    """What a new process prints that runs a program."""
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, encoding="utf-8").stdout


def test_all_is_imported_by_a_star() -> None:
    """`from auditor import *` gives all public names, and nothing else."""
    told = fresh("before = set(dir())\nfrom auditor import *\nprint(*sorted(set(dir()) - before - {'before'}))")
    assert NAMES == told.split()


def test_a_listing_has_all_names() -> None:
    """Whoever looks around sees what is public, before anything of it was loaded."""
    told = fresh("import auditor\nprint(*dir(auditor))").split()
    assert set(NAMES) <= set(told)
    assert sorted(told) == told


@pytest.mark.parametrize("module", ["config", "errors", "model", "run", "aws", "cli", "journal"])
def test_a_module_is_an_attribute(module: str) -> None:
    """A module of the package is there without an import of its own."""
    assert f"auditor.{module}" == fresh(f"import auditor\nprint(auditor.{module}.__name__)").strip()


@pytest.mark.parametrize("name", ["Nothing", "__wrapped__", "__main__", "errors.RequestError", ""])
def test_what_is_not_there_is_no_attribute(name: str) -> None:
    """Whoever asks for a name that is not there is told so by the usual error."""
    with pytest.raises(AttributeError, match="module 'auditor' has no attribute"):
        getattr(auditor, name)


@pytest.mark.parametrize("name", NAMES)
def test_public_names_travel(name: str) -> None:
    """A class or function that went to another process is the same there."""
    thing = getattr(auditor, name)
    if name in {*CLASSES, *FUNCTIONS}:
        assert thing is pickle.loads(pickle.dumps(thing))  # noqa: S301 - made on this line


def test_public_things_say_what_they_promise() -> None:
    """Every public class and function has words of its own, not those that a dataclass makes up."""
    things = {name: getattr(auditor, name) for name in [*CLASSES, *FUNCTIONS]}
    texts = {
        name: (vars(thing) if name in CLASSES else {}).get("__doc__", thing.__doc__) for name, thing in things.items()
    }
    assert [] == [name for name, text in texts.items() if not text or text.startswith(f"{name}(")]


def silent_members(kind: type) -> list[str]:
    """The public methods and properties of a class that say nothing."""
    return [
        f"{kind.__name__}.{name}"
        for name, member in vars(kind).items()
        if not name.startswith("_") and isinstance(member, FunctionType | property) and not member.__doc__
    ]


def test_public_methods_say_what_they_promise() -> None:
    """Every public method and property of a public class has a docstring."""
    assert [] == [member for name in CLASSES for member in silent_members(getattr(auditor, name))]


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (auditor.get_accounts, ["org_client"]),
        (auditor.assume_role, ["session", "account_id", "role_name", "session_name"]),
        (auditor.get_iam_users_with_keys, ["iam_client", "account_id", "account_name"]),
        (auditor.get_cloudtrail_events, ["session", "accounts", "role_name", "start_date", "end_date"]),
    ],
)
def test_functions_of_the_script(function: Callable[..., Any], arguments: list[str]) -> None:
    """The script's functions are coroutines that take the script's arguments by position, and need no more."""
    parameters = inspect.signature(function).parameters.values()
    positional = [p.name for p in parameters if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    needed = [p.name for p in parameters if p.default is inspect.Parameter.empty]
    assert arguments == positional
    assert arguments == needed
    assert inspect.iscoroutinefunction(function)


def test_main_is_called_plainly() -> None:
    """`main` is no coroutine, and needs no argument."""
    assert not inspect.iscoroutinefunction(auditor.main)
    inspect.signature(auditor.main).bind()

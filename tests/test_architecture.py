"""The staircase: imports point down only, and each module keeps to what every module keeps to."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import auditor

PACKAGE = Path(auditor.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

ROOMS = (
    "auditor.__init__",
    "auditor.__main__",
    "auditor.compat",
    "auditor.cli",
    "auditor.run",
    "auditor.engines",
    "auditor.account",
    "auditor.output",
    "auditor.aws",
    "auditor.journal",
    "auditor.config",
    "auditor.model",
    "auditor.files",
    "auditor.concurrency",
    "auditor.errors",
)
"""Folders and modules, the top one first: each imports from itself and from those below it."""

SDK = {"botocore", "aiobotocore", "boto3"}
TYPER = {
    "auditor.cli.app",
    "auditor.cli.audit",
    "auditor.cli.demo",
    "auditor.cli.doctor",
    "auditor.cli.environment",
    "auditor.cli.filters",
    "auditor.cli.help",
    "auditor.cli.manual",
    "auditor.cli.options",
    "auditor.cli.plan",
    "auditor.cli.settings",
    "auditor.cli.template",
}
RICH = {
    "auditor.cli.help",
    "auditor.cli.manual",
    "auditor.cli.terminal.console",
    "auditor.cli.terminal.diagnosis",
    "auditor.cli.terminal.plan",
    "auditor.cli.terminal.streams",
    "auditor.cli.terminal.summary",
}
DASK = {"dask", "distributed"}
PYDANTIC = {"pydantic", "pydantic_core"}

MOST_LINES = 300
ERRORS_OF_REQUESTS = {
    "RequestError",
    "DeniedError",
    "ThrottledError",
    "ExpiredError",
    "UnreachableError",
    "InvalidResponseError",
}

Import = tuple[str, str]
"""Who imports, and what."""


def name_of(path: Path) -> str:
    """The dotted name of a module's file."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = frozenset(map(name_of, MODULES))
PACKAGES = frozenset(name_of(path) for path in MODULES if path.stem == "__init__")


def imports_of(source: str, *, module: str) -> set[str]:
    """All that a module's text imports, wherever in it: the modules of this package in full, of others the name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, module=module)
            names = {f"{base}.{alias.name}" for alias in node.names}
            found.update(names & NAMES)
            if names - NAMES:
                found.add(base)
    return found


def _base(node: ast.ImportFrom, *, module: str) -> str:
    if not node.level:
        return node.module or ""
    parents = module.split(".") if module in PACKAGES else module.split(".")[:-1]
    parents = parents[: len(parents) - node.level + 1]
    return ".".join([*parents, *([node.module] if node.module else [])])


def all_imports() -> list[Import]:
    """Every import of the package."""
    return [
        (name_of(path), imported)
        for path in MODULES
        for imported in sorted(imports_of(path.read_text(encoding="utf-8"), module=name_of(path)))
    ]


def room_of(module: str) -> str:
    """The room that a module is in: its folder at the top of the package, or itself."""
    parts = module.split(".")
    return ".".join(parts[:2]) if len(parts) > 1 else f"{module}.__init__"


def level_of(module: str) -> int:
    """How many rooms are above the module's."""
    return ROOMS.index(room_of(module))


def is_demo(module: str) -> bool:
    """Whether a module is the local organization's."""
    return module == "auditor.demo" or module.startswith("auditor.demo.")


def upward(imports: list[Import]) -> list[Import]:
    """The imports that point up the staircase."""
    return [
        (importer, imported)
        for importer, imported in imports
        if imported in NAMES
        and not is_demo(importer)
        and not is_demo(imported)
        and level_of(imported) < level_of(importer)
    ]


def cycle_in(imports: list[Import]) -> list[str]:
    """Modules that import each other in a ring, none where there is no ring."""
    graph: dict[str, set[str]] = {}
    for importer, imported in imports:
        if imported in NAMES:
            graph.setdefault(importer, set()).add(imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring: list[str] = error.args[1]
        return ring
    return []


def misplaced(imports: list[Import]) -> list[Import]:
    """The imports of things that only some folders may know."""
    return [(importer, imported) for importer, imported in imports if not _may_import(importer, imported)]


def _may_import(importer: str, imported: str) -> bool:
    root = imported.partition(".")[0]
    if is_demo(importer):
        return root != "auditor" or is_demo(imported)
    if importer.startswith("auditor.output") and imported.startswith(("auditor.aws", "types_")):
        return False
    in_aws = importer.startswith("auditor.aws.")
    return {
        "auditor": not is_demo(imported) or importer == "auditor.cli.demo",
        **dict.fromkeys(SDK, in_aws),
        "aioboto3": in_aws
        or importer in {"auditor.run.orchestrator", "auditor.run.resume", "auditor.engines.pool", "auditor.compat"},
        **dict.fromkeys(DASK, importer == "auditor.engines.dask"),
        **dict.fromkeys(PYDANTIC, importer == "auditor.journal.format"),
        "typer": importer in TYPER,
        "rich": importer in RICH,
    }.get(root, True)


def broad_handlers(source: str) -> list[str]:
    """The handlers of a text that catch whatever comes: bare ones, and those of Exception or BaseException."""
    handlers = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ExceptHandler))
    return [found for handler in handlers for found in _broad(handler.type)]


def _broad(caught: ast.expr | None) -> Iterator[str]:
    if caught is None:
        yield "bare"
        return
    for part in caught.elts if isinstance(caught, ast.Tuple) else [caught]:
        name = part.attr if isinstance(part, ast.Attribute) else part.id if isinstance(part, ast.Name) else ""
        if name in {"Exception", "BaseException"}:
            yield name


def prints(source: str) -> int:
    """How often a text calls print."""
    calls = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return sum(isinstance(function, ast.Name) and function.id == "print" for function in calls)


def test_every_module_has_a_room() -> None:
    """A new folder is given its place on the staircase, and one that is gone gives it back."""
    assert set(ROOMS) == {room_of(name) for name in NAMES if not is_demo(name)}


def test_imports_point_down() -> None:
    """No module imports one of a room above its own."""
    assert [] == upward(all_imports())


def test_imports_have_no_cycle() -> None:
    """No modules import each other in a ring, in one room either."""
    assert [] == cycle_in(all_imports())


def test_each_thing_is_known_where_it_belongs() -> None:
    """The SDK is known to `aws` only, Dask to one engine, pydantic to the journal's format, the rest to the command."""
    assert [] == misplaced(all_imports())


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("from auditor.cli.app import run", "auditor.model.facts"),
        ("import auditor.run.orchestrator", "auditor.account.collectors.users"),
        ("from auditor.engines import local", "auditor.aws.role"),
        ("from ..account.collectors.users import collect_users", "auditor.aws.role"),
        ("from ..cli import show", "auditor.run.totals"),
        ("def late():\n    from auditor.output.csv import line\n", "auditor.model.report"),
    ],
)
def test_an_import_that_points_up_is_found(source: str, module: str) -> None:
    """Whatever form an import has and wherever it stands, it is found where it points up."""
    assert len(upward([(module, imported) for imported in imports_of(source, module=module)])) == 1


def test_an_import_that_points_down_is_none() -> None:
    """Neither an import from a room below nor one from the same room points up."""
    source = "from auditor.model.facts import Account\nfrom .listing import Listing"
    assert {"auditor.model.facts", "auditor.run.listing"} == imports_of(source, module="auditor.run.totals")
    assert [] == upward([("auditor.run.totals", "auditor.model.facts"), ("auditor.run.totals", "auditor.run.listing")])


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("auditor.run.listing", "botocore.exceptions"),
        ("auditor.account.collectors.users", "aiobotocore.client"),
        ("auditor.cli.terminal.console", "aioboto3"),
        ("auditor.run.orchestrator", "rich.console"),
        ("auditor.output.csv", "auditor.aws.errors"),
        ("auditor.compat", "auditor.demo"),
        ("auditor.demo.server", "auditor.model.facts"),
        ("auditor.engines.pool", "distributed"),
        ("auditor.model.facts", "pydantic.dataclasses"),
        ("auditor.journal.header", "pydantic_core"),
    ],
)
def test_an_import_out_of_place_is_found(importer: str, imported: str) -> None:
    """What may not be known somewhere is found there."""
    assert [(importer, imported)] == misplaced([(importer, imported)])


def test_a_cycle_is_found() -> None:
    """Two modules of one room that import each other are a ring."""
    ring = cycle_in([("auditor.output.rows", "auditor.run.totals"), ("auditor.run.totals", "auditor.output.rows")])
    assert {"auditor.output.rows", "auditor.run.totals"} == set(ring)


def test_modules_are_short() -> None:
    """No file has 300 lines or more."""
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {} == {name: length for name, length in lengths.items() if length >= MOST_LINES}


def opening(source: str) -> str:
    """The first line of a module's docstring, empty where it has none."""
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def test_modules_say_what_they_are() -> None:
    """Every module opens with a sentence of one line."""
    assert ["", "No sentence", "A sentence."] == [opening(text) for text in ("1", '"""No sentence"""', '"A sentence."')]
    openings = {name_of(path): opening(path.read_text(encoding="utf-8")) for path in MODULES}
    assert {} == {name: first for name, first in openings.items() if not first.endswith(".")}


def made_errors(source: str) -> list[str]:
    """The errors of requests that a text makes by their class."""
    calls = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [function.id for function in calls if isinstance(function, ast.Name) and function.id in ERRORS_OF_REQUESTS]


def test_errors_of_requests_are_made_in_one_place() -> None:
    """Their class is chosen by their code, and never by whoever raises them."""
    assert made_errors("raise RequestError(code='x')\nDeniedError()") == ["RequestError", "DeniedError"]
    assert {} == {name_of(path): made for path in MODULES if (made := made_errors(path.read_text(encoding="utf-8")))}


def test_nothing_is_printed() -> None:
    """Only the console module writes for people, and it does not print."""
    assert prints("print('here')") == 1
    assert [] == [name_of(path) for path in MODULES if prints(path.read_text(encoding="utf-8"))]


def test_three_handlers_catch_all() -> None:
    """Whatever comes is caught between accounts, between checks, and where other people's credential providers run."""
    broad = {name_of(path): broad_handlers(path.read_text(encoding="utf-8")) for path in MODULES}
    assert {
        "auditor.account.audit": ["Exception"],
        "auditor.aws.credentials": ["Exception"],
        "auditor.run.doctor": ["Exception"],
    } == {name: found for name, found in broad.items() if found}


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("except:", ["bare"]),
        ("except Exception:", ["Exception"]),
        ("except (OSError, builtins.BaseException):", ["BaseException"]),
        ("except ValueError:", []),
    ],
)
def test_broad_handlers_are_found(clause: str, expected: list[str]) -> None:
    """Each form of a handler that catches all is found."""
    assert expected == broad_handlers(f"try:\n    pass\n{clause}\n    pass\n")

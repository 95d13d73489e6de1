"""The habits of the project: every exception from a rule has its reason, and what is promised is what is tried."""

import io
import re
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wheel import left_out

ROOT = Path(__file__).parents[1]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
FILES = sorted(path for folder in ("auditor", "tests") for path in (ROOT / folder).rglob("*.py"))
_EXCEPTION = re.compile(r"# (noqa|type: ?ignore|ruff:|mypy:|pragma:|fmt:)")
_WITHOUT_REASON = re.compile(r"# (ruff: )?noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*|# type: ignore\[[\w, -]+\]")
_IGNORED_RULE = re.compile(r'^ +"[A-Z]+\d+",(?P<reason> *# \w.*)?$', flags=re.MULTILINE)


def unexplained(source: str) -> list[str]:
    """The comments that make an exception from a rule, which they must name, and do not say why."""
    comments = (token.string for token in _tokens(source) if token.type == tokenize.COMMENT)
    exceptions = (comment for comment in comments if _EXCEPTION.search(comment))
    return [one for one in exceptions if not re.search(r"\w", _WITHOUT_REASON.sub("", one)) or _names_no_rule(one)]


def _names_no_rule(comment: str) -> bool:
    return re.search(r"# (noqa(?!: [A-Z])|type: ?ignore(?!\[))", comment) is not None


def _tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(source).readline)


def test_every_exception_in_the_code_has_its_reason() -> None:
    """Who reads `noqa` or `type: ignore` learns beside it which rule is broken there, and why that is right."""
    found = {path.relative_to(ROOT).as_posix(): unexplained(path.read_text(encoding="utf-8")) for path in FILES}
    assert {} == {path: comments for path, comments in found.items() if comments}


@pytest.mark.parametrize(
    ("line", "is_explained"),
    [
        ("x = 1  # noqa: S105 - an error code", True),
        ("x = 1  # type: ignore[misc]  # private, so not in the stubs", True),
        ("x = 1  # noqa: S105, S106", False),
        ("x = 1  # type: ignore[misc]  # noqa: SLF001", False),
        ("x = 1  # noqa - it is right", False),
        ("x = 1  # type: ignore  # it is right", False),
        ("# ruff: noqa: S105", False),
    ],
)
def test_what_a_reason_is(line: str, *, is_explained: bool) -> None:
    """A rule without words, and words without a rule, are none."""
    assert is_explained is (not unexplained(line))


def test_every_rule_that_is_left_out_has_its_reason() -> None:
    """The rules that whole folders do not keep to are explained where they are left out."""
    rules = list(_IGNORED_RULE.finditer(PYPROJECT))
    assert len(rules) > 10
    assert [] == [rule.group().strip() for rule in rules if rule["reason"] is None]


def test_the_pythons_that_are_named_are_tried() -> None:
    """`make test-pythons` tries each Python that the package says it is for, and the first is the lowest."""
    classifiers = tomllib.loads(PYPROJECT)["project"]["classifiers"]
    named = [one.rpartition(" ")[2] for one in classifiers if re.fullmatch(r"Programming .* :: 3\.\d+", one)]
    tried = re.search(r"^PYTHONS := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert tried is not None
    assert named == tried[1].split()[: len(named)]
    assert f">={named[0]}" == tomllib.loads(PYPROJECT)["project"]["requires-python"]


def test_a_wheel_that_lacks_a_file_is_found(tmp_path: Path) -> None:
    """Every file of the package must be in it, whatever it is called; what Python compiles need not."""
    for name in ("auditor/__init__.py", "auditor/manual/start.md", "auditor/manual/screen.svg", "auditor/py.typed"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "auditor/__pycache__").mkdir()
    (tmp_path / "auditor/__pycache__/start.pyc").touch()
    names = ["auditor/__init__.py", "auditor/manual/start.md", "auditor-0.1.0.dist-info/METADATA"]
    assert ["auditor/manual/screen.svg", "auditor/py.typed"] == left_out(names, of=tmp_path)

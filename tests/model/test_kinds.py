"""What a value must be: one sentence says which it is of what is none."""

import os
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from auditor import ConfigurationError, Labels
from auditor.model.kinds import Number, check_callable, check_kind, check_method, path_of, word_of


class _Place:
    """What knows its own path, and is none of the standard library's."""

    def __init__(self, path: Any) -> None:
        self._path = path

    def __fspath__(self) -> Any:
        return self._path

    def __repr__(self) -> str:
        return "Place()"


@pytest.mark.parametrize(
    ("value", "kind", "wanted"),
    [
        (5, str, "str: 5 is not"),
        (None, str, "str: None is not"),
        ("5", int | None, "int | None: '5' is not"),
        (True, int, "int: True is not"),
        (False, Number, "int | float: False is not"),
        (1, bool, "bool: 1 is not"),
        ("now", datetime | None, "datetime | None: 'now' is not"),
    ],
)
def test_another_kind_is_refused(value: object, kind: Any, wanted: str) -> None:
    """The sentence has the name, the type that is wanted, and what was given; truth is no number."""
    with pytest.raises(ConfigurationError) as caught:
        check_kind("thing", value, kind)
    assert f"thing must be of the type {wanted}." == str(caught.value)


@pytest.mark.parametrize(
    ("value", "kind"), [("", str), (None, int | None), (1.5, Number), (2, Number), (True, bool), (True, bool | None)]
)
def test_the_kind_itself_is_taken(value: object, kind: Any) -> None:
    """Whatever is of the type, or of one of them."""
    check_kind("thing", value, kind)


@pytest.mark.parametrize("value", [None, "append", ("append",), dict, list])
def test_what_lacks_a_method_is_refused(value: object) -> None:
    """A class is refused where one of its objects must be: it would miss its first argument."""
    check_method("thing", [], "append")
    with pytest.raises(ConfigurationError, match=r"^thing must be an object with a method append: .* is none\.$"):
        check_method("thing", value, "append")


def test_what_cannot_be_called_is_refused() -> None:
    """A function is whatever can be called."""
    check_callable("thing", print)
    with pytest.raises(ConfigurationError, match=r"^thing must be a function: 5 is none\.$"):
        check_callable("thing", 5)


@pytest.mark.parametrize("value", ["fr", None, [], 5])
def test_another_word_is_refused(value: object) -> None:
    """A word may be given as a text, and no other word."""
    assert [Labels.EN, Labels.ES] == [word_of("thing", "en", Labels), word_of("thing", Labels.ES, Labels)]
    with pytest.raises(ConfigurationError) as caught:
        word_of("thing", value, Labels)
    assert f"thing must be es or en: {value!r} is not." == str(caught.value)


@pytest.mark.parametrize("value", ["a", Path("a"), PurePosixPath("a"), _Place("a")])
def test_a_path(value: str | os.PathLike[str]) -> None:
    """Texts and whatever knows its path are paths, also with bytes that are no UTF-8, as the system gave them."""
    assert Path("a") == path_of("thing", value)
    assert Path("\udcff") == path_of("thing", "\udcff")


@pytest.mark.parametrize("value", [None, 5, b"a", [], True, "a\0b", Path("a\0b"), "\ud800", _Place(b"a")])
def test_what_can_be_no_path_is_refused(value: object) -> None:
    """A path of another kind, or with a character that no path has, is a sentence."""
    with pytest.raises(ConfigurationError, match=r"^thing must be ") as caught:
        path_of("thing", value)
    assert repr(value) in str(caught.value)

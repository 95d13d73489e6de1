"""What a value that was given must be: each check says in one sentence which value it is of what is none."""

import os
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar, get_args

from auditor.errors import ConfigurationError

Word = TypeVar("Word", bound=StrEnum)

Number = int | float


def check_kind(name: str, value: object, kind: Any) -> None:  # noqa: ANN401 - whatever isinstance takes
    """Raise ConfigurationError unless it is of the type, or of one of a union; True and False are no numbers."""
    kinds = get_args(kind) or (kind,)
    if not isinstance(value, kind) or (isinstance(value, bool) and bool not in kinds):
        wanted = " | ".join("None" if one is NoneType else one.__name__ for one in kinds)
        raise ConfigurationError(f"{name} must be of the type {wanted}: {value!r} is not.")


def check_callable(name: str, value: object) -> None:
    """Raise ConfigurationError unless it can be called."""
    if not callable(value):
        raise ConfigurationError(f"{name} must be a function: {value!r} is none.")


def check_method(name: str, value: object, method: str) -> None:
    """Raise ConfigurationError unless it is an object that has the method, of whatever type."""
    if isinstance(value, type) or not callable(getattr(value, method, None)):
        raise ConfigurationError(f"{name} must be an object with a method {method}: {value!r} is none.")


def word_of(name: str, value: Any, words: type[Word]) -> Word:  # noqa: ANN401 - an enumeration says itself what it takes
    """The word itself, which may be given as a text; raises ConfigurationError where it is none of them."""
    try:
        return words(value)
    except ValueError:
        raise ConfigurationError(f"{name} must be {' or '.join(words)}: {value!r} is not.") from None


def path_of(name: str, value: Any) -> Path:  # noqa: ANN401 - mypy does not see what was checked
    """The path, which may be given as a text; raises ConfigurationError where no file system could have it."""
    check_kind(name, value, str | os.PathLike)
    if not _is_path(value):
        raise ConfigurationError(f"{name} must be a path that a file system can have: {value!r} is none.")
    return Path(value)


def _is_path(value: "str | os.PathLike[Any]") -> bool:
    try:
        return isinstance(os.fspath(value), str) and b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False

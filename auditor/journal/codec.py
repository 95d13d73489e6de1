"""Models as JSON values and back, exactly: dataclasses, tuples, aware times, words, and unions of them."""

from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

Decoder = Callable[[Any], Any]
Shape = type | frozenset[str]
"""What tells the members of a union apart in JSON: the value's type, or the names of an object's members."""


def encode(value: object) -> Any:  # noqa: ANN401 - whatever JSON holds
    """A JSON value for a model: an object with all of its fields, times in ISO 8601 to the microsecond."""
    if is_dataclass(value):
        kind: Any = type(value)
        return {name: encode(getattr(value, name)) for name in _names(kind)}
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def decode(kind: type[T], value: object) -> T:
    """The model of this kind that was encoded; raises ValueError where the value is of no such model."""
    annotation: Any = kind
    model: T = _decoder(annotation)(value)
    return model


@cache
def _names(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - any dataclass
    return tuple(field.name for field in fields(kind))


@cache
def _decoder(kind: Any) -> Decoder:  # noqa: ANN401 - any annotation
    if isinstance(kind, NewType):
        return _decoder(kind.__supertype__)
    if get_origin(kind) is tuple:
        return _tuple_decoder(_decoder(get_args(kind)[0]))
    if get_origin(kind) in {Union, UnionType}:
        return _union_decoder(get_args(kind))
    if is_dataclass(kind):
        return _dataclass_decoder(kind)
    return _leaf_decoder(kind)


def _leaf_decoder(kind: Any) -> Decoder:  # noqa: ANN401 - any type
    if issubclass(kind, StrEnum):
        of_word: Decoder = kind
        return of_word
    if kind is datetime:
        return _moment
    return _checked(_shapes(kind))


def _dataclass_decoder(kind: Any) -> Decoder:  # noqa: ANN401 - any dataclass
    hints = get_type_hints(kind)
    members = {name: _decoder(hints[name]) for name in _names(kind)}

    def decode_object(value: Any) -> Any:  # noqa: ANN401 - from JSON
        if not isinstance(value, dict) or value.keys() != members.keys():
            raise ValueError(f"no {kind.__name__}")
        return kind(**{name: decoder(value[name]) for name, decoder in members.items()})

    return decode_object


def _tuple_decoder(of_item: Decoder) -> Decoder:
    def decode_list(value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - from JSON
        if not isinstance(value, list):
            raise ValueError("no list")  # noqa: TRY004 - what can't be decoded is one kind of error
        return tuple(map(of_item, value))

    return decode_list


def _union_decoder(kinds: Iterable[Any]) -> Decoder:
    decoders = {shape: _decoder(kind) for kind in kinds for shape in _shapes(kind)}

    def decode_one(value: Any) -> Any:  # noqa: ANN401 - from JSON
        shape = frozenset(value) if isinstance(value, dict) else type(value)
        if shape not in decoders:
            raise ValueError("none of the union")
        return decoders[shape](value)

    return decode_one


def _shapes(kind: Any) -> tuple[Shape, ...]:  # noqa: ANN401 - any annotation
    if is_dataclass(kind):
        return (frozenset(_names(kind)),)  # type: ignore[arg-type] # a class here, never an instance
    if get_origin(kind) is tuple:
        return (list,)
    if kind is float:
        return (float, int)
    if kind in {bool, int, NoneType}:
        return (kind,)
    return (str,)


def _checked(shapes: tuple[Shape, ...]) -> Decoder:
    def check(value: Any) -> Any:  # noqa: ANN401 - from JSON
        if type(value) not in shapes:
            raise ValueError(f"{type(value).__name__} in a place of another type")
        return value

    return check


def _moment(value: Any) -> datetime:  # noqa: ANN401 - from JSON
    if not isinstance(value, str):
        raise ValueError("no time")  # noqa: TRY004 - what can't be decoded is one kind of error
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment

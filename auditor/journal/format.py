"""The lines of a journal: whether they are whole, and models as JSON and back; only this module knows pydantic.

What is read is taken strictly: nothing is converted that was not written so. Additions do not strand what is there:
members that a model does not have are passed over, and members of later models, which have a default, may be missing.
"""

# pydantic takes longer to import than all else of a command's start, and only who opens a journal needs it.
# ruff: noqa: PLC0415 - said above

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar
from zlib import crc32

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import CoreSchema, SchemaValidator, ValidationError

CHECKSUM = "crc32"
"""The name of the member that each line begins with."""

_OPENING = re.compile(rb'\{"crc32":"([0-9a-f]{8})",')
T = TypeVar("T")
Rewriting = Callable[["CoreSchema"], "CoreSchema | None"]
"""What stands in the place of a part of a schema, None where it stays."""
_LONE = re.compile("[\ud800-\udfff]")


def line_of(name: str, value: bytes) -> bytes:
    """One line with one named value, which is JSON on one line, and a checksum of all that follows the checksum."""
    body = b'"%s":%s}' % (name.encode("ascii"), value)
    return b'{"crc32":"%08x",%s\n' % (crc32(body), body)


def is_whole(line: bytes) -> bool:
    """Whether the line is there to its end, as it was written."""
    opening = _OPENING.match(line)
    if opening is None or not line.endswith(b"\n"):
        return False
    return crc32(memoryview(line)[opening.end() : -1]) == int(opening[1], 16)


def is_named(line: bytes, name: str) -> bool:
    """Whether the value of a whole line has this name; the line is not read for it."""
    opening = _OPENING.match(line)
    return opening is not None and line.startswith(b'"%s":' % name.encode("ascii"), opening.end())


class UnknownWordError(ValueError):
    """Raised for a value that is right but for words of enumerations that this version does not know."""

    def __init__(self, value: Any) -> None:  # noqa: ANN401 - of the kind that was asked for
        self.value = value
        """The value, with None in the places of these words."""
        super().__init__("it has words that this version does not know")


def encode(model: object) -> bytes:
    r"""A dataclass as JSON on one line, with all of its fields, and times in ISO 8601 to the microsecond.

    JSON has no lone surrogates: `\ud800` stands in their places, as letters.
    """
    kind: Any = type(model)
    adapter = _adapter(kind)
    try:
        # A value of another type is a caller's, and no reason to show what is in a report.
        return adapter.dump_json(model, warnings=False)
    except ValueError:
        value = adapter.dump_python(model, warnings=False)
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=datetime.isoformat)
        return _escaped(text).encode()


def decode(kind: type[T], line: bytes, *, name: str) -> T:
    """The model of this kind that is a line's member of this name.

    Lone surrogates, which earlier versions wrote, are read as `encode` writes them.

    Raises:
        UnknownWordError: It is one, but for words that this version does not know.
        ValueError: It is none; the text says why, and has nothing of the line.
    """
    from pydantic_core import ValidationError

    annotation: Any = kind
    try:
        model: T = _validator(annotation, name, _exact).validate_json(line, strict=True)[name]
    except ValidationError as error:
        refusal = error
    else:
        return model
    mended = _mended(line)
    if mended is not None:
        return decode(kind, mended, name=name)
    try:
        value = _validator(annotation, name, _later).validate_json(line, strict=True)[name]
    except ValidationError:
        raise ValueError(_reason(refusal)) from None
    raise UnknownWordError(value)


def names_in(line: bytes) -> frozenset[str]:
    """The names of a line's members, none where it is no JSON object."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(value) if isinstance(value, dict) else frozenset()


def schemas_of(kinds: Mapping[str, type]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The JSON Schema of each kind's models, by the same names, and the definitions that they refer to."""
    from pydantic import ConfigDict, TypeAdapter
    from pydantic.json_schema import GenerateJsonSchema

    class Untitled(GenerateJsonSchema):
        """Without titles, which repeat the fields' names."""

        def field_title_should_be_set(self, schema: object) -> bool:
            del schema
            return False

    # A dataclass of the standard library has no configuration of its own, and takes the one of what it is a part of.
    config = ConfigDict(use_attribute_docstrings=True)
    parts = [
        (name, "validation", TypeAdapter[Any](dict[str, kind], config=config))  # type: ignore[valid-type]  # a kind that is only known at run time
        for name, kind in kinds.items()
    ]
    found, definitions = TypeAdapter.json_schemas(
        parts,  # type: ignore[arg-type] # the modes are literals
        ref_template="#/$defs/{model}",
        schema_generator=Untitled,
    )
    schemas = {name: schema["additionalProperties"] for (name, _), schema in found.items()}
    return schemas, definitions["$defs"]


@cache
def _adapter(kind: type) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


@cache
def _validator(kind: type, name: str, rewriting: Rewriting) -> "SchemaValidator":
    from pydantic_core import SchemaValidator, core_schema

    member = core_schema.typed_dict_field(_rewritten(_adapter(kind).core_schema, rewriting))
    return SchemaValidator(core_schema.typed_dict_schema({name: member}))


def _rewritten(schema: Any, rewriting: Rewriting) -> Any:  # noqa: ANN401 - a schema, or a part of one
    if isinstance(schema, list):
        return [_rewritten(part, rewriting) for part in schema]
    if not isinstance(schema, dict):
        return schema
    other: Any = rewriting(schema)
    if other is None:
        return {name: _rewritten(part, rewriting) for name, part in schema.items()}
    return {**other, "ref": schema["ref"]} if "ref" in schema else other


def _exact(schema: "CoreSchema") -> "CoreSchema | None":
    from pydantic_core import core_schema

    if schema.get("type") != "datetime":
        return None
    # pydantic takes texts of digits for seconds since 1970, in strict mode too, and has a zone type of its own.
    return core_schema.no_info_after_validator_function(_moment, core_schema.str_schema())


def _later(schema: "CoreSchema") -> "CoreSchema | None":
    from pydantic_core import core_schema

    if schema.get("type") != "enum":
        return _exact(schema)
    return core_schema.no_info_after_validator_function(partial(_word, schema["cls"]), core_schema.str_schema())


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("this is no time") from None
    if moment.tzinfo is None:
        raise ValueError("this time has no zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("this time is beyond the calendar") from None


def _word(kind: type[StrEnum], text: str) -> StrEnum | None:
    try:
        return kind(text)
    except ValueError:
        return None


def _mended(line: bytes) -> bytes | None:
    """The line with its lone surrogates escaped, None where it has none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    text = json.dumps(value, ensure_ascii=False)
    return _escaped(text).encode() if _LONE.search(text) else None


def _escaped(text: str) -> str:
    """A text of JSON in which the letters of an escape stand for each lone surrogate."""
    return _LONE.sub(lambda found: rf"\\u{ord(found[0]):04x}", text)


def _reason(error: "ValidationError") -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    said = first["msg"].removeprefix("Value error, ")
    said = said[:1].lower() + said[1:]
    return f"{place}: {said}" if place else said

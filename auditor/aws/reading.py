"""Replies, read past what is odd: what is missing, and what is not of its type, costs only itself.

The SDK's parsers leave what they can't read as it was sent, and members are read one at a time.
"""

from collections.abc import Iterator, Mapping
from copy import copy
from datetime import UTC, datetime
from typing import Any, TypeVar

from aiobotocore.client import AioBaseClient
from aiobotocore.parsers import AioJSONParser, AioResponseParserFactory

from auditor.aws.redaction import well_formed
from auditor.model.codes import INVALID_RESPONSE
from auditor.model.facts import Unknown

UNREADABLE = Unknown(INVALID_RESPONSE)
"""In the place of a fact that AWS sent in a form that can't be read."""
_YEAR = 4
"""Letters of a year: without a dash behind them, digits are seconds, though they would make a date, too."""
ClientT = TypeVar("ClientT")


def text_in(part: Mapping[str, Any], member: str) -> str:
    """A text, empty where there is none or something else; lone surrogates, which no file can hold, are escaped."""
    value = part.get(member)
    return well_formed(value) if isinstance(value, str) else ""


def texts_in(part: Mapping[str, Any], member: str) -> tuple[str, ...]:
    """The texts of a list, as `text_in` reads each; empty ones and what is no text are left out, and so is no list."""
    value = part.get(member)
    items = value if isinstance(value, list | tuple) else ()
    return tuple(well_formed(item) for item in items if isinstance(item, str) and item)


def time_in(part: Mapping[str, Any], member: str) -> datetime | Unknown | None:
    """A time in UTC; None where there is none, UNREADABLE where it can't be read."""
    value = part.get(member)
    if value is None:
        return None
    moment = parse_timestamp(value)
    return moment if isinstance(moment, datetime) else UNREADABLE


def object_in(part: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    """An object, an empty one where there is none or something else."""
    return object_of(part.get(member))


def object_of(value: object) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    # Nearly all are plain dictionaries: to ask the abstract class takes far longer.
    return value if type(value) is dict or isinstance(value, Mapping) else {}


def objects_in(part: Mapping[str, Any], member: str) -> Iterator[Mapping[str, Any]]:
    """The items of a list, an empty object for each that is none, and one for what is no list; none for no member."""
    value = part.get(member)
    if value is None:
        return
    yield from map(object_of, value if isinstance(value, list | tuple) else [value])


def parse_timestamp(value: object) -> object:
    """The time that AWS sent, as ISO 8601 or seconds since 1970, in UTC; what is none is given back as it is.

    The SDK's own parser guesses formats, takes nine times as long, and costs the whole reply over one bad time.
    """
    if isinstance(value, datetime):
        return value
    try:
        return _moment(value)
    except (ValueError, OverflowError, OSError):
        return value


def _moment(value: object) -> object:
    if isinstance(value, str):
        if value[_YEAR:][:1] == "-" or not _is_number(value):
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return datetime.fromtimestamp(float(value), UTC)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def reading_past_oddities(client: ClientT) -> ClientT:
    """A client like one that was lent, over the same connections, whose replies are read as those of a run's own.

    The lent one is left as it is; what is no client of the SDK's is given back.
    """
    if not isinstance(client, AioBaseClient):
        return client
    reading: Any = copy(client)
    reading._endpoint = copy(reading._endpoint)  # noqa: SLF001 - the SDK makes clients by session only
    reading._endpoint._response_parser_factory = response_parsers()  # noqa: SLF001 - as above
    like: ClientT = reading
    return like


def response_parsers() -> "ResponseParsers":
    """The parsers for the clients of one session."""
    parsers = ResponseParsers()
    parsers.set_parser_defaults(timestamp_parser=parse_timestamp)
    return parsers


class ResponseParsers(AioResponseParserFactory):
    """Makes the parsers of a session's clients; odd items of JSON services are left as they were sent."""

    # Of XML nothing is odd to the SDK: an element is read as what its place asks for.
    def create_parser(self, protocol_name: str) -> Any:  # noqa: ANN401 - the SDK has no types
        """The parser of a protocol."""
        if protocol_name == "json":
            return _JsonParser(**self._defaults)  # type: ignore[attr-defined]  # not in the stubs
        return super().create_parser(protocol_name)


class _JsonParser(AioJSONParser):
    """Reads what has the shape that the service's model says, and leaves the rest as it was sent."""

    # The SDK's types do not have what they inherit.
    def _handle_structure(self, shape: Any, value: Any) -> Any:  # noqa: ANN401 - nor any for this
        return super()._handle_structure(shape, value) if isinstance(value, Mapping) else value  # type: ignore[misc]  # private, so not in the stubs

    def _handle_list(self, shape: Any, node: Any) -> Any:  # noqa: ANN401 - as above
        return super()._handle_list(shape, node) if isinstance(node, list) else node  # type: ignore[misc]  # as above

"""The SDK's parsers of replies, made to read past what is odd: an item of another shape must not cost all others."""

from collections.abc import Mapping
from copy import copy
from typing import Any, TypeVar

from aiobotocore.client import AioBaseClient
from aiobotocore.parsers import AioJSONParser, AioResponseParserFactory

from auditor.aws.reading import parse_timestamp

ClientT = TypeVar("ClientT")


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

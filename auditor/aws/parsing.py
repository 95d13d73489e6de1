"""The SDK's parsers of replies, made to read past what is odd: an item of another shape must not cost all others."""

from collections.abc import Mapping
from typing import Any

from aiobotocore.parsers import AioJSONParser, AioResponseParserFactory


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
        return super()._handle_structure(shape, value) if isinstance(value, Mapping) else value  # type: ignore[misc]

    def _handle_list(self, shape: Any, node: Any) -> Any:  # noqa: ANN401
        return super()._handle_list(shape, node) if isinstance(node, list) else node  # type: ignore[misc]

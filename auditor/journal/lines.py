"""The lines of a journal: JSON objects that tell whether they are whole."""

import json
import re
from typing import Any
from zlib import crc32

_OPENING = re.compile(rb'\{"crc32":"([0-9a-f]{8})",')


def line_of(name: str, value: object) -> bytes:
    """One line of JSON with one named value, and a checksum of all that follows the checksum."""
    text = json.dumps({name: value}, ensure_ascii=False, separators=(",", ":"))
    # JSON can carry a lone surrogate and UTF-8 can't; two that stand together must not become one letter.
    body = text.encode("utf-8", errors="surrogatepass")[1:]
    return b'{"crc32":"%08x",%s\n' % (crc32(body), body)


def value_of(line: bytes, *, name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The value of a whole line; raises ValueError where it has none of that name."""
    value = json.loads(line.decode("utf-8", errors="surrogatepass"))
    if name not in value:
        raise ValueError(f"no {name}")
    return value[name]


def is_whole(line: bytes) -> bool:
    """Whether the line is there to its end, as it was written."""
    opening = _OPENING.match(line)
    if opening is None or not line.endswith(b"\n"):
        return False
    return crc32(memoryview(line)[opening.end() : -1]) == int(opening[1], 16)

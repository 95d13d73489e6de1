"""The lines of a journal: JSON objects that tell whether they are whole."""

import re
from zlib import crc32

CHECKSUM = "crc32"
"""The name of the member that each line begins with."""

_OPENING = re.compile(rb'\{"crc32":"([0-9a-f]{8})",')


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

"""Lines that tell whether they are whole."""

import json

from hypothesis import given
from hypothesis import strategies as st

from auditor.journal.format import encode
from auditor.journal.lines import is_whole, line_of
from tests.samples import REPORT

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_a_value_is_one_line(value: object) -> None:
    """Whatever it is, it is one whole line of JSON under its name, behind the checksum."""
    line = line_of("report", json.dumps(value).encode())
    assert is_whole(line)
    assert 1 == line.count(b"\n")
    assert ["crc32", "report"] == list(json.loads(line))
    assert value == json.loads(line)["report"]


def test_the_form_of_a_line() -> None:
    """It stays as it is, since it tells which lines are whole to all versions."""
    assert b'{"crc32":"58a8de7c","header":{"version":2}}\n' == line_of("header", b'{"version":2}')


def test_every_torn_line_is_seen() -> None:
    """Cut at any byte, or with any byte another, it is not whole."""
    line = line_of("report", b'{"name":"ana"}')
    assert not any(is_whole(line[:end]) for end in range(len(line)))
    changed = [line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :] for at in range(len(line))]
    assert not any(map(is_whole, changed))
    assert not is_whole(line + b"\n")


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, change: int) -> None:
    """A report's line with another byte anywhere is not whole."""
    line = bytearray(line_of("report", encode(REPORT)))
    line[place % len(line)] ^= change
    assert not is_whole(bytes(line))

"""Lines that tell whether they are whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.journal.lines import is_whole, line_of, value_of

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_a_value_comes_back(value: object) -> None:
    """Whatever it is, it is one whole line."""
    line = line_of("report", value)
    assert is_whole(line)
    assert 1 == line.count(b"\n")
    assert value == value_of(line, name="report")


@pytest.mark.parametrize("text", ["\ud800", "\ud83d\ude00", "😀", "\u2028", "a\nb\x00"])
def test_a_text_comes_back(text: str) -> None:
    """Half a letter stays half a letter, and two halves do not become one."""
    assert text == value_of(line_of("report", text), name="report")


def test_every_torn_line_is_seen() -> None:
    """Cut at any byte, or with any byte another, it is not whole."""
    line = line_of("report", {"name": "ana"})
    assert not any(is_whole(line[:end]) for end in range(len(line)))
    changed = [line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :] for at in range(len(line))]
    assert not any(map(is_whole, changed))
    assert not is_whole(line + b"\n")


def test_a_value_of_another_name_is_none() -> None:
    """A line tells one thing."""
    with pytest.raises(ValueError, match="no header"):
        value_of(line_of("report", 1), name="header")

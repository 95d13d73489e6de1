"""Lone surrogates, which no JSON in UTF-8 can have: written and read as the letters of an escape."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import AccountReport, EventResource
from auditor.journal.format import UnknownWordError, decode, encode
from tests.samples import NOW, REPORT, USER

LETTERS = ["\ud800", "\udfff", "\ud83d", "\ude00", "a", "\\", '"', "u", "😀", "\n", "\x00"]
ODD = st.text(st.sampled_from(LETTERS), max_size=6)
T = TypeVar("T")


def escaped(text: str) -> str:
    """A text with backslashes and letters for its lone surrogates."""
    return text.encode("utf-8", errors="backslashreplace").decode()


def again(model: T) -> T:
    """A model that was written and read."""
    return decode(type(model), b'{"value":%s}' % encode(model), name="value")


@given(ODD)
@settings(deadline=None)
def test_they_are_written_as_letters(text: str) -> None:
    """Nothing fails on them, two of them do not become one letter, and all else stays as it is."""
    assert EventResource("t", escaped(text)) == again(EventResource("t", text))
    odd = replace(REPORT, role=text, users=(replace(USER, name=text),), seconds=1.25)
    assert replace(odd, role=escaped(text), users=(replace(USER, name=escaped(text)),)) == again(odd)


@given(ODD)
@settings(deadline=None)
def test_those_of_earlier_versions_are_read_as_letters(text: str) -> None:
    """Those versions wrote them raw; as JSON's own escapes they are read, too."""
    value = {"value": {"type": "t", "name": text}}
    raw = json.dumps(value, ensure_ascii=False).encode("utf-8", errors="surrogatepass")
    assert EventResource("t", escaped(text)) == decode(EventResource, raw, name="value")
    # As escapes, two halves that follow each other are one letter.
    whole = text.encode("utf-16", errors="surrogatepass").decode("utf-16", errors="surrogatepass")
    assert EventResource("t", escaped(whole)) == decode(EventResource, json.dumps(value).encode(), name="value")


def test_a_line_may_have_words_of_later_versions_too() -> None:
    """The account is told apart all the same."""
    report = json.loads(encode(REPORT))
    report["account"] |= {"state": "ASLEEP", "name": "a\ud800"}
    with pytest.raises(UnknownWordError) as caught:
        decode(AccountReport, json.dumps({"value": report}).encode(), name="value")
    assert "a\\ud800" == caught.value.value.account.name


def test_times_beside_them_are_written_in_full() -> None:
    """To the microsecond and with their zone."""
    odd = replace(REPORT, role="\ud800", started_at=NOW + timedelta(microseconds=7))
    assert replace(odd, role="\\ud800") == again(odd)

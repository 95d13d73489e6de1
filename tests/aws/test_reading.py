"""What is missing in a reply, or of another type, costs only itself, and times are the SDK's own."""

from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.utils
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.aws.reading import UNREADABLE, object_in, objects_in, parse_timestamp, text_in, texts_in, time_in
from tests.fakes import NOON

_FORMATS = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%S+00:00", "%Y-%m-%dT%H:%M:%S")
_EARLIEST = datetime(1970, 1, 2)  # noqa: DTZ001 - the strategy wants a naive one
_SECONDS = st.integers(min_value=0, max_value=4_102_444_800)

NO_TIMES = [
    *("", " ", "yesterday", "2026-13-01T00:00:00Z", "nan", "inf", "1e400", "9999-12-31T23:59:59-23:59"),
    *(float("nan"), float("inf"), 1e300, True, False, [], {}, ["2026-01-01"], b"2026-01-01"),
]


@given(moment=st.datetimes(_EARLIEST), form=st.sampled_from(_FORMATS))
def test_times_of_iam_and_sts_are_the_sdks(moment: datetime, form: str) -> None:
    """The times that Query services send are what the SDK's own parser makes of them; without a zone, UTC."""
    text = moment.strftime(form)
    theirs = botocore.utils.parse_timestamp(text)
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    ours = parse_timestamp(text)

    assert ours == theirs
    assert isinstance(ours, datetime)
    assert ours.utcoffset() == timedelta()


@given(seconds=_SECONDS | st.floats(min_value=0, max_value=4_102_444_800), as_text=st.booleans())
def test_times_of_json_services_are_the_sdks(seconds: float, *, as_text: bool) -> None:
    """Seconds since 1970, as numbers and as texts, are what the SDK's own parser makes of them."""
    value: Any = str(seconds) if as_text else seconds

    assert parse_timestamp(value) == botocore.utils.parse_timestamp(value)


@pytest.mark.parametrize("value", NO_TIMES, ids=repr)
def test_what_is_no_time_is_never_taken_for_one(value: object) -> None:
    """It is given back as it is by what the SDK's parsers call, so that the rest of the reply is read; then unknown."""
    assert parse_timestamp(value) is value
    assert time_in({"at": value}, "at") is UNREADABLE


def test_a_time_that_is_there_and_one_that_is_not() -> None:
    """A time that is missing, or null, is none."""
    assert [NOON, None, None] == [time_in({"at": NOON, "null": None}, member) for member in ("at", "null", "none")]


@pytest.mark.parametrize("value", [None, 7, True, 1.5, [], ["a"], {}, {"a": "b"}, b"text"])
def test_what_is_no_text_is_an_empty_one(value: object) -> None:
    """Nobody's name is the text of a list."""
    assert text_in({"member": value}, "member") == ""
    assert text_in({}, "member") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ana", "ana"),
        ("Gestión 研究 😀", "Gestión 研究 😀"),
        ("\ud800", "\\ud800"),
        ("a\udfffé", "a\\udfffé"),
        ("\ude00\ud83d", "\\ude00\\ud83d"),
    ],
    ids=ascii,
)
def test_lone_surrogates_are_escaped(text: str, expected: str) -> None:
    """Half a letter can be in no file; a whole one stays as it is."""
    assert expected == text_in({"member": text}, "member")


def test_objects_of_another_type_are_empty() -> None:
    """An item that is no object is one of which nothing can be read, and not none at all."""
    part: dict[str, Any] = {"list": [{"a": 1}, None, 7, "text", []], "one": "odd", "null": None}

    assert [{"a": 1}, {}, {}, {}, {}] == list(objects_in(part, "list"))
    assert ([{}], [], []) == tuple(list(objects_in(part, member)) for member in ("one", "null", "none"))
    assert ({}, {}) == (object_in(part, "one"), object_in(part, "none"))


@pytest.mark.parametrize("odd", [None, "text", 7, True, {"a": "b"}, []], ids=str)
def test_a_list_of_texts_that_is_none_is_empty(odd: Any) -> None:
    """What is no list has no texts."""
    assert ((), ()) == (texts_in({"Paths": odd}, "Paths"), texts_in({}, "Paths"))


def test_odd_texts_of_a_list_cost_only_themselves() -> None:
    """What is no text, or an empty one, is left out; lone surrogates are escaped."""
    assert ("a", "b\\ud800") == texts_in({"Paths": ["a", 7, None, ["c"], "", "b\ud800"]}, "Paths")

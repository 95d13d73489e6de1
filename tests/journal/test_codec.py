"""Reports as JSON and back: nothing is lost, and nothing else is taken for one."""

import json
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import AccessKey, AccountReport, KeyUse, Unknown
from auditor.journal.codec import decode, encode
from auditor.journal.lines import is_whole, line_of, value_of
from tests.samples import KEY, REPORT, USE, USER

LETTERS = st.characters()  # lone surrogates among them
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(LETTERS, max_size=5),
    int: st.integers(0, 10**12),
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
    type(None): st.none(),
    datetime: st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0)),
}


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type, whatever the type allows."""
    if isinstance(kind, NewType):
        return any_of(kind.__supertype__)
    if kind in LEAVES:
        return LEAVES[kind]
    if get_origin(kind) in {Union, types.UnionType}:
        return st.one_of(*map(any_of, get_args(kind)))
    if get_origin(kind) is tuple:
        return st.lists(any_of(get_args(kind)[0]), max_size=2).map(tuple)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        build: Callable[..., Any] = kind  # type: ignore[assignment] # a class here, never an instance
        return st.builds(build, **{field.name: any_of(hints[field.name]) for field in fields(kind)})
    assert issubclass(kind, StrEnum)
    return st.sampled_from(list(kind))


@given(any_of(AccountReport))
@settings(max_examples=60, deadline=None)
def test_any_report_survives(report: AccountReport) -> None:
    """A report that was written as a line and read again is the same, to the microsecond and the lone surrogate."""
    line = line_of("report", encode(report))
    assert is_whole(line)
    assert line.index(b"\n") == len(line) - 1
    back = decode(AccountReport, value_of(line, name="report"))
    assert report == back
    assert repr(report) == repr(back)


def test_a_report_is_plain_json() -> None:
    """Any reader of JSON Lines finds the fields by their names."""
    (account,) = [json.loads(line_of("report", encode(REPORT)))["report"]["account"]]
    assert ("111122223333", "ACTIVE") == (account["id"], account["state"])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (AccessKey, {**encode(KEY), "id": 1}),
        (AccessKey, {**encode(KEY), "created_at": "2026-01-01T00:00:00"}),
        (AccessKey, {**encode(KEY), "created_at": "yesterday"}),
        (AccessKey, {**encode(KEY), "last_use": {"at": "2026-01-01T00:00:00+00:00"}}),
        (AccessKey, {name: value for name, value in encode(KEY).items() if name != "status"}),
        (AccessKey, {**encode(KEY), "more": ""}),
        (KeyUse, [encode(USE)]),
        (KeyUse, {**encode(USE), "at": None}),
        (AccountReport, {**encode(REPORT), "users": encode(USER)}),
        (AccountReport, {**encode(REPORT), "requests": True}),
        (AccountReport, {**encode(REPORT), "account": {**encode(REPORT.account), "state": "ASLEEP"}}),
        (Unknown, None),
    ],
)
def test_what_is_no_model_is_refused(kind: type, value: object) -> None:
    """A value that lacks a field, has another one or one of another type is not taken for a model."""
    with pytest.raises(ValueError):  # noqa: PT011 - Python's own words differ
        decode(kind, value)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, change: int) -> None:
    """A line with another byte anywhere is not whole."""
    line = bytearray(line_of("report", encode(REPORT)))
    line[place % len(line)] ^= change
    assert not is_whole(bytes(line))

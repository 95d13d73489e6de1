"""Lines tell whether they are whole; of models nothing is lost or converted, and additions strand nothing."""

import json
import subprocess
import sys
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import AccessKey, Account, AccountReport, Unknown, User
from auditor.journal.format import UnknownWordError, decode, encode, is_whole, line_of, names_in
from auditor.model.facts import NOT_ASKED
from tests.journal.values import LaterKey, Values, read, value_of
from tests.samples import COVERAGE, DEVICE, FAILURE, KEY, LOGIN_PROFILE, NOW, REPORT, ROOT, USE, USER

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    int: st.integers(0, 10**12),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
    datetime: st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0)),
}


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
    """A report that was written and read again is the same to the microsecond, and so are its times' zones."""
    back = read(AccountReport, value_of(report))
    assert report == back
    assert repr(report) == repr(back)


@given(any_of(Values))
@settings(max_examples=100, deadline=None)
def test_the_members_of_unions_are_told_apart(values: Values) -> None:
    """A flag, a fact that was refused, one that was not asked and none stay what they are."""
    back = read(Values, value_of(values))
    assert values == back
    assert repr(values) == repr(back)


def test_a_report_is_plain_json() -> None:
    """Any reader of JSON finds the fields by their names."""
    account = json.loads(encode(REPORT))["account"]
    assert ("111122223333", "ACTIVE") == (account["id"], account["state"])


def test_what_a_list_holds_is_written_as_what_a_tuple_holds() -> None:
    """A caller's report may have one, and nothing is shown of it."""
    odd: Any = {"users": [USER], "seconds": 2}
    assert replace(REPORT, users=(USER,), seconds=2.0) == read(AccountReport, value_of(replace(REPORT, **odd)))


@pytest.mark.parametrize("value", [1, 0, 1.0, "yes", "true", "on", "", [], {}])
@pytest.mark.parametrize("name", ["flag", "later_flag"])
def test_nothing_but_a_boolean_is_one(name: str, value: object) -> None:
    """Neither a number nor a word is taken for true or false."""
    with pytest.raises(ValueError, match=r"flag|words") as caught:
        read(Values, {name: value})
    assert isinstance(caught.value, UnknownWordError) == (name == "later_flag" and isinstance(value, str))


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00",
        "2026-01-01",
        "20260101",
        "1767225600",
        "1767225600.5",
        "yesterday",
        "",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_a_time_has_a_zone(text: str) -> None:
    """What has no zone, no time of day or no place in the calendar is no time, and neither is a number as a text."""
    with pytest.raises(ValueError, match=r"^value\.at: "):
        read(Values, {"at": text})


@pytest.mark.parametrize("value", [1767225600, 1767225600.5, True, ["2026-01-01T00:00:00Z"]])
def test_a_time_is_a_text(value: object) -> None:
    """A number is no time."""
    with pytest.raises(ValueError, match=r"^value\.at: "):
        read(Values, {"at": value})


@pytest.mark.parametrize(
    "text", ["2026-03-01T12:00:00Z", "2026-03-01T12:00:00+00:00", "2026-03-01T14:00:00.000000+02:00"]
)
def test_times_are_utc(text: str) -> None:
    """Whatever their zone was, and in the forms of all versions."""
    moment: datetime = read(Values, {"at": text}).at
    assert (NOW, UTC) == (moment, moment.tzinfo)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", "1"),
        ("number", 1.0),
        ("number", True),
        ("number", None),
        ("share", "1.5"),
        ("share", True),
        ("text", 1),
        ("text", None),
        ("use", [value_of(USE)]),
        ("use", {**value_of(USE), "at": None}),
        ("use", {"at": "2026-01-01T00:00:00+00:00"}),
        ("use", ""),
        ("devices", value_of(DEVICE)),
        ("devices", [value_of(KEY)]),
        ("devices", "none"),
        ("profile", []),
        ("profile", {"created_at": None}),
        ("profile", {**value_of(LOGIN_PROFILE), "reset_required": 0}),
        ("root", None),
        ("root", {**value_of(ROOT), "keys": None}),
        ("status", None),
        ("status", {"word": "Active"}),
        ("paths", [1]),
        ("paths", None),
        ("later_number", True),
        ("later_number", None),
        ("later_at", 1767225600),
        ("expires", "never"),
        ("expires", "NotAsked"),
    ],
)
def test_what_has_another_type_is_refused(name: str, value: object) -> None:
    """The error says where and why in one line, and is no word that is not known yet."""
    with pytest.raises(ValueError, match=f"^value.{name}") as caught:
        read(Values, {name: value})
    assert not isinstance(caught.value, UnknownWordError)
    assert "\n" not in str(caught.value)


def test_a_whole_number_is_a_float() -> None:
    """JSON has one kind of numbers."""
    assert 2.0 == read(Values, {"share": 2}).share


@pytest.mark.parametrize(
    ("kind", "model", "missing"), [(AccessKey, KEY, "status"), (Account, REPORT.account, "id"), (User, USER, "name")]
)
def test_what_lacks_a_field_is_refused(kind: type, model: object, missing: str) -> None:
    """A field without a default is always there."""
    value = {name: part for name, part in value_of(model).items() if name != missing}
    with pytest.raises(ValueError, match=f"value.{missing}: field required"):
        read(kind, value)


def test_fields_of_later_versions_are_passed_over() -> None:
    """A key that a later version wrote is read as far as it is known."""
    later = LaterKey(**{name: getattr(KEY, name) for name in value_of(KEY)}, rotated=True, notes=(Unknown("X"),))
    assert KEY == read(AccessKey, value_of(later))
    users = [{**value_of(USER), "keys": [value_of(later)], "tags": {"a": [1]}}]
    assert REPORT == read(AccountReport, {**value_of(REPORT), "users": users, "regions": ["eu-west-1"]})


def test_fields_of_earlier_versions_are_enough() -> None:
    """What was not there yet was not asked."""
    later = read(LaterKey, value_of(KEY))
    assert NOT_ASKED is later.rotated
    assert () == later.notes
    assert Values() == read(Values, {})


@pytest.mark.parametrize(
    "changes",
    [
        {"account": {**value_of(REPORT.account), "state": "ASLEEP"}},
        {"coverage": [{**value_of(COVERAGE[0]), "section": "tags"}]},
        {"coverage": [{**value_of(COVERAGE[0]), "completeness": "sampled"}]},
        {"failures": [{**value_of(FAILURE), "section": "tags"}]},
        {"users": [{**value_of(USER), "mfa_devices": [{**value_of(DEVICE), "kind": "implant"}]}]},
        {"users": [{**value_of(USER), "mfa_devices": [value_of(DEVICE), {**value_of(DEVICE), "kind": ""}]}]},
    ],
)
def test_words_of_later_versions_are_told_from_damage(changes: dict[str, object]) -> None:
    """Wherever the word stands, the rest of the report is as it was."""
    with pytest.raises(UnknownWordError, match="words that this version does not know") as caught:
        read(AccountReport, {**value_of(REPORT), **changes})
    account = caught.value.value.account
    assert replace(REPORT.account, state=account.state) == account
    assert account.state is (None if "account" in changes else REPORT.account.state)


@pytest.mark.parametrize("word", ["NotAllowed", "", "notasked"])
def test_a_word_in_the_place_of_a_fact_is_one_of_a_later_version(word: str) -> None:
    """What else there is to say of a fact that was not asked is not guessed."""
    with pytest.raises(UnknownWordError):
        read(Values, {"later_flag": word})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("profile", LOGIN_PROFILE),
        ("profile", Unknown("AccessDenied")),
        ("profile", NOT_ASKED),
        ("profile", None),
        ("root", ROOT),
        ("root", NOT_ASKED),
        ("status", "NotAsked"),
        ("status", Unknown("InvalidResponse")),
        ("paths", ("NotAsked",)),
        ("paths", ()),
        ("paths", NOT_ASKED),
        ("later_number", 0),
        ("later_number", NOT_ASKED),
        ("later_at", NOW),
        ("later_at", NOT_ASKED),
        ("later_at", None),
        ("expires", Unknown("InvalidResponse")),
        ("later_devices", ()),
        ("later_devices", NOT_ASKED),
    ],
)
def test_what_was_not_asked_stays_so(name: str, value: object) -> None:
    """It is neither a text nor nothing, and no text, list or number is taken for it."""
    values = Values(**{name: value})  # type: ignore[arg-type] # of the field's type
    back = read(Values, value_of(values))
    assert (values, type(value)) == (back, type(getattr(back, name)))


def test_a_word_that_is_not_known_excuses_no_damage() -> None:
    """A report that is wrong elsewhere, too, is refused."""
    account = {**value_of(REPORT.account), "state": "ASLEEP"}
    with pytest.raises(ValueError, match="value") as caught:
        read(AccountReport, {**value_of(REPORT), "account": account, "requests": "7"})
    assert not isinstance(caught.value, UnknownWordError)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "invalid JSON"),
        (b'{"value":', "invalid JSON"),
        (b'{"value":{}}}', "invalid JSON"),
        (b'{"value":"\xff"}', "invalid JSON"),
        (b'{"value":' + b"[" * 100_000, "invalid JSON"),
        (b"[]", "should be an object"),
        (b'{"other":{}}', "value: field required"),
        (b'{"value":[]}', "value: input should be"),
    ],
)
def test_what_is_no_such_line_is_refused(line: bytes, reason: str) -> None:
    """Bad JSON and other members are told in one line."""
    with pytest.raises(ValueError, match=reason) as caught:
        decode(Values, line, name="value")
    assert "\n" not in str(caught.value)


def test_a_refusal_has_nothing_of_the_line() -> None:
    """What stands in a journal is not for every screen."""
    with pytest.raises(ValueError, match="at") as caught:
        read(Values, {"at": "SECRET", "text": {"SECRET": "SECRET"}})
    assert "SECRET" not in str(caught.value)


def test_commands_that_open_no_journal_start_without_pydantic() -> None:
    """It takes longer to import than all the rest."""
    script = "import sys, auditor.cli.app; print([name for name in sys.modules if name.startswith('pydantic')])"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, encoding="utf-8")
    assert "[]" == done.stdout.strip()


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (b'{"crc32":"0","report":1}', {"crc32", "report"}),
        (b"{}", set[str]()),
        (b"[1]", set[str]()),
        (b"{", set[str]()),
        (b"[" * 100_000, set[str]()),
        (b'{"\xff":1}', set[str]()),
    ],
)
def test_the_names_in_a_line(line: bytes, names: set[str]) -> None:
    """None where it is no object."""
    assert names == names_in(line)

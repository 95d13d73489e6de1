"""The credential report is asked for politely, and given up; what is not sure in it is none."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import anyio
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as some

from auditor import AccessKey, KeyUse, ReportWait, RequestError, Unknown, User
from auditor.account.collectors.credential_report import (
    NOT_READY,
    CredentialReport,
    ReportedKey,
    ReportedRoot,
    ReportedUser,
    read_report,
    request_report,
)
from auditor.aws.reading import UNREADABLE
from auditor.model.facts import NOT_ASKED, RootKey
from tests.account.collectors.reporting import (
    ARN,
    COLUMNS,
    DENIED,
    EXPIRED,
    IN_PROGRESS,
    LIMIT_EXCEEDED,
    MADE,
    NOT_PRESENT,
    OLD,
    FakeIam,
    entered,
    keyed_row,
    report_text,
    row,
    slot,
    wire,
)

pytestmark = pytest.mark.anyio

TEXT = report_text(row("ana"))
AT_ONCE = ReportWait(first_pause=0, longest_pause=0)
ANA = User("ana", "AIDA1", ARN + "ana", "/", created_at=OLD, password_last_used=None)
USED = MADE - timedelta(days=1)
KEY_CELLS = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
MOMENTS = some.datetimes(datetime(2006, 1, 1), datetime(2040, 1, 1), timezones=some.just(UTC)).map(  # noqa: DTZ001 - its zone is below
    lambda moment: moment.replace(microsecond=0)
)
WORDS = some.sampled_from(["N/A", "no_information", "not_supported", ""]) | some.text(
    some.characters(blacklist_characters='",\r\n\0', blacklist_categories=["Cs"]), max_size=8
)
ZONES = some.sampled_from([UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=5, minutes=30))])


def counts(gets: int, generates: int) -> dict[str, int]:
    """So many calls of the two operations."""
    named = {"get_credential_report": gets, "generate_credential_report": generates}
    return {operation: count for operation, count in named.items() if count}


@pytest.mark.parametrize(
    ("gets", "generates", "expected"),
    [
        ([], [], counts(1, 0)),
        ([NOT_PRESENT], ["COMPLETE"], counts(2, 1)),
        ([NOT_PRESENT], ["STARTED"], counts(2, 1)),
        ([EXPIRED, IN_PROGRESS], ["STARTED"], counts(3, 1)),
        ([EXPIRED, EXPIRED], ["STARTED", "INPROGRESS"], counts(3, 2)),
        ([IN_PROGRESS, IN_PROGRESS], [], counts(3, 0)),
        ([NOT_PRESENT, NOT_PRESENT, IN_PROGRESS], [LIMIT_EXCEEDED, LIMIT_EXCEEDED], counts(4, 2)),
        ([NOT_PRESENT, IN_PROGRESS], ["COMPLETE"], counts(3, 1)),
    ],
    ids=[
        "another tool's",
        "there at once",
        "there soon",
        "the old one has expired",
        "the old one stays for a while",
        "somebody else's is being made",
        "somebody else's is being made, says AWS",
        "complete, and not there yet",
    ],
)
async def test_a_report_is_got(
    gets: list[ClientError], generates: list[str | ClientError], expected: dict[str, int]
) -> None:
    """A report that is there is taken, else one is begun, and asked for until it is there."""
    iam = FakeIam(report=TEXT, before_report=list(gets), generated=list(generates))
    report = await request_report(entered(iam), wait=AT_ONCE)
    assert (["ana"], MADE) == (list(report.users), report.made_at)
    assert expected == iam.counts


@pytest.mark.parametrize(
    ("gets", "generates", "expected"),
    [
        ([DENIED], [], counts(1, 0)),
        ([NOT_PRESENT], [DENIED], counts(1, 1)),
        ([NOT_PRESENT, DENIED], ["STARTED"], counts(2, 1)),
    ],
)
async def test_a_refusal_is_final(
    gets: list[ClientError], generates: list[str | ClientError], expected: dict[str, int]
) -> None:
    """Who may not read or make the report is not waited for."""
    iam = FakeIam(report=TEXT, before_report=list(gets), generated=list(generates))
    with pytest.raises(RequestError) as caught:
        await request_report(entered(iam), wait=AT_ONCE)
    assert ("AccessDenied", expected) == (caught.value.code, iam.counts)


async def test_pauses_grow() -> None:
    """Each pause is about twice the one before, up to the longest."""
    iam = FakeIam(report=TEXT, before_report=[IN_PROGRESS] * 7)
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    await request_report(entered(iam), wait=ReportWait(), sleep=sleep)
    bounds = [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert [True] * 7 == [bound / 2 <= pause <= bound for bound, pause in zip(bounds, pauses, strict=True)]


async def test_a_report_that_is_never_ready() -> None:
    """A pause that would last longer than the patience is not begun."""
    iam = FakeIam(before_report=[IN_PROGRESS] * 9)
    with pytest.raises(RequestError, match=r"not ready within 0\.05 seconds") as caught:
        await request_report(entered(iam), wait=ReportWait(patience=0.05, first_pause=10, longest_pause=10))
    assert (NOT_READY, counts(1, 0)) == (caught.value.code, iam.counts)


async def test_an_answer_that_never_comes() -> None:
    """The patience ends for a request that hangs, too."""

    class Hanging(FakeIam):
        async def get_credential_report(self) -> dict[str, object]:
            await anyio.sleep_forever()
            raise AssertionError

    with pytest.raises(RequestError) as caught:
        await request_report(entered(Hanging()), wait=ReportWait(patience=0.01))
    assert NOT_READY == caught.value.code


async def test_a_report_without_a_time() -> None:
    """A report that does not say when it was made is none."""

    class Timeless(FakeIam):
        async def get_credential_report(self) -> dict[str, object]:
            return {"Content": TEXT}

    with pytest.raises(RequestError, match="no GeneratedTime"):
        await request_report(entered(Timeless()), wait=AT_ONCE)


def read(*rows: dict[str, str], columns: Sequence[str] = COLUMNS) -> CredentialReport:
    """The report of these rows."""
    return read_report(report_text(*rows, columns=columns), made_at=MADE)


def key(made: datetime | None, identifier: str = "AKIA1") -> AccessKey:
    """A key as ListAccessKeys gives it."""
    return AccessKey(identifier, "Active", made, last_use=None)


def test_a_user() -> None:
    """All that is asked of a row is read from it."""
    reported = read(keyed_row("ana", password_enabled="true", mfa_active="true")).users["ana"]
    use = KeyUse(USED, "s3", "eu-west-1")
    expected = ReportedUser(
        arn=ARN + "ana",
        created_at=OLD,
        has_password=True,
        mfa_active=True,
        keys=(ReportedKey(OLD, use),),
        password_last_changed=None,
        active_certificates=0,
    )
    assert expected == reported


def test_what_not_every_report_has() -> None:
    """The last change of the password and active certificates are there where their columns are."""
    cells = {"password_last_changed": wire(OLD), "cert_1_active": "true", "cert_2_active": "false"}
    also = ("password_last_changed", "cert_1_active", "cert_2_active")
    without = [name for name in COLUMNS if name not in also]

    told = read(row("ana", **cells)).users["ana"]
    untold = read(row("ana", **cells), columns=without).users["ana"]
    assert (OLD, 1) == (told.password_last_changed, told.active_certificates)
    assert (NOT_ASKED, NOT_ASKED) == (untold.password_last_changed, untold.active_certificates)


def test_roots_own_row() -> None:
    """Its age, its last login and its keys are what no API tells."""
    cells = {"password_enabled": "not_supported", "password_last_used": wire(USED)}
    keys = slot(1, rotated=wire(OLD), used=wire(USED)) | slot(2, rotated=wire(OLD), active="false")
    expected = ReportedRoot(
        OLD, USED, (RootKey(active=True, last_used_at=USED), RootKey(active=False, last_used_at=None))
    )
    assert expected == read(row("<root_account>", **cells, **keys)).root


@pytest.mark.parametrize(
    ("word", "used"), [("no_information", None), ("N/A", None), ("not_supported", UNREADABLE), ("", UNREADABLE)]
)
def test_a_root_that_never_logged_in(word: str, used: datetime | Unknown | None) -> None:
    """Two words say so; no other does."""
    root = read(row("<root_account>", password_last_used=word)).root
    assert root is not None
    assert (used, ()) == (root.password_last_used, root.keys)


def test_a_report_without_root() -> None:
    """Nothing is made up for a row that is not there."""
    assert read(row("ana")).root is None


def test_root_is_no_user() -> None:
    """The row of the account's root user is left out."""
    assert ["ana"] == list(read(row("<root_account>", password_enabled="not_supported"), row("ana")).users)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("true", True), ("TRUE", True), ("false", False), ("FALSE", False), ("not_supported", None), ("", None)],
)
def test_booleans(*, word: str, expected: bool | None) -> None:
    """Yes and no are known in either case, and any other word is neither."""
    reported = read(row("ana", password_enabled=word, mfa_active=word)).users["ana"]
    assert (expected, expected) == (reported.has_password, reported.mfa_active)


@pytest.mark.parametrize("text", ["2026-02-03T04:05:06Z", "2026-02-03T04:05:06+00:00", "2026-02-03T05:05:06.9+01:00"])
def test_times(text: str) -> None:
    """A time may end with Z or an offset, and is a whole second of UTC."""
    assert (
        datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC) == read(row("ana", user_creation_time=text)).users["ana"].created_at
    )


def test_content_may_be_bytes() -> None:
    """Bytes are UTF-8, with or without a mark at their beginning."""
    text = report_text(row("josé", arn=ARN + "josé"))
    for content in (text.encode(), b"\xef\xbb\xbf" + text.encode(), text):
        assert ["josé"] == list(read_report(content, made_at=MADE).users)


def test_columns_are_known_by_their_names() -> None:
    """Their order does not matter, and columns that nobody knows yet do not hurt."""
    columns = ("additional_credentials_info", *reversed(COLUMNS))
    assert read(keyed_row("ana")) == read(keyed_row("ana"), columns=columns)


def test_names_with_commas() -> None:
    """A quoted name is one cell; without quotes its row is not whole, and is left out."""
    name = "lopez,ana=1"
    text = report_text(row(name), row("bea"))
    assert {name, "bea"} == set(read_report(text, made_at=MADE).users)
    assert {"bea"} == set(read_report(text.replace('"', ""), made_at=MADE).users)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<html></html>",
        b"\xff\xfe\x00",
        "user,arn\nana,x",
        report_text(row("ana"), columns=[name for name in COLUMNS if name != "mfa_active"]),
        report_text(row("ana")) + "\n" + "x" * 200_000,
    ],
    ids=["empty", "a web page", "other bytes", "two columns", "a column is missing", "a cell without end"],
)
def test_what_is_no_report(content: str | bytes) -> None:
    """What can't be read is an error of the request, so that facts are read elsewhere."""
    with pytest.raises(RequestError) as caught:
        read_report(content, made_at=MADE)
    assert ("InvalidResponse", "get_credential_report") == (caught.value.code, caught.value.operation)


@pytest.mark.parametrize("active", ["true", "false"])
def test_an_inactive_key_is_a_key(active: str) -> None:
    """That there is a key is told by its time, not by whether it is active."""
    assert len(read(keyed_row("ana", access_key_1_active=active)).users["ana"].keys) == 1


@pytest.mark.parametrize("column", KEY_CELLS)
@pytest.mark.parametrize("word", ["true", "TRUE", "no_information", "not_supported", wire(USED), "s3", ""])
def test_any_word_means_a_key(column: str, word: str) -> None:
    """An inactive key whose time the report keeps to itself is a key: only N/A and false in all cells are none."""
    (found,) = read(row("ana", **{f"access_key_2_{column}": word})).users["ana"].keys
    assert found.rotated_at == (USED if (column, word) == ("last_rotated", wire(USED)) else None)


@pytest.mark.parametrize("active", ["false", "FALSE", "False", "N/A", "n/a"])
def test_no_word_is_no_key(active: str) -> None:
    """A slot in which there is nothing but N/A and false, in whatever case, is empty."""
    cells = dict.fromkeys((f"access_key_1_{column}" for column in KEY_CELLS), "n/a")
    assert () == read(row("ana", **(cells | {"access_key_1_active": active}))).users["ana"].keys


def test_a_key_without_a_time_is_a_key() -> None:
    """A key that is active has a time, whatever the report says; it is matched with none."""
    (slot,) = read(row("ana", access_key_2_active="true")).users["ana"].keys
    assert slot.rotated_at is None


def test_users_who_are_sure() -> None:
    """A user is the report's one where ARN and creation are the same, and before what the report may have missed."""
    report = read(row("ana"))
    assert report.of(ANA) is report.users["ana"]
    assert report.of(replace(ANA, created_at=OLD + timedelta(milliseconds=400))) is report.users["ana"]
    others = [
        replace(ANA, name="bea"),
        replace(ANA, arn=ARN + "path/ana"),
        replace(ANA, created_at=OLD + timedelta(seconds=1)),
        replace(ANA, created_at=None),
    ]
    assert [None] * 4 == [report.of(user) for user in others]


@pytest.mark.parametrize(("before", "expected"), [(0, True), (300, True), (301, False), (-60, True)])
def test_what_a_report_may_have_missed(*, before: int, expected: bool) -> None:
    """What was made less than five minutes before the report may not be in it, and a user neither."""
    made = MADE - timedelta(seconds=before)
    report = read(row("ana", user_creation_time=wire(made)))
    assert expected is report.misses(made)
    assert expected is (report.of(replace(ANA, created_at=made)) is None)


def test_the_use_of_a_key() -> None:
    """Each key has the use of the slot with its second, whichever slot that is."""
    newer = OLD + timedelta(days=3)
    reported = read(row("ana", **slot(1, rotated=wire(newer)), **slot(2, rotated=wire(OLD), used=wire(USED)))).users[
        "ana"
    ]
    keys = (key(OLD), key(newer, "AKIA2"))
    assert [KeyUse(USED, "s3", "eu-west-1"), None] == [
        found.used for one in keys if (found := reported.use_of(one, keys=keys))
    ]


@pytest.mark.parametrize(
    ("cells", "keys"),
    [
        (slot(1, rotated=wire(OLD)) | slot(2, rotated=wire(OLD)), (key(OLD), key(OLD, "AKIA2"))),
        (slot(1, rotated=wire(OLD)), (key(OLD), key(OLD, "AKIA2"))),
        (slot(1, rotated=wire(OLD)) | slot(2, rotated=wire(OLD)), (key(OLD),)),
        (slot(1, rotated=wire(OLD)), (key(OLD + timedelta(seconds=1)),)),
        (slot(1, rotated=wire(OLD)), (key(None),)),
        (slot(1, rotated="soon"), (key(OLD),)),
        (slot(1, active="true"), (key(None),)),
        (slot(1, rotated=wire(OLD), used="no_information"), (key(OLD),)),
        (slot(1, rotated=wire(OLD), used="yesterday"), (key(OLD),)),
    ],
    ids=[
        "two of each in one second",
        "two keys in one second",
        "two slots in one second",
        "activated again",
        "a key without a time",
        "a slot with another word",
        "neither has a time",
        "no information",
        "another word for the use",
    ],
)
def test_a_use_that_is_not_sure(cells: dict[str, str], keys: tuple[AccessKey, ...]) -> None:
    """What can't be told for sure is none."""
    assert read(row("ana", **cells)).users["ana"].use_of(keys[0], keys=keys) is None


@settings(deadline=None, max_examples=60)
@given(
    names=some.lists(some.from_regex(r"\A[A-Za-z0-9_+=,.@-]{1,64}\Z"), unique=True, max_size=6),
    moments=some.lists(MOMENTS, min_size=3, max_size=3),
    zone=ZONES,
    flags=some.tuples(some.booleans(), some.booleans()),
    columns=some.permutations(COLUMNS),
)
def test_what_is_written_is_read(
    names: list[str],
    moments: list[datetime],
    zone: timezone,
    flags: tuple[bool, bool],
    columns: list[str],
) -> None:
    """Whatever the names, times, zones and order of columns, users are read as they were written."""
    created, rotated, used = moments
    cells = {
        "user_creation_time": created.astimezone(zone).isoformat(),
        "password_enabled": str(flags[0]),
        "mfa_active": str(flags[1]).lower(),
        **slot(2, rotated=wire(rotated), used=wire(used)),
    }
    report = read(*(row(name, **cells) for name in names), columns=columns)
    expected_key = ReportedKey(rotated, KeyUse(used, "s3", "eu-west-1"))
    also: dict[str, Any] = {"password_last_changed": None, "active_certificates": 0}
    expected = ReportedUser("", created, *flags, (expected_key,), **also)
    assert {name: replace(expected, arn=ARN + name) for name in names} == report.users


@settings(deadline=None, max_examples=60)
@given(words=some.lists(WORDS, min_size=len(COLUMNS), max_size=len(COLUMNS)), width=some.integers(0, len(COLUMNS)))
def test_foreign_words_break_nothing(words: list[str], width: int) -> None:
    """A row of whatever words is a user of whom little is known, or none; the other rows are read."""
    line = ",".join(words[:width])
    report = read_report(report_text(row("ana")) + "\n" + line, made_at=MADE)
    assert "ana" in report.users or words[0] == "ana"
    assert len(report.users) <= 2

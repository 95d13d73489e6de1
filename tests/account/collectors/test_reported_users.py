"""Facts come from the credential report where it is sure, and from the API where it is not."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from auditor import Completeness, KeyUse, MfaDevice, MfaKind, Period, ReportWait, Section, Unknown, User
from auditor.account.collectors.events import KeyEvents, collect_events
from auditor.account.collectors.reported_users import collect_users_by_report, report_or_none
from auditor.account.collectors.virtual_devices import virtual_devices
from auditor.account.draft import AccountDraft
from auditor.concurrency.tasks import Once
from auditor.model.scopes import UserScope
from tests.account.collectors.reporting import (
    ARN,
    DENIED,
    GONE,
    MADE,
    OLD,
    FakeIam,
    FakeTrail,
    entered,
    keyed_row,
    report_text,
    row,
    slot,
    wire,
)

pytestmark = pytest.mark.anyio

AT_ONCE = ReportWait(first_pause=0, longest_pause=0)
FROM_REPORT = KeyUse(MADE - timedelta(days=1), "s3", "eu-west-1")
FROM_API = KeyUse(MADE - timedelta(days=2), "api", "us-east-1")
VIRTUAL = "arn:aws:iam::111122223333:mfa/ana"
FIDO = "arn:aws:iam::111122223333:u2f/user/ana/k"
SMS = "arn:aws:iam::111122223333:sms-mfa/ana"
ODD = "arn:aws:iam::111122223333:quantum/ana"
TOKEN = "GAKT12345678"


async def collected(
    iam: FakeIam,
    trail: FakeTrail | None = None,
    *,
    period: Period | None = None,
    scope: UserScope = UserScope.WITH_KEYS,
) -> tuple[AccountDraft, dict[str, User]]:
    """The draft of the account, and its users by name; events are collected beside them."""
    draft, key_events, now = AccountDraft(scope), KeyEvents(), datetime.now(UTC)
    period = period or Period(now - timedelta(days=90), now)
    account = entered(iam, trail)

    async def collect_users() -> None:
        await collect_users_by_report(
            account,
            draft,
            period=period,
            report=Once(partial(report_or_none, account, draft, wait=AT_ONCE)),
            devices=Once(partial(virtual_devices, account)),
            key_events=key_events,
        )

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(collect_users)
        tasks.start_soon(partial(collect_events, account, draft, period, key_events=key_events))
    return draft, {user.name: user for user in draft.users.values()}


def ana(*rows: dict[str, str], **facts: Any) -> FakeIam:
    """An account with Ana, who has a key that is as old as she is, and with these rows in its report."""
    given: dict[str, Any] = {
        "users": {"ana": OLD},
        "keys": {"ana": [("AKIA1", OLD)]},
        "report": report_text(*rows),
    } | facts
    return FakeIam(**given)


def new_key(user: str = "ana", **members: Any) -> dict[str, Any]:
    """The event of a new key for a user, made when the report was, as CloudTrail gives it."""
    record = {"requestParameters": {"userName": user} if user else None} | members
    event = {"EventId": user, "EventName": "CreateAccessKey", "EventTime": MADE}
    return event | {"CloudTrailEvent": json.dumps(record)}


async def test_a_report_spares_the_calls() -> None:
    """A user with a key costs one call, and one without a key costs none."""
    iam = ana(keyed_row("ana", password_enabled="true"), row("bea"), users={"ana": OLD, "bea": OLD})
    draft, users = await collected(iam)
    facts = (users["ana"].has_password, users["ana"].mfa_devices)
    assert (True, ()) == facts
    assert isinstance(users["ana"].keys, tuple)
    assert [FROM_REPORT] == [key.last_use for key in users["ana"].keys]
    assert () == users["bea"].keys
    assert (MADE, []) == (draft.report_time, draft.fallbacks)
    operations = ("get_credential_report", "list_access_keys", "list_users", "list_virtual_mfa_devices")
    assert dict.fromkeys(operations, 1) == iam.counts


async def test_what_the_report_tells_is_read() -> None:
    """The sections of facts from the report are covered as they would be live."""
    draft, _ = await collected(ana(keyed_row("ana"), keyed_row("bea"), users={"ana": OLD, "bea": OLD}))
    told = {part.section: (part.completeness, part.asked, part.answered) for part in draft.coverage()}
    for section in (Section.PASSWORD, Section.MFA, Section.LAST_USED):
        assert (Completeness.COMPLETE, 1, 1) == told[section]


async def test_an_account_without_users() -> None:
    """Nothing but the users is asked where there are none."""
    iam = FakeIam()
    draft, _ = await collected(iam)
    assert ({"list_users": 1}, None) == (iam.counts, draft.report_time)


async def test_an_account_without_keys() -> None:
    """Devices are not asked where nobody had a key."""
    iam = ana(row("ana"), keys={})
    await collected(iam)
    assert {"list_users": 1, "get_credential_report": 1} == iam.counts


@pytest.mark.parametrize(
    "reported",
    [
        keyed_row("bea"),
        keyed_row("ana", arn=ARN + "old/path/ana"),
        keyed_row("ana", user_creation_time=wire(OLD - timedelta(days=1))),
        keyed_row("ana", user_creation_time="long ago"),
    ],
    ids=["not in it", "another path", "made anew", "a word for a time"],
)
async def test_users_who_are_not_sure(reported: dict[str, str]) -> None:
    """Of who may not be the one in the report everything is read now."""
    iam = ana(reported, passwords={"ana"}, devices={"ana": [FIDO]})
    _, users = await collected(iam)
    assert (True, (MfaDevice(FIDO, MfaKind.FIDO, None),)) == (users["ana"].has_password, users["ana"].mfa_devices)
    assert isinstance(users["ana"].keys, tuple)
    assert [FROM_API] == [key.last_use for key in users["ana"].keys]
    assert "list_virtual_mfa_devices" not in iam.counts


@pytest.mark.parametrize("before", [0, 299])
async def test_a_new_user(before: int) -> None:
    """Who is as new as the report is read now, though they are in it and have no key there."""
    made = MADE - timedelta(seconds=before)
    iam = ana(row("ana", user_creation_time=wire(made)), users={"ana": made}, keys={"ana": [("AKIA1", made)]})
    await collected(iam)
    assert ["ana"] == iam.asked("get_login_profile")


@pytest.mark.parametrize(
    ("cells", "keys", "expected"),
    [
        (slot(1, rotated=wire(OLD)) | slot(2, rotated=wire(OLD)), [("AKIA1", OLD), ("AKIA2", OLD)], ["AKIA1", "AKIA2"]),
        (slot(1, rotated=wire(OLD + timedelta(days=1))), [("AKIA1", OLD)], ["AKIA1"]),
        (slot(2, rotated=wire(OLD), used="no_information"), [("AKIA1", OLD)], ["AKIA1"]),
        (slot(2, rotated=wire(OLD)), [("AKIA1", OLD), ("AKIA2", OLD + timedelta(days=1))], ["AKIA2"]),
    ],
    ids=["made in one second", "activated again", "no information", "one of two"],
)
async def test_keys_that_are_not_sure(
    cells: dict[str, str], keys: list[tuple[str, datetime]], expected: list[str]
) -> None:
    """The last use of a key that matches no slot for sure is read now, and nothing else is."""
    iam = ana(row("ana", **cells), keys={"ana": keys})
    await collected(iam)
    assert expected == iam.asked("get_access_key_last_used")
    assert ([], []) == (iam.asked("get_login_profile"), iam.asked("list_mfa_devices"))


async def test_a_key_that_was_never_used() -> None:
    """N/A is an answer: no use."""
    iam = ana(row("ana", **slot(1, rotated=wire(OLD))))
    _, users = await collected(iam)
    assert isinstance(users["ana"].keys, tuple)
    assert [None] == [key.last_use for key in users["ana"].keys]
    assert [] == iam.asked("get_access_key_last_used")


async def test_a_second_key_since() -> None:
    """Of a user who got a key since the report was made everything is read now."""
    iam = ana(keyed_row("ana"), keys={"ana": [("AKIA1", OLD), ("AKIA2", MADE)]}, passwords={"ana"})
    _, users = await collected(iam)
    assert users["ana"].has_password is True
    assert ["AKIA1", "AKIA2"] == iam.asked("get_access_key_last_used")


@pytest.mark.parametrize(
    ("mfa_active", "holders", "devices", "expected"),
    [
        ("false", [], [], []),
        ("true", [], [TOKEN], [MfaKind.TOKEN]),
        ("true", [], [SMS], [MfaKind.SMS]),
        ("true", [], [ODD], [MfaKind.OTHER]),
        ("TRUE", [], [SMS, FIDO], [MfaKind.SMS, MfaKind.FIDO]),
        ("true", ["ana"], [VIRTUAL], [MfaKind.VIRTUAL]),
        ("true", ["ana"], [VIRTUAL, FIDO], [MfaKind.VIRTUAL, MfaKind.FIDO]),
        ("false", ["ana"], [VIRTUAL], [MfaKind.VIRTUAL]),
        ("no_information", [], [FIDO], [MfaKind.FIDO]),
    ],
    ids=["none", "hardware", "sms", "unknown", "sms and hardware", "virtual", "both", "enrolled since", "another word"],
)
async def test_devices(mfa_active: str, holders: list[str], devices: list[str], expected: list[MfaKind]) -> None:
    """Who has a device, as the report or the list of virtual ones tells, is asked for all of theirs, once."""
    iam = ana(keyed_row("ana", mfa_active=mfa_active), holders=holders, devices={"ana": devices})
    _, users = await collected(iam)
    assert isinstance(users["ana"].mfa_devices, tuple)
    assert expected == [device.kind for device in users["ana"].mfa_devices]
    assert (["ana"] if devices else []) == iam.asked("list_mfa_devices")


async def test_a_device_that_was_given_up() -> None:
    """MFA in an older report, and no virtual device now, is no hardware for sure."""
    made = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=6)
    iam = ana(keyed_row("ana", mfa_active="true"), made=made, users={"ana": OLD - timedelta(days=99 * 365)})
    iam.report = report_text(
        keyed_row("ana", mfa_active="true", user_creation_time=wire(OLD - timedelta(days=99 * 365)))
    )
    iam.keys = {"ana": [("AKIA1", OLD - timedelta(days=99 * 365))]}
    _, users = await collected(iam)
    assert (["ana"], ()) == (iam.asked("list_mfa_devices"), users["ana"].mfa_devices)


@pytest.mark.parametrize(
    "odd", [{}, {"SerialNumber": VIRTUAL}, {"User": None}, {"User": "ana"}, {"User": {"Arn": 7}}, None], ids=str
)
async def test_a_virtual_device_of_nobody_knows_whom(odd: Any) -> None:
    """It may be anybody's: devices are asked user by user, and the draft says so."""

    class Odd(FakeIam):
        async def list_virtual_mfa_devices(self, **_: Any) -> dict[str, Any]:
            return {"VirtualMFADevices": [odd]}

    plain = ana(keyed_row("ana"), devices={"ana": [VIRTUAL]})
    draft, users = await collected(Odd(**vars(plain)))
    assert (MfaDevice(VIRTUAL, MfaKind.VIRTUAL, None),) == users["ana"].mfa_devices
    assert ((), 1) == (draft.failures(), len(draft.fallbacks))


async def test_an_inactive_key_without_a_time_is_found() -> None:
    """Who has a slot with a last use has a key, whatever the slot says of its time: it is listed, and asked for."""
    iam = ana(row("ana", **(slot(2, used=wire(MADE - timedelta(days=1)), active="false"))))
    _, users = await collected(iam)
    assert isinstance(users["ana"].keys, tuple)
    assert [("AKIA1", FROM_API)] == [(key.id, key.last_use) for key in users["ana"].keys]


@pytest.mark.parametrize("source", ["transfer.amazonaws.com", "identitystore-scim.amazonaws.com"])
@pytest.mark.parametrize("reaches", [True, False])
async def test_new_keys_of_other_services_are_none(source: str, *, reaches: bool) -> None:
    """Neither an event of the audit nor one that is looked up for the report's sake makes a user be asked."""
    event = new_key() | {"EventSource": source}
    iam, now = ana(row("ana"), keys={"ana": [("AKIA1", MADE)]}), datetime.now(UTC)
    period = Period(now - timedelta(days=90), now - timedelta(days=0 if reaches else 2))
    draft, _ = await collected(iam, FakeTrail([event]), period=period)
    assert ([], []) == (iam.asked("list_access_keys"), draft.fallbacks)


async def test_virtual_devices_that_are_refused() -> None:
    """Then devices are asked user by user: no fact is missing, and the draft says so."""
    iam = ana(keyed_row("ana"), holders=DENIED, devices={"ana": [VIRTUAL]})
    draft, users = await collected(iam)
    assert (MfaDevice(VIRTUAL, MfaKind.VIRTUAL, None),) == users["ana"].mfa_devices
    assert ((), 1) == (draft.failures(), len(draft.fallbacks))
    assert MADE == draft.report_time


@pytest.mark.parametrize("text", ["", report_text(row("ana"), columns=["user"])])
async def test_a_report_that_is_none(text: str) -> None:
    """Where the report can't be read, everything is read now, and the draft says so."""
    iam = ana(report=text)
    draft, users = await collected(iam)
    assert isinstance(users["ana"].keys, tuple)
    assert [FROM_API] == [key.last_use for key in users["ana"].keys]
    assert (None, (), 1) == (draft.report_time, draft.failures(), len(draft.fallbacks))


async def test_a_password_in_another_word() -> None:
    """A password that the report does not tell of is asked."""
    iam = ana(keyed_row("ana", password_enabled="not_supported"), passwords={"ana"})
    _, users = await collected(iam)
    assert users["ana"].has_password is True


async def test_keys_that_are_refused() -> None:
    """Refused keys are a failure, as they are live."""
    draft, users = await collected(ana(keyed_row("ana"), keys={"ana": DENIED}))
    assert Unknown("AccessDenied") == users["ana"].keys
    assert [Section.KEYS] == [failure.section for failure in draft.failures()]


async def test_a_user_who_vanished() -> None:
    """Who is gone when the keys or the devices are asked gives no row, and is counted."""
    for iam in (
        ana(keyed_row("ana"), keys={"ana": GONE}),
        ana(keyed_row("ana"), holders=["ana"], devices={"ana": GONE}),
    ):
        draft, users = await collected(iam)
        assert ({}, 1) == (users, draft.vanished_users)


async def test_a_refused_device_needs_no_other_proof() -> None:
    """A user whose keys were listed is there: that they have no password is no sign that they are gone."""
    _, users = await collected(ana(keyed_row("ana"), holders=["ana"], devices={"ana": DENIED}))
    assert (False, Unknown("AccessDenied")) == (users["ana"].has_password, users["ana"].mfa_devices)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (new_key(), ["ana"]),
        (new_key("ANA"), ["ana"]),
        (new_key("bea"), []),
        (new_key(errorCode="AccessDenied"), []),
        (new_key("", userIdentity={"arn": "arn:aws:iam::111122223333:root"}), []),
        (new_key("", userIdentity={"arn": "arn:aws:iam::111122223333:root", "userName": "ana", "type": "Root"}), []),
        (new_key("", userIdentity={"userName": "ana", "type": "IAMUser"}), ["ana"]),
        (new_key(errorCode="Success"), ["ana"]),
        (new_key() | {"CloudTrailEvent": "{"}, ["ana"]),
        (new_key(""), ["ana"]),
        (new_key() | {"EventTime": MADE - timedelta(seconds=301)}, []),
        (new_key() | {"EventName": "DeleteAccessKey"}, []),
    ],
    ids=[
        "of the user",
        "in another case",
        "of another",
        "refused",
        "root's own",
        "root's own in an account with the user's name for an alias",
        "the user's own",
        "said to be a success",
        "with a record that can't be read",
        "of nobody knows whom",
        "before the report",
        "another event",
    ],
)
async def test_events_of_new_keys(event: dict[str, Any], expected: list[str]) -> None:
    """A user who had no key when the report was made is asked for keys where an event may mean them."""
    iam = ana(row("ana"), keys={"ana": [("AKIA1", MADE)]})
    _, users = await collected(iam, FakeTrail([event]))
    assert expected == iam.asked("list_access_keys")
    assert isinstance(users["ana"].keys, tuple)
    assert len(expected) == len(users["ana"].keys)


async def test_a_user_with_a_new_key_may_vanish() -> None:
    """Who is named by an event and gone since is counted, and not there."""
    draft, users = await collected(ana(row("ana"), keys={"ana": GONE}), FakeTrail([new_key()]))
    assert ({}, 1) == (users, draft.vanished_users)


async def test_events_that_are_refused() -> None:
    """Who had no key can't be known to have none then: all are asked, and the draft says so."""
    iam = ana(row("ana"))
    draft, users = await collected(iam, FakeTrail(DENIED))
    assert isinstance(users["ana"].keys, tuple)
    assert ["AKIA1"] == [key.id for key in users["ana"].keys]
    assert 1 == len(draft.fallbacks)
    assert {Section.EVENTS} == {failure.section for failure in draft.failures()}


@pytest.mark.parametrize(
    ("start", "end", "calls"),
    [(90 * 24, 0, 5), (90 * 24, 1, 6), (3, 0, 6), (5, 0, 5)],
    ids=["it reaches", "it ended before", "it began after", "it began just before"],
)
async def test_a_period_that_does_not_reach_from_the_report_to_now(start: int, end: int, calls: int) -> None:
    """Then new keys are looked up once more, and these events are no part of the audit's."""
    now = datetime.now(UTC).replace(microsecond=0)
    made = now - timedelta(hours=4)
    long_ago = now - timedelta(days=200)
    iam = ana(row("ana", user_creation_time=wire(long_ago)), made=made, users={"ana": long_ago})
    trail = FakeTrail([])
    period = Period(now - timedelta(hours=start), now - timedelta(hours=end))
    await collected(iam, trail, period=period)
    assert calls == len(trail.calls)
    name = [{"AttributeKey": "EventName", "AttributeValue": "CreateAccessKey"}]
    more = [call["LookupAttributes"] for call in trail.calls if call["StartTime"] == made - timedelta(minutes=5)]
    assert [name] * (calls - 5) == more


async def test_a_lookup_of_new_keys_that_is_refused() -> None:
    """Where only this look-up is refused nothing is missing: all are asked for their keys."""
    end = datetime.now(UTC) - timedelta(days=1)

    class OnceMoreRefused(FakeTrail):
        async def lookup_events(self, **parameters: Any) -> dict[str, Any]:
            self.events = [] if parameters["EndTime"] == end else DENIED
            return await super().lookup_events(**parameters)

    iam = ana(row("ana"))
    draft, _ = await collected(iam, OnceMoreRefused(), period=Period(end - timedelta(days=1), end))
    assert ((), ["ana"]) == (draft.failures(), iam.asked("list_access_keys"))
    assert 2 == len(draft.fallbacks)


async def test_events_that_come_late() -> None:
    """They are waited for: nobody is asked for keys because they are not there yet."""

    class Late(FakeTrail):
        async def lookup_events(self, **parameters: Any) -> dict[str, Any]:
            for _ in range(200):
                await anyio.lowlevel.checkpoint()
            return await super().lookup_events(**parameters)

    iam = ana(row("ana"), row("bea"), users={"ana": OLD, "bea": OLD})
    draft, _ = await collected(iam, Late([new_key("bea")]))
    assert (["bea"], []) == (iam.asked("list_access_keys"), draft.fallbacks)


async def test_an_event_that_cannot_be_read() -> None:
    """It may mean any user: all are asked for their keys."""
    events = [new_key("bea"), {"EventId": "1"}]
    iam = ana(row("ana"))
    draft, _ = await collected(iam, FakeTrail(events))
    assert (["ana"], 1) == (iam.asked("list_access_keys"), len(draft.fallbacks))


async def test_events_that_break_unforeseen() -> None:
    """Nobody waits for events that will not come."""

    class Broken(FakeTrail):
        async def lookup_events(self, **parameters: Any) -> dict[str, Any]:
            raise AssertionError(parameters)

    key_events = KeyEvents()
    with pytest.raises(AssertionError):
        await collect_events(entered(FakeIam(), Broken()), AccountDraft(), Period(OLD, MADE), key_events=key_events)
    assert await key_events.known() is None


HELD = (MfaDevice("bea", MfaKind.VIRTUAL, None),)
"""Bea's device as it is in the list of virtual ones."""


@pytest.mark.parametrize(
    ("cells", "holders", "expected", "asked"),
    [
        ({}, [], (False, ()), []),
        ({"mfa_active": "true"}, ["bea"], (False, HELD), []),
        ({"mfa_active": "false"}, ["bea"], (False, HELD), []),
        ({"mfa_active": "true"}, [], (False, None), []),
        ({"password_enabled": "true"}, [], (True, ()), []),
        ({"password_enabled": "true", "mfa_active": "true"}, ["bea"], (True, HELD), []),
        (
            {"password_enabled": "true", "mfa_active": "true"},
            [],
            (True, (MfaDevice(FIDO, MfaKind.FIDO, None),)),
            ["bea"],
        ),
        ({"password_enabled": "true"}, DENIED, (True, (MfaDevice(FIDO, MfaKind.FIDO, None),)), ["bea"]),
        ({"mfa_active": "true"}, DENIED, (False, None), []),
    ],
    ids=[
        *("nothing", "a virtual device", "a virtual device since", "another device"),
        *("a password", "a password and a virtual device", "a password and another device"),
        *("a password, devices refused", "no password, devices refused"),
    ],
)
async def test_users_without_a_key_are_reported(
    cells: dict[str, str], holders: Any, expected: Any, asked: list[str]
) -> None:
    """They cost a call only where they have a password and a device that is in no list of virtual ones."""
    iam = FakeIam(users={"bea": OLD}, report=report_text(row("bea", **cells)), holders=holders, devices={"bea": [FIDO]})
    draft, users = await collected(iam, scope=UserScope.ALL)

    assert expected == (users["bea"].has_password, users["bea"].mfa_devices)
    assert (asked, [], []) == (
        iam.asked("list_mfa_devices"),
        iam.asked("get_login_profile"),
        iam.asked("list_access_keys"),
    )
    assert () == draft.failures()


async def test_an_odd_password_of_a_user_without_a_key_is_read_now() -> None:
    """What the report does not say in a word that is known is asked for."""
    iam = FakeIam(users={"bea": OLD}, report=report_text(row("bea", password_enabled="perhaps")), passwords={"bea"})
    _, users = await collected(iam, scope=UserScope.ALL)

    assert (True, ["bea"]) == (users["bea"].has_password, iam.asked("get_login_profile"))


async def test_a_new_user_without_a_key_is_read_now() -> None:
    """Who is not in the report is asked for all that there is to know."""
    iam = FakeIam(users={"bea": MADE}, report=report_text(row("ana")), passwords={"bea"}, devices={"bea": [FIDO]})
    _, users = await collected(iam, scope=UserScope.ALL)

    assert (True, (MfaDevice(FIDO, MfaKind.FIDO, None),)) == (users["bea"].has_password, users["bea"].mfa_devices)


async def test_a_key_that_was_deleted_since() -> None:
    """Whose only key is gone is still a user with a password."""
    iam = ana(keyed_row("ana", password_enabled="true"), keys={})
    _, users = await collected(iam, scope=UserScope.ALL)

    assert ((), True, ()) == (users["ana"].keys, users["ana"].has_password, users["ana"].mfa_devices)


async def test_keys_that_are_refused_hide_no_password() -> None:
    """The report tells of password and devices whether or not keys may be listed."""
    iam = ana(keyed_row("ana", password_enabled="true"), keys={"ana": DENIED})
    _, users = await collected(iam, scope=UserScope.ALL)

    assert (Unknown("AccessDenied"), True, ()) == (
        users["ana"].keys,
        users["ana"].has_password,
        users["ana"].mfa_devices,
    )


async def test_keys_that_are_refused_leave_no_kind_of_mfa_to_guess() -> None:
    """Who may have a key is asked for all devices: one that is no virtual one may be among them."""
    facts = {"keys": {"ana": DENIED}, "holders": ["ana"], "devices": {"ana": [VIRTUAL, FIDO]}}
    iam = ana(keyed_row("ana", mfa_active="true"), **facts)
    _, users = await collected(iam, scope=UserScope.ALL)
    devices = (MfaDevice(VIRTUAL, MfaKind.VIRTUAL, None), MfaDevice(FIDO, MfaKind.FIDO, None))

    assert (False, devices) == (users["ana"].has_password, users["ana"].mfa_devices)


async def test_what_only_the_report_tells_is_kept() -> None:
    """When the password was last changed, and how many certificates are active."""
    cells = {"password_last_changed": wire(OLD), "cert_1_active": "true"}
    _, users = await collected(ana(keyed_row("ana", **cells)), scope=UserScope.ALL)

    assert (OLD, 1) == (users["ana"].password_last_changed, users["ana"].active_certificates)

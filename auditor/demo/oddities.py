"""Items of lists that are not what AWS says it sends: each costs itself, and no other."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from auditor.demo.dice import event_identifier
from auditor.demo.facts import (
    Account,
    AccountFacts,
    DeviceKind,
    Event,
    OddDevice,
    OddEvent,
    OddKey,
    OddUser,
    User,
)
from auditor.demo.people import Maker

_KEYS: tuple[OddKey, ...] = ("id", "status", "time", "use")
_DEVICES: tuple[tuple[OddDevice, tuple[DeviceKind, ...]], ...] = (
    ("serial", ()),
    ("serial", ("virtual",)),
    ("serial", ("totp",)),
    ("time", ("virtual",)),
)
"""An odd device, and those that the user has beside it."""
_USERS: tuple[OddUser, ...] = ("name", "time", "null")
_EVENTS: tuple[OddEvent, ...] = ("", "index time", "time", "deep", "cut", "null")
_DEPTH = 5_000
"""Of a record that no parser follows to its end, all the more as it has none."""
WITHOUT_ID = 2
"""The position of the account of which only the ARN says which it is."""


def odd_users(maker: Maker) -> Iterator[User]:
    """Users who can't be read, or whose keys and devices can't, each beside others that can."""
    if not maker.scenario.odd_items:
        return

    maker = maker.apart("odd users")
    for number, key in enumerate(_KEYS):
        user = _user(maker, f"odd.key.{key}-{maker.tag(300 + number)}")
        first, second = user.keys
        yield replace(user, keys=(replace(first, odd=key), second))

    for number, (device, others) in enumerate(_DEVICES):
        user = _user(maker, f"odd.device.{device}-{maker.tag(310 + number)}")
        odd = replace(maker.device("virtual", user.name, label="odd-"), odd=device)
        yield replace(user, devices=(odd, *(maker.device(kind, user.name) for kind in others)))

    for number, what in enumerate(_USERS):
        yield replace(_user(maker, f"odd.{what}-{maker.tag(320 + number)}"), odd=what)


def odd_events(maker: Maker) -> Iterator[Event]:
    """Events that can't be read, or not in all, and one beside them that can."""
    if not maker.scenario.odd_items or not maker.scenario.events:
        return

    account, partition = maker.account.id, maker.scenario.partition
    for number, odd in enumerate(_EVENTS):
        user = f"odd.event-{maker.tag(330 + number)}"
        yield Event(
            id=event_identifier(maker.scenario.seed, account, "odd", odd),
            name="DeleteUser",
            time=maker.now - timedelta(days=10, hours=number),
            region=maker.scenario.region,
            username="oddity",
            actor_arn=f"arn:{partition}:iam::{account}:user/oddity",
            actor_key="ASIAODD",
            source_address="198.51.100.1",
            target_user=user,
            target_key=None,
            resources=(("AWS::IAM::User", user),),
            odd=odd,
        )


def odd_record(event: Event, record: str) -> str:
    """The record as CloudTrail sends it of this event."""
    if event.odd == "deep":
        return record[:-1] + ',"deep":' + "[" * _DEPTH

    return record[: len(record) // 2] if event.odd == "cut" else record


def odd_sections(facts: AccountFacts, *, start: datetime, end: datetime) -> Mapping[str, int]:
    """How many items of an account can't all be read, by the section of the coverage that must say so."""
    keys = [key.odd for user in facts.users if user.odd not in ("name", "null") for key in user.keys]
    may_sign_in = [
        user for user in facts.users if user.odd not in ("name", "null") and (user.keys or user.password_created)
    ]
    counts = {
        "users": sum(1 for user in facts.users if user.odd),
        "keys": sum(1 for odd in keys if odd in ("id", "status", "time")),
        "last_used": keys.count("use"),
        "mfa": sum(1 for user in may_sign_in for device in user.devices if device.odd),
        "root": len(facts.root.untold),
        "events": sum(
            1 for event in facts.events if event.odd not in ("", "index time") and start <= event.time <= end
        ),
    }
    return {section: count for section, count in counts.items() if count}


def lists_without_id(account: Account, *, odd_items: bool) -> bool:
    """Whether ListAccounts leaves out the account's id."""
    return odd_items and account.index == WITHOUT_ID


def _user(maker: Maker, name: str) -> User:
    made = maker.now - timedelta(days=250)
    keys = tuple(maker.key(name, slot, made + timedelta(days=slot)) for slot in range(2))
    return maker.user(name, keys=keys)

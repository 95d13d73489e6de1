"""The users who are there in every organization because audits have gone wrong over them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from auditor.demo.console_users import console_users, vanishing_console_users
from auditor.demo.facts import Device, DeviceKind, User
from auditor.demo.people import Maker

LARGEST, DEVICES, NAMES, VANISHING = 1, 2, 3, 4
"""Positions of the accounts that hold special cases."""
SUSPENDED, CLOSING, CLOSED, PENDING_ACTIVATION, EMPTY = 5, 6, 7, 8, 9
"""Positions of the accounts that are themselves special."""
LEADING_ZEROS = 10
"""Position of the account whose id a program that takes it for a number would shorten."""

_KINDS: tuple[tuple[DeviceKind, ...], ...] = (
    (),
    ("virtual",),
    ("totp",),
    ("fido",),
    ("passkey",),
    ("virtual", "totp"),
    ("virtual", "fido"),
    ("virtual", "virtual"),
    ("virtual", "totp", "fido", "passkey"),
)
_WEAK: tuple[tuple[DeviceKind, ...], ...] = (
    ("sms",),
    ("unknown",),
    ("sms", "virtual"),
    ("sms", "totp"),
    ("unknown", "sms"),
)
_NAMES = ("=1+1-{tag}", "+plus-{tag}", "-dash-{tag}", "@at-{tag}", "a=b+c,d.e@f-g-{tag}")


def special_users(maker: Maker) -> Iterator[User]:
    """The special users of the account; none for most accounts."""
    make = _by_position().get(maker.account.index)
    if make is not None:
        yield from make(maker)


def _by_position() -> Mapping[int, Callable[[Maker], Iterator[User]]]:
    return {DEVICES: _device_users, NAMES: _named_users, VANISHING: _vanishing_users}


def _device_users(maker: Maker) -> Iterator[User]:
    """Users with every kind of MFA device, and several at once."""
    for number, kinds in enumerate(_KINDS):
        name = f"mfa.{'.'.join(kinds) or 'none'}-{maker.tag(number)}"
        devices = tuple(maker.device(kind, name, label=f"d{slot}-") for slot, kind in enumerate(kinds))
        yield _keyed(maker, name, devices=devices)

    with_path = f"mfa.path-{maker.tag(100)}"
    yield _keyed(maker, with_path, devices=(maker.device("virtual", with_path, path="devices/team/"),))
    # The word in a serial number says nothing about the device's kind.
    misnamed = f"mfa.misnamed-{maker.tag(101)}"
    yield _keyed(maker, misnamed, devices=(maker.device("fido", misnamed, label="virtual-backup"),))
    hard = f"hardware-{maker.tag(102)}"
    yield _keyed(maker, hard, devices=(maker.device("virtual", hard),))
    yield from _users_without_mfa_to_count_on(maker.apart("weak devices"))
    yield from console_users(maker.apart("console users"))


def _users_without_mfa_to_count_on(maker: Maker) -> Iterator[User]:
    """Users with devices that are neither virtual nor hardware."""
    for number, kinds in enumerate(_WEAK):
        name = f"mfa.{'.'.join(kinds)}-{maker.tag(110 + number)}"
        key = maker.key(name, 0, _long_ago(maker))
        yield maker.user(name, keys=(key,), devices=tuple(maker.device(kind, name) for kind in kinds))


def _named_users(maker: Maker) -> Iterator[User]:
    """Users with difficult names, key states and passwords."""
    for number, template in enumerate(_NAMES):
        yield _keyed(maker, template.format(tag=maker.tag(number)))

    yield from _users_by_keys(maker)
    plain = _keyed(maker, f"password.never.used-{maker.tag(30)}")
    yield replace(plain, password_last_used=None)
    plain = _keyed(maker, f"password.deleted-{maker.tag(31)}")
    yield replace(plain, password_created=None, password_last_used=plain.created + timedelta(days=3))
    plain = _keyed(maker, f"password.none-{maker.tag(32)}")
    yield replace(plain, password_created=None, password_last_used=None)


def _users_by_keys(maker: Maker) -> Iterator[User]:
    yield maker.user(f"keys.none-{maker.tag(20)}")
    for number, (label, status, used) in enumerate(
        (
            ("inactive", "Inactive", True),
            ("never.used", "Active", False),
            ("expired", "Expired", True),
        )
    ):
        name = f"keys.{label}-{maker.tag(21 + number)}"
        key = maker.key(name, 0, _long_ago(maker), status=status, used=used)
        yield maker.user(name, keys=(replace(key, rotation_told=status != "Inactive"),))

    name = f"keys.two-{maker.tag(25)}"
    old, new = maker.key(name, 0, _long_ago(maker), status="Inactive"), maker.key(name, 1, _lately(maker))
    yield maker.user(name, keys=(old, new))
    name = f"keys.same.second-{maker.tag(26)}"
    made = _long_ago(maker)
    yield maker.user(name, keys=(maker.key(name, 0, made), maker.key(name, 1, made, status="Inactive")))


def _vanishing_users(maker: Maker) -> Iterator[User]:
    """Users and a key that somebody deletes while they are being read."""
    yield replace(_keyed(maker, f"vanishes.listed-{maker.tag(0)}"), vanishes="after listing")
    yield _keyed(maker, f"stays-{maker.tag(1)}")
    yield replace(_keyed(maker, f"vanishes.keys-{maker.tag(2)}"), vanishes="after keys")
    name = f"vanishes.key-{maker.tag(3)}"
    keys = (maker.key(name, 0, _long_ago(maker)), maker.key(name, 1, _lately(maker), vanishes=True))
    yield maker.user(name, keys=keys)
    yield from vanishing_console_users(maker.apart("vanishing console users"))


def _keyed(maker: Maker, name: str, *, devices: tuple[Device, ...] = ()) -> User:
    key = maker.key(name, 0, _lately(maker))
    return maker.user(name, keys=(key,), devices=devices)


def _long_ago(maker: Maker) -> datetime:
    return maker.now - timedelta(days=maker.dice.randrange(200, 900), seconds=maker.dice.randrange(86_400))


def _lately(maker: Maker) -> datetime:
    return maker.now - timedelta(days=maker.dice.randrange(3, 80), seconds=maker.dice.randrange(86_400))

"""Users who sign in, or could, and have no access key: with and without MFA, and with credentials of other kinds."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from auditor.demo.facts import Certificate, Device, DeviceKind, User
from auditor.demo.other_credentials import service_credential
from auditor.demo.people import Maker

_SIGNING_IN: tuple[tuple[DeviceKind, ...], ...] = (
    (),
    ("virtual",),
    ("totp",),
    ("fido",),
    ("passkey",),
    ("sms",),
    ("unknown",),
    ("virtual", "totp"),
    ("virtual", "fido"),
)
_WITHOUT_PASSWORD: tuple[tuple[DeviceKind, ...], ...] = ((), ("virtual",), ("totp",), ("virtual", "passkey"))
_CREDENTIALS: Mapping[str, tuple[tuple[int | None, bool], ...]] = {
    "codecommit.amazonaws.com": ((None, False), (None, True)),
    "cassandra.amazonaws.com": ((None, False), (None, False)),
    "bedrock.amazonaws.com": ((None, False), (10, False)),
    "logs.amazonaws.com": ((90, False), (90, True)),
}
"""Two of each service: the days for which each is good, None for ever, and whether it is switched off."""
_AGE = timedelta(days=40)
"""Of their credentials: those that were good for ten days have expired."""


def console_users(maker: Maker) -> Iterator[User]:
    """Users without a key, of each kind of MFA and of credentials; all older than CloudTrail's history."""
    for number, kinds in enumerate(_SIGNING_IN):
        yield _user(maker, f"console.{'.'.join(kinds) or 'none'}", 500 + number, kinds)

    for number, kinds in enumerate(_WITHOUT_PASSWORD):
        user = _user(maker, f"nothing.{'.'.join(kinds) or 'none'}", 520 + number, kinds)
        yield replace(user, password_created=None, password_last_used=None)

    yield replace(_user(maker, "console.never.used", 530), password_last_used=None)
    yield replace(_user(maker, "console.reset", 531), password_reset=True)
    yield replace(_user(maker, "console.session", 532), session_seconds=7_776_000)
    uploaded = maker.now - timedelta(days=150)
    yield replace(_user(maker, "console.certificate", 533), certificates=(Certificate(active=True, uploaded=uploaded),))
    yield from _users_with_credentials(maker)


def _users_with_credentials(maker: Maker) -> Iterator[User]:
    for number, service in enumerate(_CREDENTIALS):
        yield _holder(maker, f"service.{service.partition('.')[0]}", 540 + number, (service,))

    yield _holder(maker, "service.all", 550, tuple(_CREDENTIALS))
    user = _holder(maker, "service.only", 551, ("bedrock.amazonaws.com", "logs.amazonaws.com"))
    yield replace(user, password_created=None, password_last_used=None)


def _holder(maker: Maker, name: str, number: int, services: tuple[str, ...]) -> User:
    user = _user(maker, name, number)
    made = maker.now - _AGE
    credentials = (
        service_credential(maker, user.name, service, made + timedelta(days=slot), slot=slot, days=days, off=off)
        for service in services
        for slot, (days, off) in enumerate(_CREDENTIALS[service])
    )
    return replace(user, service_credentials=tuple(credentials))


def vanishing_console_users(maker: Maker) -> Iterator[User]:
    """Users without a key whom somebody deletes before they are asked about, and right after."""
    yield replace(_user(maker, "vanishes.console.listed", 500), vanishes="after listing")
    user = replace(_user(maker, "vanishes.console.keys", 501), vanishes="after keys")
    yield replace(user, password_created=None, password_last_used=None)


def _user(maker: Maker, name: str, number: int, kinds: tuple[DeviceKind, ...] = ()) -> User:
    full = f"{name}-{maker.tag(number)}"
    devices: tuple[Device, ...] = tuple(maker.device(kind, full) for kind in kinds)
    return maker.user(full, devices=devices)

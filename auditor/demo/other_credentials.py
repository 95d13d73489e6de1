"""What users have beside keys and devices: credentials for one service, certificates, passwords to be reset."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from auditor.demo.dice import ago, between, chance, clear_of_horizon, identifier
from auditor.demo.facts import Certificate, ServiceCredential, ServiceStatus, User
from auditor.demo.people import Maker

SERVICES = ("codecommit.amazonaws.com", "cassandra.amazonaws.com", "bedrock.amazonaws.com", "logs.amazonaws.com")
_API_KEYS = frozenset({"bedrock.amazonaws.com", "logs.amazonaws.com"})
"""Services whose credentials are API keys, which may expire; the others' are a name and a password."""
_LIFETIMES = (None, 1, 30, 90, 365)
"""In days; None is for ever."""
_SESSIONS = (3_600, 28_800, 129_600, 7_776_000)


def with_other_credentials(maker: Maker, users: Iterable[User]) -> Iterator[User]:
    """The users, some of them with more credentials; those who have some, or who can't be read, stay as they are."""
    for user in users:
        if user.service_credentials or user.odd in ("name", "null") or user.vanishes != "never":
            yield user
        else:
            yield _with_more(maker, user)


def _with_more(maker: Maker, user: User) -> User:
    dice = maker.dice
    signs_in = user.password_created is not None
    return replace(
        user,
        password_reset=signs_in and (user.password_reset or chance(dice, 0.1)),
        session_seconds=dice.choice(_SESSIONS) if signs_in and chance(dice, 0.2) else user.session_seconds,
        service_credentials=tuple(_credentials(maker, user)),
        certificates=user.certificates or tuple(_certificates(maker, user)),
    )


def _credentials(maker: Maker, user: User) -> Iterator[ServiceCredential]:
    dice = maker.dice
    if not chance(dice, 0.12):
        return

    for service in dice.sample(SERVICES, dice.randrange(1, 3)):
        # No user has more than two for one service.
        for slot in range(dice.randrange(1, 3)):
            created = between(dice, user.created, maker.now - timedelta(hours=2))
            days = dice.choice(_LIFETIMES) if service in _API_KEYS else None
            yield service_credential(maker, user.name, service, created, slot=slot, days=days, off=chance(dice, 0.25))


def service_credential(  # noqa: PLR0913 - a credential has many sides, and each is one keyword
    maker: Maker,
    user: str,
    service: str,
    created: datetime,
    *,
    slot: int = 0,
    days: int | None = None,
    off: bool = False,
) -> ServiceCredential:
    """A credential of the user that is good for so many days; it has expired where they are over."""
    made = clear_of_horizon(created, maker.now)
    expires = None if days is None else made + timedelta(days=days)
    name = f"{user}{f'+{slot}' if slot else ''}-at-{maker.account.id}"
    return ServiceCredential(
        id=identifier("ACCA", maker.scenario.seed, maker.account.id, user, service, slot),
        service=service,
        status=_status(expires, now=maker.now, off=off),
        created=made,
        expires=expires,
        service_user=None if service in _API_KEYS else name,
        alias=name if service in _API_KEYS else None,
    )


def _status(expires: datetime | None, *, now: datetime, off: bool) -> ServiceStatus:
    if expires is not None and expires <= now:
        return "Expired"

    return "Inactive" if off else "Active"


def _certificates(maker: Maker, user: User) -> Iterator[Certificate]:
    dice = maker.dice
    # Nobody has a certificate that is younger than any report.
    newest = maker.now - timedelta(days=2)
    if user.created >= newest or not chance(dice, 0.06):
        return

    for active in dice.choice(((True,), (False,), (False, True))):
        yield Certificate(active=active, uploaded=min(ago(dice, maker.now, oldest=300, newest=2), newest))

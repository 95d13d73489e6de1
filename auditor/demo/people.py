"""The ordinary users of an account, drawn from its dice."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from auditor.demo.dice import ago, between, chance, clear_of_horizon, identifier
from auditor.demo.facts import AccessKey, Account, Device, DeviceKind, User
from auditor.demo.scenario import Scenario

_FIRST = ("ana", "bruno", "carla", "diego", "elena", "fabio", "gloria", "hugo", "irene", "jorge", "lucia")
_LAST = ("alonso", "bravo", "castro", "duran", "esteban", "franco", "garcia", "herrero", "ibarra", "lopez")
_SERVICES = ("s3", "ec2", "iam", "sts", "dynamodb", "lambda", "cloudformation", "ecr")
_PATHS = ("/", "/", "/", "/division/", "/division/operations/")
_NAMES: tuple[str, ...] = (
    "{first}.{last}-{tag}",
    "{first}_{tag}",
    "svc-{last}-{tag}",
    "{first}.{last}+{tag}@example.com",
    "{last},{first}={tag}",
)
_DEVICES: tuple[tuple[DeviceKind, ...], ...] = (
    *((),) * 8,
    *(("virtual",),) * 6,
    ("totp",),
    ("fido",),
    ("passkey",),
    ("virtual", "fido"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Makes the users of one account, so that names and ids are found in no other account."""

    scenario: Scenario
    account: Account
    now: datetime
    dice: random.Random

    def key(  # noqa: PLR0913 - a key has many sides, and each is one keyword
        self,
        user: str,
        slot: int,
        created: datetime,
        *,
        status: str = "Active",
        used: bool = True,
        vanishes: bool = False,
    ) -> AccessKey:
        """A key of the user; a used one was used after it was made."""
        made = clear_of_horizon(created, self.now)
        last_used = between(self.dice, made, self.now - timedelta(minutes=30)) if used else None
        return AccessKey(
            id=identifier("AKIA", self.scenario.seed, self.account.id, user, slot),
            status=status,
            created=made,
            last_used=last_used,
            service=self.dice.choice(_SERVICES) if used else "N/A",
            region=self.dice.choice((self.scenario.region, self.scenario.other_region)) if used else "N/A",
            vanishes=vanishes,
        )

    def device(self, kind: DeviceKind, user: str, *, label: str = "", path: str = "") -> Device:
        """A device of the user, with the serial number that its kind has at AWS."""
        return Device(
            serial=self.serial(kind, user, label=label, path=path),
            kind=kind,
            enabled=ago(self.dice, self.now, oldest=400),
        )

    def serial(self, kind: DeviceKind, user: str, *, label: str = "", path: str = "") -> str:
        """The serial number of a device: an ARN, but for hardware TOTP tokens."""
        arn = f"arn:{self.scenario.partition}:iam::{self.account.id}:"
        if kind == "virtual":
            return f"{arn}mfa/{path}{label}{user}"
        if kind == "totp":
            digits = int.from_bytes(identifier("", self.account.id, user, label).encode()[:6], "big") % 10**8
            return f"GAKT{digits:08d}"

        if kind in ("sms", "unknown"):
            return f"{arn}{'sms-mfa' if kind == 'sms' else 'quantum'}/{label}{user}"

        return f"{arn}u2f/user/{user}/{label or kind}-{identifier('', self.account.id, user, kind)}"

    def user(self, name: str, *, keys: tuple[AccessKey, ...] = (), devices: tuple[Device, ...] = ()) -> User:
        """A user of this name who has a password and uses it, made before the first key."""
        created = min((key.created for key in keys), default=ago(self.dice, self.now, oldest=900, newest=200))
        made = clear_of_horizon(created - timedelta(minutes=1), self.now)
        return User(
            name=name,
            id=identifier("AIDA", self.scenario.seed, self.account.id, name) + "Q",
            path="/",
            created=made,
            password_created=made,
            password_last_used=between(self.dice, made, self.now - timedelta(hours=1)),
            keys=keys,
            devices=devices,
        )

    def apart(self, purpose: str) -> "Maker":
        """The same maker with dice of its own: what it makes changes nothing of what is made beside."""
        return replace(self, dice=random.Random(f"{self.scenario.seed}/{self.account.index}/{purpose}"))

    def tag(self, number: int) -> str:
        """What makes a name the account's own."""
        return f"{self.account.index}-{number}"


def ordinary_users(maker: Maker, count: int) -> Iterator[User]:
    """So many users as every organization has them."""
    for number in range(count):
        yield _ordinary_user(maker, number)


def _ordinary_user(maker: Maker, number: int) -> User:
    dice, now = maker.dice, maker.now
    form, first, last = dice.choice(_NAMES), dice.choice(_FIRST), dice.choice(_LAST)
    name = form.format(first=first, last=last, tag=maker.tag(number))
    created = ago(dice, now, oldest=1200, newest=1)
    has_password = chance(dice, 0.5)
    logged_in = chance(dice, 0.7 if has_password else 0.15)
    return User(
        name=name,
        id=identifier("AIDA", maker.scenario.seed, maker.account.id, name) + "Q",
        path=dice.choice(_PATHS),
        created=created,
        password_created=between(dice, created, now - timedelta(hours=2)) if has_password else None,
        password_last_used=between(dice, created, now - timedelta(hours=1)) if logged_in else None,
        keys=tuple(_keys(maker, name, created)),
        devices=tuple(_devices(maker.device, dice, name)),
    )


def _keys(maker: Maker, name: str, created: datetime) -> Iterator[AccessKey]:
    dice = maker.dice
    for slot in range(dice.choices((0, 1, 2), weights=(8, 9, 3))[0]):
        yield maker.key(
            name,
            slot,
            between(dice, created, maker.now - timedelta(hours=2)),
            status="Active" if chance(dice, 0.8) else "Inactive",
            used=chance(dice, 0.75),
        )


def _devices(make: Callable[..., Device], dice: random.Random, name: str) -> Iterator[Device]:
    for kind in dice.choice(_DEVICES):
        yield make(kind, name, path="devices/" if chance(dice, 0.2) else "")

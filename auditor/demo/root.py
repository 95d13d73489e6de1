"""The root user of an account, in every state that there is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from auditor.demo.dice import ago, between, chance, identifier
from auditor.demo.facts import AccessKey, Certificate, Device, Root
from auditor.demo.people import Maker

_ROOT = "<root_account>"


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What root has, beside a virtual device."""

    password: bool = True
    signed_in: bool = True
    hardware: bool = False
    keys: tuple[tuple[str, bool], ...] = ()
    """Each key's status, and whether it was used."""
    certificates: tuple[bool, ...] = ()
    """Whether each of them is active."""
    untold: frozenset[str] = frozenset()
    password_reported: bool = True


_ACTIVE, _INACTIVE, _UNUSED = ("Active", True), ("Inactive", True), ("Active", False)
# Accounts at even positions have a virtual device.
_STATES: Mapping[int, _State] = {
    0: _State(),
    1: _State(keys=(_ACTIVE,)),
    2: _State(hardware=True, keys=(_INACTIVE,)),
    3: _State(password=False),
    4: _State(signed_in=False, password_reported=False),
    6: _State(keys=(_INACTIVE, _UNUSED)),
    9: _State(hardware=True),
    10: _State(certificates=(False, True)),
    12: _State(untold=frozenset({"AccountPasswordPresent", "AccountMFAEnabled"})),
    13: _State(hardware=True, keys=(_ACTIVE, _UNUSED), certificates=(True,)),
    15: _State(signed_in=False),
}
"""By the position of the account."""
_REMOVED = _State(password=False)
"""What centralized root access leaves."""


def root_of(maker: Maker, *, virtual_device: Device | None) -> Root:
    """The account's root user, who has this virtual device; nothing of it is younger than two days."""
    state = _STATES.get(maker.account.index) or _drawn(maker, virtual_device=virtual_device)
    used = ago(maker.dice, maker.now, oldest=400, newest=2)
    return Root(
        has_password=state.password,
        password_last_used=used if state.password and state.signed_in else None,
        virtual_device=virtual_device,
        has_hardware_device=state.hardware,
        keys=tuple(_keys(maker, state)),
        certificates=tuple(
            Certificate(active=active, uploaded=ago(maker.dice, maker.now, oldest=900, newest=100))
            for active in state.certificates
        ),
        untold=state.untold if maker.scenario.odd_items else frozenset(),
        password_reported=state.password_reported,
    )


def _drawn(maker: Maker, *, virtual_device: Device | None) -> _State:
    dice = maker.dice
    # Where centralized root access has removed the password, it has removed the devices, too.
    if virtual_device is None and chance(dice, 0.5):
        return _REMOVED

    count = dice.choices((0, 1, 2), weights=(12, 3, 1))[0]
    return _State(
        signed_in=chance(dice, 0.5),
        hardware=chance(dice, 0.3),
        keys=tuple((dice.choice(("Active", "Inactive")), chance(dice, 0.5)) for _ in range(count)),
        certificates=(True,) if chance(dice, 0.1) else (),
        password_reported=chance(dice, 0.8),
    )


def _keys(maker: Maker, state: _State) -> list[AccessKey]:
    dice, scenario = maker.dice, maker.scenario
    keys = []
    for slot, (status, used) in enumerate(state.keys):
        # Older than CloudTrail's history, which has no event of it.
        created = ago(dice, maker.now, oldest=900, newest=100)
        keys.append(
            AccessKey(
                id=identifier("AKIA", scenario.seed, maker.account.id, _ROOT, slot),
                status=status,
                created=created,
                last_used=between(dice, created, maker.now - timedelta(days=2)) if used else None,
                service="iam" if used else "N/A",
                region=scenario.region if used else "N/A",
            )
        )
    return keys

"""Changes to credentials beside those of the five names: keys switched, passwords set, MFA given up, and more."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from auditor.demo.dice import HORIZON, ago, chance, clear_of_horizon, identifier
from auditor.demo.event_builder import ACCESS_KEY, IAM_USER, new_event
from auditor.demo.facts import Event, ServiceCredential, User, wire_time
from auditor.demo.people import Maker
from auditor.demo.special_cases import LARGEST

EXTENDED = (
    "UpdateAccessKey",
    "CreateLoginProfile",
    "UpdateLoginProfile",
    "DeactivateMFADevice",
    "DeleteVirtualMFADevice",
    "CreateServiceSpecificCredential",
    "DeleteServiceSpecificCredential",
)
"""The names that are audited on request, beside the five."""
_MFA_DEVICE = "AWS::IAM::MfaDevice"
_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_UNMODIFIABLE = "EntityTemporarilyUnmodifiableException"
_ERRORS = ("AccessDenied", "NoSuchEntityException", _UNMODIFIABLE)
_MANY = 60
"""Of one name, in the largest account: more than a page."""
_SERVICES = ("codecommit.amazonaws.com", "cassandra.amazonaws.com", "bedrock.amazonaws.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """What was changed, in the words of the record."""

    parameters: Mapping[str, object]
    response: Mapping[str, object] | None = None
    key: str | None = None
    other: tuple[tuple[str, str], ...] = ()
    """Resources beside the user and the key."""
    names_user: bool = True
    """Whether the request has the user's name at all."""


def extended_events(maker: Maker, users: tuple[User, ...]) -> Iterator[Event]:
    """Changes of the extended names: those that the users' own dates tell of, and some to who is gone."""
    yield from _of_users(maker, users)
    if maker.scenario.events:
        yield from _of_ghosts(maker)


def _of_users(maker: Maker, users: tuple[User, ...]) -> Iterator[Event]:
    history = maker.now - HORIZON
    for user in users:
        made = user.password_created
        # A password's date may be near the edge of the history, where no event may be.
        if made is not None and made > history and clear_of_horizon(made, maker.now) == made:
            event = new_event(maker, "CreateLoginProfile", made, user=user.name, path=user.path)
            yield _with(event, _login_profile(event, reset=user.password_reset))
        for credential in user.service_credentials:
            if credential.created > history:
                name, created = "CreateServiceSpecificCredential", credential.created
                event = new_event(maker, name, created, user=user.name, path=user.path, key=credential.id)
                yield _with(event, _new_credential(event, credential))


def _of_ghosts(maker: Maker) -> Iterator[Event]:
    dice, number = maker.dice, 0
    for _ in range(int(3 * maker.scenario.events * dice.random() ** 2)):
        yield _ghost(maker, dice.choice(EXTENDED), number)
        number += 1
    if maker.account.index != LARGEST:
        return
    for name in EXTENDED:
        for error_code in (None, *_ERRORS):
            yield _ghost(maker, name, 1000 + number, error_code=error_code)
            number += 1
    for _ in range(_MANY):
        yield _ghost(maker, "UpdateAccessKey", 1000 + number, error_code=None)
        number += 1


def _ghost(maker: Maker, name: str, number: int, *, error_code: str | None = "") -> Event:
    """A change to a user who is gone; an empty code leaves it to the dice whether it was refused."""
    dice = maker.dice
    user = f"gone.extended-{maker.tag(number)}"
    refused = dice.choice(_ERRORS) if chance(dice, 0.15) else None
    own = name in _OWN and chance(dice, 0.3)
    time = ago(dice, maker.now, oldest=88)
    event = new_event(maker, name, time, user=user, error_code=refused if error_code == "" else error_code, own=own)
    return _with(event, _CHANGES[name](maker, event))


_OWN = frozenset({"UpdateAccessKey", "CreateServiceSpecificCredential", "DeleteServiceSpecificCredential"})
"""What users do of their own without naming themselves."""


def _with(event: Event, change: _Change) -> Event:
    user = event.target_user or ""
    shown = () if event.error_code == "AccessDenied" else _resources(change, user)
    return replace(
        event,
        target_user=user if change.names_user else None,
        target_key=change.key,
        resources=shown,
        parameters=change.parameters,
        response=change.response,
    )


def _resources(change: _Change, user: str) -> tuple[tuple[str, str], ...]:
    key = ((ACCESS_KEY, change.key),) if change.key else ()
    return *key, *change.other, *(((IAM_USER, user),) if change.names_user else ())


def _named(event: Event) -> dict[str, object]:
    """The user's name, unless users did it themselves: then the request has none."""
    return {} if ":user/" in event.actor_arn else {"userName": event.target_user}


def _update_key(maker: Maker, event: Event) -> _Change:
    key = identifier("AKIA", maker.account.id, event.target_user)
    status = maker.dice.choice(("Active", "Inactive", "Inactive"))
    return _Change(parameters={**_named(event), "status": status, "accessKeyId": key}, key=key)


def _create_password(maker: Maker, event: Event) -> _Change:
    return _login_profile(event, reset=chance(maker.dice, 0.5))


def _login_profile(event: Event, *, reset: bool) -> _Change:
    profile = {"userName": event.target_user, "passwordResetRequired": reset}
    made = {**profile, "createDate": wire_time(event.time)}
    return _Change(parameters=profile, response={"loginProfile": made})


def _update_password(maker: Maker, event: Event) -> _Change:
    asked: dict[str, object] = {"userName": event.target_user}
    if chance(maker.dice, 0.5):
        asked["passwordResetRequired"] = chance(maker.dice, 0.5)
    if chance(maker.dice, 0.3):
        asked["password"] = _HIDDEN
    return _Change(parameters=asked)


def _deactivate_device(maker: Maker, event: Event) -> _Change:
    serial = maker.serial(maker.dice.choice(("virtual", "totp", "fido")), str(event.target_user))
    asked = {"userName": event.target_user, "serialNumber": serial}
    return _Change(parameters=asked, other=((_MFA_DEVICE, serial),))


def _delete_device(maker: Maker, event: Event) -> _Change:
    serial = maker.serial("virtual", str(event.target_user))
    return _Change(parameters={"serialNumber": serial}, other=((_MFA_DEVICE, serial),), names_user=False)


def _create_credential(maker: Maker, event: Event) -> _Change:
    user, service = str(event.target_user), maker.dice.choice(_SERVICES)
    days = maker.dice.choice((None, 30)) if service == "bedrock.amazonaws.com" else None
    credential = ServiceCredential(
        id=identifier("ACCA", maker.account.id, user),
        service=service,
        status="Active",
        created=event.time,
        expires=None if days is None else event.time + timedelta(days=days),
        service_user=f"{user}-at-{maker.account.id}",
    )
    return _new_credential(event, credential)


def _new_credential(event: Event, credential: ServiceCredential) -> _Change:
    asked = {**_named(event), "serviceName": credential.service}
    made: dict[str, object] = {
        "createDate": wire_time(credential.created),
        "serviceName": credential.service,
        "serviceSpecificCredentialId": credential.id,
        "userName": event.target_user,
        "status": "Active",
    }
    if credential.expires is not None:
        asked["credentialAgeDays"] = (credential.expires - credential.created).days
        made["expirationDate"] = wire_time(credential.expires)
    if credential.alias is not None:
        made |= {"serviceCredentialAlias": credential.alias, "serviceCredentialSecret": _HIDDEN}
    if credential.service_user is not None:
        made |= {"serviceUserName": credential.service_user, "servicePassword": _HIDDEN}
    return _Change(parameters=asked, response={"serviceSpecificCredential": made})


def _delete_credential(maker: Maker, event: Event) -> _Change:
    credential = identifier("ACCA", maker.account.id, event.target_user)
    return _Change(parameters={**_named(event), "serviceSpecificCredentialId": credential})


_CHANGES: Mapping[str, Callable[[Maker, Event], _Change]] = {
    "UpdateAccessKey": _update_key,
    "CreateLoginProfile": _create_password,
    "UpdateLoginProfile": _update_password,
    "DeactivateMFADevice": _deactivate_device,
    "DeleteVirtualMFADevice": _delete_device,
    "CreateServiceSpecificCredential": _create_credential,
    "DeleteServiceSpecificCredential": _delete_credential,
}

"""What CloudTrail recorded in an account: changes that its users and keys show, and much besides."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from auditor.demo.dice import HORIZON, ago, chance, event_identifier, identifier
from auditor.demo.facts import UNREADABLE_TIME, AccessKey, Event, User, wire_time
from auditor.demo.oddities import odd_events, odd_record
from auditor.demo.people import Maker
from auditor.demo.special_cases import LARGEST

AUDITED = ("CreateUser", "DeleteUser", "CreateAccessKey", "DeleteAccessKey", "DeleteLoginProfile")
_BUSY = 120
_ACTORS = ("terraform", "ops@example.com", "ana.admin", "AWSReservedSSO_Admin", "pipeline-7")
_UNMODIFIABLE = "EntityTemporarilyUnmodifiableException"
_ERRORS = ("AccessDenied", "NoSuchEntityException", _UNMODIFIABLE, "LimitExceededException")
_FOREIGN = (
    ("identitystore-scim.amazonaws.com", "CreateUser"),
    ("identitystore-scim.amazonaws.com", "DeleteUser"),
    ("transfer.amazonaws.com", "CreateUser"),
    ("elasticache.amazonaws.com", "CreateUser"),
    ("quicksight.amazonaws.com", "DeleteUser"),
    ("cognito-idp.amazonaws.com", "DeleteUser"),
    ("mq.amazonaws.com", "CreateUser"),
)
"""Services that have APIs of the audited names, and such an API."""
_FOREIGN_SHARE = 0.5
_USER, _KEY = "AWS::IAM::User", "AWS::IAM::AccessKey"


def account_events(maker: Maker, users: tuple[User, ...]) -> tuple[Event, ...]:
    """All events of an account in all regions, newest first."""
    events = [
        *_of_users(maker, users),
        *_of_ghosts(maker),
        *_besides(maker),
        *_foreign(maker.apart("foreign events")),
        *_of_root(maker.apart("root")),
        *odd_events(maker),
    ]
    events.sort(key=lambda event: (event.time, event.id), reverse=True)
    return tuple(events)


def event_record(event: Event, account_id: str) -> str:
    """The event as CloudTrail's own JSON record."""
    record: dict[str, object] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(event, account_id),
        "eventTime": UNREADABLE_TIME if event.odd == "time" else wire_time(event.time),
        "eventSource": event.source,
        "eventName": event.name,
        "awsRegion": event.region,
        "sourceIPAddress": event.source_address,
        "requestParameters": _request_parameters(event),
        "responseElements": _response_elements(event),
        "eventID": event.id,
        "readOnly": event.read_only,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account_id,
    }
    if event.error_code is not None:
        record["errorCode"] = event.error_code
        record["errorMessage"] = "" if event.happened else f"{event.name} was refused"

    return odd_record(event, json.dumps(record, separators=(",", ":")))


def _identity(event: Event, account_id: str) -> dict[str, str]:
    identity = {"arn": event.actor_arn, "accountId": account_id, "accessKeyId": event.actor_key}
    if event.actor_arn.endswith(":root"):
        # Root has no name: what stands in its place is the account's alias.
        return {"type": "Root", **identity, **({"userName": event.root_alias} if event.root_alias else {})}
    if ":assumed-role/" in event.actor_arn:
        return {"type": "AssumedRole", **identity}

    return {"type": "IAMUser", **identity, "userName": event.actor_arn.rpartition("/")[2]}


def _request_parameters(event: Event) -> dict[str, str] | None:
    if event.target_user is None or event.error_code == "AccessDenied":
        return None

    parameters = {"userName": event.target_user}
    if event.target_key is not None and event.name != "CreateAccessKey":
        parameters["accessKeyId"] = event.target_key

    return parameters


def _response_elements(event: Event) -> dict[str, dict[str, str]] | None:
    if event.name == "CreateAccessKey" and event.root_alias is not None and event.target_key is not None:
        return {"accessKey": {"accessKeyId": event.target_key, "status": "Active"}}
    if not event.happened or event.target_user is None:
        return None
    if event.name == "CreateUser":
        return {"user": {"userName": event.target_user, "createDate": wire_time(event.time)}}
    if event.name == "CreateAccessKey" and event.target_key is not None:
        key = {"accessKeyId": event.target_key, "userName": event.target_user, "status": "Active"}
        return {"accessKey": key}

    return None


def _of_users(maker: Maker, users: tuple[User, ...]) -> Iterator[Event]:
    """Creations that the users' and keys' own dates tell of."""
    history = maker.now - HORIZON
    for user in users:
        if user.created > history:
            yield _event(maker, "CreateUser", user.created, user=user.name, user_id=user.id, path=user.path)
        for key in user.keys:
            if key.created > history:
                yield _key_event(maker, user, key)


def _key_event(maker: Maker, user: User, key: AccessKey) -> Event:
    by_themselves = chance(maker.dice, 0.2)
    return _event(maker, "CreateAccessKey", key.created, user=user.name, key=key.id, own=by_themselves)


def _of_ghosts(maker: Maker) -> Iterator[Event]:
    """Changes to users and keys that are no longer there."""
    dice = maker.dice
    if not maker.scenario.events:
        return

    for number in range(int(3 * maker.scenario.events * dice.random() ** 2)):
        yield _ghost(maker, dice.choice(AUDITED), number)

    if maker.account.index == LARGEST:
        for number in range(_BUSY):
            yield _ghost(maker, "CreateAccessKey", 1000 + number, refused=False)


def _ghost(maker: Maker, name: str, number: int, *, refused: bool | None = None) -> Event:
    dice = maker.dice
    user = f"gone.{dice.choice(_ACTORS[2:])}-{maker.tag(number)}"
    if refused is None:
        refused = chance(dice, 0.15)

    return _event(
        maker,
        name,
        ago(dice, maker.now, oldest=88),
        user=user,
        user_id=identifier("AIDA", maker.account.id, user) + "Q",
        key=identifier("AKIA", maker.account.id, user) if "AccessKey" in name else None,
        error_code=dice.choice(_ERRORS) if refused else None,
        anonymous=chance(dice, 0.1),
    )


def _besides(maker: Maker) -> Iterator[Event]:
    """Events that an audit must not show: other names, another region, too old, refused."""
    if not maker.scenario.events:
        return

    dice, now = maker.dice, maker.now
    user = f"gone.besides-{maker.tag(0)}"
    key = identifier("AKIA", maker.account.id, user)
    yield _event(maker, "UpdateAccessKey", ago(dice, now, oldest=88), user=user, key=key)
    yield _event(maker, "ListUsers", ago(dice, now, oldest=88), read_only=True)
    too_old = now - timedelta(days=dice.randrange(93, 150))
    yield _event(maker, "CreateUser", too_old, user=user, user_id="AIDAOLD")
    elsewhere = maker.scenario.other_region
    yield _event(maker, "CreateAccessKey", ago(dice, now, oldest=88), user=user, key=key, region=elsewhere)
    if 0 < maker.account.index <= LARGEST + 3:
        yield _event(maker, "DeleteLoginProfile", ago(dice, now, oldest=88), user=user, error_code=_UNMODIFIABLE)
        yield _event(maker, "DeleteUser", ago(dice, now, oldest=88), user=user, anonymous=True)


def _foreign(maker: Maker) -> Iterator[Event]:
    """Changes of the same names to users of other services, who are no users of IAM's."""
    if not maker.scenario.events:
        return

    for number, (source, name) in enumerate(_FOREIGN):
        if maker.dice.random() < _FOREIGN_SHARE:
            user = f"foreign-{maker.tag(400 + number)}"
            event = _event(maker, name, ago(maker.dice, maker.now, oldest=88), user=user)
            yield replace(event, source=source, resources=(("AWS::Elsewhere::User", user),))


def _of_root(maker: Maker) -> Iterator[Event]:
    """What root did of its own, in an account with an alias, and a change that is said to have been a success."""
    if not maker.scenario.events:
        return

    dice, account = maker.dice, maker.account.id
    key = identifier("AKIA", account, "root")
    made = _event(maker, "CreateAccessKey", ago(dice, maker.now, oldest=88), key=key)
    arn = f"arn:{maker.scenario.partition}:iam::{account}:root"
    yield replace(made, username="root", actor_arn=arn, root_alias=f"acme-{maker.tag(0)}", resources=((_KEY, key),))
    for number, code in enumerate(("Success", "")):
        user = f"gone.success-{maker.tag(410 + number)}"
        yield _event(maker, "DeleteUser", ago(dice, maker.now, oldest=88), user=user, error_code=code)


def _event(  # noqa: PLR0913 - an event has many sides, and each is one keyword
    maker: Maker,
    name: str,
    time: datetime,
    *,
    user: str | None = None,
    user_id: str = "",
    path: str = "/",
    key: str | None = None,
    region: str = "",
    error_code: str | None = None,
    anonymous: bool = False,
    own: bool = False,
    read_only: bool = False,
) -> Event:
    actor = user if own and user else maker.dice.choice(_ACTORS)
    account, partition = maker.account.id, maker.scenario.partition
    arn = f"arn:{partition}:sts::{account}:assumed-role/Admin/{actor}"
    if actor == user:
        arn = _arn(maker, path, actor)

    refused = error_code == "AccessDenied"
    return Event(
        id=event_identifier(maker.scenario.seed, account, name, time, user, key, region),
        name=name,
        time=time,
        region=region or maker.scenario.region,
        username=None if anonymous else actor,
        actor_arn=arn,
        actor_key=identifier("ASIA", account, actor),
        source_address=f"198.51.100.{maker.dice.randrange(1, 255)}",
        target_user=user,
        target_key=key,
        resources=() if refused or user is None else _resources(name, user, user_id, _arn(maker, path, user), key),
        read_only=read_only,
        error_code=error_code,
    )


def _arn(maker: Maker, path: str, user: str) -> str:
    return f"arn:{maker.scenario.partition}:iam::{maker.account.id}:user{path}{user}"


def _resources(name: str, user: str, user_id: str, arn: str, key: str | None) -> tuple[tuple[str, str], ...]:
    if name == "CreateUser":
        return (_USER, arn), (_USER, user_id), (_USER, user)
    if key is not None:
        return (_KEY, key), (_USER, user)

    return ((_USER, user),)

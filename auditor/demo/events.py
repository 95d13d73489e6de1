"""What CloudTrail recorded in an account: changes that its users and keys show, and much besides."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from auditor.demo.dice import HORIZON, ago, chance, identifier
from auditor.demo.event_builder import ACCESS_KEY, ACTORS, new_event
from auditor.demo.extended_events import extended_events
from auditor.demo.facts import AccessKey, Event, User
from auditor.demo.oddities import odd_events
from auditor.demo.people import Maker
from auditor.demo.special_cases import LARGEST

AUDITED = ("CreateUser", "DeleteUser", "CreateAccessKey", "DeleteAccessKey", "DeleteLoginProfile")
_BUSY = 120
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


def account_events(maker: Maker, users: tuple[User, ...]) -> tuple[Event, ...]:
    """All events of an account in all regions, newest first."""
    events = [
        *_of_users(maker, users),
        *_of_ghosts(maker),
        *_besides(maker),
        *_foreign(maker.apart("foreign events")),
        *_of_root(maker.apart("root")),
        *odd_events(maker),
        *extended_events(maker.apart("extended events"), users),
    ]
    events.sort(key=lambda event: (event.time, event.id), reverse=True)
    return tuple(events)


def _of_users(maker: Maker, users: tuple[User, ...]) -> Iterator[Event]:
    """Creations that the users' and keys' own dates tell of."""
    history = maker.now - HORIZON
    for user in users:
        if user.created > history:
            # A keyless user of today is there with an old report only, and must not shift what is drawn after.
            late = not user.keys and maker.now - user.created < timedelta(days=1)
            drawing = maker.apart(f"creation of {user.name}") if late else maker
            yield new_event(drawing, "CreateUser", user.created, user=user.name, user_id=user.id, path=user.path)
        for key in user.keys:
            if key.created > history:
                yield _key_event(maker, user, key)


def _key_event(maker: Maker, user: User, key: AccessKey) -> Event:
    by_themselves = chance(maker.dice, 0.2)
    return new_event(maker, "CreateAccessKey", key.created, user=user.name, key=key.id, own=by_themselves)


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
    user = f"gone.{dice.choice(ACTORS[2:])}-{maker.tag(number)}"
    if refused is None:
        refused = chance(dice, 0.15)

    return new_event(
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
    updated = new_event(maker, "UpdateAccessKey", ago(dice, now, oldest=88), user=user, key=key)
    yield replace(updated, parameters={"userName": user, "status": "Inactive", "accessKeyId": key})
    yield new_event(maker, "ListUsers", ago(dice, now, oldest=88), read_only=True)
    too_old = now - timedelta(days=dice.randrange(93, 150))
    yield new_event(maker, "CreateUser", too_old, user=user, user_id="AIDAOLD")
    elsewhere = maker.scenario.other_region
    yield new_event(maker, "CreateAccessKey", ago(dice, now, oldest=88), user=user, key=key, region=elsewhere)
    if 0 < maker.account.index <= LARGEST + 3:
        yield new_event(maker, "DeleteLoginProfile", ago(dice, now, oldest=88), user=user, error_code=_UNMODIFIABLE)
        yield new_event(maker, "DeleteUser", ago(dice, now, oldest=88), user=user, anonymous=True)


def _foreign(maker: Maker) -> Iterator[Event]:
    """Changes of the same names to users of other services, who are no users of IAM's."""
    if not maker.scenario.events:
        return

    for number, (source, name) in enumerate(_FOREIGN):
        if maker.dice.random() < _FOREIGN_SHARE:
            user = f"foreign-{maker.tag(400 + number)}"
            event = new_event(maker, name, ago(maker.dice, maker.now, oldest=88), user=user)
            yield replace(event, source=source, resources=(("AWS::Elsewhere::User", user),))


def _of_root(maker: Maker) -> Iterator[Event]:
    """What root did of its own, in an account with an alias, and a change that is said to have been a success."""
    if not maker.scenario.events:
        return

    dice, account = maker.dice, maker.account.id
    key = identifier("AKIA", account, "root")
    made = new_event(maker, "CreateAccessKey", ago(dice, maker.now, oldest=88), key=key)
    arn = f"arn:{maker.scenario.partition}:iam::{account}:root"
    yield replace(
        made, username="root", actor_arn=arn, root_alias=f"acme-{maker.tag(0)}", resources=((ACCESS_KEY, key),)
    )
    for number, code in enumerate(("Success", "")):
        user = f"gone.success-{maker.tag(410 + number)}"
        yield new_event(maker, "DeleteUser", ago(dice, maker.now, oldest=88), user=user, error_code=code)

"""What came and went since an account's credential report was made."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from auditor.demo.facts import AccessKey, AccountFacts, User
from auditor.demo.people import Maker

_LONG = timedelta(days=300)


def changed_users(maker: Maker) -> Iterator[User]:
    """Users as they are now, who were others when the report was made, or not there; none without a report."""
    age = maker.scenario.report_age
    if age is None:
        return

    lately, tag = maker.now - timedelta(seconds=int(age / 2)), maker.tag(200)
    plain = _user(maker, f"new.key-{tag}")
    yield replace(plain, keys=(maker.key(plain.name, 0, lately),))
    name = f"new.user-{tag}"
    yield replace(_user(maker, name), created=lately, keys=(maker.key(name, 0, lately),))
    plain = _keyed(maker, f"second.key-{tag}")
    yield replace(plain, keys=(*plain.keys, maker.key(plain.name, 1, lately)))
    yield replace(_keyed(maker, f"new.password-{tag}"), password_created=lately)
    plain = _keyed(maker, f"new.device-{tag}")
    yield replace(plain, devices=(replace(maker.device("virtual", plain.name), enabled=lately),))
    name = f"recreated-{tag}"
    yield replace(_user(maker, name), created=lately, keys=(maker.key(name, 0, lately),))
    yield from (now for now, _ in _overwritten(maker, tag))
    yield from _changed_keyless_users(maker.apart("changed keyless users"), lately)


def _changed_keyless_users(maker: Maker, lately: datetime) -> Iterator[User]:
    """Users without a key who were others when the report was made, or not there."""
    tag = maker.tag(210)
    name = f"new.console-{tag}"
    yield replace(_user(maker, name), created=lately, password_created=lately, password_last_used=None)
    yield replace(_user(maker, f"console.new.password-{tag}"), password_created=lately)
    plain = _user(maker, f"console.new.device-{tag}")
    yield replace(plain, devices=(replace(maker.device("virtual", plain.name), enabled=lately),))
    plain = replace(_user(maker, f"nothing.new.device-{tag}"), password_created=None, password_last_used=None)
    yield replace(plain, devices=(replace(maker.device("virtual", plain.name), enabled=lately),))
    yield from (now for now, _ in _overwritten_keyless(maker, tag))


def reported_users(maker: Maker) -> Iterator[User]:
    """Users as the report alone still has them: deleted, made anew under their names, or with what they gave up."""
    if maker.scenario.report_age is None:
        return

    tag = maker.tag(200)
    yield _keyed(maker, f"deleted-{tag}")
    yield replace(_user(maker, f"recreated-{tag}"), password_created=None)
    yield from (then for _, then in _overwritten(maker, tag))
    yield from (then for _, then in _overwritten_keyless(maker, maker.tag(210)))


def users_of_report(facts: AccountFacts, *, made: datetime, now: datetime) -> dict[str, User]:
    """The users as a report of that time has them, by name."""
    users = {user.name: as_of(user, made) for user in facts.users if user.created <= made}
    if made < now:
        users |= {user.name: _with_certificates(user, facts) for user in facts.reported}
    return users


def _with_certificates(then: User, facts: AccountFacts) -> User:
    """The user of the report with the certificates of today, which are older than any report."""
    now = facts.users_by_name.get(then.name)
    return then if now is None else replace(then, certificates=now.certificates)


def _overwritten(maker: Maker, tag: str) -> Iterator[tuple[User, User]]:
    """Pairs of a user now and in the report."""
    now = _keyed(maker, f"lost.device-{tag}")
    yield now, replace(now, devices=(maker.device("virtual", now.name),))
    now = _keyed(maker, f"reactivated.key-{tag}")
    moved = replace(now.keys[0], created=now.keys[0].created + timedelta(days=2))
    yield now, replace(now, keys=(moved,))


def _overwritten_keyless(maker: Maker, tag: str) -> Iterator[tuple[User, User]]:
    """Pairs of a user without a key now and in the report."""
    maker = maker.apart("overwritten keyless users")
    then = _user(maker, f"console.lost.password-{tag}")
    yield replace(then, password_created=None), then
    now = _user(maker, f"console.lost.device-{tag}")
    yield now, replace(now, devices=(maker.device("virtual", now.name),))
    then = _keyed(maker, f"console.lost.key-{tag}")
    yield replace(then, keys=()), then


def as_of(user: User, moment: datetime) -> User:
    """The user without what is younger than the moment."""
    password, keys = user.password_created, (key for key in user.keys if key.created <= moment)
    return replace(
        user,
        password_created=None if password is None or password > moment else password,
        keys=tuple(_key_as_of(key, moment) for key in keys),
        devices=tuple(device for device in user.devices if device.enabled is None or device.enabled <= moment),
    )


def _key_as_of(key: AccessKey, moment: datetime) -> AccessKey:
    if key.last_used is None or key.last_used <= moment:
        return key

    return replace(key, last_used=None, service="N/A", region="N/A")


def _user(maker: Maker, name: str) -> User:
    made = maker.now - _LONG
    return replace(maker.user(name), created=made, password_created=made + timedelta(days=1))


def _keyed(maker: Maker, name: str) -> User:
    key = maker.key(name, 0, maker.now - _LONG + timedelta(days=1))
    used = replace(key, last_used=key.created + timedelta(days=9), service="s3", region=maker.scenario.region)
    return replace(_user(maker, name), keys=(used,))

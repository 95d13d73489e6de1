"""The IAM users of an account, and all that is asked of each of them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from auditor.account.collectors.user_facts import (
    GONE,
    Gone,
    SecondLook,
    last_use,
    list_keys,
    list_mfa_devices,
    login_profile,
    or_gone,
)
from auditor.account.draft import AccountDraft, Note
from auditor.aws.errors import invalid_response
from auditor.aws.gateway import IamAccess
from auditor.aws.pages import IAM_PAGE, listed
from auditor.aws.reading import text_in, time_in
from auditor.concurrency.tasks import fan_out
from auditor.model.coverage import Section
from auditor.model.facts import AccessKey, MfaDevice, Unknown, User
from auditor.model.scopes import UserScope

USERS_AT_ONCE = 24
"""So many that an API's budget is spent although each user's questions wait for one another, 250 ms away, too."""

Place = tuple[int, User]
"""A user, and the place in AWS's list."""


async def collect_users(account: IamAccess, draft: AccountDraft) -> None:
    """Add every user to the draft; one who vanishes meanwhile is only counted.

    Asks one ListUsers for a thousand users, one ListAccessKeys per user and one GetAccessKeyLastUsed per key; one
    GetLoginProfile per user, and one ListMFADevices where the user may sign in. With `UserScope.WITH_KEYS` these two
    are asked of users with a key only.
    """
    await examine_users(account, draft, enumerate(await listed_users(account, draft)))


async def listed_users(account: IamAccess, draft: AccountDraft) -> list[User]:
    """The users that AWS lists, as far as it does."""
    listed: list[User] = []
    listing = _list_users(account, into=listed, odd=draft.noting(Section.USERS))
    await draft.ask(Section.USERS, listing, gathers=listed)
    return listed


async def examine_users(account: IamAccess, draft: AccountDraft, places: Iterable[Place]) -> None:
    """Add these users to the draft, all facts read now."""
    await place_users(draft, places, partial(examine, account, draft))


async def place_users(
    draft: AccountDraft, places: Iterable[Place], examine: Callable[[User], Awaitable[User | Gone]]
) -> None:
    """Add these users to the draft as `examine` makes them, some at once; those who are gone are only counted."""

    async def work(place: Place) -> None:
        index, user = place
        examined = await examine(user)
        if isinstance(examined, Gone):
            draft.vanished_users += 1
            return
        draft.users[index] = examined

    await fan_out(places, work, limit=USERS_AT_ONCE)


async def _list_users(account: IamAccess, *, into: list[User], odd: Note) -> None:
    listing = listed(account.access, account.iam.list_users, member="Users", key="UserName", MaxItems=IAM_PAGE)
    async for page in listing:
        into.extend(user for raw in page if (user := _user_of(raw, odd=odd)) is not None)


async def examine(account: IamAccess, draft: AccountDraft, user: User) -> User | Gone:
    """The user with all that the draft's scope asks for, read now.

    The password comes first: whoever has none, and a user who is gone, get the same answer, and the list of the keys
    tells the two apart.
    """
    if draft.scope is UserScope.ALL:
        user = await with_password(account, draft, user)
    keys = await keys_of(account, draft, user)
    return keys if keys is GONE else await _with_keys(account, draft, user, keys=keys)


async def _with_keys(
    account: IamAccess, draft: AccountDraft, user: User, *, keys: tuple[AccessKey, ...] | Unknown
) -> User | Gone:
    if isinstance(keys, tuple):
        return await with_facts(account, draft, user, keys=keys)
    user = replace(user, keys=keys)
    return await _with_devices(account, draft, user) if draft.scope is UserScope.ALL else user


async def keys_of(account: IamAccess, draft: AccountDraft, user: User) -> tuple[AccessKey, ...] | Unknown | Gone:
    """The user's keys, read now."""
    listing = list_keys(account, user.name, odd=draft.noting(Section.KEYS))
    return await draft.ask(Section.KEYS, or_gone(listing))


async def devices_of(account: IamAccess, draft: AccountDraft, user: User) -> tuple[MfaDevice, ...] | Unknown | Gone:
    """The user's MFA devices, read now."""
    listing = list_mfa_devices(account, user.name, odd=draft.noting(Section.MFA))
    return await draft.ask(Section.MFA, or_gone(listing))


async def with_facts(
    account: IamAccess, draft: AccountDraft, user: User, *, keys: tuple[AccessKey, ...]
) -> User | Gone:
    """The user with these keys, and all that a finding says of keys and user, read now."""
    again = SecondLook(account, user.name)
    kept = [found for key in keys if (found := await with_last_use(account, draft, key, again=again)) is not GONE]
    there = await with_kept_keys(draft, user, listed=keys, kept=kept, again=again)
    if there is GONE:
        return GONE
    if there.has_password is not None:
        return await _with_devices(account, draft, there)
    return await with_sign_in(account, draft, there) if there.keys or draft.scope is UserScope.ALL else there


async def with_last_use(
    account: IamAccess, draft: AccountDraft, key: AccessKey, *, again: SecondLook
) -> AccessKey | Gone:
    """The key with its last use, read now."""
    use = await draft.ask(Section.LAST_USED, last_use(account, key.id, again=again))
    return GONE if isinstance(use, Gone) else replace(key, last_use=use)


async def with_kept_keys(
    draft: AccountDraft, user: User, *, listed: Sequence[AccessKey], kept: Sequence[AccessKey], again: SecondLook
) -> User | Gone:
    """The user with the keys that are still there; the others are counted, unless the user is gone with all of them."""
    if listed and not kept and await again.misses_user():
        return GONE
    draft.vanished_keys += len(listed) - len(kept)
    return replace(user, keys=tuple(kept))


async def with_sign_in(account: IamAccess, draft: AccountDraft, user: User) -> User | Gone:
    """The user with password and MFA, asked in this order: any answer about devices shows that the user exists."""
    there = await _with_devices(account, draft, await with_password(account, draft, user))
    if there is GONE or there.has_password is not False or not isinstance(there.mfa_devices, Unknown):
        return there
    password = await _no_password_or_gone(account, draft, user)
    return GONE if isinstance(password, Gone) else replace(there, has_password=password)


async def with_password(account: IamAccess, draft: AccountDraft, user: User) -> User:
    """The user with their password, read now; a user who is gone has none."""
    question = login_profile(account, user.name, odd=draft.noting(Section.PASSWORD))
    profile = await draft.ask(Section.PASSWORD, question)
    known = profile if isinstance(profile, Unknown) else profile is not None
    return replace(user, has_password=known, login_profile=profile)


def may_sign_in(user: User) -> bool:
    """Whether the user has a password or a key, as far as is known: who has neither needs no MFA device."""
    return user.has_password is not False or has_keys(user)


def has_keys(user: User) -> bool:
    """Whether the user is known to have a key."""
    return isinstance(user.keys, tuple) and bool(user.keys)


async def _with_devices(account: IamAccess, draft: AccountDraft, user: User) -> User | Gone:
    """The user with their MFA devices, read now where they may sign in."""
    if not may_sign_in(user):
        return user
    devices = await devices_of(account, draft, user)
    return GONE if devices is GONE else replace(user, mfa_devices=devices)


async def _no_password_or_gone(account: IamAccess, draft: AccountDraft, user: User) -> bool | Unknown | Gone:
    """Tell a user without a password from one who is gone, where nothing else has told it."""
    keys = await draft.ask(Section.PASSWORD, or_gone(list_keys(account, user.name)))
    return False if isinstance(keys, tuple) else keys


def _user_of(raw: Mapping[str, Any], *, odd: Note) -> User | None:
    """The user, None where nothing can be asked about them, since they have no name."""
    name, user_id = text_in(raw, "UserName"), text_in(raw, "UserId")
    if not name:
        _miss(f"a user has no UserName (the UserId is {user_id or 'not there either'})", odd=odd)
        return None
    made, used = time_in(raw, "CreateDate"), time_in(raw, "PasswordLastUsed")
    for member, moment in (("CreateDate", made), ("PasswordLastUsed", used)):
        if isinstance(moment, Unknown):
            _miss(f"the {member} of the user {name} can't be read", odd=odd)
    return User(name, user_id, text_in(raw, "Arn"), text_in(raw, "Path"), made, used)


def _miss(what: str, *, odd: Note) -> None:
    odd(invalid_response(what, service="iam", operation="list_users"))

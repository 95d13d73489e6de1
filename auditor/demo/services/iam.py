"""IAM: users, their keys, passwords and devices."""

from typing import TypeVar

from auditor.demo.facts import UNREADABLE_TIME, AccessKey, AccountFacts, Device, User, wire_time
from auditor.demo.protocol import ServiceError, element, members
from auditor.demo.services.call import Call, seal, unseal

_MOST = 1000
_QUESTION = ("UserName", "AllUsers", "ServiceName")
"""Parameters that must stay the same from page to page."""
_Item = TypeVar("_Item")


def list_users(call: Call) -> str:
    """A page of users; sometimes shorter than asked although there are more."""
    facts, cap = call.facts, call.organization.scenario.users_page
    prefix = str(call.parameters.get("PathPrefix", "/"))
    users = tuple(user for user in facts.users if user.path.startswith(prefix))
    # Every fifth account shows that IAM may put fewer users on a page than asked.
    short = None if (facts.account.index + 2) % 5 else len(users) // 2
    page, rest = page_of(call, users, most=cap, first_page=short)
    return members("Users", ["" if user.odd == "null" else _user(call, user) for user in page]) + rest


def get_user(call: Call) -> str:
    """One user by name."""
    user = existing_user(call)
    return f"<User>{_user(call, user)}</User>"


def list_access_keys(call: Call) -> str:
    """The keys of a user; a vanishing key, or user, is there for the first time only."""
    if "UserName" not in call.parameters and call.identity.assumed:
        raise ServiceError("ValidationError", "Must specify userName when calling with non-User credentials")

    user = existing_user(call)
    keys = tuple(key for key in user.keys if not _gone(call, key.id))
    page, rest = page_of(call, keys)
    _vanish(call, user)
    return members("AccessKeyMetadata", [_key(user, key) for key in page]) + rest


def get_login_profile(call: Call) -> str:
    """The password of a user; NoSuchEntity where there is none."""
    user = existing_user(call)
    if user.password_created is None:
        raise ServiceError("NoSuchEntity", f"Login Profile for User {user.name} cannot be found.", status=404)

    longest = None if user.session_seconds is None else str(user.session_seconds)
    profile = (
        element("UserName", user.name)
        + element("CreateDate", wire_time(user.password_created))
        + element("PasswordResetRequired", "true" if user.password_reset else "false")
        + element("MaxSigninSessionDuration", longest)
    )
    return f"<LoginProfile>{profile}</LoginProfile>"


def list_mfa_devices(call: Call) -> str:
    """The devices of a user, of every kind."""
    user = existing_user(call)
    page, rest = page_of(call, user.devices)
    return members("MFADevices", [element("UserName", user.name) + _device(device) for device in page]) + rest


def get_access_key_last_used(call: Call) -> str:
    """When, where and for what a key was last used; AccessDenied for a key that is not the account's."""
    key_id = call.text("AccessKeyId")
    found = call.facts.keys_by_id.get(key_id)
    if found is None or _gone(call, key_id) or not exists(call, found[0]):
        message = f"User: {call.identity.arn} is not authorized to perform: iam:GetAccessKeyLastUsed"
        raise ServiceError("AccessDenied", f"{message} on resource: access key {key_id}", status=403)

    user, key = found
    used = wire_time(key.last_used) if key.last_used else None
    date = element("LastUsedDate", UNREADABLE_TIME if key.odd == "use" else used)
    use = date + element("ServiceName", key.service) + element("Region", key.region)
    return element("UserName", user.name) + f"<AccessKeyLastUsed>{use}</AccessKeyLastUsed>"


def list_virtual_mfa_devices(call: Call) -> str:
    """Virtual devices: assigned to users and root, unassigned, or any."""
    wanted = str(call.parameters.get("AssignmentStatus", "Any"))
    facts = call.facts
    assigned = _assigned_devices(call, facts) if wanted != "Unassigned" else []
    free = [_device(device) for device in facts.unassigned_devices] if wanted != "Assigned" else []
    page, rest = page_of(call, tuple(assigned + free))
    return members("VirtualMFADevices", list(page)) + rest


def _assigned_devices(call: Call, facts: AccountFacts) -> list[str]:
    partition, account_id = call.organization.scenario.partition, facts.account.id
    shown = []
    device = facts.root.virtual_device
    if device is not None:
        arn = element("Arn", f"arn:{partition}:iam::{account_id}:root")
        created = element("CreateDate", wire_time(facts.account.joined))
        root = f"<User><Path/>{element('UserId', account_id)}{arn}{created}</User>"
        shown.append(_device(device) + root)

    for user in facts.users:
        if exists(call, user):
            owner = f"<User>{_user(call, user)}</User>"
            shown.extend(_device(device) + owner for device in user.devices if device.kind == "virtual")

    return shown


def existing_user(call: Call) -> User:
    """The user whom the call names; NoSuchEntity where there is none, or none any more."""
    name = call.text("UserName")
    user = call.facts.users_by_name.get(name)
    if user is None or not exists(call, user):
        raise ServiceError("NoSuchEntity", f"The user with name {name} cannot be found.", status=404)

    return user


def exists(call: Call, user: User) -> bool:
    """Whether the user is still there."""
    if user.vanishes == "never":
        return True

    return user.vanishes == "after keys" and not _gone(call, user.name)


def _gone(call: Call, name: str) -> bool:
    return bool(call.memory.vanished) and (call.identity.account_id, name) in call.memory.vanished


def _vanish(call: Call, user: User) -> None:
    """Delete what goes away once its user's keys have been listed."""
    gone = [key.id for key in user.keys if key.vanishes]
    if user.vanishes == "after keys":
        gone.append(user.name)

    call.memory.vanished.update((call.identity.account_id, name) for name in gone)


def page_of(
    call: Call, items: tuple[_Item, ...], *, most: int | None = None, first_page: int | None = None
) -> tuple[tuple[_Item, ...], str]:
    """The items of the page that is asked for, and the XML that tells whether there are more."""
    size = call.number("MaxItems", default=100, least=1, most=_MOST)
    context = (call.action, call.identity.account_id, *(call.parameters.get(name) for name in _QUESTION))
    first, marker = 0, call.parameters.get("Marker")
    if marker is not None:
        position = unseal(str(marker), *context)
        if position is None:
            raise ServiceError("ValidationError", "Invalid Marker.")
        first = position

    size = min(size, most or _MOST)
    last = first + (min(size, first_page) if first_page and first == 0 else size)
    if last >= len(items):
        return items[first:], "<IsTruncated>false</IsTruncated>"

    return items[first:last], f"<IsTruncated>true</IsTruncated>{element('Marker', seal(last, *context))}"


def _user(call: Call, user: User) -> str:
    owner = f"arn:{call.organization.scenario.partition}:iam::{call.identity.account_id}"
    used = wire_time(user.password_last_used) if user.password_last_used else None
    return (
        element("Path", user.path)
        + element("UserName", None if user.odd == "name" else user.name)
        + element("UserId", user.id)
        + element("Arn", f"{owner}:user{user.path}{user.name}")
        + element("CreateDate", wire_time(user.created))
        + element("PasswordLastUsed", UNREADABLE_TIME if user.odd == "time" else used)
    )


def _key(user: User, key: AccessKey) -> str:
    return (
        element("UserName", user.name)
        + element("AccessKeyId", None if key.odd == "id" else key.id)
        + element("Status", None if key.odd == "status" else key.status)
        + element("CreateDate", UNREADABLE_TIME if key.odd == "time" else wire_time(key.created))
    )


def _device(device: Device) -> str:
    enabled = wire_time(device.enabled) if device.enabled else None
    serial = element("SerialNumber", None if device.odd == "serial" else device.serial)
    return serial + element("EnableDate", UNREADABLE_TIME if device.odd == "time" else enabled)

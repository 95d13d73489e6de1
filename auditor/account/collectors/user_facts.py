"""What is asked about one user: the access keys and their last use, the password, the MFA devices."""

from collections.abc import Awaitable, Mapping
from contextlib import suppress
from enum import Enum
from typing import Any, Final, TypeVar

from auditor.account.draft import Note, ignore
from auditor.aws.errors import invalid_response
from auditor.aws.gateway import IamAccess
from auditor.aws.pages import listed
from auditor.aws.reading import UNREADABLE, object_in, text_in, time_in
from auditor.errors import RequestError
from auditor.model.codes import NO_SUCH_ENTITY, is_denial
from auditor.model.facts import AccessKey, KeyUse, LoginProfile, MfaDevice, MfaKind, Unknown

T = TypeVar("T")
_KINDS = {"mfa": MfaKind.VIRTUAL, "u2f": MfaKind.FIDO, "sms-mfa": MfaKind.SMS}


class Gone(Enum):
    """The type of GONE."""

    GONE = "gone"


GONE: Final = Gone.GONE
"""In the place of something that was listed, and is no more."""


async def or_gone(question: Awaitable[T]) -> T | Gone:
    """The answer, or GONE where AWS says NoSuchEntity to it."""
    try:
        return await question
    except RequestError as error:
        if error.code == NO_SUCH_ENTITY:
            return GONE
        raise


async def list_keys(account: IamAccess, user_name: str, *, odd: Note = ignore) -> tuple[AccessKey, ...]:
    """The user's access keys, their last use not asked yet; `odd` is told of each that can't be read as a whole.

    A key without an id is none that could have a row; what else can't be read of a key is unknown.
    """
    listing = listed(
        account.access, account.iam.list_access_keys, member="AccessKeyMetadata", key="AccessKeyId", UserName=user_name
    )
    found = [_key_of(raw, user_name=user_name, odd=odd) async for page in listing for raw in page]
    return tuple(key for key in found if key is not None)


def _key_of(raw: Mapping[str, Any], *, user_name: str, odd: Note) -> AccessKey | None:
    def miss(what: str) -> None:
        odd(invalid_response(what, service="iam", operation="list_access_keys"))

    key_id, status = text_in(raw, "AccessKeyId"), text_in(raw, "Status")
    if not key_id:
        miss(f"a key of the user {user_name} has no AccessKeyId")
        return None
    if not status:
        miss(f"the key {key_id} of the user {user_name} has no Status")
    made = time_in(raw, "CreateDate")
    if isinstance(made, Unknown):
        miss(f"the CreateDate of the key {key_id} of the user {user_name} can't be read")
    return AccessKey(key_id, status or UNREADABLE, made, last_use=None)


class SecondLook:
    """A user's keys, listed once more where one of them seems to be gone: once, however many seem so."""

    def __init__(self, account: IamAccess, user_name: str) -> None:
        self._account = account
        self._user_name = user_name
        self._taken = False
        self._keys: tuple[AccessKey, ...] | Gone | None = None
        self._odd: list[RequestError] = []

    async def misses(self, key_id: str) -> bool:
        """Whether AWS lists the key no more; of a list that it refuses, or that is odd, nothing is missing."""
        keys = await self._listed()
        return keys is GONE or (keys is not None and not self._odd and key_id not in {key.id for key in keys})

    async def misses_user(self) -> bool:
        """Whether AWS says that there is no such user any more; what it refuses to say is no."""
        return await self._listed() is GONE

    async def _listed(self) -> tuple[AccessKey, ...] | Gone | None:
        if not self._taken:
            self._taken = True
            with suppress(RequestError):
                self._keys = await or_gone(list_keys(self._account, self._user_name, odd=self._odd.append))
        return self._keys


async def last_use(account: IamAccess, key_id: str, *, again: SecondLook) -> KeyUse | Gone | None:
    """The last use of a key, None for a key that was never used.

    AWS has kept it since 2015-04-22, and denies it for a key that is no more as for one that may not be read: only
    the list of the user's keys tells the two apart.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
    """
    try:
        answer = await or_gone(account.access.request(account.iam.get_access_key_last_used, AccessKeyId=key_id))
    except RequestError as error:
        if is_denial(error.code) and await again.misses(key_id):
            return GONE
        raise
    if answer is GONE:
        return GONE
    use = object_in(answer, "AccessKeyLastUsed")
    at = time_in(use, "LastUsedDate") if use == answer["AccessKeyLastUsed"] else UNREADABLE
    if isinstance(at, Unknown):
        said = f"the LastUsedDate of the key {key_id} can't be read"
        raise invalid_response(said, service="iam", operation="get_access_key_last_used")
    return None if at is None else KeyUse(at, text_in(use, "ServiceName"), text_in(use, "Region"))


async def list_mfa_devices(
    account: IamAccess, user_name: str, *, odd: Note = ignore
) -> tuple[MfaDevice, ...] | Unknown:
    """All the user's devices: there may be eight, of several kinds; `odd` is told of each that can't be read.

    One of which the kind can't be told leaves it unknown what they have, unless another one is hardware.
    """
    listing = listed(
        account.access, account.iam.list_mfa_devices, member="MFADevices", key="SerialNumber", UserName=user_name
    )
    found = [_device_of(raw, user_name=user_name, odd=odd) async for page in listing for raw in page]
    devices = tuple(device for device in found if device is not None)
    whole = len(devices) == len(found) or any(device.kind.hardware for device in devices)
    return devices if whole else UNREADABLE


def _device_of(raw: Mapping[str, Any], *, user_name: str, odd: Note) -> MfaDevice | None:
    def miss(what: str) -> None:
        odd(invalid_response(what, service="iam", operation="list_mfa_devices"))

    serial = text_in(raw, "SerialNumber")
    if not serial:
        miss(f"an MFA device of the user {user_name} has no SerialNumber")
        return None
    enabled = time_in(raw, "EnableDate")
    if isinstance(enabled, Unknown):
        miss(f"the EnableDate of the MFA device {serial} of the user {user_name} can't be read")
    return MfaDevice(serial, mfa_kind(serial), enabled)


def mfa_kind(serial: str) -> MfaKind:
    """What a device is: tokens have a plain serial number, all others an ARN that names the kind.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_MFADevice.html
    """
    if not serial.startswith("arn:"):
        return MfaKind.TOKEN
    resource = serial.split(":", 5)[-1]
    return _KINDS.get(resource.partition("/")[0], MfaKind.OTHER)


async def login_profile(account: IamAccess, user_name: str, *, odd: Note = ignore) -> LoginProfile | None:
    """The user's password; None where there is none, and for a user who is gone.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html
    """
    answer = await or_gone(account.access.request(account.iam.get_login_profile, UserName=user_name))
    if answer is GONE:
        return None
    profile = object_in(answer, "LoginProfile")
    created, longest = time_in(profile, "CreateDate"), profile.get("MaxSigninSessionDuration")
    if isinstance(created, Unknown):
        said = f"the CreateDate of the password of the user {user_name} can't be read"
        odd(invalid_response(said, service="iam", operation="get_login_profile"))
    return LoginProfile(
        created,
        reset_required=profile.get("PasswordResetRequired") is True,
        longest_session=longest if isinstance(longest, int) else None,
    )

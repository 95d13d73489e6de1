"""The MFA devices of a user, and what kind each is."""

from collections.abc import Mapping
from typing import Any

from auditor.account.draft import Note, ignore
from auditor.aws.errors import invalid_response
from auditor.aws.gateway import IamAccess
from auditor.aws.pages import listed
from auditor.aws.reading import UNREADABLE, text_in, time_in
from auditor.model.facts import MfaDevice, MfaKind, Unknown

_KINDS = {"mfa": MfaKind.VIRTUAL, "u2f": MfaKind.FIDO, "sms-mfa": MfaKind.SMS}


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

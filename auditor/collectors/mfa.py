"""The MFA devices of a user, and what kind each is."""

from auditor.aws.gateway import IamAccess
from auditor.aws.pages import listed
from auditor.models import MfaDevice, MfaKind

_KINDS = {"mfa": MfaKind.VIRTUAL, "u2f": MfaKind.FIDO, "sms-mfa": MfaKind.SMS}


async def list_mfa_devices(account: IamAccess, user_name: str) -> tuple[MfaDevice, ...]:
    """All the user's devices: there may be eight, of several kinds."""
    listing = listed(
        account.access, account.iam.list_mfa_devices, member="MFADevices", key="SerialNumber", UserName=user_name
    )
    return tuple(
        [
            MfaDevice(raw["SerialNumber"], mfa_kind(raw["SerialNumber"]), raw.get("EnableDate"))
            async for page in listing
            for raw in page
        ]
    )


def mfa_kind(serial: str) -> MfaKind:
    """What a device is: tokens have a plain serial number, all others an ARN that names the kind.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_MFADevice.html
    """
    if not serial.startswith("arn:"):
        return MfaKind.TOKEN
    resource = serial.split(":", 5)[-1]
    return _KINDS.get(resource.partition("/")[0], MfaKind.OTHER)

"""The virtual MFA devices of an account, by who holds them.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListVirtualMFADevices.html
"""

from collections import defaultdict
from collections.abc import Mapping

from auditor.aws.errors import invalid_response
from auditor.aws.gateway import IamAccess
from auditor.aws.pages import IAM_PAGE, listed
from auditor.aws.reading import object_in, text_in, time_in
from auditor.model.facts import MfaDevice, MfaKind

VirtualDevices = Mapping[str, tuple[MfaDevice, ...]]
"""By the ARN of the user, or of root."""


async def virtual_devices(account: IamAccess) -> VirtualDevices:
    """All that are assigned; root's has no user's name, but an ARN as all have.

    Raises:
        RequestError: They could not all be listed, or of one nobody can tell whose it is.
    """
    listing = listed(
        account.access,
        account.iam.list_virtual_mfa_devices,
        member="VirtualMFADevices",
        key="SerialNumber",
        AssignmentStatus="Assigned",
        MaxItems=IAM_PAGE,
    )
    found: defaultdict[str, list[MfaDevice]] = defaultdict(list)
    async for page in listing:
        for raw in page:
            arn = text_in(object_in(raw, "User"), "Arn")
            if not arn:
                said = "whom a virtual MFA device belongs to can't be read"
                raise invalid_response(said, service="iam", operation="list_virtual_mfa_devices")
            found[arn].append(MfaDevice(text_in(raw, "SerialNumber"), MfaKind.VIRTUAL, time_in(raw, "EnableDate")))
    return {arn: tuple(devices) for arn, devices in found.items()}

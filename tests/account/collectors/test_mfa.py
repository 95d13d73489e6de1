"""What an MFA device is, as its serial number tells."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.account.collectors.user_facts import list_mfa_devices, mfa_kind
from auditor.errors import RequestError
from auditor.model.facts import MfaDevice, MfaKind, Unknown
from tests.fakes import JUMPING, NOON, FakeService, iam_access

pytestmark = pytest.mark.anyio

ARN = "arn:aws:iam::111111111111:"
SERIALS = {
    f"{ARN}mfa/ana": MfaKind.VIRTUAL,
    f"{ARN}mfa/devices/team/ana": MfaKind.VIRTUAL,
    f"{ARN}mfa/root-account-mfa-device": MfaKind.VIRTUAL,
    f"{ARN}mfa/hardware": MfaKind.VIRTUAL,
    f"{ARN}mfa/u2f": MfaKind.VIRTUAL,
    "arn:aws-cn:iam::111111111111:mfa/ana": MfaKind.VIRTUAL,
    "arn:aws-us-gov:iam::111111111111:mfa/ana": MfaKind.VIRTUAL,
    f"{ARN}mfa/with:colon": MfaKind.VIRTUAL,
    f"{ARN}u2f/user/ana/key-ABC": MfaKind.FIDO,
    f"{ARN}u2f/user/ana/virtual-backup-ABC": MfaKind.FIDO,
    f"{ARN}u2f/user/mfa/mfa-ABC": MfaKind.FIDO,
    f"{ARN}sms-mfa/ana": MfaKind.SMS,
    f"{ARN}carrier-pigeon/ana": MfaKind.OTHER,
    "arn:aws:iam": MfaKind.OTHER,
    "GAKT12345678": MfaKind.TOKEN,
    "GAHT12345678": MfaKind.TOKEN,
    "virtual": MfaKind.TOKEN,
}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates take no time."""
    return JUMPING


@pytest.mark.parametrize(("serial", "kind"), SERIALS.items())
def test_the_kind_of_a_device(serial: str, kind: MfaKind) -> None:
    """The resource of the ARN tells the kind, and no ARN is a hardware token."""
    assert mfa_kind(serial) is kind


@given(path=st.text(alphabet="abcuf2/:mfa-", max_size=30), kind=st.sampled_from(["mfa", "u2f"]))
def test_names_and_paths_tell_nothing(path: str, kind: str) -> None:
    """Whatever a device is called, its kind is that of the resource."""
    assert mfa_kind(f"{ARN}{kind}/{path}") is {"mfa": MfaKind.VIRTUAL, "u2f": MfaKind.FIDO}[kind]


@pytest.mark.parametrize(
    ("kind", "hardware"),
    [
        (MfaKind.TOKEN, True),
        (MfaKind.FIDO, True),
        (MfaKind.VIRTUAL, False),
        (MfaKind.SMS, False),
        (MfaKind.OTHER, False),
    ],
)
def test_what_is_hardware(kind: MfaKind, *, hardware: bool) -> None:
    """Tokens and FIDO keys are hardware."""
    assert kind.hardware is hardware


async def test_all_devices_are_listed() -> None:
    """A user's devices of all pages and kinds are there, in AWS's order."""
    serials = list(SERIALS)
    first: dict[str, Any] = {"MFADevices": [{"SerialNumber": serials[0], "EnableDate": NOON}]}
    second: dict[str, Any] = {"MFADevices": [{"SerialNumber": serials[8]}], "IsTruncated": False}
    pages: Any = [{**first, "IsTruncated": True, "Marker": "m"}, second]
    iam = FakeService("iam", list_mfa_devices=pages)

    assert await list_mfa_devices(iam_access(iam), "ana") == (
        MfaDevice(serials[0], MfaKind.VIRTUAL, NOON),
        MfaDevice(serials[8], MfaKind.FIDO, None),
    )
    assert iam.calls[0].parameters == {"UserName": "ana"}


VIRTUAL, TOKEN = "arn:aws:iam::111111111111:mfa/ana", "GAKT12345678"


@pytest.mark.parametrize(
    "odd", [{}, {"EnableDate": NOON}, {"SerialNumber": 7}, {"SerialNumber": ""}, None, "x"], ids=str
)
@pytest.mark.parametrize(
    ("serials", "known"), [((), False), ((VIRTUAL,), False), ((TOKEN,), True), ((VIRTUAL, TOKEN), True)], ids=str
)
async def test_a_device_that_can_not_be_read(odd: Any, serials: tuple[str, ...], *, known: bool) -> None:
    """It may be hardware: what the user has is not known, unless another device is hardware anyway."""
    faults: list[RequestError] = []
    devices = {"MFADevices": [odd, *({"SerialNumber": serial} for serial in serials)]}
    found = await list_mfa_devices(iam_access(FakeService("iam", list_mfa_devices=devices)), "ana", odd=faults.append)
    expected = tuple(MfaDevice(serial, mfa_kind(serial), None) for serial in serials)

    assert (expected if known else Unknown("InvalidResponse")) == found
    assert ["an MFA device of the user ana has no SerialNumber"] == [fault.message for fault in faults]


async def test_a_device_since_an_unreadable_time_is_a_device() -> None:
    """Its kind is known, and since when it is there is not."""
    faults: list[RequestError] = []
    devices = {"MFADevices": [{"SerialNumber": VIRTUAL, "EnableDate": "soon"}]}
    found = await list_mfa_devices(iam_access(FakeService("iam", list_mfa_devices=devices)), "ana", odd=faults.append)

    assert (MfaDevice(VIRTUAL, MfaKind.VIRTUAL, Unknown("InvalidResponse")),) == found
    assert ["InvalidResponse"] == [fault.code for fault in faults]


async def test_no_device_is_none() -> None:
    """A user without devices has an empty list, which is not an unknown one."""
    assert await list_mfa_devices(iam_access(FakeService("iam", list_mfa_devices={"MFADevices": []})), "ana") == ()

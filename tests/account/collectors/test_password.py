"""Whether a user has a password, and what is told of it."""

from typing import Any

import pytest

from auditor.account.collectors.user_facts import login_profile
from auditor.account.draft import Note, ignore
from auditor.aws.reading import UNREADABLE
from auditor.errors import RequestError
from auditor.model.facts import LoginProfile
from tests.fakes import JUMPING, NOON, FakeService, Script, iam_access, refusal

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Pauses take no time."""
    return JUMPING


async def told(answer: Script, *, odd: Note = ignore) -> LoginProfile | None:
    """What is learned from an answer of GetLoginProfile."""
    return await login_profile(iam_access(FakeService("iam", get_login_profile=answer)), "ana", odd=odd)


async def test_a_login_profile_is_a_password() -> None:
    """A user with a login profile has a password, whatever else AWS says of it."""
    expected = LoginProfile(None, reset_required=False)
    assert expected == await told({"LoginProfile": {"UserName": "ana"}})


async def test_all_that_aws_says_of_a_password() -> None:
    """When it was made, whether it must be changed, and how long a session lasts, in seconds."""
    profile = {"CreateDate": NOON, "PasswordResetRequired": True, "MaxSigninSessionDuration": 3600}
    expected = LoginProfile(NOON, reset_required=True, longest_session=3600)
    assert expected == await told({"LoginProfile": profile})


async def test_an_unreadable_date_costs_only_itself() -> None:
    """The password is there all the same, and the fault is noted."""
    faults: list[RequestError] = []
    profile = await told({"LoginProfile": {"CreateDate": "yesterday"}}, odd=faults.append)

    assert LoginProfile(UNREADABLE, reset_required=False) == profile
    assert ["InvalidResponse"] == [fault.code for fault in faults]


async def test_no_login_profile_is_no_password() -> None:
    """NoSuchEntity says that there is no login profile."""
    assert await told(refusal("NoSuchEntity", status=404)) is None


@pytest.mark.parametrize("code", ["AccessDenied", "ValidationError", "InvalidClientTokenId"])
async def test_a_refusal_tells_nothing(code: str) -> None:
    """No other refusal is taken for `no password`."""
    with pytest.raises(RequestError, match=code):
        await told(refusal(code, status=403))


async def test_a_reply_without_profile_tells_nothing() -> None:
    """An empty reply is neither a password nor none."""
    with pytest.raises(RequestError, match="InvalidResponse"):
        await told({})

"""Whether a user has a password."""

from typing import Any

import pytest

from auditor.account.collectors.user_facts import has_password
from auditor.errors import RequestError
from tests.fakes import JUMPING, FakeService, Script, iam_access, refusal

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Pauses take no time."""
    return JUMPING


async def told(answer: Script) -> bool:
    """What is learned from an answer of GetLoginProfile."""
    return await has_password(iam_access(FakeService("iam", get_login_profile=answer)), "ana")


async def test_a_login_profile_is_a_password() -> None:
    """A user with a login profile has a password."""
    assert await told({"LoginProfile": {"UserName": "ana"}})


async def test_no_login_profile_is_no_password() -> None:
    """NoSuchEntity says that there is no login profile."""
    assert not await told(refusal("NoSuchEntity", status=404))


@pytest.mark.parametrize("code", ["AccessDenied", "ValidationError", "InvalidClientTokenId"])
async def test_a_refusal_tells_nothing(code: str) -> None:
    """No other refusal is taken for `no password`."""
    with pytest.raises(RequestError, match=code):
        await told(refusal(code, status=403))


async def test_a_reply_without_profile_tells_nothing() -> None:
    """An empty reply is neither a password nor none."""
    with pytest.raises(RequestError, match="InvalidResponse"):
        await told({})

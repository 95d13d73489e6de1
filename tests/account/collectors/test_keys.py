"""Access keys as they are listed, and their last use as far as AWS tells it."""

from typing import Any

import pytest

from auditor.account.collectors.user_facts import GONE, SecondLook, last_use, list_keys, or_gone
from auditor.aws.reading import UNREADABLE
from auditor.errors import RequestError
from auditor.model.facts import AccessKey, KeyUse
from tests.fakes import JUMPING, NOON, Answer, FakeService, Script, iam_access, refusal

pytestmark = pytest.mark.anyio

NEVER = {"AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}, "UserName": "ana"}
DENIED = refusal("AccessDenied", status=403)
NO_USER = refusal("NoSuchEntity", status=404)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates and pauses take no time."""
    return JUMPING


def key(key_id: str, status: str = "Active") -> dict[str, Any]:
    """A key as ListAccessKeys describes it."""
    return {"UserName": "ana", "AccessKeyId": key_id, "Status": status, "CreateDate": NOON}


def listing(*keys: dict[str, Any]) -> dict[str, Any]:
    """The only page of ListAccessKeys."""
    return {"AccessKeyMetadata": list(keys), "IsTruncated": False}


async def use_of(last: Script, keys: Script = DENIED) -> Any:
    """What is learned of the last use of AKIA1, a key of ana's."""
    account = iam_access(FakeService("iam", get_access_key_last_used=last, list_access_keys=keys))
    return await last_use(account, "AKIA1", again=SecondLook(account, "ana"))


async def test_keys_are_listed_with_all_pages() -> None:
    """The keys of all pages are there, in AWS's order, their use not asked yet."""
    pages: Any = [{**listing(key("AKIA1")), "IsTruncated": True, "Marker": "m"}, listing(key("AKIA2", "Inactive"))]
    iam = FakeService("iam", list_access_keys=pages)

    assert await list_keys(iam_access(iam), "ana") == (
        AccessKey("AKIA1", "Active", NOON, last_use=None),
        AccessKey("AKIA2", "Inactive", NOON, last_use=None),
    )
    assert iam.calls[1].parameters == {"UserName": "ana", "Marker": "m"}


@pytest.mark.parametrize("status", ["Active", "Inactive", "Expired", "Suspended-By-Nobody"])
async def test_any_status_is_kept(status: str) -> None:
    """AWS's word for the state of a key is kept, whatever it is."""
    (found,) = await list_keys(iam_access(FakeService("iam", list_access_keys=listing(key("AKIA1", status)))), "ana")

    assert found.status == status


async def test_a_key_without_date_is_a_key() -> None:
    """A creation date that AWS doesn't send is None."""
    raw = {"AccessKeyId": "AKIA1", "Status": "Active"}
    (found,) = await list_keys(iam_access(FakeService("iam", list_access_keys=listing(raw))), "ana")

    assert found.created_at is None


@pytest.mark.parametrize(
    ("odd", "expected", "said"),
    [
        ({"Status": None}, AccessKey("AKIA1", UNREADABLE, NOON, None), "the key AKIA1 of the user ana has no Status"),
        ({"Status": 7}, AccessKey("AKIA1", UNREADABLE, NOON, None), "the key AKIA1 of the user ana has no Status"),
        ({"CreateDate": "soon"}, AccessKey("AKIA1", "Active", UNREADABLE, None), "the CreateDate of the key AKIA1"),
        ({"CreateDate": [NOON]}, AccessKey("AKIA1", "Active", UNREADABLE, None), "the CreateDate of the key AKIA1"),
        ({"AccessKeyId": None}, None, "a key of the user ana has no AccessKeyId"),
        ({"AccessKeyId": ["AKIA1"]}, None, "a key of the user ana has no AccessKeyId"),
        (None, None, "a key of the user ana has no AccessKeyId"),
        ("text", None, "a key of the user ana has no AccessKeyId"),
    ],
    ids=str,
)
async def test_an_odd_key_costs_only_what_is_odd(odd: Any, expected: AccessKey | None, said: str) -> None:
    """What can be read of it is kept, the others are whole, and it is told of by the names of user and key."""
    faults: list[RequestError] = []
    raw = {**key("AKIA1"), **odd} if isinstance(odd, dict) else odd
    iam = FakeService("iam", list_access_keys=listing(key("AKIA2"), raw, key("AKIA3")))
    found = await list_keys(iam_access(iam), "ana", odd=faults.append)
    whole = [AccessKey(name, "Active", NOON, None) for name in ("AKIA2", "AKIA3")]

    assert [one for one in (whole[0], expected, whole[1]) if one] == list(found)
    assert [("InvalidResponse", True)] == [(fault.code, fault.message.startswith(said)) for fault in faults]


async def test_a_last_use_at_an_unreadable_time_is_not_known() -> None:
    """It is no key that was never used."""
    odd = [{"LastUsedDate": "soon", "ServiceName": "s3", "Region": "r"}, {"LastUsedDate": 1e300}, None, []]
    for use in odd:
        with pytest.raises(RequestError, match="the LastUsedDate of the key AKIA1 can't be read") as caught:
            await use_of({"AccessKeyLastUsed": use})
        assert "InvalidResponse" == caught.value.code


async def test_of_an_odd_list_nothing_is_missing() -> None:
    """A key that may be the odd one of a list is not taken for one that is no more."""
    with pytest.raises(RequestError, match="AccessDenied"):
        await use_of(DENIED, listing(key("AKIA2"), {"Status": "Active"}))


async def test_a_user_who_is_gone_has_no_list() -> None:
    """NoSuchEntity is an answer; any other refusal is none."""
    gone = iam_access(FakeService("iam", list_access_keys=NO_USER))
    denied = iam_access(FakeService("iam", list_access_keys=DENIED))

    assert await or_gone(list_keys(gone, "ana")) is GONE
    with pytest.raises(RequestError, match="AccessDenied"):
        await or_gone(list_keys(denied, "ana"))


async def test_a_last_use_has_service_and_region() -> None:
    """Time, service and region are AWS's."""
    answer = {"AccessKeyLastUsed": {"LastUsedDate": NOON, "ServiceName": "s3", "Region": "eu-west-3"}}

    assert await use_of(answer) == KeyUse(NOON, "s3", "eu-west-3")


async def test_a_key_that_was_never_used() -> None:
    """Without a date the key was never used, whatever the service is called."""
    assert await use_of(NEVER) is None


async def test_members_may_be_missing() -> None:
    """Service and region that AWS doesn't send are empty."""
    assert await use_of({"AccessKeyLastUsed": {"LastUsedDate": NOON}}) == KeyUse(NOON, "", "")


async def test_a_key_that_does_not_exist_is_gone() -> None:
    """NoSuchEntity says that the key was deleted meanwhile."""
    assert await use_of(NO_USER) is GONE


@pytest.mark.parametrize("keys", [listing(), listing(key("AKIA2")), NO_USER], ids=["none", "another", "no user"])
async def test_a_denial_of_a_key_that_is_no_more(keys: Script) -> None:
    """AWS denies a deleted key: the user's list, that no longer has it, tells."""
    assert await use_of(DENIED, keys) is GONE


@pytest.mark.parametrize("keys", [listing(key("AKIA1"), key("AKIA2")), DENIED], ids=["listed", "denied"])
async def test_a_denial_stays_a_denial(keys: Script) -> None:
    """A key that is still listed, or can't be shown to be gone, was denied."""
    with pytest.raises(RequestError, match="get_access_key_last_used") as caught:
        await use_of(DENIED, keys)

    assert caught.value.code == "AccessDenied"


async def test_another_error_is_not_doubted() -> None:
    """What is no denial is raised without asking anything more."""
    iam = FakeService("iam", get_access_key_last_used=refusal("ValidationError"))
    account = iam_access(iam)

    with pytest.raises(RequestError, match="ValidationError"):
        await last_use(account, "AKIA1", again=SecondLook(account, "ana"))

    assert len(iam.calls) == 1


@pytest.mark.parametrize("keys", [listing(key("AKIA1")), NO_USER, DENIED], ids=["listed", "no user", "denied"])
async def test_a_second_look_is_taken_once(keys: Answer) -> None:
    """However many keys seem to be gone, the user's keys are listed once more."""
    iam = FakeService("iam", list_access_keys=[keys])
    again = SecondLook(iam_access(iam), "ana")
    gone = keys is NO_USER

    assert (gone, keys is not DENIED) == (await again.misses("AKIA1"), await again.misses("AKIA2"))
    assert gone is await again.misses_user()
    assert 1 == iam.count("list_access_keys")

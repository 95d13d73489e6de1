"""Service-specific credentials: of all users at once, or user by user where that is not taken."""

from typing import Any

import pytest

from auditor.account.collectors.service_credentials import collect_service_credentials
from auditor.account.draft import AccountDraft
from auditor.aws.reading import UNREADABLE
from auditor.model.coverage import Completeness, Section
from auditor.model.facts import ServiceCredential, Unknown
from auditor.model.scopes import UserScope
from tests.fakes import JUMPING, NOON, Answer, FakeService, Script, iam_access, refusal

pytestmark = pytest.mark.anyio

DENIED = refusal("AccessDenied", status=403)
INVALID = refusal("ValidationError")


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates and pauses take no time."""
    return JUMPING


def raw(user: str = "ana", number: int = 1, **members: Any) -> dict[str, Any]:
    """A credential as IAM lists it."""
    return {
        "UserName": user,
        "Status": "Active",
        "ServiceUserName": f"{user}-at-1",
        "CreateDate": NOON,
        "ServiceSpecificCredentialId": f"ACCA{user}{number}",
        "ServiceName": "codecommit.amazonaws.com",
        **members,
    }


def credential(user: str = "ana", number: int = 1, **members: Any) -> ServiceCredential:
    """What is made of it."""
    facts: dict[str, Any] = {"alias": f"{user}-at-1", "status": "Active", "created_at": NOON, "expires_at": None}
    return ServiceCredential(user, f"ACCA{user}{number}", "codecommit.amazonaws.com", **(facts | members))


def page(*credentials: dict[str, Any], marker: str = "") -> dict[str, Any]:
    """A page of them, with a marker where there are more."""
    more = {"IsTruncated": True, "Marker": marker} if marker else {"IsTruncated": False}
    return {"ServiceSpecificCredentials": list(credentials), **more}


async def collected(listing: Script, *names: str) -> tuple[AccountDraft, FakeService]:
    """The draft after the account, which has users of these names, was asked."""
    users = {"Users": [{"UserName": name} for name in names], "IsTruncated": False}
    iam, draft = FakeService("iam", list_service_specific_credentials=listing, list_users=users), AccountDraft()
    draft.scope = UserScope.ALL
    await collect_service_credentials(iam_access(iam), draft)
    return draft, iam


def word(draft: AccountDraft) -> Completeness:
    """How much of them was read, all else being there."""
    return next(covered.completeness for covered in draft.coverage() if covered.section is Section.SERVICE_CREDENTIALS)


async def test_one_call_a_page_for_all_users() -> None:
    """They are told apart by their user's name; whoever is not named has none."""
    draft, iam = await collected([page(raw(), raw("bo"), marker="m"), page(raw(number=2))])

    assert draft.service_credentials == {"ana": (credential(), credential(number=2)), "bo": (credential("bo"),)}
    assert draft.other_service_credentials == ()
    assert [call.parameters for call in iam.calls] == [
        {"MaxItems": 1000, "AllUsers": True},
        {"MaxItems": 1000, "AllUsers": True, "Marker": "m"},
    ]
    assert Completeness.COMPLETE is word(draft)


async def test_a_page_may_leave_its_empty_list_out() -> None:
    """The model of the service does not require the list: whether there are more pages is what shows that it is one."""
    draft, iam = await collected([{"IsTruncated": True, "Marker": "m"}, page(raw())])

    assert {"ana": (credential(),)} == draft.service_credentials
    assert (2, Completeness.COMPLETE) == (iam.count("list_service_specific_credentials"), word(draft))


async def test_a_reply_without_any_member_is_no_page() -> None:
    """Nothing shows that it is IAM's: it tells nobody's credentials, and not that there are none."""
    draft, _ = await collected({})

    assert Unknown("InvalidResponse") == draft.other_service_credentials


async def test_an_api_key_has_an_alias_and_an_end() -> None:
    """A service that gives no user name gives an alias; a credential may end, and have ended."""
    answer = raw(ServiceUserName=None, ServiceCredentialAlias="key", Status="Expired", ExpirationDate=NOON)
    draft, _ = await collected(page(answer))

    assert draft.service_credentials == {"ana": (credential(alias="key", status="Expired", expires_at=NOON),)}


@pytest.mark.parametrize("listing", [DENIED, [page(raw(), marker="m"), DENIED]], ids=["wholly", "from a page on"])
async def test_a_refusal_leaves_all_unknown(listing: Script) -> None:
    """Who has which can't be told of a list that has no end."""
    draft, _ = await collected(listing)

    assert (draft.service_credentials, draft.other_service_credentials) == ({}, Unknown("AccessDenied"))
    assert (["AccessDenied"], Completeness.DENIED) == ([f.code for f in draft.failures()], word(draft))


@pytest.mark.parametrize(
    ("members", "expected", "faults"),
    [
        ({"Status": None}, credential(status=UNREADABLE), 1),
        ({"CreateDate": "yesterday"}, credential(created_at=UNREADABLE), 1),
        ({"ExpirationDate": "tomorrow"}, credential(expires_at=UNREADABLE), 1),
        ({"Status": "Suspended"}, credential(status="Suspended"), 0),
    ],
)
async def test_odd_members_cost_only_themselves(
    members: dict[str, Any], expected: ServiceCredential, faults: int
) -> None:
    """What can't be read is unknown and noted; the credential is there."""
    draft, _ = await collected(page(raw(**members)))

    assert {"ana": (expected,)} == draft.service_credentials
    assert faults == len(draft.failures())


async def test_a_credential_of_nobody_is_noted() -> None:
    """Without a user's name it is nobody's, and the section is not complete."""
    draft, _ = await collected(page(raw(UserName=None), raw("bo")))

    assert {"bo": (credential("bo"),)} == draft.service_credentials
    assert (["InvalidResponse"], Completeness.PARTIAL) == ([f.code for f in draft.failures()], word(draft))


def user_by_user(**answers: Answer) -> Script:
    """IAM that does not take AllUsers, and answers for each user."""

    def answer(UserName: str = "", **_: Any) -> Answer:  # noqa: N803 - AWS's name
        return answers[UserName] if UserName else INVALID

    return answer


async def test_each_user_is_asked_where_all_is_not_taken() -> None:
    """No credential is lost, the draft says so, and whoever is gone meanwhile, or not in the list, has none."""
    gone = refusal("NoSuchEntity", status=404)
    answers = user_by_user(ana=page(raw()), bo=page(), cy=DENIED, di=gone)
    draft, iam = await collected(answers, "ana", "bo", "cy", "di")

    assert draft.service_credentials == {"ana": (credential(),), "bo": (), "cy": Unknown("AccessDenied"), "di": ()}
    assert () == draft.other_service_credentials
    assert (5, 1) == (iam.count("list_service_specific_credentials"), len(draft.fallbacks))
    assert (["AccessDenied"], Completeness.PARTIAL) == ([f.code for f in draft.failures()], word(draft))

"""Accounts as ListAccounts describes them: each once, with a state that is known or none."""

from typing import TYPE_CHECKING, Any, cast

import pytest

from auditor.aws.organization import account_of, account_pages, state_word
from auditor.errors import RequestError
from auditor.model.facts import Account, AccountState
from tests.fakes import JUMPING, FakeService, access, drain, refusal

if TYPE_CHECKING:
    from types_aiobotocore_organizations import OrganizationsClient

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates take no time."""
    return JUMPING


def page(*ids: str, token: str | None = None) -> dict[str, Any]:
    """A page of ListAccounts."""
    following = {} if token is None else {"NextToken": token}
    return {"Accounts": [{"Id": account_id, "State": "ACTIVE"} for account_id in ids], **following}


async def read(*answers: Any) -> list[list[str]]:
    """The ids of every page."""
    client = cast("OrganizationsClient", FakeService("organizations", list_accounts=list(answers)))
    return [[raw["Id"] for raw in page] async for page in account_pages(access(), client)]


async def test_all_pages_are_given_empty_ones_too() -> None:
    """Organizations may send empty pages before the last one."""
    assert await read(page("1", "2", token="a"), page(token="b"), page("3")) == [["1", "2"], [], ["3"]]


async def test_an_account_on_two_pages_is_given_once() -> None:
    """A page that repeats accounts of one before adds only the others."""
    assert await read(page("1", "2", token="a"), page("2", "3")) == [["1", "2"], ["3"]]


async def test_an_account_twice_on_a_page_is_given_once() -> None:
    """An account is never given twice, on one page either."""
    assert await read(page("1", "1", "2")) == [["1", "2"]]


async def test_twenty_accounts_are_asked_for() -> None:
    """A page has the most that Organizations allows."""
    client = FakeService("organizations", list_accounts=[page("1", token="a"), page("2")])
    async for _ in account_pages(access(), cast("OrganizationsClient", client)):
        pass

    assert [call.parameters for call in client.calls] == [{"MaxResults": 20}, {"MaxResults": 20, "NextToken": "a"}]


async def test_the_pages_before_an_error_are_given() -> None:
    """What was listed before a refusal is not lost with it."""
    client = FakeService("organizations", list_accounts=[page("1", token="a"), refusal("AccessDeniedException")])
    given: list[list[dict[str, Any]]] = []

    with pytest.raises(RequestError, match="AccessDeniedException"):
        await drain(account_pages(access(), cast("OrganizationsClient", client)), into=given)

    assert given == [page("1")["Accounts"]]


@pytest.mark.parametrize(
    ("members", "state", "word"),
    [
        ({"State": "ACTIVE"}, AccountState.ACTIVE, "ACTIVE"),
        ({"Status": "ACTIVE"}, AccountState.ACTIVE, "ACTIVE"),
        ({"State": "PENDING_ACTIVATION", "Status": "ACTIVE"}, AccountState.PENDING_ACTIVATION, "PENDING_ACTIVATION"),
        ({"State": "CLOSED", "Status": "SUSPENDED"}, AccountState.CLOSED, "CLOSED"),
        ({"State": "PENDING_CLOSURE"}, AccountState.PENDING_CLOSURE, "PENDING_CLOSURE"),
        ({"State": "SUSPENDED"}, AccountState.SUSPENDED, "SUSPENDED"),
        ({"State": "", "Status": "SUSPENDED"}, AccountState.SUSPENDED, "SUSPENDED"),
        ({}, None, ""),
        ({"State": "HIBERNATING"}, None, "HIBERNATING"),
        ({"State": "HIBERNATING", "Status": "ACTIVE"}, None, "HIBERNATING"),
        ({"State": "active"}, None, "active"),
    ],
)
def test_the_state_is_read_before_the_status(members: dict[str, str], state: AccountState | None, word: str) -> None:
    """State goes before Status, and a word that nobody knows is no state, with either of them."""
    account = account_of({"Id": "111111111111", **members})

    assert (account.state, account.state_word, state_word(members)) == (state, word, word)


def test_all_that_organizations_says_is_kept() -> None:
    """Name, ARN and e-mail address are AWS's own."""
    account = account_of({"Id": "1", "Name": 'Ventas, "EMEA"', "Arn": "arn:1", "Email": "a@b", "State": "ACTIVE"})

    assert (account.id, account.name, account.arn, account.email) == ("1", 'Ventas, "EMEA"', "arn:1", "a@b")


def test_only_the_id_must_be_there() -> None:
    """An account without a name is still an account."""
    account = account_of({"Id": "1", "State": "ACTIVE"})

    assert (account.name, account.arn, account.email) == ("", "", "")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, ()),
        ({"Paths": None}, ()),
        ({"Paths": []}, ()),
        ({"Paths": ["o-a/r-b/ou-c/1/", "o-a/r-b/1/"]}, ("o-a/r-b/ou-c/1/", "o-a/r-b/1/")),
        ({"Paths": ["o-a/r-b/1/", 7, None, {}]}, ("o-a/r-b/1/",)),
        ({"Paths": "o-a/r-b/1/"}, ()),
        ({"Paths": {"a": "b"}}, ()),
    ],
    ids=str,
)
def test_the_paths_are_awss(members: dict[str, Any], expected: tuple[str, ...]) -> None:
    """Where an account is in the organization is as AWS says it, nothing where it says nothing; odd values are none."""
    assert expected == account_of({"Id": "1", **members}).paths


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:organizations::111111111111:account/o-abc/222222222222", "222222222222"),
        ("arn:aws-cn:organizations::111111111111:account/o-abc/222222222222", "222222222222"),
        ("arn:aws:organizations::111111111111:account/o-abc/ana", ""),
        ("arn:aws:organizations::111111111111:account/o-abc/222222222222/more", ""),
        ("arn:aws:organizations::111111111111:ou/o-abc/222222222222", ""),
        ("222222222222", ""),
        (["arn"], ""),
    ],
    ids=str,
)
def test_the_arn_has_the_id(arn: Any, expected: str) -> None:
    """Where the id is missing, or is none, the account's ARN ends in it; any other ARN says nothing."""
    if not expected:
        with pytest.raises(RequestError):
            account_of({"Arn": arn})
        return

    assert [expected] * 3 == [account_of({"Arn": arn, **odd}).id for odd in ({}, {"Id": None}, {"Id": [expected]})]


@pytest.mark.parametrize("odd", [7, True, ["text"], {"a": "b"}], ids=str)
def test_members_of_another_type_are_none(odd: Any) -> None:
    """A name that is no text is none, and a state of which nobody can tell the word is no state."""
    account = account_of({"Id": "1", "Name": odd, "Arn": odd, "Email": odd, "State": odd, "Status": odd})

    assert ("1", "", "", "", None, "") == (*(account.id, account.name, account.arn, account.email), *_state(account))


def _state(account: Account) -> tuple[AccountState | None, str]:
    return account.state, account.state_word


def test_lone_surrogates_are_escaped() -> None:
    """Half a letter in a name can be in no file."""
    account = account_of({"Id": "1", "Name": "a\ud800b", "Email": "\udfff@b", "State": "ACTIVE"})

    assert ("a\\ud800b", "\\udfff@b") == (account.name, account.email)


@pytest.mark.parametrize("raw", [{}, {"Id": ""}, {"Name": "no id", "State": "ACTIVE"}])
def test_an_account_without_id_is_a_fault(raw: dict[str, Any]) -> None:
    """What can't be audited because it has no id is not passed over."""
    with pytest.raises(RequestError, match="no Id") as caught:
        account_of(raw)

    assert caught.value.code == "InvalidResponse"


async def test_accounts_without_id_are_given() -> None:
    """An account without an id is not mistaken for one that was seen before."""
    client = FakeService("organizations", list_accounts=[{"Accounts": [{"Name": "a"}], "NextToken": "t"}, page("1")])

    pages = [len(p) async for p in account_pages(access(), cast("OrganizationsClient", client))]

    assert pages == [1, 1]

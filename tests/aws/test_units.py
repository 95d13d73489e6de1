"""Units, their accounts, and tags: page by page, and nothing made up of what can't be read."""

from typing import Any

import pytest

from auditor.aws.units import Unit, accounts_in, is_missing, roots, tags_of, units_in
from auditor.errors import RequestError
from auditor.model.facts import AccountId
from tests.fakes import JUMPING, FakeClients, FakeService, gateway, refusal

pytestmark = pytest.mark.anyio

ACCOUNT = AccountId("111122223333")


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates take no time."""
    return JUMPING


def asked(**answers: Any) -> Any:
    """A gateway whose Organizations answers so."""
    return gateway(FakeClients(organizations=FakeService("organizations", **answers)))


async def test_all_pages_are_read() -> None:
    """Empty ones too, and each with the parent."""
    pages = [
        {"OrganizationalUnits": [{"Id": "ou-1", "Name": "a"}], "NextToken": "t"},
        {"OrganizationalUnits": [], "NextToken": "u"},
        {"OrganizationalUnits": [{"Id": "ou-2", "Name": "b"}]},
    ]
    access = asked(list_organizational_units_for_parent=pages)
    assert (Unit("ou-1", "a"), Unit("ou-2", "b")) == await units_in(access, "r-1")
    assert [{"ParentId": "r-1", "MaxResults": 20}] == [call.parameters for call in access.organizations.calls][:1]
    assert {"r-1"} == {call.parameters["ParentId"] for call in access.organizations.calls}


async def test_roots_and_accounts() -> None:
    """The root has a name, too; accounts are told by their ids, or by the end of their ARNs."""
    access = asked(
        list_roots={"Roots": [{"Id": "r-1", "Name": "Root"}]},
        list_accounts_for_parent={
            "Accounts": [{"Id": "222222222222"}, {"Arn": f"arn:aws:organizations::1:account/o-1/{ACCOUNT}"}]
        },
    )
    assert (Unit("r-1", "Root"),) == await roots(access)
    assert ("222222222222", ACCOUNT) == await accounts_in(access, "r-1")


async def test_tags_are_texts() -> None:
    """Key and value with a sign between them; a value may be empty, and more than a page may be there."""
    pages = [{"Tags": [{"Key": "a", "Value": "b=c"}], "NextToken": "t"}, {"Tags": [{"Key": "d", "Value": ""}]}]
    access = asked(list_tags_for_resource=pages)
    assert {"a=b=c", "d="} == await tags_of(access, ACCOUNT)
    assert {"ResourceId": ACCOUNT} == access.organizations.calls[0].parameters


@pytest.mark.parametrize(
    "answers",
    [
        {"list_tags_for_resource": {}},
        {"list_tags_for_resource": {"Tags": [None]}},
        {"list_tags_for_resource": [{"Tags": [], "NextToken": "t"}, refusal("AccessDeniedException")]},
    ],
    ids=["no list", "an odd item", "a page that is refused"],
)
async def test_what_can_not_be_read_is_no_end(answers: dict[str, Any]) -> None:
    """A list of tags is whole, or it is a fault."""
    with pytest.raises(RequestError):
        await tags_of(asked(**answers), ACCOUNT)


@pytest.mark.parametrize("item", [None, {}, {"Name": "no id"}, {"Id": 7}])
async def test_a_unit_without_id_is_a_fault(item: Any) -> None:
    """The accounts in it might be meant."""
    access = asked(list_organizational_units_for_parent={"OrganizationalUnits": [item]})
    with pytest.raises(RequestError, match="an item has no Id"):
        await units_in(access, "r-1")


def test_a_parent_that_is_not_there() -> None:
    """AWS says so, or that there can be no such id; a denial is another thing."""
    codes = ["ParentNotFoundException", "InvalidInputException", "AccessDeniedException"]
    assert [True, True, False] == list(map(is_missing, codes))

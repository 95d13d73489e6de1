"""Organizations: the organization and its accounts, page by page, some of them empty."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from auditor.demo.facts import Account
from auditor.demo.oddities import lists_without_id
from auditor.demo.organization import Organization
from auditor.demo.protocol import ServiceError
from auditor.demo.services.call import Call, seal, unseal

_MOST = 20
_Item = TypeVar("_Item")


def describe_organization(call: Call) -> object:
    """The organization itself, for any of its accounts."""
    must_be_in_use(call)
    organization, management = call.organization, call.organization.management
    owner = arn_prefix(organization)
    return {
        "Organization": {
            "Id": organization.id,
            "Arn": f"{owner}:organization/{organization.id}",
            "FeatureSet": "ALL",
            "MasterAccountArn": f"{owner}:account/{organization.id}/{management.id}",
            "MasterAccountId": management.id,
            "MasterAccountEmail": _email(management),
            "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
        }
    }


def list_accounts(call: Call) -> object:
    """A page of accounts; the second page, and every fourth after it, is empty and not the last."""
    must_list(call)
    organization = call.organization
    denied = organization.scenario.listing_denied_page
    if denied is not None and _page(call) >= denied:
        raise _not_permitted()

    odd = (None, {"Name": "nobody knows which"}) if organization.scenario.odd_items else ()
    return page_of(call, "Accounts", organization.accounts, lambda one: shown_account(organization, one), odd=odd)


def must_be_in_use(call: Call) -> None:
    """Refuse where there is no organization."""
    if call.organization.scenario.no_organization:
        message = "Your account is not a member of an organization."
        raise ServiceError("AWSOrganizationsNotInUseException", message)


def must_list(call: Call) -> None:
    """Refuse all but the management account and a delegated administrator."""
    must_be_in_use(call)
    if not call.organization.lists(call.identity.account_id):
        raise _not_permitted()


def page_of(  # noqa: PLR0913 - what is listed, of what, and how it is shown
    call: Call,
    member: str,
    items: Sequence[_Item],
    show: Callable[[_Item], object],
    *,
    place: str = "",
    odd: Sequence[object] = (),
) -> object:
    """The page of the items that a request asks for.

    `place` is what the list is of: a token that was made for another one is refused. `odd` are items that the first
    page has beside its own.
    """
    page, size = _page(call, place=place), _size(call)
    first = _first(page, size)
    shown = () if _is_empty(page) else items[first : first + size]
    answer: dict[str, object] = {member: [*map(show, shown), *(odd if page == 0 else ())]}
    if first + len(shown) < len(items):
        answer["NextToken"] = seal(page + 1, call.action, place, call.organization.id)

    return answer


def shown_account(organization: Organization, account: Account) -> dict[str, object]:
    """The account as Organizations shows it."""
    owner = arn_prefix(organization)
    without_id = lists_without_id(account, odd_items=organization.scenario.odd_items)
    return {
        **({} if without_id else {"Id": account.id}),
        "Arn": f"{owner}:account/{organization.id}/{account.id}",
        "Email": _email(account),
        "Name": account.name,
        "JoinedMethod": "INVITED" if account.management else "CREATED",
        "JoinedTimestamp": account.joined.timestamp(),
        **({"Paths": [organization.tree.path_of(account.id)]} if organization.scenario.paths else {}),
        **organization.state_words(account),
    }


def arn_prefix(organization: Organization) -> str:
    """What the ARN of everything in the organization begins with."""
    return f"arn:{organization.scenario.partition}:organizations::{organization.management.id}"


def _not_permitted() -> ServiceError:
    return ServiceError("AccessDeniedException", "You don't have permissions to access this resource.")


def _page(call: Call, *, place: str = "") -> int:
    token = call.parameters.get("NextToken")
    if token is None:
        return 0

    page = unseal(str(token), call.action, place, call.organization.id)
    if page is None:
        raise ServiceError("InvalidInputException", "You specified an invalid value for nextToken.")

    return page


def _size(call: Call) -> int:
    asked = call.number("MaxResults", default=_MOST, least=1, most=_MOST, code="InvalidInputException")
    return min(asked, call.organization.scenario.page_size_organizations)


def _is_empty(page: int) -> bool:
    return page % 4 == 1


def _first(page: int, size: int) -> int:
    """The position that a page begins at: the empty pages before it take none."""
    return (page - (page + 2) // 4) * size


def _email(account: Account) -> str:
    return f"aws+{account.id}@example.com"

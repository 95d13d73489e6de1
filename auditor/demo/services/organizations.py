"""Organizations: the accounts, page by page, some of them empty."""

from auditor.demo.facts import Account
from auditor.demo.oddities import lists_without_id
from auditor.demo.organization import Organization
from auditor.demo.protocol import ServiceError
from auditor.demo.services.call import Call, seal, unseal

_MOST = 20


def describe_organization(call: Call) -> object:
    """The organization itself, for any of its accounts."""
    organization, management = call.organization, call.organization.management
    partition = organization.scenario.partition
    owner = f"arn:{partition}:organizations::{management.id}"
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
    organization = call.organization
    if call.identity.account_id not in (organization.management.id, organization.caller.id):
        raise ServiceError("AccessDeniedException", "You don't have permissions to access this resource.")

    asked = call.number("MaxResults", default=_MOST, least=1, most=_MOST, code="InvalidInputException")
    size = min(asked, organization.scenario.page_size_organizations)
    page = _page(call)
    denied = organization.scenario.listing_denied_page
    if denied is not None and page >= denied:
        raise ServiceError("AccessDeniedException", "You don't have permissions to access this resource.")

    first = _first(page, size)
    accounts = () if _is_empty(page) else organization.accounts[first : first + size]
    shown: list[object] = [_account(organization, account) for account in accounts]
    if organization.scenario.odd_items and first == 0:
        shown += [None, {"Name": "nobody knows which"}]
    answer: dict[str, object] = {"Accounts": shown}
    if first + len(accounts) < len(organization.accounts):
        answer["NextToken"] = seal(page + 1, "ListAccounts", organization.id)

    return answer


def _page(call: Call) -> int:
    token = call.parameters.get("NextToken")
    if token is None:
        return 0

    page = unseal(str(token), "ListAccounts", call.organization.id)
    if page is None:
        raise ServiceError("InvalidInputException", "You specified an invalid value for nextToken.")

    return page


def _is_empty(page: int) -> bool:
    return page % 4 == 1


def _first(page: int, size: int) -> int:
    """The position that a page begins at: the empty pages before it take none."""
    return (page - (page + 2) // 4) * size


def _account(organization: Organization, account: Account) -> dict[str, object]:
    owner = f"arn:{organization.scenario.partition}:organizations::{organization.management.id}"
    without_id = lists_without_id(account, odd_items=organization.scenario.odd_items)
    return {
        **({} if without_id else {"Id": account.id}),
        "Arn": f"{owner}:account/{organization.id}/{account.id}",
        "Email": _email(account),
        "Name": account.name,
        "JoinedMethod": "INVITED" if account.management else "CREATED",
        "JoinedTimestamp": account.joined.timestamp(),
        **organization.state_words(account),
    }


def _email(account: Account) -> str:
    return f"aws+{account.id}@example.com"

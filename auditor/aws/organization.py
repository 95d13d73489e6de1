"""The accounts of the organization, page by page."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from auditor.aws.access import Access
from auditor.aws.faults import invalid_response
from auditor.aws.pages import listed
from auditor.models import Account, AccountId, AccountState

if TYPE_CHECKING:
    from types_aiobotocore_organizations import OrganizationsClient

_PAGE = 20


async def account_pages(access: Access, client: "OrganizationsClient") -> AsyncIterator[list[dict[str, Any]]]:
    """The pages of ListAccounts as AWS sends them, empty ones too; an account is never given twice.

    Raises:
        RequestError: A page was refused or not answered; the pages before it were given.
    """
    listing = listed(
        access,
        client.list_accounts,
        member="Accounts",
        key="Id",
        sent="NextToken",
        received="NextToken",
        MaxResults=_PAGE,
    )
    async for page in listing:
        yield [dict(account) for account in page]


def account_of(raw: dict[str, Any]) -> Account:
    """The account in a page of ListAccounts; raises RequestError where it has no id.

    `State` is read first: `Status`, its predecessor, was to be retired on 2026-09-09 and covers less.
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
    """
    if not raw.get("Id"):
        raise invalid_response("an account has no Id", service="organizations", operation="list_accounts")
    word = state_word(raw)
    return Account(
        id=AccountId(str(raw["Id"])),
        name=str(raw.get("Name") or ""),
        arn=str(raw.get("Arn") or ""),
        email=str(raw.get("Email") or ""),
        state=AccountState(word) if word in set(AccountState) else None,
        state_word=word,
    )


def state_word(raw: dict[str, Any]) -> str:
    """AWS's word for the account's state, empty where it sent none."""
    return str(raw.get("State") or raw.get("Status") or "")

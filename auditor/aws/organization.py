"""The accounts of the organization, page by page."""

import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from auditor.aws.errors import invalid_response
from auditor.aws.pages import listed
from auditor.aws.reading import text_in, texts_in
from auditor.aws.request import Access
from auditor.model.facts import Account, AccountId, AccountState

if TYPE_CHECKING:
    from types_aiobotocore_organizations import OrganizationsClient

_PAGE = 20
_ACCOUNT_ARN = re.compile(r"arn:[^:]*:organizations::[^:]*:account/[^/]+/(?P<id>\d{12})", re.ASCII)


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
    """The account in a page of ListAccounts; raises RequestError where neither its id nor its ARN tells which it is.

    `State` is read first: `Status`, its predecessor, was to be retired on 2026-09-09 and covers less.
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
    """
    name, arn = text_in(raw, "Name"), text_in(raw, "Arn")
    account_id = text_in(raw, "Id") or _id_in(arn)
    if not account_id:
        whose = f" (its name is {name!r})" if name else ""
        raise invalid_response(f"an account has no Id{whose}", service="organizations", operation="list_accounts")
    word = state_word(raw)
    return Account(
        id=AccountId(account_id),
        name=name,
        arn=arn,
        email=text_in(raw, "Email"),
        state=AccountState(word) if word in set(AccountState) else None,
        state_word=word,
        paths=texts_in(raw, "Paths"),
    )


def state_word(raw: dict[str, Any]) -> str:
    """AWS's word for the account's state, empty where it sent none."""
    return text_in(raw, "State") or text_in(raw, "Status")


def _id_in(arn: str) -> str:
    """The account's id at the end of its ARN: `arn:aws:organizations::MANAGEMENT:account/o-ID/ACCOUNT`."""
    found = _ACCOUNT_ARN.fullmatch(arn)
    return found["id"] if found else ""

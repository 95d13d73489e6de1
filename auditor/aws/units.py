"""Calls for organizational units (OUs), the accounts in each, and the tags of an account."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.aws.errors import invalid_response
from auditor.aws.gateway import Gateway
from auditor.aws.organization import account_of
from auditor.aws.pages import listed
from auditor.aws.reading import text_in
from auditor.aws.request import api_of
from auditor.model.facts import AccountId

_PAGE = 20
_NO_SUCH_UNIT = frozenset({"ParentNotFoundException", "InvalidInputException"})
"""AWS's codes for an id that is not in the organization, and for an invalid id."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A root or an organizational unit."""

    id: str
    name: str


def is_missing(code: str) -> bool:
    """Whether the code says that there is no root or OU of this id."""
    return code in _NO_SUCH_UNIT


async def roots(gateway: Gateway) -> tuple[Unit, ...]:
    """The roots of the organization; there is one.

    Raises:
        RequestError: They could not be listed.
    """
    operation = gateway.organizations.list_roots
    found = await _all(gateway, operation, "Roots", MaxResults=_PAGE)
    return tuple(_unit(raw, operation) for raw in found)


async def units_in(gateway: Gateway, parent: str) -> tuple[Unit, ...]:
    """The units directly in a root or unit.

    Raises:
        RequestError: They could not all be listed; `is_missing` recognizes a parent that does not exist.
    """
    operation = gateway.organizations.list_organizational_units_for_parent
    found = await _all(gateway, operation, "OrganizationalUnits", ParentId=parent, MaxResults=_PAGE)
    return tuple(_unit(raw, operation) for raw in found)


async def accounts_in(gateway: Gateway, parent: str) -> tuple[AccountId, ...]:
    """The ids of the accounts directly in a root or unit.

    Raises:
        RequestError: They could not all be listed.
    """
    operation = gateway.organizations.list_accounts_for_parent
    found = await _all(gateway, operation, "Accounts", ParentId=parent, MaxResults=_PAGE)
    return tuple(account_of(dict(raw)).id for raw in found)


async def tags_of(gateway: Gateway, account: AccountId) -> frozenset[str]:
    """The tags of an account, each as `KEY=VALUE`.

    Raises:
        RequestError: They could not all be listed.
    """
    operation = gateway.organizations.list_tags_for_resource
    found = await _all(gateway, operation, "Tags", key="Key", ResourceId=account)
    return frozenset(f"{_named(raw, 'Key', operation)}={text_in(raw, 'Value')}" for raw in found)


async def _all(
    gateway: Gateway,
    operation: Callable[..., Awaitable[Mapping[str, Any]]],
    member: str,
    *,
    key: str = "Id",
    **parameters: object,
) -> list[Mapping[str, Any]]:
    tokens = {"sent": "NextToken", "received": "NextToken"}
    pages = listed(gateway.lister, operation, member=member, key=key, **tokens, **parameters)
    return [item async for page in pages for item in page]


def _unit(raw: Mapping[str, Any], operation: Callable[..., object]) -> Unit:
    return Unit(_named(raw, "Id", operation), text_in(raw, "Name"))


def _named(raw: Mapping[str, Any], member: str, operation: Callable[..., object]) -> str:
    """A required text: items without a name can be neither chosen nor left out."""
    text = text_in(raw, member)
    if not text:
        api = api_of(operation)
        raise invalid_response(f"an item has no {member}", service=api.service, operation=api.operation)
    return text

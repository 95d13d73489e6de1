"""Checks of the organization: its id, the list of its accounts, and the sample of them."""

import json
import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, cast

import anyio

from auditor.aws.gateway import Gateway
from auditor.aws.organization import account_pages
from auditor.aws.permissions import policy_allowing
from auditor.aws.reading import object_in, text_in
from auditor.aws.request import Access
from auditor.errors import OrganizationError, RequestError
from auditor.model.diagnosis import Fault, Finding, Outcome
from auditor.model.facts import Account
from auditor.model.filters import AccountFilters
from auditor.model.progress import ignore
from auditor.model.text import counted
from auditor.run.checks.check import Result, Setup, well
from auditor.run.checks.faults import fault_of, of_error
from auditor.run.listing import Listing, list_selected
from auditor.run.sample import sample_of_units

_LISTING_SECONDS = 20.0
"""The listing stops after this time: a part of a large organization is enough."""
_ALWAYS = ("organizations:DescribeOrganization", "organizations:ListAccounts")
_OF_OUS = (
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListRoots",
)
_OF_TAGS = ("organizations:ListTagsForResource",)
_NOT_LISTED = {
    "list_accounts": "The accounts are not listed",
    "list_tags_for_resource": "The tags of the accounts, which the filters need, are not listed",
}
"""By what was refused; all else are the listings of units."""


@dataclass(frozen=True, slots=True)
class Organization:
    """The organization; texts are empty if the caller may not describe it."""

    id: str
    management: str
    """The id of its management account."""


async def check_organization(setup: Setup, gateway: Gateway, lister: Access) -> Result:
    """Whether the caller is in an organization, and in which; gives the Organization."""
    try:
        reply: Mapping[str, object] = {**await lister.request(gateway.organizations.describe_organization)}
    except RequestError as error:
        what = "The organization is not described"
        fault = fault_of(error, denied=Fault.ORGANIZATION_UNKNOWN, now=setup.now())
        if fault is Fault.NO_ORGANIZATION and not setup.config.filters.by_id_alone:
            return Result((of_error(error, "The caller's account is in no organization", now=setup.now()),))
        outcome = Outcome.WARNING
        cure = f"Not needed; this policy allows it: {_policy(setup.config.filters)}"
        denied = Fault.ORGANIZATION_UNKNOWN
        finding = of_error(error, what, denied=denied, cure=cure, now=setup.now(), outcome=outcome)
        return Result((finding,), Organization("", ""))
    described = object_in(reply, "Organization")
    organization = Organization(text_in(described, "Id"), text_in(described, "MasterAccountId"))
    return well(f"{organization.id}, whose management account is {organization.management}", value=organization)


async def check_accounts(setup: Setup, gateway: Gateway, lister: Access, organization: Organization) -> Result:
    """Whether the accounts are listed, and which of them the filters leave; gives the Sample."""
    find = _chosen if setup.config.filters.active else _listed
    listed = await find(setup, replace(gateway, lister=lister), where=_where(gateway, lister, organization))
    findings = () if listed.fault is None else (listed.fault,)
    if not listed.accounts:
        return Result(findings)
    sample = sample_of_units(listed.accounts, own=gateway.caller.account_id)
    if not sample.accounts:
        found = f"None of {counted(len(listed.accounts), 'account')} can be audited: none is active"
        return Result((*findings, Finding(outcome=Outcome.WARNING, found=found, fault=Fault.NO_ACCOUNTS)))
    spread = f" in {counted(sample.units, 'unit')}" if sample.units else ""
    found = f"{listed.said}; the sample is {counted(len(sample.accounts), 'account')}{spread}"
    return Result((*findings, Finding(outcome=Outcome.OK, found=found)), sample)


def _where(gateway: Gateway, lister: Access, organization: Organization) -> str:
    """Who lists the accounts, in words; empty if unknown."""
    if lister is not gateway.access:
        return " by the lister"
    if not organization.management:
        return ""
    own = gateway.caller.account_id == organization.management
    return " from the management account" if own else " from a delegated administrator's account"


@dataclass(frozen=True, slots=True)
class _Listed:
    accounts: Sequence[Account]
    said: str
    fault: Finding | None = None
    """Why accounts are missing."""


async def _listed(setup: Setup, gateway: Gateway, *, where: str) -> _Listed:
    """The accounts that can be listed in limited time."""
    listing, accounts = Listing(), list[Account]()
    began, more, fault = anyio.current_time(), "", None
    pages = cast("AsyncGenerator[list[dict[str, Any]]]", account_pages(gateway.lister, gateway.organizations))
    try:
        async with aclosing(pages):
            async for page in pages:
                accounts.extend(listing.read(page, observe=ignore))
                if anyio.current_time() - began > _LISTING_SECONDS:
                    more = " and more"
                    break
    except RequestError as error:
        fault = _not_listed(error, len(accounts), setup=setup)
    return _Listed(
        accounts, f"{counted(len(accounts), 'account')}{more} listed{where}", fault or _odd(listing, accounts)
    )


def _odd(listing: Listing, accounts: Sequence[Account]) -> Finding | None:
    """What is wrong with a list that ended without an error: it is empty, or has an account without an id."""
    if listing.unnamed:
        error = listing.unnamed[0]
        found = f"{counted(len(listing.unnamed), 'account')} can't be entered: AWS does not say which"
        return Finding(outcome=Outcome.FAILED, found=found, fault=Fault.UNEXPECTED, code=error.code, said=error.message)
    if accounts:
        return None
    return Finding(outcome=Outcome.FAILED, found="AWS lists no account, and no error", fault=Fault.UNEXPECTED)


async def _chosen(setup: Setup, gateway: Gateway, *, where: str) -> _Listed:
    """The accounts that the filters leave, chosen as in an audit.

    Raises:
        ConfigurationError: The filters name something that does not exist, or leave no account.
    """
    listing = Listing()
    sent, received = anyio.create_memory_object_stream[Account](math.inf)
    try:
        with received:
            await list_selected(gateway, sent, filters=setup.config.filters, listing=listing, observe=ignore)
    except OrganizationError as error:
        if isinstance(cause := error.__cause__, RequestError):
            return _Listed((), "", _not_listed(cause, 0, setup=setup))
        return _Listed((), "", Finding(outcome=Outcome.FAILED, found=str(error), fault=Fault.UNEXPECTED))
    chosen = list(listing.unfinished.values())
    if not any(account.arn for account in chosen):
        return _Listed(chosen, f"{counted(len(chosen), 'account')} of --account, tried without a list")
    return _Listed(
        chosen, f"{len(chosen):,} of {counted(listing.count, 'account')} are left by the filters, listed{where}"
    )


def _not_listed(error: RequestError, number: int, *, setup: Setup) -> Finding:
    cure = (
        "List from the management account, or make this account a delegated administrator; or name who may: "
        f"--lister-profile PROFILE or --lister-role ARN. It needs this policy: {_policy(setup.config.filters)}"
    )
    what = _NOT_LISTED.get(error.operation, "The OUs, which the filters need, are not listed")
    what = f"The list of accounts ended early, after {number:,}" if number else what
    return of_error(error, what, denied=Fault.LISTING_DENIED, cure=cure, now=setup.now())


def _policy(filters: AccountFilters) -> str:
    """What the lister must be allowed, so that the filters can choose among the accounts."""
    actions = (*_ALWAYS, *(_OF_OUS if filters.all_ous else ()), *(_OF_TAGS if filters.all_tags else ()))
    return json.dumps(policy_allowing(actions))

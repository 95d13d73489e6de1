"""Checks of the organization: which one it is, whether its accounts are listed, and which of them are the sample."""

import json
import math
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Any, TypeVar, cast

import anyio

from auditor.aws.gateway import Gateway
from auditor.aws.organization import account_pages
from auditor.aws.reading import object_in, text_in
from auditor.aws.request import Access
from auditor.errors import OrganizationError, RequestError
from auditor.model.diagnosis import Fault, Finding, Outcome
from auditor.model.facts import Account, AccountId, NotAsked
from auditor.model.filters import AccountFilters
from auditor.model.progress import ignore
from auditor.run.checks.check import Result, Setup, counted, well
from auditor.run.checks.faults import fault_of, of_error
from auditor.run.listing import Listing, list_selected

T = TypeVar("T")

MOST_SAMPLED = 10
"""Accounts of the sample."""
_LISTING_SECONDS = 20.0
"""For so long accounts are listed: of a large organization a part is enough."""
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
    """The organization, with empty texts where nobody may know."""

    id: str
    management: str
    """The id of its management account."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Some accounts of the organization, spread over its units, or over the list where no units are known."""

    accounts: tuple[Account, ...]
    units: int
    """How many units they are in, 0 where AWS says nothing of units."""


async def check_organization(setup: Setup, gateway: Gateway, lister: Access) -> Result:
    """Whether there is an organization, and which one it is; gives the Organization."""
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
    """Whether the accounts are listed, and which of them are wanted; gives the Sample."""
    find = _chosen if setup.config.filters.active else _listed
    listed = await find(setup, replace(gateway, lister=lister), where=_where(gateway, lister, organization))
    findings = () if listed.fault is None else (listed.fault,)
    if not listed.accounts:
        return Result(findings)
    sample = choose_sample(listed.accounts, own=gateway.caller.account_id)
    if not sample.accounts:
        found = f"None of {counted(len(listed.accounts))} can be audited: none is active"
        return Result((*findings, Finding(outcome=Outcome.WARNING, found=found, fault=Fault.NO_ACCOUNTS)))
    spread = f" in {sample.units:,} unit{'' if sample.units == 1 else 's'}" if sample.units else ""
    found = f"{listed.said}; the sample is {counted(len(sample.accounts))}{spread}"
    return Result((*findings, Finding(outcome=Outcome.OK, found=found)), sample)


def _where(gateway: Gateway, lister: Access, organization: Organization) -> str:
    """From where the accounts are listed, in words; empty where that is not known."""
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
    """What keeps others from being among them."""


async def _listed(setup: Setup, gateway: Gateway, *, where: str) -> _Listed:
    """The accounts, as far as they can be listed in a while: of a large organization a part is enough."""
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
    return _Listed(accounts, f"{counted(len(accounts))}{more} listed{where}", fault or _odd(listing, accounts))


def _odd(listing: Listing, accounts: Sequence[Account]) -> Finding | None:
    """What is odd about a list without an error: nobody is in it, or somebody whom nobody can name."""
    if listing.unnamed:
        error = listing.unnamed[0]
        found = f"{counted(len(listing.unnamed))} can't be entered: AWS does not say which"
        return Finding(outcome=Outcome.FAILED, found=found, fault=Fault.UNEXPECTED, code=error.code, said=error.message)
    if accounts:
        return None
    return Finding(outcome=Outcome.FAILED, found="AWS lists no account, and no error", fault=Fault.UNEXPECTED)


async def _chosen(setup: Setup, gateway: Gateway, *, where: str) -> _Listed:
    """The accounts that the filters leave, found as an audit finds them.

    Raises:
        ConfigurationError: The filters name what is not there, or leave nothing.
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
    chosen = listing.accounts
    if not any(account.arn for account in chosen):
        return _Listed(chosen, f"{counted(len(chosen))} of --account, tried without a list")
    return _Listed(chosen, f"{len(chosen):,} of {counted(listing.count)} are left by the filters, listed{where}")


def _not_listed(error: RequestError, number: int, *, setup: Setup) -> Finding:
    cure = (
        "List from the management account, or make this account a delegated administrator; or name who may: "
        f"--lister-profile PROFILE or --lister-role ARN. It needs this policy: {_policy(setup.config.filters)}"
    )
    what = _NOT_LISTED.get(error.operation, "The OUs, which the filters need, are not listed")
    what = f"The list of accounts ended early, after {number:,}" if number else what
    return of_error(error, what, denied=Fault.LISTING_DENIED, cure=cure, now=setup.now())


def _policy(filters: AccountFilters) -> str:
    """What whoever lists the accounts must be allowed, so that the filters can choose among them."""
    actions = (*_ALWAYS, *(_OF_OUS if filters.all_ous else ()), *(_OF_TAGS if filters.all_tags else ()))
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def choose_sample(accounts: Iterable[Account], *, own: AccountId, most: int = MOST_SAMPLED) -> Sample:
    """The caller's own account, and of each unit the first accounts and the last, in turn, until there are enough.

    Accounts that can't be audited are left out.
    """
    units: dict[str, list[Account]] = {}
    mine: list[Account] = []
    for account in accounts:
        if account.state is None or not account.state.auditable:
            continue
        if account.id == own:
            mine.append(account)
        else:
            units.setdefault(_unit_of(account), []).append(account)
    room = most - len(mine)
    # Each unit that there is room for is in it before any has a second one.
    chosen = _spread(list(units.values()), room)
    turns = zip_longest(*(_spread(unit, room) for unit in chosen))
    others = [account for account in chain.from_iterable(turns) if account is not None][:room]
    sampled = (*mine, *others)
    return Sample(sampled, len({_unit_of(account) for account in sampled} - {""}))


def _spread(items: Sequence[T], most: int) -> list[T]:
    """So many of the items at most, from the first to the last and evenly between them."""
    if len(items) <= most or most < 2:  # noqa: PLR2004 - a first and a last
        return list(items[:most])
    return [items[place * (len(items) - 1) // (most - 1)] for place in range(most)]


def _unit_of(account: Account) -> str:
    """The path of the unit that an account is in, empty where nothing is known of it."""
    if isinstance(account.paths, NotAsked) or not account.paths:
        return ""
    return account.paths[0].rpartition("/")[0]

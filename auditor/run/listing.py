"""The accounts of the organization, listed well ahead of the engine that audits them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import anyio
from anyio import BrokenResourceError
from anyio.streams.memory import MemoryObjectSendStream

from auditor.aws.causes import clock_fault
from auditor.aws.gateway import Gateway
from auditor.aws.organization import account_of, account_pages
from auditor.errors import ListingInterrupted, OrganizationError, RequestError
from auditor.model.facts import Account, AccountId, AccountState
from auditor.model.progress import AccountsListed, AuditWarning, Observer

_ADVICE = {
    "AWSOrganizationsNotInUseException": "the caller's account is in no organization",
    "AccessDeniedException": "the caller may not list the accounts: use the management account, or one that is a "
    "delegated administrator, with organizations:ListAccounts, or name who may list them with --lister-profile or "
    "--lister-role",
}


@dataclass(slots=True)
class Listing:
    """How far the listing came, written by `list_accounts` alone; others read it."""

    count: int = 0
    accounts: list[Account] = field(default_factory=list)
    """Those that were given to the engine."""
    interruption: ListingInterrupted | None = None
    """Set where the listing ended before the organization did."""
    unnamed: list[RequestError] = field(default_factory=list)
    """The faults of the accounts of which nobody can tell which they are."""
    ended: bool = False
    """Whether the list of accounts was read to its end."""
    over: anyio.Event = field(default_factory=anyio.Event)
    """Set when no more accounts will be listed, whether or not all are known."""

    def read(self, page: Iterable[dict[str, Any]], *, observe: Observer) -> Iterator[Account]:
        """The accounts of a page that have an id."""
        for raw in page:
            try:
                yield account_of(raw)
            except RequestError as error:
                self.unnamed.append(error)
                observe(AuditWarning(f"An account was listed that can't be entered: {error}"))

    def unnamed_accounts(self) -> ListingInterrupted | None:
        """What is missing of a list that was read to its end."""
        if not self.unnamed:
            return None
        first = self.unnamed[0]
        return ListingInterrupted(code=first.code, message=first.message, listed=self.count, unnamed=len(self.unnamed))

    @property
    def rest(self) -> ListingInterrupted | None:
        """Why there may be accounts that were not listed, None where there are none."""
        if self.ended or self.interruption is not None:
            return self.interruption
        return ListingInterrupted(code="NotListed", message="the run was cut off", listed=self.count)


async def list_accounts(
    gateway: Gateway,
    accounts: MemoryObjectSendStream[Account],
    *,
    listing: Listing,
    finished: frozenset[AccountId] = frozenset(),
    observe: Observer,
) -> None:
    """Send every account as its page arrives, and close the stream; a page token is not kept for longer than a page.

    Accounts that an earlier run has `finished` are counted, and not sent.

    A listing that fails after the first accounts ends early, and `listing` says why: a page of it that can't be read
    is not the end of the organization. An account without id is warned of, and the listing goes on.

    Raises:
        OrganizationError: There is no first page, or no account.
    """
    async with accounts:
        try:
            async for page in account_pages(gateway.lister, gateway.organizations):
                for account in listing.read(page, observe=observe):
                    listing.count += 1
                    if account.id in finished:
                        continue
                    if account.state is AccountState.PENDING_CLOSURE:
                        observe(AuditWarning(_closing(account)))
                    listing.accounts.append(account)
                    await accounts.send(account)
                observe(AccountsListed(listing.count, finished=False))
            _check_count(listing)
            listing.ended = True
            listing.interruption = listing.unnamed_accounts()
        except RequestError as error:
            if not listing.count:
                raise _no_listing(error) from error
            listing.interruption = ListingInterrupted(code=error.code, message=error.message, listed=listing.count)
        except BrokenResourceError:
            # Nobody takes accounts any more, and whoever did says why.
            return
        finally:
            listing.over.set()
        observe(AccountsListed(listing.count, finished=listing.ended))


def _no_listing(error: RequestError) -> OrganizationError:
    sentence = clock_fault(error, now=datetime.now(UTC))
    if sentence is None:
        reason = _ADVICE.get(error.code, "the accounts could not be listed")
        sentence = f"{reason[0].upper()}{reason[1:]} ({error})."
    return OrganizationError(sentence)


def _check_count(listing: Listing) -> None:
    """An organization has its management account at least: an empty list is no list of one."""
    if not listing.count and listing.unnamed:
        raise _no_listing(listing.unnamed[0])
    if not listing.count:
        raise OrganizationError("The accounts could not be listed: AWS gave none, and no error.")


def _closing(account: Account) -> str:
    return f"The account {account.name} ({account.id}) is being closed; until then its keys and passwords work."

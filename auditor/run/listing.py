"""The list of accounts, sent to the engine page by page; with filters, after the last page."""

from collections.abc import Iterable, Iterator, Sequence
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
from auditor.model.codes import is_denial
from auditor.model.facts import Account, AccountId, AccountState
from auditor.model.filters import AccountFilters
from auditor.model.progress import AccountsListed, AuditWarning, Observer
from auditor.model.text import label_of
from auditor.run.select import Selection, select, select_by_id

_NO_ORGANIZATION = "AWSOrganizationsNotInUseException"
_ADVICE = {
    _NO_ORGANIZATION: "the caller's account is in no organization",
    "AccessDeniedException": "the caller may not list the accounts: use the management account, or one that is a "
    "delegated administrator, with organizations:ListAccounts, or name who may list them with --lister-profile or "
    "--lister-role",
}


@dataclass(slots=True)
class Listing:
    """How far a listing is; whoever lists writes it, and the reader of the reports finishes accounts."""

    count: int = 0
    sent: int = 0
    """How many accounts were sent to the engine."""
    unfinished: dict[AccountId, Account] = field(default_factory=dict)
    """The accounts that were sent and whose reports nobody has taken, in their order."""
    interruption: ListingInterrupted | None = None
    """Set if the listing ended before the last account."""
    unnamed: list[RequestError] = field(default_factory=list)
    """The errors of listed accounts without an id."""
    excluded: list[Account] = field(default_factory=list)
    """The accounts that the filters excluded."""
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

    def send(self, listed: Sequence[Account], accounts: MemoryObjectSendStream[Account], *, observe: Observer) -> None:
        """Send accounts to the engine, and warn of those that are being closed; the stream must hold all of them.

        They are unfinished where nobody takes them any more, too.
        """
        self.sent += len(listed)
        self.unfinished.update((account.id, account) for account in listed)
        for account in listed:
            if account.state is AccountState.PENDING_CLOSURE:
                observe(AuditWarning(_closing(account)))
            accounts.send_nowait(account)

    def finish(self, account: Account) -> None:
        """Keep an account no longer: an organization may have tens of thousands."""
        self.unfinished.pop(account.id, None)

    def unnamed_accounts(self) -> ListingInterrupted | None:
        """What is missing of a list that was read to its end."""
        if not self.unnamed:
            return None
        first = self.unnamed[0]
        return ListingInterrupted(code=first.code, message=first.message, listed=self.count, unnamed=len(self.unnamed))

    @property
    def rest(self) -> ListingInterrupted | None:
        """Why some accounts may not be listed, None if all are."""
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

    The stream must hold all accounts: a page is sent at once, and the next one asked for, however busy the loop is.
    Accounts that an earlier run has `finished` are counted, and not sent.

    A listing that fails after the first accounts ends early, and `listing` says why: a page of it that can't be read
    is not the end of the organization. An account without id is warned of, and the listing goes on.

    Raises:
        OrganizationError: There is no first page, or no account.
    """
    async with accounts:
        try:
            async for page in account_pages(gateway.lister, gateway.organizations):
                read = list(listing.read(page, observe=observe))
                listing.count += len(read)
                listing.send([each for each in read if each.id not in finished], accounts, observe=observe)
                observe(AccountsListed(listing.count, finished=False))
            _check_any(listing.count, listing=listing)
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


async def list_selected(  # noqa: PLR0913 - what a listing depends on
    gateway: Gateway,
    accounts: MemoryObjectSendStream[Account],
    *,
    filters: AccountFilters,
    listing: Listing,
    finished: frozenset[AccountId] = frozenset(),
    left_out: frozenset[AccountId] = frozenset(),
    observe: Observer,
) -> None:
    """List all accounts, send those that the filters choose, and close the stream, which must hold them all.

    Accounts that an earlier run has `finished` are counted, and not sent; `left_out` are those that its filters
    excluded.

    Raises:
        ConfigurationError: The filters name something that does not exist, or leave no account.
        OrganizationError: The accounts, their OUs or their tags could not be listed.
    """
    async with accounts:
        try:
            listed, selection = await _selected(
                gateway, filters=filters, listing=listing, finished=finished, observe=observe
            )
            listing.count, listing.ended = listed, True
            listing.excluded.extend(selection.excluded)
            if filters.accounts is None:
                listing.interruption = listing.unnamed_accounts()
            listing.send(selection.chosen, accounts, observe=observe)
            excluded = len(selection.excluded) + len(left_out)
            observe(AccountsListed(listing.count, finished=True, excluded=excluded))
        except BrokenResourceError:
            # Nobody takes accounts any more, and whoever did says why.
            return
        finally:
            listing.over.set()


async def _selected(
    gateway: Gateway,
    *,
    filters: AccountFilters,
    listing: Listing,
    finished: frozenset[AccountId],
    observe: Observer,
) -> tuple[int, Selection]:
    """How many accounts were listed, and which the filters choose."""
    listed: list[Account] = []
    whole = True
    try:
        async for page in account_pages(gateway.lister, gateway.organizations):
            listed.extend(listing.read(page, observe=observe))
            observe(AccountsListed(len(listed), finished=False))
    except RequestError as error:
        if not listed and filters.by_id_alone and _may_not_list(error):
            selection = select_by_id(filters, finished=finished)
            observe(AuditWarning(_known_by_id(len(selection.chosen), error)))
            return len(finished | {account.id for account in selection.chosen}), selection
        _check_enough(listed, error, filters=filters, observe=observe)
        whole = False
    _check_any(len(listed), listing=listing)
    return len(listed), await select(
        listed, filters=filters, gateway=gateway, finished=finished, whole=whole, observe=observe
    )


def _may_not_list(error: RequestError) -> bool:
    return is_denial(error.code) or error.code == _NO_ORGANIZATION


def _known_by_id(number: int, error: RequestError) -> str:
    accounts = "account that --account names is" if number == 1 else "accounts that --account names are"
    return (
        f"No account could be listed ({error}): the {number:,} {accounts} tried, of which neither names nor states are "
        "known, and nothing is said of any other."
    )


def _check_enough(
    listed: Sequence[Account], error: RequestError, *, filters: AccountFilters, observe: Observer
) -> None:
    """Raise OrganizationError if the list ended early, and the filters may choose accounts that are missing."""
    if not listed:
        raise _no_listing(error) from error
    early = f"The list of accounts ended early, after {len(listed):,} ({error})"
    if filters.accounts is None or not {account.id for account in listed}.issuperset(filters.accounts):
        raise OrganizationError(f"{early}: without all of it nobody knows whom the filters mean, so none was entered.")
    observe(AuditWarning(f"{early}: all that --account names were in it, and nothing is said of those behind them."))


def _no_listing(error: RequestError) -> OrganizationError:
    sentence = clock_fault(error, now=datetime.now(UTC))
    if sentence is None:
        reason = _ADVICE.get(error.code, "the accounts could not be listed")
        sentence = f"{reason[0].upper()}{reason[1:]} ({error})."
    return OrganizationError(sentence)


def _check_any(listed: int, *, listing: Listing) -> None:
    """Every organization has its management account: an empty list is an error."""
    if not listed and listing.unnamed:
        raise _no_listing(listing.unnamed[0])
    if not listed:
        raise OrganizationError("The accounts could not be listed: AWS gave none, and no error.")


def _closing(account: Account) -> str:
    return f"The account {label_of(account)} is being closed; until then its keys and passwords work."

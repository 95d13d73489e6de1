"""Which accounts of a local organization a selection must leave, told without asking its server."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase

from auditor.demo.facts import Account
from auditor.demo.organization import Organization


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedAccount:
    """What is true of one account beside what it holds."""

    id: str
    name: str
    unit_path: str
    """Names from the root down to the unit, like `Root/Prod/Data`."""
    unit_ids: tuple[str, ...]
    """Ids of the same, the root's first."""
    tags: Mapping[str, str]
    role: str
    """Name of the role that it lends, or would lend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Values by kind; an empty kind asks for nothing."""

    accounts: frozenset[str] = frozenset()
    """Account ids."""
    names: frozenset[str] = frozenset()
    """Patterns of account names as in a shell, upper and lower case being different."""
    units: frozenset[str] = frozenset()
    """Ids of units or of the root: whatever is below them is in them."""
    tags: frozenset[tuple[str, str]] = frozenset()
    """Keys and values, each as a whole."""

    def answers(self, account: PlacedAccount) -> Iterator[bool]:
        """For each kind that asks for something, whether one of its values is met."""
        met = {
            "accounts": account.id in self.accounts,
            "names": any(fnmatchcase(account.name, pattern) for pattern in self.names),
            "units": not self.units.isdisjoint(account.unit_ids),
            "tags": not self.tags.isdisjoint(account.tags.items()),
        }
        yield from (met[kind.name] for kind in fields(self) if getattr(self, kind.name))


NO_FILTERS = Filters()


def placed_accounts(organization: Organization) -> Mapping[str, PlacedAccount]:
    """Every account with its place, tags and role, by id and in the organization's order."""
    return {account.id: _placed(organization, account) for account in organization.accounts}


def selected(
    organization: Organization, *, include: Filters = NO_FILTERS, exclude: Filters = NO_FILTERS
) -> tuple[str, ...]:
    """Ids of the accounts that are left, whatever their state, in the organization's order.

    Values of one kind add up, and kinds narrow; an account that meets any value of `exclude` is out.
    """
    return tuple(
        account.id
        for account in placed_accounts(organization).values()
        if all(include.answers(account)) and not any(exclude.answers(account))
    )


def _placed(organization: Organization, account: Account) -> PlacedAccount:
    tree = organization.tree
    return PlacedAccount(
        id=account.id,
        name=account.name,
        unit_path=tree.names_to(account.id),
        unit_ids=tree.way_to(account.id),
        tags=organization.tags(account),
        role=organization.role_name(account),
    )

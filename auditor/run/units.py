"""The organizational units (OUs) that filters name, and the accounts in them, found with as few calls as possible."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.aws.gateway import Gateway
from auditor.aws.units import Unit, accounts_in, is_missing, roots, units_in
from auditor.concurrency.tasks import fan_out
from auditor.errors import ConfigurationError, OrganizationError, RequestError
from auditor.model.codes import is_denial
from auditor.model.facts import Account, AccountId
from auditor.model.filters import is_unit_id
from auditor.model.text import first_of

_AT_ONCE = 4
_SHOWN = 10
_RIGHTS = "organizations:ListRoots, ListOrganizationalUnitsForParent and ListAccountsForParent"


@dataclass(frozen=True, slots=True)
class NamedUnits:
    """Which accounts are in the OUs that the filters name."""

    holding: Mapping[AccountId, frozenset[str]]
    """By account, the values that name an OU above it, at any depth."""
    met: frozenset[str]
    """The values that name an OU with at least one of the accounts."""
    paths: Mapping[AccountId, str]
    """Paths of OU names from the root down, of the accounts for which all names are known."""


async def find_units(gateway: Gateway, values: Collection[str], *, accounts: Sequence[Account]) -> NamedUnits:
    """Which of the accounts are in the OUs that the values name: ids, names or paths of names.

    If Organizations sent the paths of all accounts, an id of an OU with accounts costs no call; a path costs one call
    per OU on it, and a name one per OU of the organization. If it did not send all paths, the named OUs and all OUs in
    them are listed, too.

    Raises:
        ConfigurationError: There is no such OU, or several have the name.
        OrganizationError: The OUs could not be listed.
    """
    tree = _Tree(gateway)
    try:
        ids = {value: await tree.resolve(value) for value in values}
        if all(account.unit_ids for account in accounts):
            places = {account.id: account.unit_ids for account in accounts}
            met = frozenset(unit for place in places.values() for unit in place)
            await tree.check(unit for unit in ids.values() if unit not in met and unit not in tree.names)
        else:
            places = await tree.places(ids.values())
    except RequestError as error:
        raise _unreadable(error) from error
    holding = {
        account.id: frozenset(value for value, unit in ids.items() if unit in places.get(account.id, ()))
        for account in accounts
    }
    return NamedUnits(
        holding=holding,
        met=frozenset().union(*holding.values()),
        paths={account: path for account, place in places.items() if (path := tree.path(place))},
    )


@dataclass(slots=True)
class _Tree:
    """The OUs of the organization, listed on demand, each once."""

    gateway: Gateway
    names: dict[str, str] = field(default_factory=dict)
    """By id, of all listed units."""
    _children: dict[str, tuple[Unit, ...]] = field(default_factory=dict)
    _roots: tuple[Unit, ...] | None = None

    async def resolve(self, value: str) -> str:
        """The id of the unit that the value names."""
        if is_unit_id(value):
            return value
        return await (self._at(value) if "/" in value else self._named(value))

    async def check(self, units: Iterable[str]) -> None:
        """Raise ConfigurationError for the first that does not exist."""
        for unit in units:
            await self._units_in(unit)

    async def places(self, units: Iterable[str]) -> dict[AccountId, tuple[str, ...]]:
        """The ids of the units above each account, from the root, or from one of `units` if the root is unknown."""
        lineages: dict[str, tuple[str, ...]] = {unit: (unit,) for unit in units}
        for root in self._roots or ():
            lineages.update(self._known_lineages((root.id,)))
        found: dict[AccountId, tuple[str, ...]] = {}

        async def look(lineage: tuple[str, ...]) -> None:
            for account in await accounts_in(self.gateway, lineage[-1]):
                found[account] = max(found.get(account, ()), lineage, key=len)

        walked = [lineage for unit in dict.fromkeys(units) for lineage in await self._below(lineages[unit])]
        await fan_out(_longest(walked), look, limit=_AT_ONCE)
        return found

    def path(self, place: Sequence[str]) -> str:
        """The names of these units, as a path; empty if a name or the root is unknown."""
        if not place or not place[0].startswith("r-") or not self.names.keys() >= set(place):
            return ""
        return "/".join(self.names[unit] for unit in place)

    async def _at(self, path: str) -> str:
        """The OU at a path of names, or else the one that is called so: a name may have a slash in it."""
        here = [(root.id, root.name) for root in await self._all_roots()]
        known = ", ".join(name for _, name in here)
        may_be_name = not any(path.startswith(f"{name}/") for _, name in here)
        found: dict[str, str] = {}
        while here:
            found.update((unit, prefix) for unit, prefix in here if prefix == path)
            above = [(unit, prefix) for unit, prefix in here if path.startswith(f"{prefix}/")]
            here = [
                (child.id, f"{prefix}/{child.name}") for unit, prefix in above for child in await self._units_in(unit)
            ]
            known = first_of([prefix for _, prefix in here], most=_SHOWN) or known
        if may_be_name:
            found = await self._called(path)
        if not found:
            names = f"paths have all names from the root down, as in {known}"
            raise ConfigurationError(f"There is no OU {path!r}: {names}.")
        return _only(found, path)

    async def _named(self, name: str) -> str:
        """The only OU of that name, at any depth."""
        found = await self._called(name)
        if not found:
            raise ConfigurationError(f"There is no OU called {name!r}: give another name, a path of names, or an id.")
        return _only(found, name)

    async def _called(self, name: str) -> dict[str, str]:
        """The paths of the OUs of that name, by id."""
        lineages = [one for root in await self._all_roots() for one in await self._below((root.id,))]
        return {lineage[-1]: self.path(lineage) for lineage in lineages if self.names[lineage[-1]] == name}

    async def _below(self, top: tuple[str, ...]) -> list[tuple[str, ...]]:
        """The ids down to a unit and to each unit in it, each from the first of `top`."""
        found, level = [top], [top]
        while level:
            await fan_out([lineage[-1] for lineage in level], self._learn, limit=_AT_ONCE)
            level = [(*lineage, child.id) for lineage in level for child in self._children[lineage[-1]]]
            found += level
        return found

    def _known_lineages(self, top: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        lineages = {top[-1]: top}
        for child in self._children.get(top[-1], ()):
            lineages.update(self._known_lineages((*top, child.id)))
        return lineages

    async def _all_roots(self) -> tuple[Unit, ...]:
        if self._roots is None:
            self._roots = await roots(self.gateway)
            self.names.update((root.id, root.name) for root in self._roots)
        return self._roots

    async def _units_in(self, parent: str) -> tuple[Unit, ...]:
        await self._learn(parent)
        return self._children[parent]

    async def _learn(self, parent: str) -> None:
        if parent in self._children:
            return
        try:
            children = await units_in(self.gateway, parent)
        except RequestError as error:
            if is_missing(error.code) and parent not in self.names:
                raise ConfigurationError(f"There is no OU {parent!r} in this organization.") from error
            raise
        self._children[parent] = children
        self.names.update((child.id, child.name) for child in children)


def _only(found: Mapping[str, str], value: str) -> str:
    """The id of the only OU that was found; of several the error has the paths, or the ids where paths are alike."""
    if len(found) == 1:
        return next(iter(found))
    paths = sorted(set(found.values()))
    those, what = (paths, "path or the id") if len(paths) == len(found) else (sorted(found), "id")
    shown = first_of(those, most=_SHOWN)
    raise ConfigurationError(f"{len(found)} OUs are called {value!r}: give the {what} of one: {shown}.")


def _longest(lineages: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """For each unit the longest list of ids, which begins highest."""
    found: dict[str, tuple[str, ...]] = {}
    for lineage in lineages:
        found[lineage[-1]] = max(found.get(lineage[-1], ()), lineage, key=len)
    return list(found.values())


def _unreadable(error: RequestError) -> OrganizationError:
    cure = f"allow the caller {_RIGHTS}, or name accounts with --account" if is_denial(error.code) else "try again"
    return OrganizationError(f"The OUs that the filters name could not be listed ({error}): {cure}.")

"""The organizational units that filters name, and the accounts in them, found with as few calls as that takes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.aws.gateway import Gateway
from auditor.aws.units import Unit, accounts_in, is_missing, roots, units_in
from auditor.concurrency.tasks import fan_out
from auditor.errors import ConfigurationError, OrganizationError, RequestError
from auditor.model.codes import is_denial
from auditor.model.facts import Account, AccountId
from auditor.model.filters import is_unit_id

_AT_ONCE = 4
_SHOWN = 10
_RIGHTS = "organizations:ListRoots, ListOrganizationalUnitsForParent and ListAccountsForParent"


@dataclass(frozen=True, slots=True)
class NamedUnits:
    """Where accounts are, as far as the units that were named tell."""

    holding: Mapping[AccountId, frozenset[str]]
    """Those of the values that name a unit which the account is in, or in a unit of which it is."""
    met: frozenset[str]
    """The values of units that any of the accounts is in."""
    paths: Mapping[AccountId, str]
    """Names from the root down, of the accounts of which all are known."""


async def find_units(gateway: Gateway, values: Collection[str], *, accounts: Sequence[Account]) -> NamedUnits:
    """Which of the accounts are in the units that the values name: ids, names or paths of names.

    An id costs no call where Organizations has told the path of each account, and one of them is in that unit. A path
    costs the listings on its way, and a name, or a path from no root, those of all units. Where not all accounts have
    told paths, the units that are named are walked, and all units in them.

    Raises:
        ConfigurationError: There is no such unit, or several have the name.
        OrganizationError: The units could not be listed.
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
    """The units of the organization, as far as they were asked for; each is asked for once."""

    gateway: Gateway
    names: dict[str, str] = field(default_factory=dict)
    """By id, of all units that were met."""
    _children: dict[str, tuple[Unit, ...]] = field(default_factory=dict)
    _roots: tuple[Unit, ...] | None = None

    async def resolve(self, value: str) -> str:
        """The id of the unit that is meant."""
        if is_unit_id(value):
            return value
        return await (self._at(value) if "/" in value else self._named(value))

    async def check(self, units: Iterable[str]) -> None:
        """Raise ConfigurationError for the first that does not exist."""
        for unit in units:
            await self._units_in(unit)

    async def places(self, units: Iterable[str]) -> dict[AccountId, tuple[str, ...]]:
        """The ids down to each account in these units, and in units in them: from the root, if it is known, or them."""
        ways: dict[str, tuple[str, ...]] = {unit: (unit,) for unit in units}
        for root in self._roots or ():
            ways.update(self._known_ways((root.id,)))
        found: dict[AccountId, tuple[str, ...]] = {}

        async def look(way: tuple[str, ...]) -> None:
            for account in await accounts_in(self.gateway, way[-1]):
                found[account] = max(found.get(account, ()), way, key=len)

        walked = [way for unit in dict.fromkeys(units) for way in await self._below(ways[unit])]
        await fan_out(_longest(walked), look, limit=_AT_ONCE)
        return found

    def path(self, place: Sequence[str]) -> str:
        """The names of these units, as a path; empty where one is not known, or where the root is not among them."""
        if not place or not place[0].startswith("r-") or not self.names.keys() >= set(place):
            return ""
        return "/".join(self.names[unit] for unit in place)

    async def _at(self, path: str) -> str:
        """The unit at a path of names, or else the one that is called so: a name may have a slash in it."""
        here = [(root.id, root.name) for root in await self._all_roots()]
        known = ", ".join(name for _, name in here)
        may_be_name = not any(path.startswith(f"{name}/") for _, name in here)
        found: dict[str, str] = {}
        while here:
            found.update((unit, way) for unit, way in here if way == path)
            on_the_way = [(unit, way) for unit, way in here if path.startswith(f"{way}/")]
            here = [
                (child.id, f"{way}/{child.name}") for unit, way in on_the_way for child in await self._units_in(unit)
            ]
            known = _shown([way for _, way in here]) or known
        if may_be_name:
            found = await self._called(path)
        if not found:
            names = f"paths have all names from the root down, as in {known}"
            raise ConfigurationError(f"There is no OU {path!r}: {names}.")
        return _only(found, path)

    async def _named(self, name: str) -> str:
        """The one unit of that name, anywhere."""
        found = await self._called(name)
        if not found:
            raise ConfigurationError(f"There is no OU called {name!r}: give another name, a path of names, or an id.")
        return _only(found, name)

    async def _called(self, name: str) -> dict[str, str]:
        """The paths of the units of that name, by id."""
        ways = [way for root in await self._all_roots() for way in await self._below((root.id,))]
        return {way[-1]: self.path(way) for way in ways if self.names[way[-1]] == name}

    async def _below(self, top: tuple[str, ...]) -> list[tuple[str, ...]]:
        """The ways to a unit and to all units in it, each the ids from the first of `top` down."""
        found, level = [top], [top]
        while level:
            await fan_out([way[-1] for way in level], self._learn, limit=_AT_ONCE)
            level = [(*way, child.id) for way in level for child in self._children[way[-1]]]
            found += level
        return found

    def _known_ways(self, top: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        ways = {top[-1]: top}
        for child in self._children.get(top[-1], ()):
            ways.update(self._known_ways((*top, child.id)))
        return ways

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
    """The id of the one unit that was found; the paths of several are told, or their ids where paths are alike."""
    if len(found) == 1:
        return next(iter(found))
    paths = sorted(set(found.values()))
    those, what = (paths, "path or the id") if len(paths) == len(found) else (sorted(found), "id")
    raise ConfigurationError(f"{len(found)} OUs are called {value!r}: give the {what} of one: {_shown(those)}.")


def _longest(ways: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Of the ways to each unit the longest, which is the one that begins highest."""
    found: dict[str, tuple[str, ...]] = {}
    for way in ways:
        found[way[-1]] = max(found.get(way[-1], ()), way, key=len)
    return list(found.values())


def _shown(paths: Sequence[str]) -> str:
    more = len(paths) - _SHOWN
    return ", ".join(paths[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _unreadable(error: RequestError) -> OrganizationError:
    cure = f"allow the caller {_RIGHTS}, or name accounts with --account" if is_denial(error.code) else "try again"
    return OrganizationError(f"The OUs that the filters name could not be listed ({error}): {cure}.")

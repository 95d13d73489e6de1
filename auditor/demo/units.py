"""Where each account of a local organization stands in its tree of organizational units, and its tags."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.demo.dice import identifier
from auditor.demo.facts import Account

ROOT = "Root"
"""Name of the root, as AWS gives it."""
EMPTY = "Vacía"
"""Name of the unit that holds neither an account nor another unit."""

_TREE: Mapping[str, str] = {
    "Prod": ROOT,
    "Dev": ROOT,
    EMPTY: ROOT,
    "Prod/Data": "Prod",
    "Prod/Web": "Prod",
    "Dev/Data": "Dev",
    "Prod/Data/Pagos, cobros y 研究": "Prod/Data",
    "Dev/Data/Sandbox": "Dev/Data",
}
"""Units by their path, and the path of what each stands in; parents come first."""
_HOMES = (
    "Prod",
    "Prod/Data",
    "Dev/Data",
    "Prod/Data/Pagos, cobros y 研究",
    ROOT,
    "Dev",
    "Prod/Web",
    "Dev/Data/Sandbox",
)
"""Where accounts stand: the first members one in each, so that a small organization has them all."""
_TAGGED = 3
"""Position of the account with more tags than a page holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One organizational unit."""

    id: str
    name: str
    parent: str
    """Id of the unit or of the root that it stands in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The root, its units, and the accounts in each."""

    organization_id: str
    root_id: str
    units: Mapping[str, Unit]
    """By id."""
    _parents: Mapping[str, str] = field(repr=False)
    _accounts: Mapping[str, Sequence[Account]] = field(repr=False)

    def holds(self, parent: str) -> bool:
        """Whether this is the id of the root or of a unit."""
        return parent == self.root_id or parent in self.units

    def parent_of(self, child: str) -> str | None:
        """Id of what a unit or an account stands in directly; None where there is no such child."""
        unit = self.units.get(child)
        return self._parents.get(child) if unit is None else unit.parent

    def accounts_in(self, parent: str) -> Sequence[Account]:
        """The accounts directly in a root or unit, in the organization's order."""
        return self._accounts.get(parent, ())

    def units_in(self, parent: str) -> Sequence[Unit]:
        """The units directly in a root or unit."""
        return [unit for unit in self.units.values() if unit.parent == parent]

    def way_to(self, child: str) -> tuple[str, ...]:
        """Ids from the root down to what a unit or an account stands in directly."""
        parent = self.parent_of(child)
        return () if parent is None else (*self.way_to(parent), parent)

    def names_to(self, child: str) -> str:
        """The way to it in names, like `Root/Prod/Data`."""
        return "/".join(ROOT if one == self.root_id else self.units[one].name for one in self.way_to(child))

    def path_of(self, child: str) -> str:
        """The entity path of a unit or an account as Organizations writes it, with a slash at its end."""
        return "/".join((self.organization_id, *self.way_to(child), child, ""))

    def named(self, path: str) -> str:
        """Id of the root or unit at a path of names, like `Root/Prod/Data`; a KeyError where there is none."""
        paths = {f"{self.names_to(one)}/{unit.name}": one for one, unit in self.units.items()}
        return {ROOT: self.root_id, **paths}[path]


def build_tree(accounts: Sequence[Account], *, seed: int, organization_id: str) -> Tree:
    """The tree, with the management account in the root, and every other account in the root or a unit."""
    mark = identifier("", seed, "root").lower()[:4]
    ids = {ROOT: f"r-{mark}"} | {path: f"ou-{mark}-{identifier('', seed, 'unit', path).lower()[:8]}" for path in _TREE}
    units = (Unit(id=ids[path], name=path.rpartition("/")[2], parent=ids[above]) for path, above in _TREE.items())
    parents: dict[str, str] = {}
    inside: dict[str, list[Account]] = {}
    for account, home in zip(accounts, _homes(seed), strict=False):
        parents[account.id] = ids[home]
        inside.setdefault(ids[home], []).append(account)

    return Tree(
        organization_id=organization_id,
        root_id=ids[ROOT],
        units={unit.id: unit for unit in units},
        _parents=parents,
        _accounts=inside,
    )


def _homes(seed: int) -> Iterator[str]:
    dice = random.Random(f"{seed}/units")
    yield ROOT
    yield from _HOMES
    while True:
        yield dice.choice(_HOMES)


def tags_of(account: Account, *, seed: int) -> Mapping[str, str]:
    """The account's tags; every fifth account has none."""
    if (account.index + 1) % 5 == 0:
        return {}

    dice = random.Random(f"{seed}/tags/{account.index}")
    tags = {
        "Environment": ("prod", "dev", "test")[account.index % 3],
        "CostCenter": f"CC-{dice.randrange(100, 104)}",
    }
    if account.index % 2:
        tags["Owner"] = "team = pagos y cobros"
    if (account.index + 2) % 4 == 0:
        tags["Reviewed"] = ""
    if account.index == _TAGGED:
        tags |= {f"Project-{number:02d}": "on" for number in range(1, 31)}

    return tags

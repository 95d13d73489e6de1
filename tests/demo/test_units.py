"""The tree of units: where accounts stand in it, how its paths read, and what is tagged."""

import re
from collections import Counter
from dataclasses import replace

import pytest

from auditor.demo import Filters, Organization, Scenario, Tree, build_organization, placed_accounts, selected
from auditor.demo.units import EMPTY, ROOT

ORGANIZATION = build_organization(Scenario(accounts=60, users=0))
TREE = ORGANIZATION.tree
IDS = tuple(account.id for account in ORGANIZATION.accounts)
PATH = re.compile(r"o-[a-z0-9]{10,32}/r-[0-9a-z]{4,32}(/ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})*(/\d{12})?/")


def unit_paths(tree: Tree) -> list[str]:
    """The paths of all units, by names."""
    return [f"{tree.names_to(one)}/{unit.name}" for one, unit in tree.units.items()]


def test_units_are_three_deep_and_two_share_a_name() -> None:
    """Under one root, with an empty unit and a name that a shell would have to quote."""
    assert {1, 2, 3} == {path.count("/") for path in unit_paths(TREE)}
    assert {"Data": 2} == {name: count for name, count in _names(TREE).items() if count > 1}
    assert "Root/Prod/Data/Pagos, cobros y 研究" in unit_paths(TREE)
    empty = TREE.named(f"{ROOT}/{EMPTY}")
    assert ([], []) == ([*TREE.accounts_in(empty)], [*TREE.units_in(empty)])
    with pytest.raises(KeyError):
        TREE.named("Root/Data")


def _names(tree: Tree) -> Counter[str]:
    return Counter(unit.name for unit in tree.units.values())


@pytest.mark.parametrize("accounts", [9, 60], ids=["small", "large"])
def test_every_account_stands_in_one_place(accounts: int) -> None:
    """The management account is in the root, and nine accounts reach all units but the empty one."""
    organization = build_organization(Scenario(accounts=accounts, users=0))
    tree = organization.tree
    places = [tree.root_id, *tree.units]
    inside = [account.id for place in places for account in tree.accounts_in(place)]
    assert sorted(account.id for account in organization.accounts) == sorted(inside)
    assert (tree.root_id,) == tree.way_to(organization.management.id)
    assert [tree.named(f"Root/{EMPTY}")] == [place for place in places if not tree.accounts_in(place)]


def test_paths_read_as_organizations_writes_them() -> None:
    """They name the organization, the root, the units and the account, and end in a slash."""
    paths = [TREE.path_of(one) for one in (*IDS, *TREE.units)]
    assert [] == [path for path in paths if not PATH.fullmatch(path)]
    data = TREE.named("Root/Prod/Data")
    assert f"{ORGANIZATION.id}/{TREE.root_id}/{TREE.named('Root/Prod')}/{data}/" == TREE.path_of(data)
    assert f"{ORGANIZATION.id}/{TREE.root_id}/{IDS[0]}/" == TREE.path_of(IDS[0])


def test_tree_and_tags_follow_from_the_seed() -> None:
    """The same seed gives the same, another one other ids and other places."""

    def told(seed: int) -> list[tuple[str, object, object]]:
        organization = build_organization(Scenario(accounts=60, users=0, seed=seed))
        return [(one.unit_path, one.unit_ids, one.tags) for one in placed_accounts(organization).values()]

    assert told(7) == told(7)
    assert [path for path, _, _ in told(7)] != [path for path, _, _ in told(8)]
    assert told(7)[0][1] != told(8)[0][1]


def test_the_tree_changes_no_other_fact() -> None:
    """Accounts, names and states are what they are in an organization that nobody asks for its units."""
    scenario = Scenario(accounts=20, users=3)
    one = build_organization(scenario)
    other = build_organization(replace(scenario, now=one.now, paths=False, role_names=("a", "b")))
    assert one.accounts == other.accounts
    assert [one.facts(account) for account in one.accounts] == [other.facts(account) for account in other.accounts]


def test_tags_are_of_every_kind() -> None:
    """Values with blanks and `=`, empty ones, and accounts without any."""
    tags = [dict(one.tags) for one in placed_accounts(ORGANIZATION).values()]
    assert 12 == tags.count({})
    assert {"prod", "dev", "test"} == {one["Environment"] for one in tags if one}
    assert {"team = pagos y cobros", ""} <= {value for one in tags for value in one.values()}
    assert 20 < max(len(one) for one in tags) <= 50


def test_roles_are_lent_in_turn() -> None:
    """Account by account, with its own id where the name has a place for it."""
    organization = build_organization(Scenario(accounts=4, role_names=("a/Audit", "Audit-{account_id}", "Legacy")))
    ids = [account.id for account in organization.accounts]
    expected = ["a/Audit", f"Audit-{ids[1]}", "Legacy", "a/Audit"]
    assert expected == [one.role for one in placed_accounts(organization).values()]


def _where(organization: Organization, path: str) -> set[str]:
    return {one.id for one in placed_accounts(organization).values() if (one.unit_path + "/").startswith(path + "/")}


def test_without_filters_all_accounts_are_selected() -> None:
    """In the order of the organization."""
    assert IDS == selected(ORGANIZATION)


def test_values_of_one_kind_add_up() -> None:
    """Of two ids, two patterns, two units and two tags, either will do."""
    assert IDS[:2] == selected(ORGANIZATION, include=Filters(accounts=frozenset(IDS[:2])))
    web = Filters(names=frozenset({"web-*", "plataforma"}))
    assert {name for name in _selected_names(web) if name != "plataforma"} == {
        account.name for account in ORGANIZATION.accounts if account.name.startswith("web-")
    }
    units = frozenset({TREE.named("Root/Dev"), TREE.named("Root/Prod/Web")})
    there = _where(ORGANIZATION, "Root/Dev") | _where(ORGANIZATION, "Root/Prod/Web")
    assert there == set(selected(ORGANIZATION, include=Filters(units=units)))
    tags = Filters(tags=frozenset({("Environment", "prod"), ("Reviewed", "")}))
    assert set(selected(ORGANIZATION, include=tags)) == {
        one.id
        for one in placed_accounts(ORGANIZATION).values()
        if one.tags.get("Environment") == "prod" or one.tags.get("Reviewed") == ""
    }


def _selected_names(include: Filters) -> list[str]:
    return [placed_accounts(ORGANIZATION)[one].name for one in selected(ORGANIZATION, include=include)]


def test_a_unit_is_all_that_is_below_it() -> None:
    """The root is everything, and a unit without accounts nothing."""
    assert IDS == selected(ORGANIZATION, include=Filters(units=frozenset({TREE.root_id})))
    below = set(selected(ORGANIZATION, include=Filters(units=frozenset({TREE.named("Root/Prod")}))))
    assert _where(ORGANIZATION, "Root/Prod/Data/Pagos, cobros y 研究") < below
    empty = frozenset({TREE.named(f"Root/{EMPTY}")})
    assert () == selected(ORGANIZATION, include=Filters(units=empty))


def test_kinds_narrow_and_excludes_win() -> None:
    """What is included by two kinds is in both, and whatever any exclude names is out."""
    prod = Filters(units=frozenset({TREE.named("Root/Prod")}), tags=frozenset({("Environment", "prod")}))
    placed = placed_accounts(ORGANIZATION)
    both = [one for one in _where(ORGANIZATION, "Root/Prod") if placed[one].tags.get("Environment") == "prod"]
    assert sorted(both) == sorted(selected(ORGANIZATION, include=prod))
    out = Filters(accounts=frozenset(both[:1]), units=frozenset({TREE.named("Root/Prod/Web")}))
    left = set(both[1:]) - _where(ORGANIZATION, "Root/Prod/Web")
    assert left == set(selected(ORGANIZATION, include=prod, exclude=out))
    assert () == selected(ORGANIZATION, include=prod, exclude=prod)

"""Organizations answers for its tree: who stands where, how it is paged, and whom it refuses."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from auditor.demo import Organization, Scenario, build_organization, placed_accounts
from tests.demo.reading import Reader, StoppedClock, read, refusal

pytestmark = pytest.mark.anyio

SCENARIO = Scenario(accounts=30, users=0, page_size_organizations=2)


def pages(client: Any, action: str, member: str, **options: Any) -> list[list[Any]]:
    """What each page of a list holds."""
    return [page[member] for page in client.get_paginator(action).paginate(**options)]


def flat(found: list[list[Any]]) -> list[Any]:
    """The items of all pages."""
    return [item for page in found for item in page]


def walked(client: Any, parent: str, way: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Ids of all accounts below a parent, each with the ids from the root down to it."""
    way = (*way, parent)
    for account in flat(pages(client, "list_accounts_for_parent", "Accounts", ParentId=parent)):
        yield account["Id"], way
    for unit in flat(pages(client, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent)):
        yield from walked(client, unit["Id"], way)


def places(organization: Organization) -> dict[str, tuple[str, ...]]:
    """The ids from the root down to each account."""
    return {one.id: one.unit_ids for one in placed_accounts(organization).values()}


@pytest.mark.parametrize(
    ("size", "partition"), [(2, "aws"), (20, "aws"), (3, "aws-us-gov"), (3, "aws-cn"), (3, "aws-eusc")]
)
async def test_walking_the_tree_finds_every_account_once(size: int, partition: str) -> None:
    """Root, units and accounts, page by page, tell what the organization's own tree tells."""

    def script(reader: Reader) -> list[tuple[str, tuple[str, ...]]]:
        client = reader.client("organizations")
        root = client.list_roots()["Roots"][0]
        assert "Root" == root["Name"]
        assert root["Arn"].startswith(f"arn:{partition}:organizations::")
        return list(walked(client, root["Id"], ()))

    scenario = Scenario(accounts=30, users=0, page_size_organizations=size, partition=partition)
    found, server = await read(script, scenario)
    assert 30 == len(found)
    assert places(server.organization) == dict(found)


async def test_parents_lead_back_to_the_root() -> None:
    """From an account by ListParents, and by the children of each parent."""

    def script(reader: Reader) -> tuple[list[Any], list[Any], list[Any]]:
        client, tree = reader.client("organizations"), reader.server.organization.tree
        account = reader.server.organization.accounts[4].id
        chain, child = [], account
        while not child.startswith("r-"):
            parent = client.list_parents(ChildId=child)["Parents"][0]
            chain.append(parent)
            child = parent["Id"]
        above = tree.way_to(account)[-1]
        accounts = pages(client, "list_children", "Children", ParentId=above, ChildType="ACCOUNT")
        units = pages(client, "list_children", "Children", ParentId=tree.root_id, ChildType="ORGANIZATIONAL_UNIT")
        return chain, flat(accounts), flat(units)

    (chain, accounts, units), server = await read(script, SCENARIO)
    organization = server.organization
    one = organization.accounts[4].id
    way = reversed(organization.tree.way_to(one))
    kinds = ["ORGANIZATIONAL_UNIT"] * 3 + ["ROOT"]
    assert [{"Id": parent, "Type": kind} for parent, kind in zip(way, kinds, strict=True)] == chain
    assert {"Id": one, "Type": "ACCOUNT"} in accounts
    expected = [unit.id for unit in organization.tree.units_in(organization.tree.root_id)]
    assert expected == [unit["Id"] for unit in units]


async def test_pages_of_the_tree_are_small_and_some_are_empty() -> None:
    """The second page is empty and not the last, and a token is of no use for another parent."""

    def script(reader: Reader) -> tuple[list[int], str, str]:
        client, tree = reader.client("organizations"), reader.server.organization.tree
        found = pages(client, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=tree.root_id)
        prod = tree.named("Root/Prod")
        token = client.list_children(ParentId=tree.root_id, ChildType="ORGANIZATIONAL_UNIT")["NextToken"]
        wrong = {"ChildType": "ORGANIZATIONAL_UNIT", "NextToken": token}
        large = refusal(client.list_accounts_for_parent, ParentId=prod, MaxResults=21)
        return [len(page) for page in found], refusal(client.list_children, ParentId=prod, **wrong), large

    (sizes, elsewhere, large), _ = await read(script, SCENARIO)
    assert [2, 0, 1] == sizes
    assert ("InvalidInputException", "InvalidInputException") == (elsewhere, large)


async def test_tags_come_in_pages() -> None:
    """An account's tags as they are; the root and its units have none."""

    def script(reader: Reader) -> tuple[list[list[Any]], list[Any], list[Any]]:
        client, organization = reader.client("organizations"), reader.server.organization
        tagged = pages(client, "list_tags_for_resource", "Tags", ResourceId=organization.accounts[3].id)
        untagged = pages(client, "list_tags_for_resource", "Tags", ResourceId=organization.accounts[4].id)
        return tagged, untagged, pages(client, "list_tags_for_resource", "Tags", ResourceId=organization.tree.root_id)

    (tagged, untagged, of_root), server = await read(script, Scenario(accounts=6, users=0))
    assert [20, 0, 13] == [len(page) for page in tagged]
    expected = server.organization.tags(server.organization.accounts[3])
    assert expected == {tag["Key"]: tag["Value"] for tag in flat(tagged)}
    assert ([[]], [[]]) == (untagged, of_root)


async def test_describing_one_account_and_one_unit() -> None:
    """Each is what the lists show of it."""

    def script(reader: Reader) -> tuple[Any, Any, Any]:
        client, organization = reader.client("organizations"), reader.server.organization
        listed = reader.accounts()[2]
        told = client.describe_account(AccountId=listed["Id"])["Account"]
        unit = organization.tree.named("Root/Prod/Data/Pagos, cobros y 研究")
        return listed, told, client.describe_organizational_unit(OrganizationalUnitId=unit)["OrganizationalUnit"]

    (listed, told, unit), server = await read(script, Scenario(accounts=6, users=0))
    assert listed == told
    assert "Pagos, cobros y 研究" == unit["Name"]
    assert unit["Arn"].endswith(f":ou/{server.organization.id}/{unit['Id']}")


@pytest.mark.parametrize("given", [True, False])
async def test_paths_are_given_or_not(*, given: bool) -> None:
    """On accounts and units alike, in AWS's form; the pinned SDK drops them, so the body itself is read."""
    bodies: list[dict[str, Any]] = []

    def script(reader: Reader) -> None:
        client, tree = reader.client("organizations"), reader.server.organization.tree
        hear = client.meta.events.register
        hear("before-parse.organizations", lambda response_dict, **_: bodies.append(json.loads(response_dict["body"])))
        client.list_accounts()
        client.list_organizational_units_for_parent(ParentId=tree.root_id)

    _, server = await read(script, Scenario(accounts=12, users=0, paths=given))
    organization = server.organization
    tree = organization.tree
    expected: list[object] = [[tree.path_of(account.id)] if given else None for account in organization.accounts]
    assert expected == [account.get("Paths") for account in bodies[0]["Accounts"]]
    expected = [tree.path_of(unit.id) if given else None for unit in tree.units_in(tree.root_id)]
    assert expected == [unit.get("Path") for unit in bodies[1]["OrganizationalUnits"]]


async def test_what_is_not_there_is_refused_by_its_kind() -> None:
    """An unknown id has the error of its kind, and a malformed one is bad input."""
    unit = "ou-zzzz-99999999"

    def script(reader: Reader) -> list[str]:
        client = reader.client("organizations")
        return [
            refusal(client.list_accounts_for_parent, ParentId="r-zzzz"),
            refusal(client.list_organizational_units_for_parent, ParentId=unit),
            refusal(client.list_children, ParentId=unit, ChildType="ACCOUNT"),
            refusal(client.list_parents, ChildId=unit),
            refusal(client.describe_organizational_unit, OrganizationalUnitId=unit),
            refusal(client.describe_account, AccountId="999999999999"),
            refusal(client.list_tags_for_resource, ResourceId=unit),
            refusal(client.list_accounts_for_parent, ParentId="Root/Prod"),
            refusal(client.list_children, ParentId=reader.server.organization.tree.root_id, ChildType="POLICY"),
        ]

    codes, _ = await read(script, SCENARIO)
    assert [
        *["ParentNotFoundException"] * 3,
        "ChildNotFoundException",
        "OrganizationalUnitNotFoundException",
        "AccountNotFoundException",
        "TargetNotFoundException",
        *["InvalidInputException"] * 2,
    ] == codes


def all_codes(reader: Reader) -> set[str]:
    """The codes that every action but DescribeOrganization is refused with."""
    client, organization = reader.client("organizations"), reader.server.organization
    root, account = organization.tree.root_id, organization.management.id
    return {
        refusal(client.list_accounts),
        refusal(client.list_roots),
        refusal(client.list_organizational_units_for_parent, ParentId=root),
        refusal(client.list_accounts_for_parent, ParentId=root),
        refusal(client.list_children, ParentId=root, ChildType="ACCOUNT"),
        refusal(client.list_parents, ChildId=account),
        refusal(client.describe_account, AccountId=account),
        refusal(client.describe_organizational_unit, OrganizationalUnitId=organization.tree.named("Root/Prod")),
        refusal(client.list_tags_for_resource, ResourceId=account),
        refusal(client.list_delegated_administrators),
    }


async def test_members_read_nothing_of_the_tree() -> None:
    """A member account that is no delegated administrator is refused everything."""
    codes, _ = await read(lambda reader: all_codes(reader.account(2)), SCENARIO)
    assert {"AccessDeniedException"} == codes


@pytest.mark.parametrize("delegated", [True, False])
async def test_delegated_administrators_are_listed(*, delegated: bool) -> None:
    """To the management account, and to themselves."""

    def script(reader: Reader) -> list[list[str]]:
        clients = [one.client("organizations") for one in (reader, reader.lister())]
        return [
            [one["Id"] for one in client.list_delegated_administrators()["DelegatedAdministrators"]]
            for client in clients
        ]

    told, server = await read(script, Scenario(accounts=6, users=0, delegated_administrator=delegated))
    assert [[server.organization.caller.id] if delegated else []] * 2 == told


async def test_without_an_organization_there_is_none() -> None:
    """Every action says so, that on the organization itself too, and roles are lent all the same."""

    def script(reader: Reader) -> set[str]:
        reader.account(2)
        return all_codes(reader) | {refusal(reader.client("organizations").describe_organization)}

    codes, _ = await read(script, Scenario(accounts=6, users=0, no_organization=True))
    assert {"AWSOrganizationsNotInUseException"} == codes


async def test_single_actions_can_be_denied() -> None:
    """The tags to everybody, the listing to the management account; all else is answered."""
    management = build_organization(SCENARIO).management.id
    denied = {
        "*": frozenset({"organizations:ListTagsForResource"}),
        management: frozenset({"organizations:ListAccounts"}),
    }

    def script(reader: Reader) -> list[str]:
        client, organization = reader.client("organizations"), reader.server.organization
        client.list_accounts_for_parent(ParentId=organization.tree.root_id)
        return [
            refusal(client.list_accounts),
            refusal(client.list_tags_for_resource, ResourceId=organization.management.id),
        ]

    codes, _ = await read(script, Scenario(accounts=6, users=0, denied_actions=denied))
    assert ["AccessDeniedException"] * 2 == codes


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(accounts=6, users=0, organizations_rate=2),
        Scenario(accounts=6, users=0, organizations_rate=9, organizations_rates={"ListAccountsForParent": 2}),
    ],
    ids=["all alike", "its own"],
)
async def test_organizations_counts_the_three_actions_on_parents_together(scenario: Scenario) -> None:
    """One of each is one too many at two a second, while others have rates of their own."""

    def script(reader: Reader) -> str:
        client, organization = reader.client("organizations"), reader.server.organization
        root = organization.tree.root_id
        client.list_parents(ChildId=organization.management.id)
        client.list_accounts_for_parent(ParentId=root)
        client.list_roots()
        client.list_children(ParentId=root, ChildType="ACCOUNT")
        return refusal(client.list_organizational_units_for_parent, ParentId=root)

    code, server = await read(script, scenario, StoppedClock())
    assert "TooManyRequestsException" == code
    assert "ListOrganizationalUnitsForParent" == server.requests[-1].action

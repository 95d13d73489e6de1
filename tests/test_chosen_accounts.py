"""Audits of chosen accounts: filters choose what is true of the local organization, for no more calls than needed."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread

from auditor import (
    AccountFilters,
    AuditConfig,
    AuditSummary,
    ConfigurationError,
    Rates,
    Section,
    open_csv_writer,
    open_journal,
    reopen_journal,
    resume_audit,
    run_audit,
)
from auditor.aws.gateway import Gateway, open_gateway
from auditor.demo import Filters, LocalServer, Organization, Scenario, selected
from auditor.model.facts import Account
from auditor.run.listing import Listing, list_selected
from tests.expectations import read_csv
from tests.organizations import served

pytestmark = [pytest.mark.anyio, pytest.mark.long]

UNHURRIED = Rates(iam=1000, events=1000, organizations=1000, sts=1000)
SMALL = Scenario(accounts=13, users=1, largest_account=2, events=1, denied_every=None)


def values(organization: Organization) -> dict[str, tuple[tuple[str, ...], Filters]]:
    """A filter of each kind, as it is given and as the organization's own truth takes it."""
    tree = organization.tree
    prod, deepest = tree.named("Root/Prod"), tree.named("Root/Prod/Data/Pagos, cobros y 研究")
    ids = tuple(account.id for account in organization.accounts[2:30:3])
    return {
        "accounts": (ids, Filters(accounts=frozenset(ids))),
        "account_names": (("*a*", "p*"), Filters(names=frozenset({"*a*", "p*"}))),
        "ous": (
            ("Root/Prod", tree.named("Root/Dev/Data")),
            Filters(units=frozenset({prod, tree.named("Root/Dev/Data")})),
        ),
        "tags": (("Environment=prod", "Owner=team = pagos y cobros"), Filters(tags=frozenset(_TAGS))),
        "excluded_accounts": (ids[::2], Filters(accounts=frozenset(ids[::2]))),
        "excluded_account_names": (("*o",), Filters(names=frozenset({"*o"}))),
        "excluded_ous": (
            (deepest, "Sandbox"),
            Filters(units=frozenset({deepest, tree.named("Root/Dev/Data/Sandbox")})),
        ),
        "excluded_tags": (("Reviewed=",), Filters(tags=frozenset({("Reviewed", "")}))),
    }


_TAGS = {("Environment", "prod"), ("Owner", "team = pagos y cobros")}
OF_ORGANIZATIONS = {
    "DescribeAccount",
    "ListAccounts",
    "ListAccountsForParent",
    "ListOrganizationalUnitsForParent",
    "ListParents",
    "ListRoots",
    "ListTagsForResource",
}
KINDS = [field.name for field in fields(AccountFilters)]


def pairs() -> Iterator[tuple[str, ...]]:
    """Each kind alone, and each with each other."""
    yield from ((kind,) for kind in KINDS)
    yield from ((one, other) for place, one in enumerate(KINDS) for other in KINDS[place + 1 :])


def joined(parts: list[Filters]) -> Filters:
    """One that asks for what several do, of different kinds."""
    return Filters(
        **{each.name: frozenset().union(*(getattr(p, each.name) for p in parts)) for each in fields(Filters)}
    )


async def sent(filters: AccountFilters, gateway: Gateway) -> list[str]:
    """The ids of the accounts that would be audited."""
    out, accounts = anyio.create_memory_object_stream[Account](1000)
    async with accounts:
        await list_selected(gateway, out, filters=filters, listing=Listing(), observe=lambda _: None)
        return [account.id async for account in accounts]


def calls(server: LocalServer) -> dict[str, int]:
    """What Organizations was asked, with the number of requests."""
    found: Counter[str] = Counter()
    for (_, action, _), number in server.counts.items():
        if action in OF_ORGANIZATIONS:
            found[action] += number
    return dict(found)


@pytest.mark.parametrize("paths", [True, False], ids=["paths", "no paths"])
async def test_each_filter_and_each_pair_is_the_truth(monkeypatch: pytest.MonkeyPatch, *, paths: bool) -> None:
    """Every account that they mean is audited, and no other."""
    scenario = Scenario(accounts=45, users=0, page_size_organizations=7, paths=paths)
    async with served(scenario, monkeypatch) as server, open_gateway(rates=UNHURRIED) as gateway:
        known = values(server.organization)
        wrong = []
        for kinds in pairs():
            filters = AccountFilters(**{kind: known[kind][0] for kind in kinds})
            include = joined([known[kind][1] for kind in kinds if not kind.startswith("excluded_")])
            exclude = joined([known[kind][1] for kind in kinds if kind.startswith("excluded_")])
            expected = list(selected(server.organization, include=include, exclude=exclude))
            assert expected, kinds
            if expected != await sent(filters, gateway):
                wrong.append(kinds)
    assert [] == wrong


@pytest.mark.parametrize(
    ("paths", "given", "expected"),
    [
        (True, {"accounts": "first"}, {}),
        (False, {"accounts": "first"}, {}),
        (True, {"ous": "id"}, {}),
        (True, {"ous": "path"}, {"ListRoots": 1, "ListOrganizationalUnitsForParent": 2}),
        (True, {"ous": "name"}, {"ListRoots": 1, "ListOrganizationalUnitsForParent": 9}),
        (False, {"ous": "id"}, {"ListOrganizationalUnitsForParent": 2, "ListAccountsForParent": 2}),
        (True, {"accounts": "first", "tags": "Environment"}, {"ListTagsForResource": 1}),
    ],
)
async def test_what_needs_no_call_costs_none(
    given: dict[str, str], expected: dict[str, int], monkeypatch: pytest.MonkeyPatch, *, paths: bool
) -> None:
    """Beside the list of accounts nothing is asked that the filters do not need."""
    scenario = Scenario(accounts=20, users=0, paths=paths)
    async with served(scenario, monkeypatch) as server, open_gateway(rates=UNHURRIED) as gateway:
        organization = server.organization
        first = organization.accounts[1]
        choices = {
            "first": first.id,
            "id": organization.tree.named("Root/Prod/Data"),
            "path": "Root/Prod/Data",
            "name": "Web",
            "Environment": f"Environment={organization.tags(first)['Environment']}",
        }
        await sent(AccountFilters(**{kind: (choices[value],) for kind, value in given.items()}), gateway)
        asked = calls(server)
    assert 1 <= asked.pop("ListAccounts")
    assert expected == asked


async def audited(filters: AccountFilters, server: LocalServer, **options: Any) -> AuditSummary:
    """An audit of the accounts that these filters choose."""
    config = AuditConfig(role=server.organization.scenario.role_name, filters=filters, rates=UNHURRIED)
    return await run_audit(config, **options)


async def test_who_was_left_out_is_in_the_coverage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every account has a row, those left out have the word for it, and nothing is missing: the exit code is 0."""
    async with served(SMALL, monkeypatch) as server:
        organization = server.organization
        async with open_csv_writer(tmp_path) as writer:
            summary = await audited(AccountFilters(ous=("Prod",)), server, writers=[writer], collect=True)
        prod = organization.tree.named("Root/Prod")
        expected = set(selected(organization, include=Filters(units=frozenset({prod}))))
        paths = {account.id: organization.tree.names_to(account.id) for account in organization.accounts}
        entered = {account for account, action, _ in server.counts if action.endswith("ListUsers")}
    rows = {row["account_id"]: row for row in read_csv(writer.paths[2])}
    assert {account.id for account in organization.accounts} == rows.keys()
    assert {account for account in rows if rows[account]["role"] != "excluded"} == expected
    assert {"skipped"} == {row[Section.USERS.column] for row in rows.values() if row["role"] == "excluded"}
    assert paths == {account: row["ou_path"] for account, row in rows.items()}
    assert entered <= expected
    assert (13, 13 - len(expected), 0, 0) == (
        summary.accounts,
        summary.excluded,
        summary.failed_accounts,
        summary.exit_code,
    )
    assert (1.0, 0) == (summary.covered_accounts, summary.not_read)


async def test_an_audit_of_an_id_needs_no_organization(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who may not list audits the accounts that are named; the others have no row, and that is said."""
    scenario = Scenario(accounts=13, users=1, largest_account=2, events=1, denied_every=None, hub=True)
    async with served(scenario, monkeypatch) as server:
        member = server.organization.accounts[4]
        summary = await audited(AccountFilters(accounts=(member.id,)), server, collect=True)
    assert (1, 1, 0, 0) == (summary.accounts, summary.audited, summary.failed_accounts, summary.exit_code)
    assert [(member.id, "", "")] == [(r.account.id, r.account.name, r.account.state_word) for r in summary.reports]
    assert 1 == len([warning for warning in summary.warnings if "nothing is said of any other" in warning])


async def test_workers_audit_what_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The choice is made once, here, whoever audits."""
    async with served(SMALL, monkeypatch) as server:
        chosen = tuple(account.id for account in server.organization.accounts[2:6])
        with ThreadPoolExecutor(2) as executor:
            summary = await audited(AccountFilters(accounts=chosen), server, executor=executor, workers=2, collect=True)
    audited_ids = {report.account.id for report in summary.reports if not report.excluded}
    assert (set(chosen), 9) == (audited_ids, summary.excluded)


async def test_a_wrong_filter_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said before any account is asked, and the files that were opened for the rows are gone."""
    async with served(SMALL, monkeypatch) as server:
        with pytest.raises(ConfigurationError, match="There is no OU called 'Prd'"):
            async with open_csv_writer(tmp_path) as writer:
                await audited(AccountFilters(ous=("Prd",)), server, writers=[writer])
        assert [] == [action for _, action, _ in server.counts if action.endswith(("ListUsers", "AssumeRole"))]
    assert [] == await to_thread.run_sync(lambda: list(tmp_path.iterdir()))


async def test_resuming_keeps_to_the_filters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was left out stays so without being asked again, and the files have a row for every account."""
    path = tmp_path / "audit_20260301_120000.journal.jsonl"
    async with served(SMALL, monkeypatch) as server:
        config = AuditConfig(role=SMALL.role_name, filters=AccountFilters(tags=("Environment=prod",)), rates=UNHURRIED)
        async with open_journal(path, config=config) as journal:
            first = await run_audit(config, writers=[journal])
        before = calls(server)
        async with reopen_journal(path) as again:
            assert first.excluded == len(again.excluded)
            assert 13 == len(again.finished)
            whole = await resume_audit(again, rates=UNHURRIED)
        after = calls(server)
    assert 13 <= before["ListTagsForResource"] == after["ListTagsForResource"]
    assert (first.accounts, first.audited, first.excluded) == (whole.accounts, whole.audited, whole.excluded)

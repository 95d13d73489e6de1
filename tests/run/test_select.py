"""Filters choose what they say, ask for no more than that takes, and never choose by what they do not know."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor import AccountFilters, AuditWarning, ConfigurationError, OrganizationError
from auditor.model.facts import Account, AccountId, AccountState
from auditor.run.select import Selection, select, select_by_id
from tests.fakes import JUMPING, FakeClients, FakeService, gateway, refusal

pytestmark = pytest.mark.anyio

# Names by id, and the id of what each unit is in; the three at the end have the same name in two places.
ROOT = "r-root"
NAMES = {
    ROOT: "Root",
    "ou-root-00000001": "Prod",
    "ou-root-00000002": "Dev",
    "ou-root-00000003": "Data",
    "ou-root-00000004": "Data",
    "ou-root-00000005": "a/b",
    "ou-root-00000006": "Empty",
}
PARENTS = {
    "ou-root-00000001": ROOT,
    "ou-root-00000002": ROOT,
    "ou-root-00000003": "ou-root-00000001",
    "ou-root-00000004": "ou-root-00000002",
    "ou-root-00000005": "ou-root-00000003",
    "ou-root-00000006": ROOT,
}
PROD, DEV, PROD_DATA, DEV_DATA, DEEPEST, EMPTY = list(PARENTS)
WALK = "list_organizational_units_for_parent"
INSIDE = "list_accounts_for_parent"
TAGS = "list_tags_for_resource"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates and pauses take no time."""
    return JUMPING


@dataclass(frozen=True)
class Placed:
    """An account with where it is and its tags."""

    id: str
    name: str
    unit: str = ROOT
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> tuple[str, ...]:
        """The ids from the root down to its unit."""
        return way_to(self.unit)

    def listed(self, *, paths: bool) -> Account:
        """As ListAccounts tells of it."""
        path = "/".join(("o-1", *self.place, self.id, ""))
        state = AccountState.ACTIVE
        return Account(AccountId(self.id), self.name, "", "", state, state, paths=(path,) if paths else ())


def way_to(unit: str) -> tuple[str, ...]:
    """The ids from the root down to a unit."""
    return (*way_to(PARENTS[unit]), unit) if unit in PARENTS else (unit,)


def path_of(unit: str) -> str:
    """Its names from the root down."""
    return "/".join(NAMES[each] for each in way_to(unit))


def organizations(accounts: Iterable[Placed]) -> FakeService:
    """Organizations, with these accounts in its tree."""
    known = {account.id: account for account in accounts}

    def units(ParentId: str, **_: object) -> Any:  # noqa: N803 - AWS's name
        if ParentId not in NAMES:
            return refusal("ParentNotFoundException")
        inside = [{"Id": unit, "Name": NAMES[unit]} for unit, parent in PARENTS.items() if parent == ParentId]
        return {"OrganizationalUnits": inside}

    def inside(ParentId: str, **_: object) -> Any:  # noqa: N803 - as above
        return {"Accounts": [{"Id": each.id} for each in known.values() if each.unit == ParentId]}

    def tags(ResourceId: str) -> Any:  # noqa: N803 - as above
        return {"Tags": [{"Key": key, "Value": value} for key, value in known[ResourceId].tags.items()]}

    return FakeService(
        "organizations",
        list_roots={"Roots": [{"Id": ROOT, "Name": NAMES[ROOT]}]},
        list_organizational_units_for_parent=units,
        list_accounts_for_parent=inside,
        list_tags_for_resource=tags,
    )


def account(number: int, name: str = "", unit: str = ROOT, **tags: str) -> Placed:
    """One account, with the number as its id."""
    return Placed(f"{number:012}", name or f"account-{number}", unit, tags)


ACCOUNTS = (
    account(1, "prod-web", PROD, Env="prod"),
    account(2, "prod-data", PROD_DATA, Env="prod", Team="a=b"),
    account(3, "dev-data", DEV_DATA, Env="dev"),
    account(4, "deepest", DEEPEST),
    account(5, "management", ROOT, Env="prod"),
)


@dataclass
class Chosen:
    """What a selection came to, what it asked, and what it warned of."""

    selection: Selection
    service: FakeService
    warnings: list[str]

    @property
    def numbers(self) -> list[int]:
        """The chosen accounts, by their numbers."""
        return [int(each.id) for each in self.selection.chosen]

    @property
    def asked(self) -> dict[str, int]:
        """How often each API was asked."""
        return {name: self.service.count(name) for name in sorted({call.operation for call in self.service.calls})}


async def chosen(
    listed: Sequence[Placed] = ACCOUNTS,
    *,
    paths: bool = True,
    finished: Iterable[int] = (),
    whole: bool = True,
    service: FakeService | None = None,
    **filters: Any,
) -> Chosen:
    """What the filters choose of these accounts."""
    client = service or organizations(listed)
    warnings: list[str] = []
    selection = await select(
        [each.listed(paths=paths) for each in listed],
        filters=AccountFilters(**filters),
        gateway=gateway(FakeClients(organizations=client)),
        finished=frozenset(AccountId(f"{number:012}") for number in finished),
        whole=whole,
        observe=lambda event: warnings.append(event.message) if isinstance(event, AuditWarning) else None,
    )
    return Chosen(selection, client, warnings)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"accounts": ("000000000002", "000000000005")}, [2, 5]),
        ({"account_names": ("prod-*", "deepest")}, [1, 2, 4]),
        ({"excluded_account_names": ("prod-*",)}, [3, 4, 5]),
        ({"excluded_accounts": ("000000000001",)}, [2, 3, 4, 5]),
        ({"accounts": ("000000000001", "000000000003"), "account_names": ("*-data",)}, [3]),
        ({"accounts": ("000000000001", "000000000003"), "excluded_accounts": ("000000000003",)}, [1]),
    ],
)
async def test_ids_and_names_cost_nothing(filters: dict[str, Any], expected: list[int]) -> None:
    """Values of one kind add up, kinds narrow, what is excluded wins, and nothing is asked for."""
    found = await chosen(**filters)
    assert (expected, {}, []) == (found.numbers, found.asked, found.warnings)
    rest = sorted({1, 2, 3, 4, 5} - set(expected))
    assert rest == [int(each.id) for each in found.selection.excluded]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"ous": (PROD,)}, [1, 2, 4]),
        ({"ous": (DEEPEST, DEV)}, [3, 4]),
        ({"ous": (ROOT,)}, [1, 2, 3, 4, 5]),
        ({"ous": (PROD,), "excluded_ous": (PROD_DATA,)}, [1]),
        ({"excluded_ous": (PROD,)}, [3, 5]),
    ],
)
async def test_ids_of_units_cost_nothing_where_paths_are_given(filters: dict[str, Any], expected: list[int]) -> None:
    """Units in units are in them, and an account's path tells all of its units."""
    found = await chosen(**filters)
    assert (expected, {}) == (found.numbers, found.asked)


@pytest.mark.parametrize("paths", [True, False])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Prod", [1, 2, 4]),
        ("Root", [1, 2, 3, 4, 5]),
        ("Root/Prod", [1, 2, 4]),
        ("Root/Dev/Data", [3]),
        ("Root/Prod/Data", [2, 4]),
        ("Root/Prod/Data/a/b", [4]),
        ("a/b", [4]),
    ],
)
async def test_names_and_paths_of_units(value: str, expected: list[int], *, paths: bool) -> None:
    """They mean the same accounts, with paths of accounts and without; a name may have a slash in it."""
    found = await chosen(paths=paths, ous=(value,))
    assert expected == found.numbers
    where = {each.id: path_of(each.unit) for each in ACCOUNTS}
    assert all(each.ou_path in ("", where[each.id]) for each in found.selection.chosen)


async def test_a_path_that_two_units_have_is_ambiguous() -> None:
    """Where a name has a slash in it; their paths are alike, and so their ids are told."""
    inside = {
        ROOT: [{"Id": PROD, "Name": "a/b"}, {"Id": DEV, "Name": "a"}],
        DEV: [{"Id": DEV_DATA, "Name": "b"}],
    }
    client = FakeService(
        "organizations",
        list_roots={"Roots": [{"Id": ROOT, "Name": "Root"}]},
        list_organizational_units_for_parent=lambda ParentId, **_: {"OrganizationalUnits": inside.get(ParentId, [])},  # noqa: N803 - AWS's name
    )
    sentence = f"^2 OUs are called 'Root/a/b': give the id of one: {PROD}, {DEV_DATA}\\.$"
    with pytest.raises(ConfigurationError, match=sentence):
        await chosen(service=client, ous=("Root/a/b",))


async def test_a_path_is_walked_only_along_itself() -> None:
    """The root, and then each unit on the way: nothing below it where accounts have paths."""
    found = await chosen(ous=("Root/Prod/Data",))
    assert {"list_roots": 1, WALK: 2} == found.asked


async def test_a_name_is_looked_for_everywhere() -> None:
    """Each unit is asked for its units once, however many names are looked for, and the accounts' places are known."""
    found = await chosen(ous=("Prod", "Dev"))
    assert {"list_roots": 1, WALK: len(NAMES)} == found.asked
    assert {each.id: path_of(each.unit) for each in ACCOUNTS} == {
        AccountId(each.id): each.ou_path for each in (*found.selection.chosen, *found.selection.excluded)
    }


async def test_only_the_units_that_matter_are_walked() -> None:
    """Without paths the unit is walked, and those in it; its brothers are not."""
    found = await chosen(paths=False, ous=(PROD,))
    assert ([1, 2, 4], {INSIDE: 3, WALK: 3}) == (found.numbers, found.asked)


async def test_a_unit_within_a_named_one_is_walked_once() -> None:
    """An account in both is in both."""
    found = await chosen(paths=False, ous=(PROD,), excluded_ous=(PROD_DATA,))
    assert ([1], {INSIDE: 3, WALK: 3}) == (found.numbers, found.asked)


async def test_where_one_path_is_missing_units_are_walked() -> None:
    """An account whose place is not told is not taken to be in none."""
    listed = [each.listed(paths=each.id != "000000000004") for each in ACCOUNTS]
    client = organizations(ACCOUNTS)
    fakes = gateway(FakeClients(organizations=client))
    selection = await select(listed, filters=AccountFilters(ous=(DEEPEST,)), gateway=fakes)
    assert (["000000000004"], 1) == ([each.id for each in selection.chosen], client.count(INSIDE))


@pytest.mark.parametrize("paths", [True, False])
@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({"accounts": ("9" * 12,)}, r"^--account: this organization has no account 999999999999\.$"),
        (
            {"accounts": ("8" * 12, "9" * 12)},
            r"^--account: this organization has no accounts 888888888888, 999999999999\.$",
        ),
        ({"excluded_accounts": ("9" * 12,)}, "^--exclude-account: this organization has no account 9"),
        (
            {"account_names": ("prod-*", "prd-*")},
            r"^--account-name: no account of this organization is called 'prd-\*'",
        ),
        ({"excluded_account_names": ("prod",)}, "^--exclude-account-name: no account .* is called 'prod'"),
        ({"ous": ("Prd",)}, r"^There is no OU called 'Prd': give another name, a path of names, or an id\.$"),
        ({"excluded_ous": ("Prd",)}, "^There is no OU called 'Prd'"),
        (
            {"ous": ("Prod/Data",)},
            r"^There is no OU 'Prod/Data': paths have all names from the root down, as in Root\.$",
        ),
        ({"ous": ("Root/Prod/Dta",)}, r"^There is no OU 'Root/Prod/Dta': .*, as in Root/Prod/Data\.$"),
        ({"ous": ("ou-root-99999999",)}, r"^There is no OU 'ou-root-99999999' in this organization\.$"),
        ({"excluded_ous": ("r-xxxx",)}, r"^There is no OU 'r-xxxx' in this organization\.$"),
        (
            {"ous": ("Data",)},
            r"^2 OUs are called 'Data': give the path or the id of one: Root/Dev/Data, Root/Prod/Data\.$",
        ),
        ({"ous": ("Empty",)}, r"^The filters leave none of the 5 accounts that were listed: "),
        ({"ous": (EMPTY,)}, rf"none of the 5 accounts that the other filters leave is in '{EMPTY}'\.$"),
        (
            {"ous": (DEV,), "tags": ("Env=no", "A=b")},
            r"listed: the only account that the other filters leave does not have the tag 'A=b'; .* 'Env=no'\.$",
        ),
        ({"account_names": ("*",), "excluded_account_names": ("*",)}, r"^The filters leave none"),
        ({"accounts": ("000000000001",), "ous": (DEV,)}, r"^The filters leave none"),
    ],
)
async def test_what_is_not_there_is_said(filters: dict[str, Any], sentence: str, *, paths: bool) -> None:
    """A sentence and exit code 2: nothing is chosen by mistake."""
    with pytest.raises(ConfigurationError, match=sentence) as caught:
        await chosen(paths=paths, **filters)
    assert 2 == caught.value.exit_code


async def test_many_that_are_missing_are_counted() -> None:
    """A file of another organization's accounts makes one sentence."""
    ids = tuple(f"9{number:011}" for number in range(7))
    with pytest.raises(ConfigurationError, match=r"this organization has no accounts 9.*000004 and 2 more\.$"):
        await chosen(excluded_accounts=ids)


@pytest.mark.parametrize(
    ("filters", "warning"),
    [
        (
            {"excluded_account_names": ("sandbox-*",)},
            "--exclude-account-name: no account of this organization is called 'sandbox-*'.",
        ),
        ({"ous": (PROD, EMPTY)}, f"None of the 5 accounts that the other filters leave is in {EMPTY!r}."),
        (
            {"tags": ("Env=prod", "Env=prd")},
            "None of the 5 accounts that the other filters leave has the tag 'Env=prd'.",
        ),
        ({"excluded_tags": ("Env=prd",)}, "None of the 5 accounts that the other filters leave has the tag 'Env=prd'."),
        ({"excluded_ous": (EMPTY,)}, None),
    ],
)
async def test_what_no_account_has_is_warned_of(filters: dict[str, Any], warning: str | None) -> None:
    """A pattern, a unit or a tag may be there for accounts to come: the others are audited, and that is said."""
    found = await chosen(**filters)
    assert ([warning] if warning else []) == found.warnings


async def test_tags_are_asked_of_those_that_are_left() -> None:
    """One call each, however many tags are named, and none for accounts that other filters leave out."""
    found = await chosen(ous=(PROD,), tags=("Env=prod",), excluded_tags=("Team=a=b",))
    assert ([1], {TAGS: 3}) == (found.numbers, found.asked)


async def test_a_tag_may_have_no_value() -> None:
    """It is given with nothing behind its sign, and is another one than one with a value."""
    accounts = [account(1, Reviewed=""), account(2, Reviewed="yes"), account(3)]
    assert [1] == (await chosen(accounts, tags=("Reviewed=",))).numbers


async def test_tags_that_can_not_be_listed_choose_nobody() -> None:
    """What the filter rests on is not known, so nobody is entered; it is said what to do about it."""
    client = FakeService("organizations", list_tags_for_resource=refusal("AccessDeniedException"))
    with pytest.raises(OrganizationError, match="allow the caller organizations:ListTagsForResource") as caught:
        await chosen(service=client, tags=("Env=prod",))
    assert 1 == caught.value.exit_code


@pytest.mark.parametrize(
    ("code", "cure"),
    [("AccessDeniedException", "allow the caller organizations:ListRoots"), ("ServiceException", "try again")],
)
async def test_units_that_can_not_be_listed_choose_nobody(code: str, cure: str) -> None:
    """The same of the tree."""
    client = FakeService("organizations", list_roots=refusal(code))
    with pytest.raises(OrganizationError, match=f"The OUs that the filters name could not be listed .*{cure}"):
        await chosen(service=client, ous=("Prod",))


async def test_an_item_without_a_name_is_no_tag() -> None:
    """An account whose tags can't all be read might be one that is to be left out."""
    client = FakeService("organizations", list_tags_for_resource={"Tags": [{"Value": "prod"}]})
    with pytest.raises(OrganizationError, match="an item has no Key"):
        await chosen(service=client, excluded_tags=("Env=prod",))


async def test_long_questions_are_announced() -> None:
    """Whoever waits for minutes knows what for."""
    accounts = [account(number, Env="prod") for number in range(1, 301)]
    found = await chosen(accounts, tags=("Env=prod",))
    assert (300, ["The tags of 300 accounts are asked for, which takes 1 min."]) == (len(found.numbers), found.warnings)


async def test_a_resumed_run_asks_nothing_of_what_is_finished() -> None:
    """It is neither chosen nor left out, and where nothing else is left that is right."""
    found = await chosen(tags=("Env=prod",), finished=[1, 3])
    assert ([2, 5], {TAGS: 3}) == (found.numbers, found.asked)
    assert ["000000000004"] == [each.id for each in found.selection.excluded]
    assert [] == (await chosen(tags=("Env=prod",), finished=[1, 2, 5])).numbers


async def test_of_a_list_that_is_not_whole_nothing_is_missing() -> None:
    """What is to be left out may be behind its end."""
    found = await chosen(whole=False, excluded_accounts=("9" * 12,))
    assert [1, 2, 3, 4, 5] == found.numbers


async def test_by_ids_alone_nothing_is_known() -> None:
    """They are to be tried: no state keeps anybody from it, and no name is made up."""
    filters = AccountFilters(accounts=("1" * 12, "2" * 12, "3" * 12), excluded_accounts=("2" * 12,))
    selection = select_by_id(filters, finished={AccountId("3" * 12)})
    assert ["1" * 12] == [each.id for each in selection.chosen]
    only = selection.chosen[0]
    assert ("", "", "", AccountState.ACTIVE) == (only.name, only.arn, only.state_word, only.state)
    with pytest.raises(ConfigurationError, match="The filters leave no account"):
        select_by_id(replace(filters, accounts=("2" * 12,)))


WORDS = st.sampled_from(["prod", "dev", "data", "prod-1", "Prod", "a[b]"])
TAG_KEYS = st.sampled_from(["Env", "Team"])
TREES = st.lists(
    st.tuples(WORDS, st.sampled_from(list(NAMES)), st.dictionaries(TAG_KEYS, WORDS)), min_size=1, max_size=8
)
KINDS = {
    "accounts": st.sampled_from([f"{number:012}" for number in range(1, 9)]),
    "account_names": st.sampled_from(["prod*", "*", "dev", "[pd]*", "?ata", "a[b]"]),
    "ous": st.sampled_from([*NAMES, "Root", "Root/Prod", "Root/Dev/Data", "Root/Prod/Data/a/b", "Prod"]),
    "tags": st.builds(lambda key, word: f"{key}={word}", TAG_KEYS, WORDS),
}
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        **{kind: st.frozensets(values, min_size=1, max_size=3) for kind, values in KINDS.items()},
        **{f"excluded_{kind}": st.frozensets(values, max_size=2) for kind, values in KINDS.items()},
    },
)


def meets(placed: Placed, kind: str, value: str) -> bool:
    """Whether an account has a value, told as simply as it can be."""
    return {
        "accounts": placed.id == value,
        "account_names": placed.name == value or fnmatchcase(placed.name, value),
        "ous": any(value in (unit, path_of(unit), NAMES[unit]) for unit in placed.place),
        "tags": value in {f"{key}={word}" for key, word in placed.tags.items()},
    }[kind]


def truth(accounts: Sequence[Placed], filters: Mapping[str, frozenset[str]]) -> list[str]:
    """The accounts that are to be chosen."""
    return [
        each.id
        for each in accounts
        if all(any(meets(each, kind, value) for value in filters[kind]) for kind in KINDS if kind in filters)
        and not any(meets(each, kind, value) for kind in KINDS for value in filters.get(f"excluded_{kind}", ()))
    ]


@given(tree=TREES, filters=FILTERS, paths=st.booleans())
def test_filters_choose_what_they_say(tree: list[Any], filters: dict[str, Any], *, paths: bool) -> None:
    """Whatever the organization and the filters are, it is what a simple truth says, or an error where that is none."""
    accounts = [account(number, *of[:2], **of[2]) for number, of in enumerate(tree, start=1)]
    expected = truth(accounts, filters)

    async def run() -> list[str]:
        found = await chosen(accounts, paths=paths, whole=False, **filters)
        return [each.id for each in found.selection.chosen]

    backend, options = JUMPING
    if not expected:
        with pytest.raises(ConfigurationError, match="The filters leave none"):
            anyio.run(run, backend=backend, backend_options=options)
        return
    assert expected == anyio.run(run, backend=backend, backend_options=options)

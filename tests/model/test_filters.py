"""Filters of accounts: values that can't be right are refused when they are given, and never mean all accounts."""

import pickle
from typing import Any

import pytest

from auditor import AccountFilters, AuditConfig, ConfigurationError
from auditor.model.filters import ALL_ACCOUNTS, OPTIONS, Names, has_wildcards, is_unit_id

ID = "000011112222"


def test_without_values_there_is_no_filter() -> None:
    """All accounts are wanted, and nothing must be known of them."""
    assert (False, (), ()) == (ALL_ACCOUNTS.active, ALL_ACCOUNTS.all_ous, ALL_ACCOUNTS.all_tags)
    assert ALL_ACCOUNTS == AuditConfig(role="Audit").filters


@pytest.mark.parametrize("name", OPTIONS)
def test_each_kind_is_a_filter(name: str) -> None:
    """One value of any kind is enough."""
    value = ID if OPTIONS[name].endswith("-account") else "a=b"
    assert AccountFilters(**{name: (value,)}).active


def test_values_are_sorted_and_each_is_there_once() -> None:
    """The order in which a person gives them says nothing, and a list is as good as a tuple."""
    given: Any = ["b", "a", "b"]
    filters = AccountFilters(ous=given)
    assert ("a", "b") == filters.ous
    assert filters == pickle.loads(pickle.dumps(AccountFilters(ous=("a", "b"))))  # noqa: S301 - made on this line


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"accounts": ()}, "accounts names nothing: leave it out"),
        ({"tags": ()}, "tags names nothing"),
        ({"accounts": ID}, "accounts must be a tuple of texts: '000011112222' is not"),
        ({"ous": (7,)}, "ous must be a tuple of texts"),
        ({"accounts": ("11112222",)}, "--account '11112222' is not an account id: give its 12 digits"),
        ({"accounts": ("\u0660" * 12,)}, "is not an account id"),
        ({"accounts": (f"{ID},{ID}",)}, "is not an account id"),
        ({"excluded_accounts": ("x",)}, "--exclude-account 'x' is not an account id"),
        ({"account_names": ("",)}, "--account-name has an empty value"),
        ({"excluded_ous": (" ",)}, "--exclude-ou has an empty value"),
        ({"tags": ("Environment",)}, "--tag 'Environment' is not a tag: give it as KEY=VALUE"),
        ({"excluded_tags": ("=prod",)}, "--exclude-tag '=prod' is not a tag"),
    ],
)
def test_what_can_not_be_right_is_refused(given: dict[str, Any], sentence: str) -> None:
    """With a sentence that names the option, and exit code 2."""
    with pytest.raises(ConfigurationError, match=sentence) as caught:
        AccountFilters(**given)
    assert 2 == caught.value.exit_code


def test_nothing_may_be_left_out() -> None:
    """An empty list of what is left out leaves out nothing."""
    assert ALL_ACCOUNTS == AccountFilters(excluded_accounts=(), excluded_tags=())


def test_settings_take_filters_only() -> None:
    """Anything else in their place is refused."""
    wrong: Any = {"ous": ["Prod"]}
    with pytest.raises(ConfigurationError, match="filters must be of the type AccountFilters"):
        AuditConfig(role="Audit", filters=wrong)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"accounts": (ID,)}, True),
        ({"accounts": (ID,), "excluded_accounts": (ID,)}, True),
        ({"excluded_accounts": (ID,)}, False),
        ({"accounts": (ID,), "excluded_account_names": ("a",)}, False),
        ({"accounts": (ID,), "ous": ("a",)}, False),
        ({}, False),
    ],
)
def test_ids_alone_need_no_list(given: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - what is expected
    """Who is named by ids can be entered though nothing else is known."""
    assert expected == AccountFilters(**given).by_id_alone


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("r-abcd", True),
        ("ou-abcd-12345678", True),
        ("ou-abcd-1234567", False),
        ("ou-ABCD-12345678", False),
        ("r-abc", False),
        ("Prod", False),
        ("ou-abcd-12345678\n", False),
    ],
)
def test_ids_of_units(value: str, expected: bool) -> None:  # noqa: FBT001 - what is expected
    """An id is what AWS says it is, and all else is a name or a path."""
    assert expected == is_unit_id(value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("prod-web", {"prod-*", "prod-???"}),
        ("prod-data", {"prod-*"}),
        ("Prod-web", set()),
        ("team [a]", {"team [a]"}),
        ("team a", {"team [a]"}),
        ("exact", {"exact"}),
        ("not exact", set()),
    ],
)
def test_names_and_patterns(name: str, expected: set[str]) -> None:
    """Wildcards stand for letters, brackets for one of those in them, and a name with brackets is itself, too."""
    assert expected == Names(["prod-*", "prod-???", "team [a]", "exact"]).matching(name)


def test_wildcards() -> None:
    """Only these three letters make a pattern of a name."""
    assert [True, True, True, False] == list(map(has_wildcards, ("a*", "?", "[a]", "a-b.c/d")))

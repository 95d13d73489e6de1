"""Which accounts are wanted: filters by id, name, organizational unit and tag."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase

from auditor.errors import ConfigurationError

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListOrganizationalUnitsForParent.html
_UNIT = re.compile(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}", re.ASCII)
_WILDCARDS = re.compile(r"[*?[]")

OPTIONS: Mapping[str, str] = {
    "accounts": "--account",
    "account_names": "--account-name",
    "ous": "--ou",
    "tags": "--tag",
    "excluded_accounts": "--exclude-account",
    "excluded_account_names": "--exclude-account-name",
    "excluded_ous": "--exclude-ou",
    "excluded_tags": "--exclude-tag",
}
"""The option of each filter, by its name in AccountFilters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilters:
    """Which accounts to audit: values of one kind add up, kinds narrow, and what is excluded wins.

    Values are sorted, each once. None asks for accounts of any kind; no value at all is refused, so that an empty list
    can't be taken for the whole organization.

    Raises:
        ConfigurationError: A value can't be one of its kind.
    """

    accounts: tuple[str, ...] | None = None
    """Ids, of 12 digits."""
    account_names: tuple[str, ...] | None = None
    """Names, in which `*`, `?` and `[…]` are wildcards; upper and lower case differ."""
    ous: tuple[str, ...] | None = None
    """Organizational units, with all units in them: an id, a name that only one has, or a path from the root."""
    tags: tuple[str, ...] | None = None
    """Tags of accounts, as `KEY=VALUE`."""
    excluded_accounts: tuple[str, ...] = ()
    excluded_account_names: tuple[str, ...] = ()
    excluded_ous: tuple[str, ...] = ()
    excluded_tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            given = getattr(self, field.name)
            if given is not None:
                object.__setattr__(self, field.name, _values(given, name=field.name))

    @property
    def active(self) -> bool:
        """Whether there is any."""
        return self != ALL_ACCOUNTS

    @property
    def by_id_alone(self) -> bool:
        """Whether accounts are named by their ids, and nothing else must be known of them."""
        return self.accounts is not None and self == AccountFilters(
            accounts=self.accounts, excluded_accounts=self.excluded_accounts
        )

    @property
    def all_ous(self) -> tuple[str, ...]:
        """The units that are named in any way."""
        return (*(self.ous or ()), *self.excluded_ous)

    @property
    def all_tags(self) -> tuple[str, ...]:
        """The tags that are named in any way."""
        return (*(self.tags or ()), *self.excluded_tags)


def is_unit_id(value: str) -> bool:
    """Whether it is the id of an organizational unit, or of a root."""
    return _UNIT.fullmatch(value) is not None


def has_wildcards(value: str) -> bool:
    """Whether a name stands for more than itself."""
    return _WILDCARDS.search(value) is not None


class Names:
    """Names and patterns, held against the names of accounts."""

    def __init__(self, values: Iterable[str]) -> None:
        self._values = frozenset(values)
        self._patterns = tuple(filter(has_wildcards, self._values))

    def matching(self, name: str) -> frozenset[str]:
        """Those of them that the account's name is, or is like; a name with a bracket is itself, too."""
        like = (pattern for pattern in self._patterns if fnmatchcase(name, pattern))
        return frozenset((*like, *({name} & self._values)))


def _values(given: object, *, name: str) -> tuple[str, ...]:
    if not isinstance(given, tuple | list | set | frozenset) or not all(isinstance(value, str) for value in given):
        raise ConfigurationError(f"{name} must be a tuple of texts: {given!r} is not.")
    if not given and not name.startswith("excluded"):
        raise ConfigurationError(f"{name} names nothing: leave it out, or give at least one value.")
    for value in given:
        _check(value, name=name)
    return tuple(sorted(set(given)))


def _check(value: str, *, name: str) -> None:
    option = OPTIONS[name]
    if not value.strip():
        raise ConfigurationError(f"{option} has an empty value: leave the option out, or give it one.")
    if option.endswith("-account") and not _ACCOUNT.fullmatch(value):
        raise ConfigurationError(f"{option} {value!r} is not an account id: give its 12 digits, zeros in front too.")
    if option.endswith("-tag") and not all(value.partition("=")[:2]):
        raise ConfigurationError(f"{option} {value!r} is not a tag: give it as KEY=VALUE; KEY= is one with no value.")


ALL_ACCOUNTS = AccountFilters()
"""No filter: all accounts that are listed."""

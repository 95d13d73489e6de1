"""Which of the listed accounts are audited: the filters, applied to ids, names, OUs and tags."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from auditor.aws.gateway import Gateway
from auditor.aws.units import tags_of
from auditor.concurrency.tasks import fan_out
from auditor.errors import ConfigurationError, OrganizationError, RequestError
from auditor.model.codes import is_denial
from auditor.model.facts import Account, AccountId, AccountState
from auditor.model.filters import OPTIONS, AccountFilters, Names, has_wildcards
from auditor.model.progress import AuditWarning, Observer, ignore
from auditor.model.text import first_of, label_of
from auditor.run.units import find_units

_AT_ONCE = 8
_SHOWN = 5
_LONG = 30
"""If reading the tags takes longer, in seconds, a warning says so."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The listed accounts that the filters choose and exclude, each in the order of the list."""

    chosen: tuple[Account, ...]
    excluded: tuple[Account, ...]


async def select(  # noqa: PLR0913 - what a selection rests on
    accounts: Sequence[Account],
    *,
    filters: AccountFilters,
    gateway: Gateway,
    finished: Collection[AccountId] = (),
    whole: bool = True,
    observe: Observer = ignore,
) -> Selection:
    """The accounts that the filters choose, and those that they exclude; `finished` accounts are in neither.

    OUs cost the calls that `find_units` names, and tags one call per account that all other filters leave. `whole`
    says whether these are all accounts of the organization: else values are not checked against them. If a value
    matches no account, and that may be intended, a warning says so.

    Raises:
        ConfigurationError: A value does not exist or is ambiguous, or no account is left.
        OrganizationError: OUs or tags could not be listed.
    """
    names = _names(accounts, filters=filters)
    if whole:
        _check_ids(accounts, filters=filters)
        _check_names(frozenset().union(*names.values()), filters=filters, observe=observe)
    left = _fitting(accounts, {each.id: frozenset({each.id}) for each in accounts}, filters=filters, kind="accounts")
    left = _fitting(left, names, filters=filters, kind="account_names")
    paths: Mapping[AccountId, str] = {}
    unmet: list[str] = []
    if left and filters.all_ous:
        units = await find_units(gateway, filters.all_ous, accounts=left)
        unmet += _unmet(filters.ous or (), met=units.met, kind="ous", asked=len(left))
        left, paths = _fitting(left, units.holding, filters=filters, kind="ous"), units.paths
    left = [account for account in left if account.id not in finished]
    if left and filters.all_tags:
        tags = await _all_tags(gateway, left, observe=observe)
        met = frozenset().union(*tags.values())
        unmet += _unmet(filters.all_tags, met=met, kind="tags", asked=len(left))
        left = _fitting(left, tags, filters=filters, kind="tags")
    if not left and not finished:
        raise ConfigurationError(_none_left(len(accounts), unmet))
    for sentence in unmet:
        observe(AuditWarning(sentence))
    chosen = frozenset(account.id for account in left)
    placed = [replace(each, ou_path=paths.get(each.id, "")) for each in accounts if each.id not in finished]
    return Selection(
        chosen=tuple(account for account in placed if account.id in chosen),
        excluded=tuple(account for account in placed if account.id not in chosen),
    )


def select_by_id(filters: AccountFilters, *, finished: Collection[AccountId] = ()) -> Selection:
    """The accounts that the filters name by id, if none can be listed: nothing but the id is known of them.

    `finished` accounts are left out.

    Raises:
        ConfigurationError: No account is left.
    """
    wanted = [AccountId(each) for each in filters.accounts or () if each not in filters.excluded_accounts]
    if not wanted:
        raise ConfigurationError("The filters leave no account: each that --account names is excluded, too.")
    unlisted = partial(Account, name="", arn="", email="", state=AccountState.ACTIVE, state_word="")
    return Selection(chosen=tuple(unlisted(id=each) for each in wanted if each not in finished), excluded=())


def _fitting(
    accounts: Iterable[Account], values: Mapping[AccountId, frozenset[str]], *, filters: AccountFilters, kind: str
) -> list[Account]:
    """The accounts with one of the wanted values of this kind, if any are wanted, and none of the excluded values."""
    wanted, excluded = getattr(filters, kind), frozenset(getattr(filters, f"excluded_{kind}"))
    if wanted is None:
        return [each for each in accounts if excluded.isdisjoint(values[each.id])]
    wanted = frozenset(wanted)
    return [
        each for each in accounts if not wanted.isdisjoint(values[each.id]) and excluded.isdisjoint(values[each.id])
    ]


def _names(accounts: Iterable[Account], *, filters: AccountFilters) -> dict[AccountId, frozenset[str]]:
    """The names and patterns that each account's name matches."""
    names = Names((*(filters.account_names or ()), *filters.excluded_account_names))
    return {account.id: names.matching(account.name) for account in accounts}


def _check_ids(accounts: Iterable[Account], *, filters: AccountFilters) -> None:
    listed = {account.id for account in accounts}
    for kind in ("accounts", "excluded_accounts"):
        missing = [each for each in getattr(filters, kind) or () if each not in listed]
        if missing:
            those = "account" if len(missing) == 1 else "accounts"
            raise ConfigurationError(
                f"{OPTIONS[kind]}: this organization has no {those} {first_of(missing, most=_SHOWN)}."
            )


def _check_names(met: frozenset[str], *, filters: AccountFilters, observe: Observer) -> None:
    """Every name and pattern must match an account, but for an excluded pattern."""
    for kind in ("account_names", "excluded_account_names"):
        for name in getattr(filters, kind) or ():
            if name in met:
                continue
            if kind == "account_names" or not has_wildcards(name):
                raise ConfigurationError(f"{OPTIONS[kind]}: no account of this organization is called {name!r}.")
            observe(AuditWarning(f"{OPTIONS[kind]}: no account of this organization is called {name!r}."))


def _unmet(values: Iterable[str], *, met: Collection[str], kind: str, asked: int) -> list[str]:
    """A sentence for each of the values that none of the accounts has which it was looked for in."""
    verb = "is in" if kind == "ous" else "has the tag"
    what = f"None of the {asked:,} accounts that the other filters leave {verb}"
    if asked == 1:
        verb = "is not in" if kind == "ous" else "does not have the tag"
        what = f"The only account that the other filters leave {verb}"
    return [f"{what} {value!r}." for value in values if value not in met]


def _none_left(listed: int, unmet: Sequence[str]) -> str:
    reasons = "; ".join(f"{sentence[0].lower()}{sentence[1:-1]}" for sentence in unmet[:_SHOWN])
    reasons = reasons or "values of one kind add up, kinds narrow, and what is excluded wins"
    return f"The filters leave none of the {listed:,} accounts that were listed: {reasons}."


async def _all_tags(
    gateway: Gateway, accounts: Sequence[Account], *, observe: Observer
) -> dict[AccountId, frozenset[str]]:
    seconds = len(accounts) / gateway.limits.rates.organizations
    if seconds > _LONG:
        minutes = max(1, round(seconds / 60))
        observe(AuditWarning(f"The tags of {len(accounts):,} accounts are asked for, which takes {minutes:,} min."))
    tags: dict[AccountId, frozenset[str]] = {}

    async def look(account: Account) -> None:
        try:
            tags[account.id] = await tags_of(gateway, account.id)
        except RequestError as error:
            raise _unreadable(account, error) from error

    await fan_out(accounts, look, limit=_AT_ONCE)
    return tags


def _unreadable(account: Account, error: RequestError) -> OrganizationError:
    right = "allow the caller organizations:ListTagsForResource, or choose accounts by other filters"
    cure = right if is_denial(error.code) else "try again"
    return OrganizationError(
        f"The tags of the account {label_of(account)} could not be listed, and so no account was entered "
        f"({error}): {cure}."
    )

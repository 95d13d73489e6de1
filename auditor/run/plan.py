"""The plan of an audit: list its accounts, measure a sample of them, and extrapolate."""

import math
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import anyio

from auditor.account.collectors.root import account_summary
from auditor.aws.gateway import Gateway, open_gateway
from auditor.aws.limits.budgets import Api
from auditor.aws.lister import lister_of
from auditor.aws.role import roles_of
from auditor.concurrency.tasks import bare_errors, fan_out
from auditor.config import AuditConfig
from auditor.errors import RequestError
from auditor.model.codes import NOT_IN_SUMMARY
from auditor.model.facts import Account
from auditor.model.filters import AccountFilters
from auditor.model.period import resolve_period
from auditor.model.placeholders import unasked
from auditor.model.plan import AccountSize, Alternative, Plan, Sampled
from auditor.model.progress import AuditWarning, Observer, ProgressEvent, ignore
from auditor.model.scopes import SAMPLE, Freshness, UserScope
from auditor.run.extrapolation import Population, users_of
from auditor.run.forecast import Conditions, forecast_of
from auditor.run.listing import Listing, list_accounts, list_selected
from auditor.run.sample import random_sample

_AT_ONCE = 16


async def plan_audit(
    config: AuditConfig,
    *,
    processes: int = 1,
    sample: int = SAMPLE,
    observe: Observer = ignore,
) -> Plan:
    """How many calls an audit with these settings makes, and how long it takes.

    It lists the accounts as the audit does, assumes the role in a sample of them, and asks each for its account
    summary: two calls per account of the sample. If all accounts are in the sample, what depends on the number of users
    is exact. An account that denies the role or the summary is part of the plan, and no error.

    Raises:
        AuditError: The audit would have no period, the caller is unknown, or the accounts could not be listed.
    """
    resolve_period(config.start_date, config.end_date, now=datetime.now(UTC))
    began = anyio.current_time()
    warnings: list[str] = []
    with bare_errors():
        async with open_gateway(
            profile=config.profile,
            rates=config.rates,
            longest_silence=config.longest_silence,
            lister=lister_of(config),
        ) as gateway:
            opening = anyio.current_time() - began
            listing = await _listed(
                gateway, filters=config.filters, observe=partial(_forward, observe=observe, warnings=warnings)
            )
            begun = _actions(_calls_so_far(gateway))
            accounts = tuple(listing.unfinished.values())
            auditable = [account for account in accounts if unasked(account) is None]
            sampled = await _measured(gateway, random_sample(auditable, sample), config=config)
            by_role = config.own_account_role
            own = sum(gateway.enters_as_caller(each, own_account_role=by_role) for each in auditable)
            population = Population(len(auditable), own, sampled, filtered=config.filters.active)
            conditions = _conditions(gateway, begun=begun, opening=opening)
            return Plan(
                caller=gateway.caller,
                accounts=accounts,
                auditable=len(auditable),
                excluded=len(listing.excluded),
                sample=sampled,
                users=users_of(population),
                forecast=forecast_of(population, config, conditions=conditions, processes=processes),
                alternatives=_alternatives(population, config, conditions=conditions, processes=processes),
                seconds=anyio.current_time() - began,
                warnings=tuple(warnings),
                interruption="" if listing.interruption is None else str(listing.interruption),
            )


async def _listed(gateway: Gateway, *, filters: AccountFilters, observe: Observer) -> Listing:
    """All accounts that the audit would get."""
    listing = Listing()
    found, accounts = anyio.create_memory_object_stream[Account](math.inf)
    with accounts:
        if filters.active:
            await list_selected(gateway, found, filters=filters, listing=listing, observe=observe)
        else:
            await list_accounts(gateway, found, listing=listing, observe=observe)
    return listing


def _calls_so_far(gateway: Gateway) -> Counter[Api]:
    """The calls so far; the audit makes them, too."""
    asking = {id(access): access for access in (gateway.access, gateway.lister)}
    return sum((access.usage.calls for access in asking.values()), Counter())


def _forward(event: ProgressEvent, *, observe: Observer, warnings: list[str]) -> None:
    if isinstance(event, AuditWarning):
        warnings.append(event.message)
    observe(event)


async def _measured(gateway: Gateway, accounts: Sequence[Account], *, config: AuditConfig) -> tuple[Sampled, ...]:
    """These accounts with their sizes, in their order."""
    # The session policy of an audit of all users allows the summary.
    of_all = replace(config, users=UserScope.ALL)
    sampled: dict[int, Sampled] = {}

    async def work(place: tuple[int, Account]) -> None:
        index, account = place
        sampled[index] = await _size_of(gateway, account, config=of_all)

    await fan_out(enumerate(accounts), work, limit=_AT_ONCE)
    return tuple(sampled[index] for index in sorted(sampled))


async def _size_of(gateway: Gateway, account: Account, *, config: AuditConfig) -> Sampled:
    own = gateway.enters_as_caller(account, own_account_role=config.own_account_role)
    try:
        entered = await gateway.enter(account, roles=roles_of(config), own_account_role=config.own_account_role)
    except RequestError as error:
        return Sampled(account, None, entered=False, own=own, code=error.code, message=str(error))
    try:
        summary = await account_summary(entered)
    except RequestError as error:
        return Sampled(account, None, own=own, code=error.code, message=str(error))
    numbers = {name: number for name, number in summary.items() if isinstance(number, int)}
    if "Users" not in numbers:
        said = f"{NOT_IN_SUMMARY}: GetAccountSummary gave no Users"
        return Sampled(account, None, own=own, code=NOT_IN_SUMMARY, message=said)
    size = AccountSize(
        numbers["Users"], numbers.get("MFADevicesInUse", 0), root_mfa=numbers.get("AccountMFAEnabled", 0) > 0
    )
    return Sampled(account, size, own=own)


def _actions(calls: Counter[Api]) -> dict[str, int]:
    """The calls by IAM action: the SDK's method `list_accounts` is `organizations:ListAccounts`."""
    return {f"{api.service}:{api.operation.title().replace('_', '')}": number for api, number in calls.items()}


def _conditions(gateway: Gateway, *, begun: dict[str, int], opening: float) -> Conditions:
    slots = gateway.limits.slots
    quickest = {service: of_service.quickest for service, of_service in slots.items()}
    near = min(quickest["organizations"], quickest["iam"])
    return Conditions(
        begun=begun,
        # If neither has answered, STS has, for GetCallerIdentity.
        near=near if near < math.inf else quickest["sts"],
        sts=quickest["sts"],
        opening=opening,
        slots={service: of_service.total for service, of_service in slots.items()},
        cores=os.cpu_count() or 1,
    )


def _alternatives(
    population: Population, config: AuditConfig, *, conditions: Conditions, processes: int
) -> tuple[Alternative, ...]:
    """What each cheaper setting would change by itself."""
    forecast = partial(forecast_of, population, conditions=conditions)
    others = max(2, conditions.cores) if processes == 1 else 1
    options = {
        "--freshness report": replace(config, freshness=Freshness.REPORT),
        "--users with-keys": replace(config, users=UserScope.WITH_KEYS),
    }
    return (
        *(
            Alternative(option, forecast(settings, processes=processes))
            for option, settings in options.items()
            if settings != config
        ),
        Alternative(f"--processes {others}", forecast(config, processes=others)),
    )

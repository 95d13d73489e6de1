"""A plan of an audit: its accounts are listed, a few tell how large they are, and the rest is told from these."""

import math
import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise

import anyio

from auditor.account.audit import AccountPlan
from auditor.account.collectors.root import account_summary
from auditor.aws.gateway import Gateway, open_gateway
from auditor.aws.limits.budgets import Api
from auditor.aws.lister import lister_of
from auditor.concurrency.tasks import bare_errors, fan_out
from auditor.config import AuditConfig
from auditor.errors import RequestError
from auditor.model.codes import NOT_IN_SUMMARY
from auditor.model.facts import Account, Freshness, UserScope
from auditor.model.filters import AccountFilters
from auditor.model.period import resolve_period
from auditor.model.placeholders import unasked
from auditor.model.plan import SAMPLE, AccountSize, Alternative, Plan, Sampled
from auditor.model.progress import AuditWarning, Observer, ProgressEvent, ignore
from auditor.run.extrapolation import Wanted, users_of
from auditor.run.forecast import Conditions, forecast_of
from auditor.run.listing import Listing, list_accounts, list_selected

_AT_ONCE = 16


async def plan_audit(
    config: AuditConfig,
    *,
    processes: int = 1,
    sample: int = SAMPLE,
    observe: Observer = ignore,
) -> Plan:
    """What an audit with these settings, in so many processes, would ask, and how long it would take.

    It lists the accounts as the audit does, enters a sample of them by the role, and asks each for its summary: two
    calls per account of the sample. Where all accounts are in it, what depends on the number of users is exact. An
    account that lets nobody in, or does not tell its summary, is part of the plan, and no error.

    Raises:
        AuditError: The caller is not known, or the accounts could not be listed.
    """
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
                gateway, filters=config.filters, observe=partial(_hear, observe=observe, warnings=warnings)
            )
            begun = _actions(_begun(gateway))
            auditable = [account for account in listing.accounts if unasked(account) is None]
            told = await _told(gateway, spread(auditable, sample), config=config)
            own = sum(_is_own(each, gateway, config=config) for each in auditable)
            wanted = Wanted(len(auditable), own, told, filtered=config.filters.active)
            conditions = _conditions(gateway, begun=begun, opening=opening)
            return Plan(
                caller=gateway.caller,
                accounts=tuple(listing.accounts),
                auditable=len(auditable),
                excluded=len(listing.excluded),
                sample=told,
                users=users_of(wanted),
                forecast=forecast_of(wanted, config, conditions=conditions, processes=processes),
                alternatives=_alternatives(wanted, config, conditions=conditions, processes=processes),
                seconds=anyio.current_time() - began,
                warnings=tuple(warnings),
                interruption="" if listing.interruption is None else str(listing.interruption),
            )


def spread(accounts: Sequence[Account], number: int) -> list[Account]:
    """So many of the accounts, one of each stretch of the list, the first and the last among them; or all there are.

    Which one of its stretch is drawn, the same one each time: accounts that are alike may stand at even distances.
    """
    if number >= len(accounts):
        return list(accounts)
    dice = random.Random(len(accounts))  # noqa: S311 - no secret is drawn
    ends = [place * len(accounts) // number for place in range(number + 1)]
    places = [dice.randrange(begin, end) for begin, end in pairwise(ends)]
    places[-1], places[0] = len(accounts) - 1, 0
    return [accounts[place] for place in places]


async def _listed(gateway: Gateway, *, filters: AccountFilters, observe: Observer) -> Listing:
    """All accounts that are wanted."""
    listing = Listing()
    found, accounts = anyio.create_memory_object_stream[Account](math.inf)
    with accounts:
        if filters.active:
            await list_selected(gateway, found, filters=filters, listing=listing, observe=observe)
        else:
            await list_accounts(gateway, found, listing=listing, observe=observe)
    return listing


def _begun(gateway: Gateway) -> Counter[Api]:
    """What was asked so far, which an audit asks as well."""
    asking = {id(access): access for access in (gateway.access, gateway.lister)}
    return sum((access.usage.calls for access in asking.values()), Counter())


def _hear(event: ProgressEvent, *, observe: Observer, warnings: list[str]) -> None:
    if isinstance(event, AuditWarning):
        warnings.append(event.message)
    observe(event)


async def _told(gateway: Gateway, accounts: Sequence[Account], *, config: AuditConfig) -> tuple[Sampled, ...]:
    """What these accounts tell of their size, in their order."""
    period, _ = resolve_period(config.start_date, config.end_date, now=datetime.now(UTC))
    # The session policy of an audit of all users allows the summary.
    plan = AccountPlan(replace(config, users=UserScope.ALL), period)
    told: dict[int, Sampled] = {}

    async def work(place: tuple[int, Account]) -> None:
        index, account = place
        told[index] = await _size_of(gateway, account, plan=plan)

    await fan_out(enumerate(accounts), work, limit=_AT_ONCE)
    return tuple(told[index] for index in sorted(told))


async def _size_of(gateway: Gateway, account: Account, *, plan: AccountPlan) -> Sampled:
    own = _is_own(account, gateway, config=plan.config)
    try:
        entered = await gateway.enter(account, roles=plan.roles, own_account_role=plan.config.own_account_role)
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


def _is_own(account: Account, gateway: Gateway, *, config: AuditConfig) -> bool:
    """Whether the account is entered with the caller's own credentials."""
    return account.id == gateway.caller.account_id and not config.own_account_role


def _actions(calls: Counter[Api]) -> dict[str, int]:
    """The calls by the names of their actions, which are those of the SDK's methods in another writing."""
    return {f"{api.service}:{api.operation.title().replace('_', '')}": number for api, number in calls.items()}


def _conditions(gateway: Gateway, *, begun: dict[str, int], opening: float) -> Conditions:
    slots = gateway.limits.slots
    quickest = {service: of_service.quickest for service, of_service in slots.items()}
    near = min(quickest["organizations"], quickest["iam"])
    return Conditions(
        begun=begun,
        # Where neither has answered, STS has: it said who the caller is.
        near=near if near < math.inf else quickest["sts"],
        sts=quickest["sts"],
        opening=opening,
        slots={service: of_service.total for service, of_service in slots.items()},
        cores=os.cpu_count() or 1,
    )


def _alternatives(
    wanted: Wanted, config: AuditConfig, *, conditions: Conditions, processes: int
) -> tuple[Alternative, ...]:
    """What each setting that costs less would change by itself."""
    forecast = partial(forecast_of, wanted, conditions=conditions)
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

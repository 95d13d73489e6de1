"""What an audit costs, from the sizes of a sample: calls by action, seconds, and what bounds them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapreplace

from auditor.account.call_estimate import LOOKUP_EVENTS, OF_USERS, calls_of
from auditor.account.collectors.users import USERS_AT_ONCE
from auditor.aws.limits.budgets import IAM_GROWTH
from auditor.aws.limits.rate import Learning
from auditor.aws.limits.slots import NEAR
from auditor.config import AuditConfig
from auditor.model.plan import NONE, Bound, Calls, Forecast, Range, Sampled, exactly
from auditor.model.scopes import Freshness
from auditor.run.extrapolation import Population, calls_of_all, roles_of

_CPU = 0.0009
"""CPU seconds per call, all work included: tests/benchmarks measures them."""
_PROCESS = 1.5
"""Seconds until worker processes have started."""
_REPORT = 1.0
"""Seconds until a credential report is there: fewer if another tool has requested one."""
_IDENTITY, _ROLE = "sts:GetCallerIdentity", "sts:AssumeRole"
_MOSTLY = 0.8
"""From this share of the time on, one bound explains all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What was measured of AWS and of this machine while the accounts were listed."""

    begun: Mapping[str, int]
    """The calls that identified the caller and listed the accounts, by action."""
    near: float
    """Round trip in seconds to Organizations, IAM and CloudTrail, which are in one region."""
    sts: float
    """Round trip in seconds to STS."""
    opening: float = 0.0
    """Seconds from the start until the caller was identified."""
    slots: Mapping[str, int] = field(default_factory=dict)
    """Requests in flight at the start, by service."""
    cores: int = 1

    @property
    def listings(self) -> int:
        """How many of the calls are to Organizations."""
        return sum(number for action, number in self.begun.items() if action.startswith("organizations:"))


@dataclass(frozen=True, slots=True)
class _Seconds:
    """How long an account takes: its role first, then events and users concurrently."""

    role: float
    events: float = 0.0
    users: float = 0.0

    @property
    def total(self) -> float:
        return self.role + max(self.events, self.users)


def forecast_of(population: Population, config: AuditConfig, *, conditions: Conditions, processes: int = 1) -> Forecast:
    """What the audit of these accounts costs with these settings and this number of processes."""
    begun = {action: exactly(number) for action, number in conditions.begun.items()}
    calls = {
        **begun,
        _IDENTITY: begun.get(_IDENTITY, NONE).plus(_of_workers(population, processes=processes)),
        _ROLE: begun.get(_ROLE, NONE).plus(roles_of(population, config)),
        **calls_of_all(population, config),
    }
    bounds = _bounds(population, config, calls=calls, conditions=conditions, processes=processes)
    bound = max(bounds, key=lambda each: bounds[each])
    opening = conditions.opening + (_PROCESS if processes > 1 else 0.0)
    return Forecast(calls=calls, seconds=opening + bounds[bound], bound=bound)


def _of_workers(population: Population, *, processes: int) -> Range:
    """A worker process begins each batch of accounts with GetCallerIdentity."""
    return NONE if processes == 1 else Range(0, min(processes, population.auditable), population.auditable)


def _bounds(
    population: Population, config: AuditConfig, *, calls: Calls, conditions: Conditions, processes: int
) -> dict[Bound, float]:
    """Seconds that each bound takes alone."""
    asked = [_seconds_of(each, population, config, conditions=conditions) for each in population.sample]
    # The sample is spread evenly over the list: each account stands for its neighbours.
    every = [asked[place * len(asked) // population.auditable] for place in range(population.auditable)]
    listed = _listed_at(population, config, conditions=conditions)
    audited = max(_audited_at(every, listed, at_once=config.concurrency), _listing(config, conditions=conditions))
    number = {service: _sum(calls, service) for service in ("iam", "cloudtrail", "sts")}
    return {
        _bound_of_accounts(every, listed, audited=audited): audited,
        Bound.STS: number["sts"] / config.rates.sts,
        Bound.CPU: _CPU * sum(each.likely for each in calls.values()) / min(processes, conditions.cores),
        Bound.CONNECTIONS: max(_in_flight(number[each], each, conditions) for each in number),
    }


def _bound_of_accounts(every: Sequence[_Seconds], listed: Sequence[float], *, audited: float) -> Bound:
    """What takes most of the time until the last account is audited."""
    if not every or listed[-1] >= _MOSTLY * audited:
        return Bound.LISTING
    largest = max(every, key=lambda each: each.total)
    if largest.total >= _MOSTLY * audited:
        return Bound.EVENTS_OF_ACCOUNT if largest.events >= largest.users else Bound.IAM_OF_ACCOUNT
    return Bound.EVENTS if sum(each.events for each in every) >= sum(each.users for each in every) else Bound.IAM


def _sum(calls: Calls, service: str) -> float:
    return sum(number.likely for action, number in calls.items() if action.startswith(f"{service}:"))


def _in_flight(calls: float, service: str, conditions: Conditions) -> float:
    """Seconds for so many calls if the number of slots stays as it is: it grows only for distant services."""
    answer = conditions.sts if service == "sts" else conditions.near
    slots = conditions.slots.get(service)
    return calls * answer / slots if slots and answer <= NEAR else 0.0


def _seconds_of(account: Sampled, population: Population, config: AuditConfig, *, conditions: Conditions) -> _Seconds:
    if not account.entered:
        return _Seconds(conditions.sts)
    size = account.size or population.typical
    calls, answer = calls_of(size, config), conditions.near
    events = (calls[LOOKUP_EVENTS].likely - 1) * max(1 / config.rates.events, answer) + answer
    asked = [calls[action].likely for action in OF_USERS if action in calls]
    one_user = sum(asked) / max(1, size.users) * answer
    rate = max((_paid_at(number, rate=config.rates.iam) for number in asked), default=0.0)
    distance = sum(asked) * answer / USERS_AT_ONCE
    report = _REPORT if config.freshness is Freshness.REPORT and size.users else 0.0
    users = calls["iam:ListUsers"].likely * answer + report + max(rate + one_user, distance)
    return _Seconds(0.0 if account.own else conditions.sts, events, users)


def _paid_at(calls: float, *, rate: float) -> float:
    """Seconds until a budget that grows while calls wait for it has paid for so many calls of one API."""
    growth, most = Learning().growth, rate * IAM_GROWTH
    behind = max(0.0, calls - 1)
    while_growing = (most - rate) / growth
    if behind <= while_growing:
        return math.log1p(behind * growth / rate) / growth
    return math.log(IAM_GROWTH) / growth + (behind - while_growing) / most


def _listed_at(population: Population, config: AuditConfig, *, conditions: Conditions) -> list[float]:
    """When each account is listed; with filters, all at the end."""
    end = _listing(config, conditions=conditions)
    if population.filtered:
        return [end] * population.auditable
    first = min(end, conditions.near)
    pages = max(1, conditions.listings)
    page_of = (place * pages // population.auditable for place in range(population.auditable))
    return [first + page * (end - first) / max(1, pages - 1) for page in page_of]


def _listing(config: AuditConfig, *, conditions: Conditions) -> float:
    """Seconds until the last account is listed: one page after the other."""
    pace = max(1 / config.rates.organizations, conditions.near)
    return conditions.near + max(0, conditions.listings - 1) * pace


def _audited_at(every: Sequence[_Seconds], listed: Sequence[float], *, at_once: int) -> float:
    """When the last account is finished, if so many are audited concurrently, in the order of the list."""
    free = [0.0] * at_once
    for account, known_at in zip(every, listed, strict=True):
        heapreplace(free, max(free[0], known_at) + account.total)
    return max(free)

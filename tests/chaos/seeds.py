"""What a seed stands for: an organization, what goes wrong in it, and how its audit is cut off."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum

from auditor.demo import FaultMix, Outage, Scenario, build_organization
from auditor.demo.words import Language
from tests.chaos.user_facts import Scope

_DENIABLE = (
    "iam:ListUsers",
    "iam:ListAccessKeys",
    "iam:GetAccessKeyLastUsed",
    "iam:GetLoginProfile",
    "iam:ListMFADevices",
    "cloudtrail:LookupEvents",
)
_DENIABLE_OF_ALL = (
    "iam:GetAccountSummary",
    "iam:ListServiceSpecificCredentials",
    "iam:ListVirtualMFADevices",
    "iam:GenerateCredentialReport",
    "iam:GetCredentialReport",
)
"""What is asked about all users and root, and for a report."""
_FRAGILE = (*_DENIABLE, "sts:AssumeRole", "organizations:ListAccounts")
_KINDS = tuple(field.name for field in fields(FaultMix) if field.name not in ("slowness", "only"))
_MOST_CUTS = 4
_ODD = 0.3
"""Share of the organizations whose lists have items that nobody can read."""
_USER_BY_USER = 0.15
"""Share of the organizations that don't list the service credentials of all users at once."""
_OUTAGES = ("unavailable", "internal_error", "reset", "html", "truncated")
"""How a service is out: in ways that the audit waits for."""
_SERVICES = ("organizations", "sts", "iam", "cloudtrail")


class Cut(StrEnum):
    """How a run is cut off."""

    AT_ACCOUNT = "cancelled after an account"
    AT_REQUEST = "cancelled at a request"
    AT_WRITING = "cancelled between CSV files and journal"
    CRASH_AT_REQUEST = "files as they are at a request, torn at a byte"
    CRASH_AT_WRITING = "files as they are between CSV files and journal, torn at a byte"
    FULL_DISK = "file that can't grow beyond a byte"


@dataclass(frozen=True, slots=True)
class CutOff:
    """One cut of one run."""

    kind: Cut
    at: int
    """At which account, request, write or byte."""
    tears: random.Random
    """What says where files are torn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One audit, begun, cut off some times, and gone on with to its end."""

    seed: int
    scenario: Scenario
    scope: Scope
    concurrency: int
    cuts: tuple[CutOff, ...]
    heals: bool
    """Whether it is resumed once more at the end, when nothing goes wrong but what is denied."""


def trial_of(seed: int) -> Trial:
    """The trial that a seed stands for: always the same one, but for the day that its dates count back from."""
    dice = random.Random(f"chaos/{seed}")
    scenario = _with_trouble_for_all(_scenario(dice, seed))
    labels: Language = dice.choice(("es", "en"))
    scope = _scope(scenario, labels)
    return Trial(
        seed=seed,
        scenario=_with_trouble_of_all_users(_with_report(scenario, scope)),
        scope=scope,
        concurrency=dice.choice((1, 2, 4, 64)),
        cuts=tuple(_cut(dice) for _ in range(dice.choices(range(_MOST_CUTS + 1), weights=(2, 5, 4, 2, 1))[0])),
        heals=dice.random() < 0.5,
    )


def _scenario(dice: random.Random, seed: int) -> Scenario:
    accounts = dice.randint(1, 12)
    bare = Scenario(
        seed=seed,
        now=datetime.now(UTC),
        accounts=accounts,
        users=dice.choice((0, 1, 1, 2, 2)),
        largest_account=dice.randint(0, 8),
        events=dice.choice((0, 1, 2, 4)),
        latency=dice.choice((0.0, 0.01)),
        delegated_administrator=accounts > 1 and dice.random() < 0.15,
        caller_is_role=dice.random() < 0.2,
        partition=dice.choice(("aws",) * 6 + ("aws-cn", "aws-us-gov")),
        state_member=dice.choice(("State", "State", "Status", "both")),
        odd_states=_odd_states(dice, accounts),
        page_size_organizations=dice.choice((2, 3, 5, 20)),
        users_page=dice.choice((None, 2, 3, 5)),
        denied_every=dice.choice((None, None, 2, 3, 5)),
        listing_denied_page=dice.choice((1, 2, 3)) if dice.random() < 0.1 else None,
        credential_lifetime=dice.choice((None, None, 1, 5, 60)),
        iam_rate=dice.choice((None, None, 4.0, 15.0)),
        events_rate=dice.choice((None, None, 1.0)),
        organizations_rate=dice.choice((None, None, 2.0)),
    )
    # Of dice of its own: what was drawn for a seed before there were odd items stays what it was.
    odd_items = random.Random(f"chaos/{seed}/odd").random() < _ODD
    return replace(bare, denied_actions=_denied(dice, bare), faults=_faults(dice), odd_items=odd_items)


def _with_trouble_for_all(scenario: Scenario) -> Scenario:
    """Now and then services that are out for a while, and limits of the caller, from dice of their own."""
    dice = random.Random(f"outages/{scenario.seed}")
    outages = [
        Outage(
            of=dice.choice(_SERVICES),
            begins=dice.uniform(0.1, 20.0),
            seconds=dice.choice((5.0, 20.0, 45.0, 120.0)),
            kind=dice.choice(_OUTAGES),
        )
        for _ in range(dice.choice((0, 0, 1, 1, 2)))
    ]
    return replace(
        scenario,
        outages=tuple(outages),
        iam_caller_rate=dice.choice((None, None, None, 1.0, 5.0, 10.0)),
        events_caller_rate=dice.choice((None, None, None, 1.0, 5.0)),
        sts_rate=dice.choice((None, None, None, 1.0, 5.0)),
    )


def _with_trouble_of_all_users(scenario: Scenario) -> Scenario:
    """Now and then what only audits of all users ask for, and reports, is refused or broken: from dice of their own."""
    dice = random.Random(f"all users/{scenario.seed}")
    denied, faults = dict(scenario.denied_actions), scenario.faults
    if dice.random() < 0.25:
        places = ["*", *(account.id for account in build_organization(scenario).accounts)]
        place = dice.choice(places)
        denied[place] = denied.get(place, frozenset()) | set(dice.sample(_DENIABLE_OF_ALL, dice.randint(1, 2)))
    if faults.only and dice.random() < 0.5:
        faults = replace(faults, only=faults.only | {dice.choice(_DENIABLE_OF_ALL)})
    return replace(scenario, denied_actions=denied, faults=faults, all_users_refused=dice.random() < _USER_BY_USER)


def _with_report(scenario: Scenario, scope: Scope) -> Scenario:
    """Where the audit asks for reports there may be some that another tool has had made, from dice of their own.

    They are old enough to miss passwords and devices, or too old, and not so old as to miss a key's last use.
    """
    age = random.Random(f"report/{scenario.seed}").choice((None, 0.0, 3600.0, 2 * 3600.0, 5 * 3600.0))
    return replace(scenario, report_age=age) if scope.freshness == "report" else scenario


def _scope(scenario: Scenario, labels: Language) -> Scope:
    """What the audit is told to ask for, from dice of its own; by report where lists have nothing odd.

    A report tells of odd items what no list does.
    """
    dice = random.Random(f"scope/{scenario.seed}")
    scope = Scope(
        labels=labels,
        users=dice.choice(("all", "all", "all", "with-keys")),
        events=dice.choice(("basic", "basic", "extended")),
        freshness=dice.choice(("live", "live", "report")),
    )
    return replace(scope, freshness="live") if scenario.odd_items else scope


def _odd_states(dice: random.Random, accounts: int) -> Mapping[int, str | None]:
    if accounts == 1 or dice.random() < 0.85:
        return {}
    return {dice.randrange(1, accounts): dice.choice((None, "HIBERNATING"))}


def _denied(dice: random.Random, scenario: Scenario) -> Mapping[str, frozenset[str]]:
    if dice.random() < 0.6:
        return {}
    places = ["*", *(account.id for account in build_organization(scenario).accounts)]
    return {
        place: frozenset(dice.sample(_DENIABLE, dice.randint(1, 3)))
        for place in dice.sample(places, min(len(places), dice.randint(1, 2)))
    }


def _faults(dice: random.Random) -> FaultMix:
    """None, some that retries overcome, so many that they run out now and then, or one or two APIs that are broken."""
    severity = dice.choice(("none", "mild", "mild", "heavy", "heavy", "broken", "broken"))
    if severity == "none":
        return FaultMix()
    kinds = dice.sample(_KINDS, dice.randint(1, 4))
    weights = [dice.random() + 0.05 for _ in kinds]
    total = {"mild": dice.uniform(0.02, 0.2), "heavy": dice.uniform(0.3, 0.7), "broken": dice.uniform(0.8, 1.0)}
    shares = {
        kind: total[severity] * weight / math.fsum(weights) * 0.999 for kind, weight in zip(kinds, weights, strict=True)
    }
    only = frozenset(dice.sample(_FRAGILE, dice.randint(1, 2))) if severity == "broken" else frozenset[str]()
    return FaultMix(**shares, slowness=dice.choice((0.5, 5.0, 70.0)), only=only)


def _cut(dice: random.Random) -> CutOff:
    kind = dice.choice(tuple(Cut))
    tears = random.Random(dice.random())
    if kind is Cut.FULL_DISK:
        return CutOff(kind, int(10 ** dice.uniform(2.5, 4.8)), tears)
    if kind in (Cut.AT_REQUEST, Cut.CRASH_AT_REQUEST):
        return CutOff(kind, int(10 ** dice.uniform(0.0, 2.7)), tears)
    return CutOff(kind, dice.randint(1, 8), tears)

"""A whole organization from a seed: its accounts at once, what each of them holds when it is asked for."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial

from auditor.demo import special_cases
from auditor.demo.changes import changed_users, reported_users
from auditor.demo.dice import ago, identifier
from auditor.demo.events import account_events
from auditor.demo.facts import AccessKey, Account, AccountFacts, Device, User
from auditor.demo.oddities import odd_users
from auditor.demo.other_credentials import with_other_credentials
from auditor.demo.people import Maker, ordinary_users
from auditor.demo.root import root_of
from auditor.demo.scenario import Scenario
from auditor.demo.units import Tree, build_tree, tags_of

KNOWN_STATES = frozenset({"PENDING_ACTIVATION", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED"})
_KEPT_FACTS = 2048
_TEAMS = ("pagos", "datos", "web", "movil", "seguridad", "red", "ventas", "soporte")
_STAGES = ("dev", "test", "pre", "prod")


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An organization whose every fact follows from its scenario."""

    scenario: Scenario
    now: datetime
    id: str
    accounts: tuple[Account, ...]
    tree: Tree = field(repr=False, compare=False)
    _by_id: dict[str, Account] = field(repr=False, compare=False)
    _build: Callable[[Account], AccountFacts] = field(repr=False, compare=False)

    @property
    def management(self) -> Account:
        """The management account."""
        return self.accounts[0]

    @property
    def caller(self) -> Account:
        """The account that whoever audits works in."""
        return self.accounts[1 if self.scenario.delegated_administrator or self.scenario.hub else 0]

    def account(self, account_id: str) -> Account | None:
        """The account of this id, if it is one of the organization's."""
        return self._by_id.get(account_id)

    def facts(self, account: Account) -> AccountFacts:
        """All that the account holds; the same at each call."""
        return self._build(account)

    def state_words(self, account: Account) -> dict[str, str]:
        """The members State and Status as ListAccounts shows them for the account."""
        odd = self.scenario.odd_states
        word = odd.get(account.index, account.state)
        if word is None:
            return {}

        words = {"State": word, "Status": _status(word)}
        member = self.scenario.state_member
        return words if member == "both" else {member: words[member]}

    def lends_role(self, account: Account) -> bool:
        """Whether the caller can assume the role in the account."""
        if account.refuses_role or not account.works or self.scenario.denies(account.id, "sts:AssumeRole"):
            return False
        if account == self.caller:
            return self.scenario.own_account_role

        return not account.management or self.scenario.delegated_administrator or self.scenario.hub

    def role_name(self, account: Account) -> str:
        """Name of the role that the account lends, with its path where it has one."""
        names = self.scenario.role_names or (self.scenario.role_name,)
        return names[account.index % len(names)].replace("{account_id}", account.id)

    def lists(self, account_id: str) -> bool:
        """Whether Organizations tells an account of more than its own organization's name."""
        delegated = self.scenario.delegated_administrator and account_id == self.caller.id
        return delegated or account_id == self.management.id

    def tags(self, account: Account) -> Mapping[str, str]:
        """The account's tags, by key."""
        return tags_of(account, seed=self.scenario.seed)


def build_organization(scenario: Scenario) -> Organization:
    """The organization of the scenario: equal scenarios with the same `now` give equal organizations."""
    now = (scenario.now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    accounts = tuple(_accounts(scenario, now))
    organization_id = "o-" + identifier("", scenario.seed, "organization").lower()[:10]
    return Organization(
        scenario=scenario,
        now=now,
        id=organization_id,
        accounts=accounts,
        tree=build_tree(accounts, seed=scenario.seed, organization_id=organization_id),
        _by_id={account.id: account for account in accounts},
        _build=lru_cache(maxsize=_KEPT_FACTS)(partial(_facts, scenario, now)),
    )


def _status(state: str) -> str:
    """What the retired member said for a state."""
    return {"PENDING_ACTIVATION": "ACTIVE", "CLOSED": "SUSPENDED"}.get(state, state)


def _accounts(scenario: Scenario, now: datetime) -> Iterator[Account]:
    dice = random.Random(f"{scenario.seed}/accounts")
    start = dice.randrange(900_000_000_000)
    for index in range(scenario.accounts):
        # The factor shares no divisor with the modulus, so that no id comes twice.
        account_id = str(100_000_000_000 + (start + index * 381_966_011_251) % 900_000_000_000)
        if index == special_cases.LEADING_ZEROS:
            # No other id is so small.
            account_id = f"{int(account_id) // 10_000:012}"
        every = scenario.denied_every
        yield Account(
            index=index,
            id=account_id,
            name=_special_names().get(index) or f"{dice.choice(_TEAMS)}-{dice.choice(_STAGES)}-{index:05d}",
            state=_state(scenario, index),
            joined=now - timedelta(days=dice.randrange(200, 2000), seconds=dice.randrange(86_400)),
            management=index == 0,
            refuses_role=index > 0 and every is not None and index % every == 0,
        )


def _special_names() -> dict[int, str]:
    return {
        0: "Gestión",
        special_cases.LARGEST: "plataforma",
        special_cases.DEVICES: 'Ventas, "EMEA"',
        special_cases.NAMES: "=SUM(A1:A9) finanzas",
        special_cases.VANISHING: "Investigación & Desarrollo — 研究",
        special_cases.CLOSING: "O'Brien's <lab>",
        special_cases.EMPTY: "'comilla",
        12: "-guion",
        13: "@arroba",
        14: "+suma",
        15: "pagos;=SUM(A1:A9)",
        16: 'ventas"; "=1+1',
        17: "\uff1d1\uff0b1 finanzas",
        18: "red\n=1+1\tsoporte",
        19: 'datos;"@SUM(A1)',
        20: "web;'movil",
    }


def _state(scenario: Scenario, index: int) -> str:
    if index == 1 and scenario.delegated_administrator:
        return "ACTIVE"

    named = {
        special_cases.SUSPENDED: "SUSPENDED",
        special_cases.CLOSING: "PENDING_CLOSURE",
        special_cases.CLOSED: "CLOSED",
        special_cases.PENDING_ACTIVATION: "PENDING_ACTIVATION",
    }
    return named.get(index) or ("ACTIVE" if (index + 5) % 50 else "SUSPENDED")


def _facts(scenario: Scenario, now: datetime, account: Account) -> AccountFacts:
    maker = Maker(scenario=scenario, account=account, now=now, dice=random.Random(f"{scenario.seed}/{account.index}"))
    users = tuple(with_other_credentials(maker.apart("other credentials"), _users(maker)))
    return AccountFacts(
        account=account,
        users=users,
        users_by_name={user.name: user for user in users},
        keys_by_id=dict(_keys(users)),
        root=root_of(maker.apart("root user"), virtual_device=_root_device(maker) if account.index % 2 == 0 else None),
        unassigned_devices=tuple(_unassigned(maker)),
        events=account_events(maker, users),
        reported=tuple(reported_users(maker)) if users else (),
    )


def _users(maker: Maker) -> Iterator[User]:
    scenario, index = maker.scenario, maker.account.index
    if not scenario.users or index == special_cases.EMPTY:
        return

    yield from special_cases.special_users(maker)
    count = int(3 * scenario.users * maker.dice.random() ** 2 + 0.5)
    yield from ordinary_users(maker, scenario.largest_account if index == special_cases.LARGEST else count)
    yield from changed_users(maker)
    yield from odd_users(maker)


def _keys(users: tuple[User, ...]) -> Iterator[tuple[str, tuple[User, AccessKey]]]:
    for user in users:
        for key in user.keys:
            yield key.id, (user, key)


def _root_device(maker: Maker) -> Device:
    serial = f"arn:{maker.scenario.partition}:iam::{maker.account.id}:mfa/root-account-mfa-device"
    return Device(serial=serial, kind="virtual", enabled=ago(maker.dice, maker.now, oldest=900))


def _unassigned(maker: Maker) -> Iterator[Device]:
    if (maker.account.index + 1) % 3 == 0 and maker.scenario.users:
        for number in range(2):
            name = f"unassigned-{maker.tag(number)}"
            yield Device(serial=maker.serial("virtual", name), kind="virtual", enabled=None)

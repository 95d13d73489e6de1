"""The local organization in a process of its own, so that what it costs to answer is not counted with who asks."""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil
from multiprocessing.connection import Connection

import anyio
from anyio import to_thread

from auditor.demo import AccountFacts, LocalServer, Organization, Scenario, User, build_organization, serve, truth
from auditor.demo.command import isolated_environment
from tests.benchmarks.rows import Digest, digest

_PERIOD = timedelta(days=90)
_EVENT_NAMES = ("CreateUser", "DeleteUser", "CreateAccessKey", "DeleteAccessKey", "DeleteLoginProfile")
_ACCOUNTS_PAGE = 20
_USERS_PAGE = 1000
_EVENTS_PAGE = 50
_PATIENCE = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of an organization before anybody asks it."""

    environment: dict[str, str]
    """A whole environment, in which any AWS client asks this organization."""
    role: str
    findings: Digest
    events: Digest
    vanished: frozenset[str]
    """Names of users, and ids of keys, that vanish while they are read."""
    necessary_calls: int
    """Those that the rows need, with passwords and devices of the users who have a key."""
    calls_for_all_users: int
    """The same with passwords and devices of every user, as the script asks."""
    most_users: int
    """Users of the largest account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a server was asked."""

    calls: int
    throttled: int
    errors: int
    """Answers with an error code, throttles too."""
    opened: int
    """Connections."""
    peak: int
    """Connections that were open at once."""


@dataclass(frozen=True, slots=True)
class ServedOrganization:
    """An organization that answers in another process."""

    facts: Facts
    _control: Connection

    def counts(self) -> Counts:
        """What it was asked so far."""
        self._control.send("count")
        counts: Counts = self._control.recv()
        return counts


@contextmanager
def served_elsewhere(scenario: Scenario) -> Iterator[ServedOrganization]:
    """The scenario's organization in a fresh process, for as long as the block runs."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_run, args=(scenario, there), daemon=True)
    process.start()
    there.close()
    try:
        yield ServedOrganization(here.recv(), here)
        here.send("end")
        process.join(_PATIENCE)
    finally:
        process.kill()
        process.join()
        here.close()


def _run(scenario: Scenario, control: Connection) -> None:
    anyio.run(_answer, scenario, control, backend="asyncio")


async def _answer(scenario: Scenario, control: Connection) -> None:
    organization = await to_thread.run_sync(build_organization, scenario)
    async with serve(organization, record=False) as server:
        environment = isolated_environment(os.environ, server=server)
        control.send(await to_thread.run_sync(partial(_facts, organization, environment=environment)))
        while await to_thread.run_sync(control.recv) == "count":
            control.send(_counts(server))


def _counts(server: LocalServer) -> Counts:
    return Counts(
        calls=server.counts.total(),
        throttled=server.throttled,
        errors=sum(number for (_, _, code), number in server.counts.items() if code),
        opened=server.connections.opened,
        peak=server.connections.peak,
    )


def _facts(organization: Organization, *, environment: dict[str, str]) -> Facts:
    """All of them; every account is drawn on the way, so that the first contender does not wait for it."""
    end = datetime.now(UTC)
    start = end - _PERIOD
    true = truth(organization, start=start, end=end)
    accounts = [account for account in organization.accounts if account.id in set(true.audited_accounts)]
    before = _listing_pages(len(organization.accounts)) + 1 + len(true.denied_accounts)
    calls, calls_for_all, most_users = before, before, 0
    for account in accounts:
        facts = organization.facts(account)
        shared = _shared_calls(organization, facts, start=start)
        calls += shared + sum(map(_calls_for, facts.users))
        calls_for_all += shared + sum(map(_script_calls_for, facts.users))
        most_users = max(most_users, len(facts.users))
    return Facts(
        environment=environment,
        role=organization.scenario.role_name,
        findings=digest(true.findings),
        events=digest(true.events),
        vanished=frozenset(true.vanished),
        necessary_calls=calls,
        calls_for_all_users=calls_for_all,
        most_users=most_users,
    )


def _listing_pages(accounts: int) -> int:
    """Pages of ListAccounts: every fourth, from the second on, is empty."""
    pages = listed = 0
    while listed < accounts:
        listed += 0 if pages % 4 == 1 else _ACCOUNTS_PAGE
        pages += 1
    return pages


def _shared_calls(organization: Organization, facts: AccountFacts, *, start: datetime) -> int:
    """The role, the pages of users, and the pages of events."""
    role = facts.account != organization.caller
    region = organization.scenario.region
    names = [event.name for event in facts.events if event.region == region and event.time >= start]
    pages = sum(max(1, ceil(names.count(name) / _EVENTS_PAGE)) for name in _EVENT_NAMES)
    return role + _user_pages(facts) + pages


def _user_pages(facts: AccountFacts) -> int:
    """Pages of ListUsers: every fifth account's first one is half as long as it might be."""
    users = len(facts.users)
    short = users // 2 if (facts.account.index + 2) % 5 == 0 else 0
    rest = max(0, users - min(short or _USERS_PAGE, _USERS_PAGE))
    return 1 + ceil(rest / _USERS_PAGE)


def _calls_for(user: User) -> int:
    """The keys, a last use a key, and for who has a key the password and the devices.

    Keys that are gone are told from ones that may not be read by a second list of the user's keys.
    """
    if user.vanishes == "after listing":
        return 1
    gone = any(user.vanishes == "after keys" or key.vanishes for key in user.keys)
    signs_in = bool(user.keys) and user.vanishes == "never"
    return 1 + len(user.keys) + gone + 2 * signs_in


def _script_calls_for(user: User) -> int:
    if user.vanishes != "never":
        return 1 if user.vanishes == "after listing" else 3
    return 3 + len(user.keys)

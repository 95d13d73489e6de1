"""Accounts are audited a few at a time, and no faster than their reports are taken."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import anyio
import pytest
from anyio.streams.memory import MemoryObjectReceiveStream

from auditor.account.audit import AccountPlan
from auditor.aws.gateway import Gateway
from auditor.aws.limits.slots import Slots
from auditor.config import AuditConfig
from auditor.engines.worker import audit_accounts
from auditor.model.facts import Account, AccountState
from auditor.model.report import AccountReport
from tests.fakes import JUMPING, PERIOD, FakeClients, FakeService, account, assumed, gateway

pytestmark = pytest.mark.anyio

PLAN = AccountPlan(AuditConfig(role="Audit", session_policy=False), PERIOD)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates and pauses take no time."""
    return JUMPING


class Doors:
    """Roles that take a second to assume, and how many are being assumed at once."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.entered: list[str] = []

    async def assume_role(self, *, RoleArn: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        """Credentials of the account in the ARN."""
        account_id = RoleArn.split(":")[4]
        self.entered.append(account_id)
        self.now += 1
        self.most = max(self.most, self.now)
        await anyio.sleep(1)
        self.now -= 1
        return assumed(account_id)

    def gateway(self) -> Gateway:
        """A gateway whose accounts have nobody in them."""
        return gateway(FakeClients(sts=FakeService("sts", assume_role=self.assume_role)))


def accounts_of(number: int, state: AccountState = AccountState.ACTIVE) -> list[Account]:
    """So many accounts."""
    return [account(f"{index:012}", state=state) for index in range(number)]


def stream_of(accounts: Sequence[Account]) -> MemoryObjectReceiveStream[Account]:
    """A stream that holds all accounts and ends."""
    sent, received = anyio.create_memory_object_stream[Account](len(accounts))
    for each in accounts:
        sent.send_nowait(each)
    sent.close()
    return received


async def all_reports(accounts: Sequence[Account], doors: Doors, *, concurrency: int) -> list[AccountReport]:
    """The reports of all accounts, in the order in which they come."""
    finished, reports = anyio.create_memory_object_stream[AccountReport](0)
    taken: list[AccountReport] = []
    async with anyio.create_task_group() as tasks, reports:
        work = partial(audit_accounts, gateway=doors.gateway(), plan=PLAN, concurrency=concurrency)
        tasks.start_soon(work, stream_of(accounts), finished)
        taken += [report async for report in reports]
    return taken


@pytest.mark.parametrize("concurrency", [1, 4, 50])
async def test_no_more_accounts_at_once_than_wanted(concurrency: int) -> None:
    """Each account has one report, and as many are under way as may be."""
    doors, accounts = Doors(), accounts_of(20)
    reports = await all_reports(accounts, doors, concurrency=concurrency)

    assert sorted(report.account.id for report in reports) == [each.id for each in accounts]
    assert doors.most == min(concurrency, 20)


async def test_accounts_that_are_not_asked_have_reports() -> None:
    """An account that can't be entered has its report, too."""
    doors = Doors()
    reports = await all_reports(accounts_of(5, AccountState.SUSPENDED), doors, concurrency=2)

    assert (len(reports), doors.entered) == (5, [])


async def test_a_report_that_nobody_takes_keeps_its_place() -> None:
    """A slow reader holds the engine back: nothing piles up in between."""
    doors = Doors()
    finished, reports = anyio.create_memory_object_stream[AccountReport](0)
    async with anyio.create_task_group() as tasks:
        work = partial(audit_accounts, gateway=doors.gateway(), plan=PLAN, concurrency=3)
        tasks.start_soon(work, stream_of(accounts_of(20)), finished)
        await anyio.sleep(60)
        entered = [len(doors.entered)]
        for _ in range(4):
            await reports.receive()
            await anyio.sleep(60)
            entered.append(len(doors.entered))
        tasks.cancel_scope.cancel()
    reports.close()

    assert entered == [3, 4, 5, 6, 7]


async def test_both_streams_are_closed_at_the_end() -> None:
    """Who reads the reports learns of their end, and the accounts are no longer taken."""
    accounts = stream_of(accounts_of(2))
    finished, reports = anyio.create_memory_object_stream[AccountReport](10)
    await audit_accounts(accounts, finished, gateway=Doors().gateway(), plan=PLAN, concurrency=2)

    assert len([report async for report in reports]) == 2
    assert (reports.statistics().open_send_streams, accounts.statistics().open_receive_streams) == (0, 0)
    reports.close()


async def test_both_streams_are_closed_when_cancelled() -> None:
    """Nothing of the engine stays open behind it, however it ends."""
    accounts = stream_of(accounts_of(5))
    finished, reports = anyio.create_memory_object_stream[AccountReport](0)
    with anyio.move_on_after(0.5) as scope:
        await audit_accounts(accounts, finished, gateway=Doors().gateway(), plan=PLAN, concurrency=2)

    assert scope.cancelled_caught
    assert (reports.statistics().open_send_streams, accounts.statistics().open_receive_streams) == (0, 0)
    reports.close()


async def test_a_reader_that_is_gone_ends_the_engine() -> None:
    """Where nobody reads any more, nobody audits any more."""
    doors = Doors()
    finished, reports = anyio.create_memory_object_stream[AccountReport](0)
    reports.close()

    with suppress(anyio.BrokenResourceError, ExceptionGroup):
        await audit_accounts(stream_of(accounts_of(20)), finished, gateway=doors.gateway(), plan=PLAN, concurrency=2)

    assert len(doors.entered) < 20


async def test_accounts_are_audited_while_they_are_listed() -> None:
    """The first report comes before the last account is known."""
    sent, accounts = anyio.create_memory_object_stream[Account](0)
    finished, reports = anyio.create_memory_object_stream[AccountReport](0)
    first, *others = accounts_of(3)
    async with anyio.create_task_group() as tasks:
        work = partial(audit_accounts, gateway=Doors().gateway(), plan=PLAN, concurrency=4)
        tasks.start_soon(work, accounts, finished)
        await sent.send(first)
        report = await reports.receive()
        for other in others:
            await sent.send(other)
        sent.close()
        assert len([report async for report in reports]) == 2
    reports.close()

    assert report.account is first


@pytest.mark.parametrize(("distance", "at_first"), [(0.03, 128), (0.25, 200)], ids=["near", "far"])
async def test_fewer_are_audited_at_once_until_the_first_is_done(distance: float, at_first: int) -> None:
    """Near, more would only wait for the CPU, and the first rows with them; far, they wait for AWS."""
    doors = Doors()
    opened = doors.gateway()
    opened.limits.slots = {**opened.limits.slots, "sts": Slots(1000)}
    slots = opened.limits.slots["iam"]
    slots.give_back(None, taken_at=await slots.take() - distance)
    finished, reports = anyio.create_memory_object_stream[AccountReport](0)
    async with anyio.create_task_group() as tasks, reports:
        work = partial(audit_accounts, gateway=opened, plan=PLAN, concurrency=200)
        tasks.start_soon(work, stream_of(accounts_of(500)), finished)
        await anyio.sleep(0.5)
        assert at_first == doors.now
        assert 500 == len([report async for report in reports])

    assert 200 == doors.most

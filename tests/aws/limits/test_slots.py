"""Slots for requests grow with the distance of a service as far as CPU and open files allow, and no further."""

import resource
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest

from auditor.aws.limits.rate import Clock, loop_time
from auditor.aws.limits.slots import Connections, Slots, most_connections, open_files
from auditor.aws.request import Access
from auditor.errors import RequestError
from tests.fakes import JUMPING, FakeService, limits

pytestmark = pytest.mark.anyio

DENIED = RequestError(code="NoSuchEntity", message="no", service="iam", operation="get_login_profile", status=404)
UNREACHED = RequestError(code="ConnectionFailed", message="no", service="iam", operation="get_login_profile")


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Nothing takes time."""
    return JUMPING


class Spare(Connections):
    """Connections of a process that may open so many more."""

    def __init__(self, spare: int, *, clock: Clock = loop_time, cpu: Clock) -> None:
        super().__init__(clock=clock, cpu=cpu)
        self.spare = spare

    def take(self, wanted: int) -> int:
        """So many, or those that are left."""
        taken = min(wanted, self.spare)
        self.spare -= taken
        return taken


@dataclass
class World:
    """A service at a distance, asked by a loop whose CPU takes a while for each answer; its clocks stand still else."""

    distance: float
    cost: float = 0.001
    refusal: RequestError | None = None
    spare: int = 1_000_000
    others: int = 0
    """Answers of other services in the time of one round, at the same cost."""
    now: float = 0.0
    spent: float = 0.0
    _answer: anyio.Event = field(default_factory=anyio.Event)
    _connections: Spare = field(init=False)

    def slots(self) -> Slots:
        """Ten of them."""
        self._connections = Spare(self.spare, clock=lambda: self.now, cpu=lambda: self.spent)
        return Slots(10, connections=self._connections, clock=lambda: self.now)

    async def rounds(self, slots: Slots, number: int) -> list[int]:
        """Ask all that there is place for so often, with others that wait behind; how many slots there were."""
        seen = []
        for _ in range(number):
            async with anyio.create_task_group() as tasks:
                for _ in range(slots.total):
                    tasks.start_soon(self._ask, slots)
                await anyio.wait_all_tasks_blocked()
                for _ in range(slots.total + 1):
                    tasks.start_soon(self._wait, slots)
                await anyio.wait_all_tasks_blocked()
                for _ in range(self.others):
                    self._connections.answered()
                    self.spent += self.cost
                self.now += self.distance
                self._answer.set()
            self._answer = anyio.Event()
            seen.append(slots.total)
        return seen

    async def _ask(self, slots: Slots) -> None:
        with suppress(RequestError):
            async with slots.one():
                await self._answer.wait()
                self.spent += self.cost
                if self.refusal is not None:
                    raise self.refusal

    async def _wait(self, slots: Slots) -> None:
        with suppress(RequestError):
            async with slots.one():
                raise UNREACHED


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (0.002, [10, 10, 10, 10, 10]),
        (0.0109, [10, 10, 10, 10, 10]),
        (0.05, [10, 10, 10, 10, 10]),
        (0.06, [10, 40, 60, 60, 60]),
        (0.4, [10, 40, 160, 400, 400]),
    ],
)
async def test_slots_are_those_that_the_cpu_can_use_at_this_distance(distance: float, expected: list[int]) -> None:
    """At a thousand answers a second of CPU, as many as arrive in the time of one, by steps."""
    world = World(distance)
    assert expected == await world.rounds(world.slots(), 5)


async def test_growth_ends_where_the_cpu_does() -> None:
    """A quarter of a second away there are 250 in flight if the loop never waits; more would wait for the loop."""
    world = World(0.25)
    assert 250 == (await world.rounds(world.slots(), 12))[-1]
    slower = World(0.25, cost=0.01)
    assert 25 == (await slower.rounds(slower.slots(), 12))[-1]


async def test_a_service_has_half_of_the_cpu_that_another_uses_up() -> None:
    """Where others are answered all the time, a few are asked more at once, and many not."""
    world = World(0.25, others=230)
    assert [40, 125, 125, 125] == await world.rounds(world.slots(), 4)


async def test_a_busy_loop_is_no_distance() -> None:
    """What takes long since the loop, or the machine, has no time for it, was quicker before and is not far away."""
    world = World(0.01)
    slots = world.slots()
    await world.rounds(slots, 1)
    world.distance = 5.0
    assert [10] * 5 == await world.rounds(slots, 5)


async def test_a_slow_service_is_no_distance() -> None:
    """Half a second is the far side of the earth: whoever takes a minute is not asked more at once for it."""
    slow, far = World(60), World(0.5)
    assert await far.rounds(far.slots(), 9) == await slow.rounds(slow.slots(), 9)


async def test_no_more_slots_than_connections() -> None:
    """What the open files of the process do not allow is not taken."""
    world = World(0.25, spare=25)
    assert [10, 35, 35] == await world.rounds(world.slots(), 3)


async def test_slots_do_not_grow_while_nobody_waits() -> None:
    """Budgets that let through less than the CPU could do leave slots free, and these need no more of them."""
    world = World(0.25)
    slots = world.slots()
    for _ in range(50):
        async with slots.one():
            world.now += world.distance
            world.spent += world.cost
    assert 10 == slots.total


async def test_a_refusal_by_aws_is_an_answer() -> None:
    """That a user has no password is answered as others are, though it tells nothing of the distance."""
    world = World(0.25)
    slots = world.slots()
    await world.rounds(slots, 1)
    world.refusal = DENIED
    assert [40, 160] == await world.rounds(slots, 2)


async def test_what_is_not_answered_teaches_nothing() -> None:
    """Connections that fail at once are no near service, and no reason for more of them."""
    world = World(0.25, refusal=UNREACHED)
    slots = world.slots()
    assert [10] * 5 == await world.rounds(slots, 5)
    world.refusal = None
    assert [10, 40] == await world.rounds(slots, 2)


async def test_many_requests_are_under_way_to_a_service_far_away() -> None:
    """All identities of a run ask at once what the distance and the CPU allow, and no more than there are slots."""
    world, in_flight, most = World(0.25), 0, 0

    async def answer(**_: Any) -> dict[str, Any]:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        await anyio.sleep(world.distance)
        in_flight -= 1
        world.spent += world.cost
        return {"Users": []}

    slots = Slots(10, connections=Spare(1000, cpu=lambda: world.spent))
    iam, shared = FakeService("iam", list_users=answer), limits()
    shared.slots = {"iam": slots}
    async with anyio.create_task_group() as tasks:
        for _ in range(2000):
            tasks.start_soon(Access(credentials=None, limits=shared).request, iam.list_users)

    assert 250 <= most <= slots.total


async def test_slots_without_connections_stay() -> None:
    """Who brings a client of their own has as many as it had."""
    world = World(0.25)
    slots = Slots(10, clock=lambda: world.now)
    assert [10] * 5 == await world.rounds(slots, 5)


def limited(monkeypatch: pytest.MonkeyPatch, soft: int, *, opened: int = 0) -> None:
    """A process that may open so many files, and has opened some."""
    monkeypatch.setattr("resource.getrlimit", lambda _: (soft, resource.RLIM_INFINITY))
    monkeypatch.setattr("auditor.aws.limits.slots.open_files", lambda: opened)


def test_two_thirds_of_the_open_files_are_for_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `ulimit -n` says is divided, and no limit is a very large one."""
    limited(monkeypatch, 256)
    assert 170 == most_connections()
    limited(monkeypatch, resource.RLIM_INFINITY)
    assert most_connections() > 1_000_000


def test_no_more_are_taken_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """All services together come to two thirds, and not to one more."""
    limited(monkeypatch, 256)
    connections = Connections(100)

    assert [50, 20, 0] == [connections.take(50), connections.take(50), connections.take(50)]


def test_what_others_have_open_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs in one process do not both take two thirds."""
    limited(monkeypatch, 256, opened=160)
    assert 10 == Connections(100).take(50)
    limited(monkeypatch, 256, opened=200)
    assert 0 == Connections(100).take(50)


def test_open_files_are_counted(tmp_path: Path) -> None:
    """Every file that is opened is one more."""
    before = open_files()
    with ExitStack() as files:
        for number in range(3):
            files.enter_context((tmp_path / f"{number}").open("w"))
        assert before + 3 <= open_files()
    assert before == open_files()

"""Outages that worker processes meet are told of once, and the run that began the workers says what is waited for."""

from dataclasses import replace

import anyio
import pytest

from auditor import ProgressEvent, Waiting, WaitingEnded, run_audit
from auditor.aws.limits.slots import open_files
from auditor.demo import Outage, Request
from auditor.engines.outages import hearing, telling
from auditor.model.progress import AuditWarning
from tests.engines.runs import CONFIG, SCENARIO, assert_exact
from tests.organizations import served

pytestmark = pytest.mark.anyio

WAITING = Waiting("iam", "ServiceUnavailable", 600.0)
ENDED = WaitingEnded("iam", "ServiceUnavailable", 5.0, answered=True)
OTHER = Waiting("sts", "InternalFailure", 600.0)
LAST = Waiting("cloudtrail", "InternalFailure", 600.0)


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        ([(1, WAITING), (1, ENDED), (1, WAITING)], [WAITING, ENDED, WAITING]),
        ([(1, WAITING), (2, WAITING), (1, ENDED), (2, ENDED)], [WAITING, ENDED]),
        ([(1, WAITING), (1, OTHER), (2, WAITING)], [WAITING, OTHER]),
    ],
    ids=["one process", "two processes", "two services"],
)
async def test_an_outage_is_heard_of_once(told: list[tuple[int, ProgressEvent]], heard: list[ProgressEvent]) -> None:
    """From the first process that waits to the last one that has ended."""
    events: list[ProgressEvent] = []
    async with hearing(events.append) as connection:
        for message in [*told, (1, LAST)]:
            connection.send(message)
        while LAST not in events:
            await anyio.lowlevel.checkpoint()

    assert [*heard, LAST] == events


async def test_only_outages_are_told() -> None:
    """A worker tells by the descriptor that it was given, which stays open for the next batch."""
    events: list[ProgressEvent] = []
    async with hearing(events.append) as connection:
        for event in (WAITING, ENDED):
            with telling(connection.fileno()) as tell:
                tell(AuditWarning("not an outage"))
                tell(event)
        while len(events) < 2:
            await anyio.lowlevel.checkpoint()

    assert [WAITING, ENDED] == events


async def test_who_was_given_no_descriptor_tells_nobody() -> None:
    """The workers of an executor that a caller lends."""
    before = open_files()
    with telling(None) as tell:
        tell(WAITING)
        assert before == open_files()


@pytest.mark.long
async def test_a_run_on_processes_says_what_they_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once at its beginning and once at its end, however many wait, and nothing is lost."""
    events: list[ProgressEvent] = []
    asked = 0

    def hear(request: Request) -> None:
        nonlocal asked
        asked += request.service == "iam"

    def passed() -> float:
        """IAM is out from the thirtieth request on until the run has said so."""
        if asked < 30:
            return 0.0
        return 2.0 if any(isinstance(event, Waiting) for event in events) else 1.0

    scenario = replace(SCENARIO, outages=(Outage(of="iam", begins=1.0, seconds=1.0),))
    async with served(scenario, monkeypatch, hear=hear, timer=passed) as server:
        config = replace(CONFIG, concurrency=16)
        summary = await run_audit(config, workers=2, observe=events.append, collect=True)

    assert_exact(summary, server)
    assert [("iam", "ServiceUnavailable")] == [(one.service, one.code) for one in events if isinstance(one, Waiting)]
    assert [("iam", True)] == [(one.service, one.answered) for one in events if isinstance(one, WaitingEnded)]

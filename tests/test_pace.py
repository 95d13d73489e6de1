"""How long audits take under AWS's limits, in a clock that only waiting moves."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest

from auditor import AuditConfig, UserScope, run_audit
from auditor.demo import Scenario
from tests.fakes import JUMPING
from tests.organizations import served

pytestmark = [pytest.mark.anyio, pytest.mark.long]

LIMITED = Scenario(
    accounts=4,
    users=6,
    largest_account=300,
    denied_every=None,
    iam_rate=20,
    events_rate=2,
    now=datetime.now(UTC),
)
"""As AWS limits each API of each account."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates take no time of anybody's."""
    return JUMPING


async def seconds_of(users: UserScope, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> float:
    """The wall time of an audit with this scope."""
    async with served(scenario, monkeypatch, timer=anyio.current_time) as server:
        summary = await run_audit(AuditConfig(role=server.organization.scenario.role_name, users=users))
    assert 0 == summary.failures
    return summary.seconds


@pytest.mark.parametrize("latency", [0.03, 0.25])
async def test_all_users_take_no_longer_than_those_with_keys(latency: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each API has a budget of its own, and passwords are asked beside keys: a tenth more is the most."""
    scenario = replace(LIMITED, latency=latency)
    of_all, with_keys = [
        await seconds_of(users, scenario, monkeypatch) for users in (UserScope.ALL, UserScope.WITH_KEYS)
    ]

    assert with_keys > 300 / 40
    assert of_all <= 1.10 * with_keys

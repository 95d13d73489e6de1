"""Limits that AWS sets on the caller and not on an account cost time, and no row."""

from datetime import UTC, datetime
from typing import Any

import anyio
import pytest

from auditor import AuditConfig, run_audit
from auditor.demo import Scenario
from tests.expectations import as_set, joined, truth_of
from tests.fakes import JUMPING
from tests.organizations import served

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates take no time."""
    return JUMPING


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param({"iam_caller_rate": 1.0}, id="IAM 1"),
        pytest.param({"iam_caller_rate": 5.0}, id="IAM 5"),
        pytest.param({"events_caller_rate": 1.0}, id="CloudTrail"),
        pytest.param({"sts_rate": 1.0}, id="STS"),
    ],
)
async def test_every_row_is_there(limits: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> None:
    """However few requests a second all accounts have together, all is read, and most requests are answered."""
    scenario = Scenario(accounts=30, users=4, largest_account=8, denied_every=None, now=datetime.now(UTC), **limits)  # type: ignore[arg-type] # rates
    async with served(scenario, monkeypatch, timer=anyio.current_time) as server:
        summary = await run_audit(AuditConfig(role=scenario.role_name), collect=True)
        true = truth_of(server, summary)

    assert (0, 30) == (summary.failures, summary.accounts)
    assert as_set(true.findings) == as_set(summary.findings)
    assert as_set(true.events) == as_set(joined(summary.events))
    assert 0 < server.throttled < summary.requests / 4

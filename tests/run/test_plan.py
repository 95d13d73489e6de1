"""What can't be planned is refused before AWS is asked."""

from datetime import UTC, datetime

import pytest

from auditor import AuditConfig, ConfigurationError
from auditor.run.plan import plan_audit


@pytest.mark.anyio
async def test_an_audit_without_a_period_has_no_plan() -> None:
    """The audit would be refused for the same reason."""
    config = AuditConfig(role="Audit", end_date=datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(ConfigurationError):
        await plan_audit(config)

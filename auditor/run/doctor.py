"""The checks of `auditor doctor`: which there are, and how they run concurrently."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import anyio

from auditor.aws.gateway import new_run_limits
from auditor.aws.limits.retry import RetryPolicy
from auditor.aws.redaction import without_secrets
from auditor.concurrency.tasks import bare_errors
from auditor.config import AuditConfig
from auditor.errors import ConfigurationError
from auditor.model.diagnosis import Checked, Diagnosis, Fault, Finding, Outcome
from auditor.run.checks.actions import check_actions
from auditor.run.checks.caller import check_credentials, check_identity, check_lister
from auditor.run.checks.check import Check, Result, Setup
from auditor.run.checks.machine import check_clock, check_configuration, check_connection
from auditor.run.checks.organization import check_accounts, check_organization
from auditor.run.checks.roles import check_role, check_session_policy, check_sts

logger = logging.getLogger(__name__)

_NOW = partial(datetime.now, UTC)
IMPATIENT = RetryPolicy(
    attempts=3, patience=5.0, first_contact_patience=3.0, timeout_patience=30.0, throttle_patience=10.0
)
"""Short: a diagnosis does not wait until a fault passes."""
_LONGEST_SILENCE = 30.0

CHECKS = (
    Check(name="configuration", needs=(), examine=check_configuration, ends_audit=True),
    Check(name="connection", needs=("configuration",), examine=check_connection, ends_audit=True),
    Check(name="clock", needs=("connection",), examine=check_clock),
    Check(name="credentials", needs=("configuration",), examine=check_credentials, ends_audit=True),
    Check(
        name="identity", needs=("configuration", "credentials", "connection"), examine=check_identity, ends_audit=True
    ),
    Check(name="lister", needs=("identity",), examine=check_lister, ends_audit=True),
    Check(name="organization", needs=("identity", "lister"), examine=check_organization, ends_audit=True),
    Check(name="accounts", needs=("identity", "lister", "organization"), examine=check_accounts, ends_audit=True),
    Check(name="STS", needs=("identity", "accounts"), examine=check_sts),
    Check(name="session policy", needs=("STS",), examine=check_session_policy),
    Check(name="role", needs=("STS", "session policy"), examine=check_role),
    Check(name="actions", needs=("role",), examine=check_actions),
)
"""In the order of the output; each needs only checks before it."""


async def examine(
    config: AuditConfig,
    *,
    checks: Sequence[Check] = CHECKS,
    policy: RetryPolicy = IMPATIENT,
    now: Callable[[], datetime] = _NOW,
) -> Diagnosis:
    """What would make an audit with these settings fail, judged by a sample of accounts.

    It makes the requests of an audit, and writes nothing. A check is skipped if a check that it needs gave no value. An
    unexpected error ends only its own check.

    Raises:
        ConfigurationError: The filters name something that does not exist, or leave no account.
    """
    began = anyio.current_time()
    limits = new_run_limits(config.rates, longest_silence=min(config.longest_silence, _LONGEST_SILENCE), growing=True)
    limits.policy = policy
    done: dict[str, Checked] = {}
    values: dict[str, object] = {}
    over = {check.name: anyio.Event() for check in checks}
    async with AsyncExitStack() as stack:
        setup = Setup(config=config, limits=limits, stack=stack, now=now)

        async def carry_out(check: Check) -> None:
            for name in check.needs:
                await over[name].wait()
            done[check.name], values[check.name] = await _checked(check, setup, values=values, done=done)
            over[check.name].set()

        with bare_errors():
            async with anyio.create_task_group() as tasks:
                for check in checks:
                    tasks.start_soon(carry_out, check)
    seconds = anyio.current_time() - began
    return Diagnosis(checks=tuple(done[check.name] for check in checks), seconds=seconds)


async def _checked(
    check: Check, setup: Setup, *, values: Mapping[str, object], done: Mapping[str, Checked]
) -> tuple[Checked, object]:
    lacking = next((name for name in check.needs if values[name] is None), None)
    if lacking is not None:
        # That check may itself have been skipped: the first one that failed is the one to fix.
        because = done[lacking].because or lacking
        finding = Finding(outcome=Outcome.SKIPPED, found=f"not tried, because of {because}")
        return Checked(name=check.name, findings=(finding,), because=because), None
    result = await _result(check, setup, [values[name] for name in check.needs])
    checked = Checked(name=check.name, findings=result.findings)
    has_failed = checked.outcome in {Outcome.FAILED, Outcome.CRASHED}
    ends = check.ends_audit and result.value is None and has_failed
    return replace(checked, ends_audit=ends), result.value


async def _result(check: Check, setup: Setup, values: Sequence[object]) -> Result:
    """The result of the check; an unexpected error becomes its finding.

    Raises:
        ConfigurationError: An option is wrong, whatever the other checks find.
    """
    try:
        with bare_errors():
            return await check.examine(setup, *values)
    except ConfigurationError:
        raise
    except Exception as error:
        said = without_secrets(str(error))
        found = f"This check met what nobody has foreseen: {type(error).__name__}{': ' if said else ''}{said}"
        logger.debug("the check of %s met what nobody has foreseen", check.name, exc_info=True)
        cure = "Report it, with the traceback that --verbose shows; it says nothing of what it was to check."
        finding = Finding(outcome=Outcome.CRASHED, found=found, fault=Fault.UNEXPECTED, cure=cure)
        return Result((finding,))

"""A program of a caller who checks types: `make build` checks and runs it where only the wheel is installed."""

import asyncio
import sys
from typing import assert_type

from auditor import (
    Account,
    AccountReport,
    AuditConfig,
    AuditSummary,
    Failure,
    RequestError,
    get_accounts,
    open_audit,
    run_audit,
)


async def audit(config: AuditConfig) -> AuditSummary:
    """The whole audit, then the first of its reports once more; every type is the package's own, and none is Any."""
    summary = await run_audit(config, collect=True)
    assert_type(summary, AuditSummary)
    async with open_audit(config) as reports:
        async for report in reports:
            assert_type(report, AccountReport)
            assert_type(report.account, Account)
            assert_type([failure.code for failure in report.failures], list[str])
            break
    return summary


def code_of(error: RequestError | Failure) -> str:
    """Errors and failures have AWS's code."""
    return error.code


if __name__ == "__main__":
    assert get_accounts.__name__ == "get_accounts"
    done = asyncio.run(audit(AuditConfig(role="OrganizationAccountAccessRole")))
    sys.stdout.write(f"{done.audited} accounts, {len(done.findings)} keys, exit code {done.exit_code}\n")
    sys.exit(0 if done.findings else 1)

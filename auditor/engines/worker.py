"""What a worker does with a batch, wherever it runs: in a process, a thread, on another machine."""

from anyio import to_thread

from auditor.account.audit import audit_account, plan_of
from auditor.aws.gateway import open_gateway
from auditor.concurrency import event_loop
from auditor.concurrency.fan_out import bare_errors, fan_out
from auditor.engines.batch import Batch, package_version
from auditor.engines.pool import check_version
from auditor.errors import CallerError
from auditor.model.facts import Account, Caller
from auditor.model.report import AccountReport


def worker_version() -> str:
    """The version of the package where this is called: what workers are asked before they are given batches."""
    return package_version()


def try_worker() -> str:
    """The same, after an event loop and a thread of it, which batches need, too: a worker may not be allowed them."""
    return event_loop.run(to_thread.run_sync, package_version)


def audit_batch(batch: Batch) -> tuple[AccountReport, ...]:
    """One report an account of the batch, in the order in which they finished, on an event loop of its own.

    The credentials are this worker's own: those of the configured profile, or of its environment.

    Raises:
        AuditError: The worker has no credentials, those of another account than the run's, or another version of the
            package, as one that came to the cluster late may have.
    """
    if batch.plan.version:
        check_version(package_version(), ours=batch.plan.version)
    return event_loop.run(_audit, batch)


async def _audit(batch: Batch) -> tuple[AccountReport, ...]:
    run = batch.plan
    config, plan = run.portion(), plan_of(run.config, period=run.period, lost_until=run.lost_until)
    reports: list[AccountReport] = []
    with bare_errors():
        async with open_gateway(
            profile=config.profile,
            rates=config.rates,
            longest_silence=config.longest_silence,
            alone=False,
            patience=config.patience,
            answered=batch.answered,
        ) as gateway:
            _check_account(gateway.caller, expected=run.caller)

            async def audit(account: Account) -> None:
                reports.append(await audit_account(account, gateway=gateway, plan=plan))

            await fan_out(batch.accounts, audit, limit=config.concurrency)
    return tuple(reports)


def _check_account(caller: Caller, *, expected: Caller) -> None:
    if not caller.shares_account_with(expected):
        raise CallerError(
            f"A worker has credentials of the account {caller.account_id} ({caller.partition}), and the audit was "
            f"begun by {expected.account_id} ({expected.partition})."
        )

"""Accounts audited on one event loop: this one, or that of a worker to whom they were sent in a batch.

A worker may be a process, a thread, or on another machine.
"""

import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from auditor.account.audit import AccountPlan, audit_account
from auditor.aws.gateway import Gateway, open_gateway
from auditor.concurrency import event_loop
from auditor.concurrency.tasks import bare_errors, fan_out
from auditor.engines.outages import telling
from auditor.errors import CallerError, EngineError
from auditor.model.facts import Account, Caller
from auditor.model.report import AccountReport

Engine = Callable[
    [MemoryObjectReceiveStream[Account], MemoryObjectSendStream[AccountReport]], Coroutine[Any, Any, None]
]
"""Takes accounts and sends a report for each, somewhere; it closes both streams."""


_AT_FIRST = 128
"""Accounts at once that use up the CPU where AWS is near."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some accounts for one worker, and all that it must know to audit them; no credential is in it."""

    accounts: tuple[Account, ...]
    plan: AccountPlan
    """With the worker's part of what is limited for the run as a whole."""
    caller: Caller
    """Whose credentials the worker must have."""
    version: str = ""
    """The version of the package where the run began, which the worker must have; empty means that any will do."""
    answered: frozenset[str] = frozenset({"sts"})
    """Services that have answered the run: where one of them fails for all, it is an outage, and waited for."""
    told: int | None = None
    """The file descriptor on which a worker process of the run's own tells of outages."""
    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    """That of no other batch: an executor that remembers answers must not give an old one."""


def package_version() -> str:
    """The version of the package in this process, as it is installed now; reads files, and so blocks."""
    try:
        return metadata.version("auditor")
    except metadata.PackageNotFoundError:
        return "0 (not installed)"


def check_version(theirs: str, *, ours: str, who: str = "A worker") -> None:
    """Raise EngineError where a worker has another version of the package."""
    if theirs != ours:
        raise EngineError(
            f"{who} has version {theirs} of auditor, and this process has {ours}: install the same version for both."
        )


def worker_version() -> str:
    """The version of the package where this is called: what workers are asked before they are given batches."""
    return package_version()


def try_worker() -> str:
    """The same, after an event loop and a thread of it, which batches need, too: a worker may not be allowed them."""
    return event_loop.run(to_thread.run_sync, package_version)


def audit_batch(batch: Batch) -> tuple[AccountReport, ...]:
    """One report per account of the batch, in the order in which they finished, on an event loop of its own.

    The credentials are this worker's own: those of the configured profile, or of its environment.

    Raises:
        AuditError: The worker has no credentials, those of another account than the run's, or another version of the
            package, as one that came to the cluster late may have.
    """
    if batch.version:
        check_version(package_version(), ours=batch.version)
    return event_loop.run(_audit, batch)


async def _audit(batch: Batch) -> tuple[AccountReport, ...]:
    plan, config = batch.plan, batch.plan.config
    reports: list[AccountReport] = []
    with bare_errors(), telling(batch.told) as observe:
        async with open_gateway(
            profile=config.profile,
            rates=config.rates,
            longest_silence=config.longest_silence,
            alone=False,
            patience=config.patience,
            answered=batch.answered,
            observe=observe,
        ) as gateway:
            _check_account(gateway.caller, expected=batch.caller)

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


async def audit_accounts(
    accounts: MemoryObjectReceiveStream[Account],
    reports: MemoryObjectSendStream[AccountReport],
    *,
    gateway: Gateway,
    plan: AccountPlan,
    concurrency: int,
) -> None:
    """Send one report per account, as they finish; at most `concurrency` accounts are audited at the same time.

    Where AWS is near there are fewer until the first that was entered is done: they use up the CPU, and more would only
    put off the first rows.

    An account whose report has not been taken yet counts as one of them, so that nothing piles up. Both streams are
    closed on leaving.
    """
    done = False

    async def audit(account: Account) -> None:
        nonlocal done
        report = await audit_account(account, gateway=gateway, plan=plan)
        await reports.send(report)
        done = done or bool(report.role)

    async with accounts, reports:
        at_first = min(concurrency, _AT_FIRST)
        further = _given_once(concurrency - at_first, when=lambda: done or gateway.is_far)
        await fan_out(accounts, audit, limit=at_first, further=further)


def _given_once(number: int, *, when: Callable[[], bool]) -> Callable[[], int]:
    """The number at the first call at which that is so, and 0 at all others."""
    left = [number]
    return lambda: left.pop() if left and when() else 0

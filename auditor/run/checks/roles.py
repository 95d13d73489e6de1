"""Checks of AssumeRole in each account of the sample: STS in its region, the session policy, and the roles."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from auditor.aws.gateway import AccountAccess, Gateway
from auditor.aws.role import roles_of
from auditor.errors import RequestError
from auditor.model.codes import REGION_DISABLED, is_unreached
from auditor.model.diagnosis import Fault, Finding, Outcome
from auditor.model.facts import Account, AccountId, Caller
from auditor.model.roles import ACCOUNT_ID
from auditor.model.text import counted, label_of
from auditor.run.checks.check import Result, Setup, well
from auditor.run.checks.faults import cure_of, cure_of_denial, cure_of_scp, fault_of, of_error
from auditor.run.sample import Sample

_DURATION = "DurationSeconds"
_SOURCE = "sts:SetSourceIdentity"
"""Words of AWS's messages: the error codes alone are ambiguous."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One account of the sample, entered or not."""

    account: Account
    access: AccountAccess | None
    error: RequestError | None
    """Why it was not entered."""


@dataclass(frozen=True, slots=True)
class Entries:
    """The accounts of the sample, entered or not."""

    caller: Caller
    all: tuple[Entry, ...]

    @property
    def by_role(self) -> tuple[Entry, ...]:
        """The accounts for which a role was requested: as a rule all but the caller's own."""
        return tuple(entry for entry in self.all if entry.access is None or entry.access.role)


async def check_sts(setup: Setup, gateway: Gateway, sample: Sample) -> Result:
    """Whether STS gives sessions in this region; gives the Entries, for the next checks."""
    entries: dict[str, Entry] = {}
    roles = roles_of(setup.config)

    async def enter(account: Account) -> None:
        own = setup.config.own_account_role
        try:
            access = await gateway.enter(account, roles=roles, own_account_role=own)
        except RequestError as error:
            entries[account.id] = Entry(account, None, error)
        else:
            entries[account.id] = Entry(account, access, None)

    async with anyio.create_task_group() as tasks:
        for account in sample.accounts:
            tasks.start_soon(enter, account)
    found = Entries(gateway.caller, tuple(entries[account.id] for account in sample.accounts))
    region = gateway.sts.meta.region_name
    unserved = [entry for entry in found.all if entry.error is not None and _is_of_region(entry.error)]
    if unserved:
        error = unserved[0].error
        assert error is not None  # noqa: S101 - that is how they were found
        what = f"STS gives no sessions in {region} to {len(unserved)} of {counted(len(found.all), 'account')}"
        finding = of_error(error, what, now=setup.now())
        return Result((finding,), None if len(unserved) == len(found.by_role) else found)
    asked = len(found.by_role)
    return well(f"STS of {region} has answered for {counted(asked, 'account')}", value=found)


def _is_of_region(error: RequestError) -> bool:
    return error.code == REGION_DISABLED or (error.service == "sts" and is_unreached(error.code))


async def check_session_policy(setup: Setup, entries: Entries) -> Result:
    """Whether AWS accepts the session policy, packed with the session's tags."""
    policy = roles_of(setup.config)[0].policy
    if policy is None:
        return well("none: the sessions have all rights of the role (--no-session-policy)")
    errors = [entry.error for entry in entries.all if entry.error is not None]
    refused = [error for error in errors if fault_of_entry(error, setup=setup) is Fault.SESSION_POLICY_REFUSED]
    if not refused:
        return well(f"{len(policy):,} of 2,048 characters")
    cure = (
        "Leave it out: --no-session-policy, with the role of `auditor template policy`, which needs none. The tags of "
        "the caller's session are packed with it."
    )
    return Result((of_error(refused[0], "AWS does not take the session policy", cure=cure, now=setup.now()),))


async def check_role(setup: Setup, entries: Entries, _policy: object) -> Result:
    """Which role lets the caller in, in each account of the sample; gives the entered accounts."""
    groups: dict[Fault, list[Entry]] = {}
    for entry in entries.all:
        if entry.error is not None:
            groups.setdefault(fault_of_entry(entry.error, setup=setup), []).append(entry)
    entered = tuple(entry for entry in entries.all if entry.access is not None)
    findings = [_shut(fault, group, entries=entries, setup=setup) for fault, group in groups.items()]
    if entered:
        findings.append(Finding(outcome=Outcome.OK, found=_let_in(entered), accounts=ids_of(entered)))
    return Result(tuple(findings), entered or None)


def fault_of_entry(error: RequestError, *, setup: Setup) -> Fault:
    """Why an account was not entered; AWS denies a missing role and a missing trust in the same words."""
    if error.code == "ValidationError" and _DURATION in error.message:
        return Fault.SESSION_TOO_LONG
    fault = fault_of(error, denied=Fault.ROLE_DENIED, now=setup.now())
    return Fault.SOURCE_IDENTITY_REFUSED if fault is Fault.ROLE_DENIED and _SOURCE in error.message else fault


def _shut(fault: Fault, group: Sequence[Entry], *, entries: Entries, setup: Setup) -> Finding:
    error = group[0].error
    assert error is not None  # noqa: S101 - it is in the group for that
    names, accounts = " or ".join(setup.config.roles), counted(len(entries.all), "account")
    cure = cure_of(fault)
    if fault is Fault.ROLE_DENIED:
        cure = cure_of_denial(error.message, account_id=group[0].account.id)
    cure = cure or _cure(fault, account=group[0].account, caller=entries.caller, setup=setup)
    return Finding(
        outcome=Outcome.FAILED,
        found=f"{len(group)} of {accounts} can't be entered with {names}: {names_of(group)}",
        fault=fault,
        code=error.code,
        said=error.message,
        cure=cure,
        accounts=ids_of(group),
    )


def _let_in(entered: Sequence[Entry]) -> str:
    by_role: dict[str, int] = {}
    for entry in entered:
        assert entry.access is not None  # noqa: S101 - it was entered
        name = entry.access.role or "the caller's own credentials"
        by_role[name] = by_role.get(name, 0) + 1
    return "; ".join(f"{count} entered with {name}" for name, count in by_role.items())


def _cure(fault: Fault, *, account: Account, caller: Caller, setup: Setup) -> str:
    """What to do in an account that was not entered."""
    role = setup.config.roles[0].replace(ACCOUNT_ID, account.id)
    name = role.rpartition("/")[2]
    if fault is Fault.DENIED_BY_SCP:
        return cure_of_scp(account.id)
    if fault is Fault.SESSION_TOO_LONG:
        return (
            "Leave --session-duration out, for sessions of an hour that are renewed in time; or in each account: "
            f"`aws iam update-role --role-name {name} --max-session-duration {setup.config.session_duration}`. A "
            "caller who is a role itself gets an hour at most."
        )
    if fault is Fault.SOURCE_IDENTITY_REFUSED:
        return 'Leave --source-identity out, or allow it in the trust of the role: "Action": "sts:SetSourceIdentity".'
    if fault is not Fault.ROLE_DENIED:
        return ""
    create = ["auditor", "template", "cloudformation", "--role", role, "--trust", principal_of(caller)]
    create += [] if setup.config.external_id is None else ["--external-id", setup.config.external_id]
    return (
        f"Create it there, or see its name, whom it trusts, and with which external id: `{shlex.join(create)}` makes "
        f"it; `aws iam get-role --role-name {name} --query Role.AssumeRolePolicyDocument` shows its trust. The caller "
        "needs sts:AssumeRole on it."
    )


def principal_of(caller: Caller) -> str:
    """The principal that a trust policy must name to trust the caller: for a session, its role."""
    parts = caller.arn.split(":")
    if parts[2] != "sts":
        return caller.arn
    name = parts[5].split("/")[1]
    return f"arn:{caller.partition}:iam::{caller.account_id}:role/{name}"


def names_of(entries: Sequence[Entry]) -> str:
    """The accounts by name and id."""
    return ", ".join(label_of(entry.account) for entry in entries)


def ids_of(entries: Sequence[Entry]) -> tuple[AccountId, ...]:
    """The accounts' ids."""
    return tuple(entry.account.id for entry in entries)

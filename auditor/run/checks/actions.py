"""The check of the role's permissions: try each action with the smallest request that an audit makes."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anyio

from auditor.aws.gateway import AccountAccess
from auditor.aws.permissions import actions_of, policy_allowing
from auditor.aws.reading import objects_in, text_in
from auditor.errors import RequestError
from auditor.model.codes import NO_SUCH_ENTITY
from auditor.model.diagnosis import Fault, Finding, Outcome
from auditor.model.text import counted
from auditor.run.checks.check import Result, Setup
from auditor.run.checks.faults import cure_of, cure_of_denial, cure_of_scp, fault_of
from auditor.run.checks.roles import Entry, ids_of, names_of

_FEW = 10
"""Users of an account among whom to look for one with a key."""
_ANSWERS = frozenset({NO_SUCH_ENTITY, "LimitExceeded", "ReportExpired", "ReportInProgress", "ReportNotPresent"})
"""Error codes that IAM sends only to callers who are allowed the action."""

Reply = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Subjects:
    """The user and key of an account to try actions on; empty if there is none."""

    user: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """How one action is tried."""

    ask: Callable[[AccountAccess, Subjects], Awaitable[object]]
    needs: str = ""
    """The name of the subject that it needs, empty for none."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The attempt of one action in one account."""

    action: str
    entry: Entry
    error: RequestError | None = None
    """None if it is allowed, or was not tried."""
    lacks: str = ""
    """The missing subject, empty if it was tried."""


PROBES: Mapping[str, Probe] = {
    "iam:ListUsers": Probe(lambda to, _: to.access.request(to.iam.list_users, MaxItems=_FEW)),
    "iam:ListAccessKeys": Probe(lambda to, on: to.access.request(to.iam.list_access_keys, UserName=on.user), "user"),
    "iam:ListMFADevices": Probe(lambda to, on: to.access.request(to.iam.list_mfa_devices, UserName=on.user), "user"),
    "iam:GetLoginProfile": Probe(lambda to, on: to.access.request(to.iam.get_login_profile, UserName=on.user), "user"),
    "iam:GetAccessKeyLastUsed": Probe(
        lambda to, on: to.access.request(to.iam.get_access_key_last_used, AccessKeyId=on.key), "key"
    ),
    "iam:GetAccountSummary": Probe(lambda to, _: to.access.request(to.iam.get_account_summary)),
    "iam:ListServiceSpecificCredentials": Probe(
        lambda to, _: to.access.request(to.iam.list_service_specific_credentials, AllUsers=True, MaxItems=1)
    ),
    "iam:ListVirtualMFADevices": Probe(
        lambda to, _: to.access.request(to.iam.list_virtual_mfa_devices, AssignmentStatus="Assigned", MaxItems=1)
    ),
    "iam:GenerateCredentialReport": Probe(lambda to, _: to.access.request(to.iam.generate_credential_report)),
    "iam:GetCredentialReport": Probe(lambda to, _: to.access.request(to.iam.get_credential_report)),
    "cloudtrail:LookupEvents": Probe(
        lambda to, _: to.access.request(
            to.cloudtrail.lookup_events,
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}],
            MaxResults=1,
        )
    ),
}
"""By action, as in the role's policy."""


async def check_actions(setup: Setup, entered: Sequence[Entry]) -> Result:
    """Which actions of an audit are allowed in the entered accounts."""
    actions = actions_of(setup.config.freshness, users=setup.config.users)
    trials: list[Trial] = []

    async def try_all(entry: Entry) -> None:
        trials.extend(await _tried(entry, actions))

    async with anyio.create_task_group() as tasks:
        for entry in entered:
            tasks.start_soon(try_all, entry)
    findings = [finding for action in actions for finding in _findings(action, trials, setup=setup)]
    allowed = [action for action in actions if all(trial.error is None for trial in trials if trial.action == action)]
    skipped = {action for action in actions if all(trial.lacks for trial in trials if trial.action == action)}
    number = len([action for action in allowed if action not in skipped])
    if number:
        found = f"{number} of {len(actions)} actions are allowed at {counted(len(entered), 'account')}"
        findings.append(Finding(outcome=Outcome.OK, found=found, accounts=ids_of(entered)))
    return Result(tuple(findings), value=True)


async def _tried(entry: Entry, actions: Sequence[str]) -> list[Trial]:
    """Each action, tried in one account; first those that find a user and a key for the others."""
    assert entry.access is not None  # noqa: S101 - it was entered
    subjects, trials = await _subjects(entry, entry.access)
    done = {trial.action for trial in trials}
    for action in actions:
        if action not in done:
            trials.append(await _try(action, entry, entry.access, subjects))
    return trials


async def _subjects(entry: Entry, access: AccountAccess) -> tuple[Subjects, list[Trial]]:
    reply, listing = await _ask("iam:ListUsers", entry, access, Subjects())
    names = [name for user in objects_in(reply, "Users") if (name := text_in(user, "UserName"))]
    trials = [listing]
    for name in names:
        subjects = Subjects(user=name)
        reply, of_keys = await _ask("iam:ListAccessKeys", entry, access, subjects)
        if len(trials) == 1 or of_keys.error is not None:
            trials = [listing, of_keys]
        keys = [key for found in objects_in(reply, "AccessKeyMetadata") if (key := text_in(found, "AccessKeyId"))]
        if keys or of_keys.error is not None:
            return Subjects(name, next(iter(keys), "")), trials
    return Subjects(next(iter(names), "")), trials


async def _try(action: str, entry: Entry, access: AccountAccess, subjects: Subjects) -> Trial:
    needs = PROBES[action].needs
    if needs and not getattr(subjects, needs):
        return Trial(action, entry, lacks=needs)
    return (await _ask(action, entry, access, subjects))[1]


async def _ask(action: str, entry: Entry, access: AccountAccess, subjects: Subjects) -> tuple[Reply, Trial]:
    try:
        reply: Any = await PROBES[action].ask(access, subjects)
    except RequestError as error:
        return {}, Trial(action, entry, error=None if error.code in _ANSWERS else error)
    return reply, Trial(action, entry)


def _findings(action: str, trials: Iterable[Trial], *, setup: Setup) -> list[Finding]:
    """What is wrong with one action; nothing if it is allowed in all accounts."""
    of_action = [trial for trial in trials if trial.action == action]
    groups: dict[Fault, list[Trial]] = {}
    for trial in of_action:
        if trial.error is not None:
            fault = fault_of(trial.error, denied=Fault.ACTION_DENIED, now=setup.now())
            groups.setdefault(fault, []).append(trial)
    if groups:
        return [_refused(fault, group, of=len(of_action)) for fault, group in groups.items()]
    if all(trial.lacks for trial in of_action):
        found = f"{action} was not tried: no account of the sample has a {of_action[0].lacks} to try it on"
        return [Finding(outcome=Outcome.SKIPPED, found=found)]
    return []


def _refused(fault: Fault, group: Sequence[Trial], *, of: int) -> Finding:
    trial, error = group[0], group[0].error
    assert error is not None  # noqa: S101 - it is in the group for that
    entries = [each.entry for each in group]
    return Finding(
        outcome=Outcome.FAILED,
        found=f"{trial.action} fails at {len(group)} of {counted(of, 'account')}: {names_of(entries)}",
        fault=fault,
        code=error.code,
        said=error.message,
        cure=cure_of(fault) or _cure(fault, trial),
        accounts=ids_of(entries),
    )


def _cure(fault: Fault, trial: Trial) -> str:
    if fault is Fault.DENIED_BY_SCP:
        return cure_of_scp(trial.entry.account.id)
    if fault is not Fault.ACTION_DENIED or trial.error is None:
        return ""
    role = "" if trial.entry.access is None else trial.entry.access.role
    whom = f"the role {role}" if role else "the caller"
    policy = json.dumps(policy_allowing([trial.action]))
    named = cure_of_denial(trial.error.message, account_id=trial.entry.account.id)
    return f"{named or f'Allow {whom} that, and see that no boundary denies it'}: {policy}"

"""The functions of `iam_audit.py`, the script that this package succeeds, made of the package's own parts."""

import argparse
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aioboto3

from auditor import event_loop
from auditor.account_audit import AccountPlan, bulkhead, read_account
from auditor.aws.access import Access
from auditor.aws.credentials import credentials_of
from auditor.aws.gateway import IamAccess, new_run_limits, open_gateway
from auditor.aws.organization import account_of, account_pages, state_word
from auditor.aws.role import RoleRequest, assume
from auditor.collectors import EVENTS, Scope
from auditor.collectors.draft import AccountDraft
from auditor.collectors.users import collect_users
from auditor.config import AuditConfig, Labels, check_role_name, check_session_name
from auditor.coverage import Section
from auditor.error_line import error_line
from auditor.errors import IncompleteError, OrganizationError, RequestError
from auditor.fanout import fan_out
from auditor.models import Account, AccountReport
from auditor.orchestrator import run_audit
from auditor.period import resolve_period, zoned
from auditor.progress import AccountFinished, AuditWarning, ProgressEvent
from auditor.rows import event_rows, finding_rows
from auditor.summary import AuditSummary
from auditor.writers import open_csv_writer

if TYPE_CHECKING:
    from types_aiobotocore_iam import IAMClient
    from types_aiobotocore_organizations import OrganizationsClient

logger = logging.getLogger(__name__)


async def get_accounts(org_client: "OrganizationsClient") -> list[dict[str, Any]]:
    """The accounts whose users can get in, as ListAccounts describes them, in its order.

    Each has `State` and, for those who read the word that AWS retired, `Status`. Suspended, closed and not yet active
    accounts are left out; one that is being closed still works.

    Raises:
        OrganizationError: The list could not be read to its end, or an account's state is not known.
    """
    accounts: list[dict[str, Any]] = []
    try:
        async for page in account_pages(
            Access(credentials=credentials_of(org_client), limits=new_run_limits()), org_client
        ):
            accounts.extend(raw for raw in page if _auditable(raw))
    except RequestError as error:
        raise OrganizationError(f"The accounts could not be listed: {error}.") from error
    return [{**raw, "State": state_word(raw), "Status": raw.get("Status") or state_word(raw)} for raw in accounts]


async def assume_role(
    session: aioboto3.Session,
    account_id: str,
    role_name: str,
    session_name: str,
    *,
    policy: str | None = None,
) -> dict[str, Any]:
    """The credentials of an account's role: AccessKeyId, SecretAccessKey, SessionToken, Expiration.

    They are narrowed to the session policy, a JSON document, where one is given.

    Raises:
        AuditError: The session has no credentials, or the role is refused.
    """
    check_role_name(role_name)
    check_session_name(session_name)
    role = RoleRequest(role_name, session_name, policy=policy)
    async with open_gateway(session=session) as gateway:
        return await assume(
            gateway.access, gateway.sts, account_id=account_id, partition=gateway.caller.partition, role=role
        )


async def get_iam_users_with_keys(iam_client: "IAMClient", account_id: str, account_name: str) -> list[dict[str, str]]:
    """The rows of the findings' file for one account: one an access key, with Spanish words.

    A fact that was refused reads `Desconocido (…)` in its row.

    Raises:
        IncompleteError: Users or keys could not be listed, so that rows are missing; it holds the others.
    """
    draft = AccountDraft()
    access = IamAccess(Access(credentials=credentials_of(iam_client), limits=new_run_limits()), iam_client)
    await bulkhead(draft, Section.USERS, collect_users(access, draft))
    account = account_of({"Id": account_id, "Name": account_name})
    rows = finding_rows(draft.report(account), labels=Labels.ES)
    missing = [failure for failure in draft.failures() if failure.section in {Section.USERS, Section.KEYS}]
    if missing:
        raise IncompleteError(f"Rows of {account_name} ({account_id}) are missing: {missing[0].message}", rows=rows)
    return rows


async def get_cloudtrail_events(
    session: aioboto3.Session,
    accounts: Sequence[Mapping[str, Any]],
    role_name: str,
    start_date: datetime,
    end_date: datetime,
) -> list[dict[str, str]]:
    """The rows of the events' file for these accounts, in their order, each account's newest first.

    A naive date is local time, as `datetime.now()` is.

    Raises:
        IncompleteError: Events of some accounts could not be read; it holds all the others.
        AuditError: The session has no credentials, or the period is none.
    """
    config = AuditConfig(role=role_name)
    period, cuts = resolve_period(zoned(start_date), zoned(end_date), now=datetime.now(UTC))
    for cut in cuts:
        logger.warning("%s", cut)
    plan = AccountPlan(RoleRequest(config.role, config.session_name), Scope(period))
    reports: dict[str, AccountReport] = {}
    async with open_gateway(session=session) as gateway:

        async def look_up(account: Account) -> None:
            reports[account.id] = await read_account(account, gateway=gateway, plan=plan, collectors=[EVENTS])

        distinct = {account["Id"]: account_of(dict(account)) for account in accounts}
        await fan_out(distinct.values(), look_up, limit=config.concurrency)
    return _complete_rows([reports[account_id] for account_id in distinct])


def main(arguments: Sequence[str] | None = None) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Audit as the script did: `--profile P --role R`, the files in the working directory; returns their rows.

    All rows are held in memory; the command `auditor audit` holds none.

    Raises:
        AuditError: Nothing could be audited.
    """
    summary = run_script(arguments)
    return list(summary.findings), list(summary.events)


def run_script(arguments: Sequence[str] | None = None) -> AuditSummary:
    """What `main` does, with the summary, which knows whether anything is missing."""
    options = _parser().parse_args(arguments)
    config = AuditConfig(role=options.role, profile=options.profile)
    return event_loop.run(_audit, config)


async def _audit(config: AuditConfig) -> AuditSummary:
    async with open_csv_writer(Path(), labels=config.labels) as csv:
        summary = await run_audit(config, writers=[csv], observe=_report_failure, collect=True)
    if summary.interruption:
        logger.error("%s", summary.interruption)
    return summary


def _report_failure(event: ProgressEvent) -> None:
    match event:
        case AccountFinished(report=report) if report.failures:
            logger.error("%s", error_line(report))
        case AuditWarning(message=message):
            logger.warning("Warning: %s", message)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m auditor", description="Audit the IAM users of all accounts of an AWS organization."
    )
    parser.add_argument("--profile", help="profile of the AWS configuration (default: the SDK's own chain)")
    parser.add_argument("--role", required=True, help="role to assume in each account")
    return parser


def _auditable(raw: Mapping[str, Any]) -> bool:
    account = account_of(dict(raw))
    if account.state is None:
        raise OrganizationError(
            f"Organizations gave the account {account.name} ({account.id}) no state that is known: "
            f"{account.state_word or 'none'}."
        )
    return account.state.auditable


def _complete_rows(reports: Iterable[AccountReport]) -> list[dict[str, str]]:
    reports = list(reports)
    rows = [row for report in reports for row in event_rows(report)]
    failed = [report for report in reports if report.failures]
    for report in failed:
        logger.error("%s", error_line(report))
    if failed:
        raise IncompleteError(f"Events of {len(failed)} accounts could not be read.", rows=rows)
    return rows

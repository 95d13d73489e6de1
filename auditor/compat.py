"""The functions of `iam_audit.py`, the script that this package replaces, made of the package's own parts."""

import argparse
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aioboto3

from auditor.account.audit import EVENTS, AccountPlan, bulkhead, read_account
from auditor.account.collectors.users import collect_users
from auditor.account.draft import AccountDraft
from auditor.aws.credentials import credentials_of
from auditor.aws.gateway import IamAccess, new_run_limits, open_gateway
from auditor.aws.organization import account_of, account_pages
from auditor.aws.reading import reading_past_oddities
from auditor.aws.request import Access
from auditor.aws.role import RoleRequest, assume
from auditor.concurrency import event_loop
from auditor.concurrency.tasks import fan_out
from auditor.config import AuditConfig, Labels
from auditor.errors import ConfigurationError, IncompleteError, OrganizationError, RequestError
from auditor.model.codes import INVALID_RESPONSE
from auditor.model.coverage import Section
from auditor.model.facts import Account, AccountId, AccountState
from auditor.model.kinds import check_kind, check_method
from auditor.model.period import resolve_period, zoned
from auditor.model.progress import AccountFinished, AuditWarning, ProgressEvent
from auditor.model.report import AccountReport
from auditor.model.roles import check_role_name, check_session_name
from auditor.model.scopes import UserScope
from auditor.model.summary import AccountFailure, AuditSummary, EventRows
from auditor.output.rows import error_line, event_rows, finding_rows
from auditor.output.run_files import open_run_files
from auditor.run.orchestrator import run_audit

if TYPE_CHECKING:
    from types_aiobotocore_iam import IAMClient
    from types_aiobotocore_organizations import OrganizationsClient

logger = logging.getLogger(__name__)


async def get_accounts(org_client: "OrganizationsClient") -> list[dict[str, Any]]:
    """The accounts in state ACTIVE, in the order of ListAccounts: `id` and `name` of each, and AWS's own keys.

    Those are there as AWS sent them (`Id`, `Name`, `Arn`, `Email`, …), with `State` and, for those who read the word
    that AWS retired, `Status`: whichever is missing is the other. All other states are left out, PENDING_CLOSURE too,
    though such an account's users can still get in: `run_audit` audits it. An account without an id, or in no state
    that is known here, is left out and logged as an error.

    Raises:
        OrganizationError: The list could not be read to its end.
    """
    check_method("org_client, an open client of Organizations,", org_client, "list_accounts")
    accounts: list[dict[str, Any]] = []
    try:
        access = Access(credentials=credentials_of(org_client), limits=new_run_limits())
        async for page in account_pages(access, reading_past_oddities(org_client)):
            accounts.extend(_active(page))
    except RequestError as error:
        raise OrganizationError(f"The accounts could not be listed: {error}.") from error
    return accounts


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
    check_kind("account_id", account_id, str)
    check_role_name(role_name)
    check_session_name(session_name)
    check_kind("policy", policy, str | None)
    role = RoleRequest(role_name, session_name, policy=policy)
    async with open_gateway(session=session) as gateway:
        return await assume(
            gateway.access, gateway.sts, account_id=account_id, partition=gateway.caller.partition, role=role
        )


async def get_iam_users_with_keys(iam_client: "IAMClient", account_id: str, account_name: str) -> list[dict[str, str]]:
    """The rows of the findings' file for one account: one per access key, with Spanish words.

    A fact that was refused, or can't be read, reads `Desconocido (…)` in its row. A user or key that can't be read at
    all is logged as an error.

    Raises:
        IncompleteError: Users or keys could not be listed, so that rows are missing; it holds the others.
    """
    check_kind("account_id", account_id, str)
    check_kind("account_name", account_name, str)
    draft = AccountDraft()
    access = Access(credentials=credentials_of(iam_client), limits=new_run_limits())
    check_method("iam_client, an open client of IAM,", iam_client, "list_users")
    account_access = IamAccess(access, reading_past_oddities(iam_client))
    await bulkhead(draft, Section.USERS, collect_users(account_access, draft))
    account = account_of({"Id": account_id, "Name": account_name})
    rows = finding_rows(draft.report(account), labels=Labels.ES)
    answered = {covered.section for covered in draft.coverage() if covered.answered == covered.asked}
    for failure in draft.failures():
        if failure.section not in {Section.USERS, Section.KEYS}:
            continue
        if failure.section not in answered or failure.code != INVALID_RESPONSE:
            raise IncompleteError(f"Rows of {account_name} ({account_id}) are missing: {failure.message}", rows=rows)
        logger.error("Not all of %s (%s) could be read: %s", account_name, account_id, failure.message)
    return rows


async def get_cloudtrail_events(
    session: aioboto3.Session,
    accounts: Iterable[Mapping[str, Any]],
    role_name: str,
    start_date: datetime,
    end_date: datetime,
) -> EventRows:
    """The events of these accounts that took place, in the accounts' order, each account's newest first.

    An account is a dictionary with `id` and `name`, as `get_accounts` gives it; one that is given twice is asked once.
    A naive date is local time, as `datetime.now()` is. Each session of the role is narrowed by the session policy of
    an audit, whatever else the role allows.

    An account whose role or events were refused stops no other: it is logged as an error and is in the `failures` of
    the list, which has the events of it that could be read.

    Raises:
        ConfigurationError: The role, the period or an account can't be right; nothing was asked.
        AuditError: The session has no credentials, or AWS does not accept them.
    """
    config = AuditConfig(role=role_name, users=UserScope.WITH_KEYS)
    check_kind("start_date", start_date, datetime)
    check_kind("end_date", end_date, datetime)
    check_kind("accounts", accounts, Iterable)
    distinct = _distinct(accounts)
    period, cuts = resolve_period(zoned(start_date), zoned(end_date), now=datetime.now(UTC))
    for cut in cuts:
        logger.warning("%s", cut)
    plan = AccountPlan(config, period)
    reports: dict[AccountId, AccountReport] = {}
    async with open_gateway(session=session) as gateway:

        async def look_up(account: Account) -> None:
            report = await read_account(account, gateway=gateway, plan=plan, collectors=[EVENTS])
            _log_failure(report)
            reports[account.id] = report

        await fan_out(distinct.values(), look_up, limit=config.concurrency)
    in_order = [reports[account_id] for account_id in distinct]
    return EventRows((row for report in in_order for row in event_rows(report)), failures=_failures(in_order))


def main(arguments: Sequence[str] | None = None) -> tuple[list[dict[str, str]], EventRows]:
    """Audit as the script did: `--profile P --role R`, the files in the working directory; returns their rows.

    The first are those of `get_iam_users_with_keys`, the second those of `get_cloudtrail_events`, of all accounts, in
    the order in which they finished. An account that failed is logged as an error, and so is a listing that ended
    early. Beside the files stands a journal, with which `auditor audit --resume` goes on. All rows are held in memory;
    the command `auditor audit` holds none.

    Raises:
        AuditError: Nothing could be audited.
    """
    summary = run_script(arguments)
    return list(summary.findings), EventRows(summary.events, failures=_failures(summary.reports))


def run_script(arguments: Sequence[str] | None = None) -> AuditSummary:
    """What `main` does, with the summary, which knows whether anything is missing."""
    check_kind("arguments", arguments, list | tuple | None)
    for argument in arguments or ():
        check_kind("Each of the arguments", argument, str)
    options = _parser().parse_args(arguments)
    config = AuditConfig(role=options.role, profile=options.profile, users=UserScope.WITH_KEYS)
    return event_loop.run(_audit, config)


async def _audit(config: AuditConfig) -> AuditSummary:
    async with open_run_files(Path(), config=config) as files:
        summary = await run_audit(config, writers=files.writers, observe=_report_failure, collect=True)
    if summary.interruption:
        logger.error("%s", summary.interruption)
    return summary


def _report_failure(event: ProgressEvent) -> None:
    match event:
        case AccountFinished(report=report):
            _log_failure(report)
        case AuditWarning(message=message):
            logger.warning("Warning: %s", message)


def _log_failure(report: AccountReport) -> None:
    if report.failures:
        logger.error("%s", error_line(report))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m auditor", description="Audit the IAM users of all accounts of an AWS organization."
    )
    parser.add_argument("--profile", help="profile of the AWS configuration (default: the SDK's own chain)")
    parser.add_argument("--role", required=True, help="role to assume in each account")
    return parser


def _active(page: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The accounts of a page in state ACTIVE; one whose state can't be told is logged as an error."""
    for raw in page:
        try:
            account = account_of(dict(raw))
        except RequestError as error:
            logger.error("An account is left out: %s", error)  # noqa: TRY400 - its traceback tells nobody anything
            continue
        if account.state is None:
            word = account.state_word or "none"
            logger.error("The account %s (%s) is left out: its state is not known: %s", account.name, account.id, word)
        elif account.state is AccountState.ACTIVE:
            status = raw.get("Status") or account.state_word
            yield {"id": str(account.id), "name": account.name, **raw, "State": account.state_word, "Status": status}


def _distinct(accounts: Iterable[Mapping[str, Any]]) -> dict[AccountId, Account]:
    """The accounts by their ids, in their order."""
    distinct: dict[AccountId, Account] = {}
    for place, given in enumerate(accounts, start=1):
        account = _given(given, place=place)
        distinct.setdefault(account.id, account)
    return distinct


def _given(account: object, *, place: int) -> Account:
    cells = account if isinstance(account, Mapping) else {}
    account_id, name = cells.get("id"), cells.get("name")
    for key, value in (("id", account_id or None), ("name", name)):
        if not isinstance(value, str):
            raise ConfigurationError(
                f"Account {place} of the list has no {key}: each must be a dictionary with the texts id and name, as "
                "get_accounts gives them."
            )
    return account_of({"Id": account_id, "Name": name})


def _failures(reports: Iterable[AccountReport]) -> Iterator[AccountFailure]:
    for report in reports:
        failures = tuple(failure for failure in report.failures if failure.section in {Section.ROLE, Section.EVENTS})
        if failures:
            yield AccountFailure(str(report.account.id), report.account.name, failures)

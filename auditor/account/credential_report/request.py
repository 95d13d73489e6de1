"""How an account's credential report is asked for: politely, and not for ever."""

import random
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime

import anyio

from auditor.account.credential_report.parse import CredentialReport, read_report
from auditor.aws.errors import invalid_response, request_error
from auditor.aws.gateway import IamAccess
from auditor.aws.reading import time_in
from auditor.config import ReportWait
from auditor.errors import RequestError

NOT_READY = "ReportNotReady"
_IN_PROGRESS = "ReportInProgress"
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetCredentialReport.html
_TO_BE_MADE = frozenset({"ReportNotPresent", "ReportExpired"})
# Another report is being made: it will do. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateCredentialReport.html
_ANOTHER_IS_MADE = "LimitExceeded"


async def request_report(
    account: IamAccess, *, wait: ReportWait, sleep: Callable[[float], Awaitable[None]] = anyio.sleep
) -> CredentialReport:
    """The account's credential report: the one that is there, whoever had it made, or else a new one.

    Raises:
        RequestError: It was refused, can't be read, or was not ready in time.
    """
    with anyio.move_on_after(wait.patience) as scope:
        for pause in _pauses(wait):
            report = await _report(account)
            if report is not None:
                return report
            if anyio.current_time() + pause >= scope.deadline:
                break
            await sleep(pause)
    raise request_error(
        code=NOT_READY,
        message=f"the credential report was not ready within {wait.patience:g} seconds",
        service="iam",
        operation="get_credential_report",
    )


async def _report(account: IamAccess) -> CredentialReport | None:
    """The report, or None while it is being made, which this starts where nobody has."""
    report, code = await _get(account)
    if report is None and code in _TO_BE_MADE and await _is_made(account):
        report, _ = await _get(account)
    return report


async def _get(account: IamAccess) -> tuple[CredentialReport | None, str]:
    try:
        answer = await account.access.request(account.iam.get_credential_report)
    except RequestError as error:
        if error.code == _IN_PROGRESS or error.code in _TO_BE_MADE:
            return None, error.code
        raise
    made_at = time_in(answer, "GeneratedTime")
    if not isinstance(made_at, datetime):
        said = "the credential report has no GeneratedTime that can be read"
        raise invalid_response(said, service="iam", operation="get_credential_report")
    return read_report(answer["Content"], made_at=made_at), ""


async def _is_made(account: IamAccess) -> bool:
    try:
        answer = await account.access.request(account.iam.generate_credential_report)
    except RequestError as error:
        if error.code == _ANOTHER_IS_MADE:
            return False
        raise
    return answer["State"] == "COMPLETE"


def _pauses(wait: ReportWait) -> Iterator[float]:
    bound = wait.first_pause
    while True:
        yield random.uniform(bound / 2, bound)  # noqa: S311 - jitter is no secret
        bound = min(bound * 2, wait.longest_pause)

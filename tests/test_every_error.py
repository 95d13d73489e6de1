"""Every API with every error: cells are what was answered or say what came instead, and never a default."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp
import botocore.parsers
import botocore.session
import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, HTTPClientError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from auditor import AccountReport, Completeness, Freshness, Labels, Section
from auditor.account.audit import AccountPlan, audit_account
from auditor.aws.errors import PARSER_ERRORS
from auditor.aws.limits.retry import RetryPolicy
from auditor.config import AuditConfig
from auditor.output.rows import event_cells, finding_rows
from auditor.output.user_rows import user_rows
from tests.account.collectors.reporting import ARN, MADE, OLD, report_text, row, slot, wire
from tests.fakes import JUMPING, NOON, OF_ALL, PERIOD, FakeClients, FakeService, account, assumed, gateway, refusal

pytestmark = pytest.mark.anyio

THERE = account("222222222222")
Rows = list[dict[str, str]]


def parser_error(body: object, *, deep: bool = False) -> Exception:
    """What the SDK's own parser raises over a reply of another shape, as the clients of a caller's have it."""
    service: Any = botocore.session.get_session().get_service_model("cloudtrail")
    text = "[" * 100_000 if deep else json.dumps({"Events": body})
    reply = {"status_code": 200, "headers": {}, "body": text.encode()}
    try:
        botocore.parsers.create_parser("json").parse(reply, service.operation_model("LookupEvents").output_shape)
    except PARSER_ERRORS as error:
        return error
    raise AssertionError("the parser reads it")


ERRORS: dict[str, tuple[Any, set[str]]] = {
    "denied": (refusal("AccessDenied", status=403), {"AccessDenied"}),
    "denied by JSON": (refusal("AccessDeniedException"), {"AccessDeniedException"}),
    "throttled": (refusal("Throttling"), {"Throttling", "NoAnswer"}),
    "throttled by status": (refusal("Busy", status=429), {"Busy", "NoAnswer"}),
    "server error": (refusal("ServiceFailure", status=500), {"ServiceFailure"}),
    "nameless server error": (refusal("", status=503), {"503"}),
    "expired": (refusal("ExpiredToken", status=403), {"ExpiredToken"}),
    "unknown key": (refusal("InvalidClientTokenId", status=403), {"InvalidClientTokenId"}),
    "wrong signature": (refusal("SignatureDoesNotMatch", status=403), {"SignatureDoesNotMatch"}),
    "invalid": (refusal("ValidationError"), {"ValidationError"}),
    "unheard of": (refusal("Surprise", status=418), {"Surprise"}),
    "reset": (ConnectionClosedError(endpoint_url="https://aws"), {"ConnectionFailed"}),
    "unreachable": (EndpointConnectionError(endpoint_url="https://aws"), {"ConnectionFailed"}),
    "cut": (HTTPClientError(error=aiohttp.ClientPayloadError("cut")), {"ConnectionFailed"}),
    "silent": (ReadTimeoutError(endpoint_url="https://aws"), {"Timeout", "NoAnswer"}),
    "unparsable": (ResponseParserError("no XML"), {"InvalidResponse"}),
    "of another shape": (parser_error({"Users": "odd"}), {"InvalidResponse"}),
    "nested too deep": (parser_error({"Users": {}}, deep=True), {"InvalidResponse"}),
    "empty": ({}, {"InvalidResponse"}),
    "unforeseen": (RuntimeError("odd"), {"InternalError"}),
    "a mistake of ours": (KeyError("Users"), {"InternalError"}),
}
"""What is answered, and the codes under which it may be said."""
OURS = {"unforeseen", "a mistake of ours"}

SECTIONS = {
    "assume_role": Section.ROLE,
    "list_users": Section.USERS,
    "list_access_keys": Section.KEYS,
    "get_access_key_last_used": Section.LAST_USED,
    "get_login_profile": Section.PASSWORD,
    "list_mfa_devices": Section.MFA,
    "lookup_events": Section.EVENTS,
    "get_account_summary": Section.ROOT,
    "list_service_specific_credentials": Section.SERVICE_CREDENTIALS,
}
CELLS = {
    "get_access_key_last_used": {"last_used_date", "service_name"},
    "get_login_profile": {"password_status"},
    "list_mfa_devices": {"mfa_status"},
}
USER_CELLS = {
    "get_account_summary": ("password_status", "mfa_status", "active_keys", "inactive_keys"),
    "list_service_specific_credentials": ("service_credentials",),
}
"""The cells of root, or of users, that say why they are not known."""
LISTS = {"assume_role", "list_users", "list_access_keys"}
"""Without their answers there is no row of a key."""
REPORT_APIS = ("generate_credential_report", "get_credential_report", "list_virtual_mfa_devices")


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates and pauses take no time."""
    return JUMPING


def key(name: str, number: int) -> dict[str, Any]:
    """A key as ListAccessKeys describes it."""
    return {"AccessKeyId": f"AKIA{name.upper()}{number}", "Status": "Active", "CreateDate": OLD}


def keys_of(UserName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
    """Ana has one key, bo two."""
    return {"AccessKeyMetadata": [key(UserName, number) for number in range(1 if UserName == "ana" else 2)]}


def profile_of(UserName: str) -> Any:  # noqa: N803 - AWS's name
    """Ana has a password."""
    return {"LoginProfile": {}} if UserName == "ana" else refusal("NoSuchEntity", status=404)


def devices_of(UserName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
    """Ana has a virtual device."""
    return {"MFADevices": [{"SerialNumber": f"arn:aws:iam::{THERE.id}:mfa/ana"}] if UserName == "ana" else []}


REPORT = report_text(
    row("ana", password_enabled="true", mfa_active="true", **slot(1, rotated=wire(OLD), used=wire(NOON))),
    row("bo", **slot(1, rotated=wire(OLD)), **slot(2, rotated=wire(OLD))),
)
ANSWERS: dict[str, Any] = {
    "assume_role": assumed(THERE.id),
    "list_users": {
        "Users": [{"UserName": name, "Arn": ARN + name, "CreateDate": OLD} for name in ("ana", "bo")],
    },
    "list_access_keys": keys_of,
    "get_access_key_last_used": {"AccessKeyLastUsed": {"LastUsedDate": NOON, "ServiceName": "s3", "Region": "r"}},
    "get_login_profile": profile_of,
    "list_mfa_devices": devices_of,
    "lookup_events": {"Events": [{"EventId": "id-1", "EventName": "CreateUser", "EventTime": NOON}]},
    "generate_credential_report": {"State": "COMPLETE"},
    "get_credential_report": {"Content": REPORT.encode(), "GeneratedTime": MADE},
    "list_virtual_mfa_devices": {"VirtualMFADevices": [{"User": {"Arn": f"{ARN}ana"}}]},
    **OF_ALL,
}


async def audited(freshness: Freshness = Freshness.LIVE, **answers: Any) -> AccountReport:
    """The report of the account, all answers as they should be but for these."""
    scripts = ANSWERS | answers
    iam = {name: scripts[name] for name in scripts.keys() - {"assume_role", "lookup_events"}}
    clients = FakeClients(
        sts=FakeService("sts", assume_role=scripts["assume_role"]),
        iam=FakeService("iam", **iam),
        cloudtrail=FakeService("cloudtrail", lookup_events=scripts["lookup_events"]),
    )
    plan = AccountPlan(AuditConfig(role="Audit", session_policy=False, freshness=freshness), PERIOD)
    return await audit_account(THERE, gateway=gateway(clients, policy=RetryPolicy()), plan=plan)


def rows_of(report: AccountReport) -> tuple[Rows, Rows]:
    """Findings and events."""
    return finding_rows(report, labels=Labels.ES), event_cells(report)


def cells_apart(rows: Rows, true: Rows) -> Iterator[tuple[str, str]]:
    """Column and text of every cell that is another than the true one."""
    known: Mapping[str, dict[str, str]] = {each["access_key_id"]: each for each in true}
    for each in rows:
        yield from (cell for cell in each.items() if cell not in known[each["access_key_id"]].items())


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("operation", SECTIONS)
async def test_what_was_not_answered_is_said(operation: str, error: str) -> None:
    """Rows that are there are true or say the code in the refused cells; sections and failures name the rest."""
    answer, codes = ERRORS[error]
    true_findings, true_events = rows_of(await audited())
    report = await audited(**{operation: answer})
    findings, events = rows_of(report)
    failure = report.failures[0]
    words = {covered.section: covered.completeness for covered in report.coverage}

    assert (3, 1) == (len(true_findings), len(true_events))
    assert not report.complete
    assert {failure.section} == {one.section for one in report.failures}
    assert codes >= {one.code for one in report.failures}
    assert words[failure.section] in {Completeness.DENIED, Completeness.FAILED, Completeness.PARTIAL}
    assert ("denied" in error) is (Completeness.DENIED in words.values())
    if error in OURS:
        assert findings in ([], true_findings)
        return
    assert SECTIONS[operation] is failure.section
    cells = CELLS.get(operation, set())
    unknown = [(column, f"Desconocido ({failure.code})") for column in cells]
    assert sorted(unknown * len(findings)) == sorted(cells_apart(findings, true_findings))
    assert len(findings) == (0 if operation in LISTS else 3)
    assert events == ([] if operation in {"lookup_events", "assume_role"} else true_events)


@pytest.mark.parametrize("error", [error for error in ERRORS if error not in OURS])
@pytest.mark.parametrize("operation", USER_CELLS)
async def test_what_is_not_known_of_users_is_said(operation: str, error: str) -> None:
    """Each cell says the code; nothing is made of it, and all others are true."""
    answer, _ = ERRORS[error]
    report = await audited(**{operation: answer})
    cells = [
        (row["username"], name, cell)
        for row, true in zip(_user_rows(report), _user_rows(await audited()), strict=True)
        for name, cell in row.items()
        if cell != true[name]
    ]
    names = ("<root_account>",) if operation == "get_account_summary" else ("ana", "bo")
    said = f"Desconocido ({report.failures[0].code})"

    assert [(name, cell, said) for name in names for cell in USER_CELLS[operation]] == cells


def _user_rows(report: AccountReport) -> Rows:
    return [{**row, "last_activity": ""} for row in user_rows(report, labels=Labels.ES)]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("operation", REPORT_APIS)
async def test_without_a_report_facts_are_read_live(operation: str, error: str) -> None:
    """What only spares calls is no failure: the rows are the same."""
    answer, _ = ERRORS[error]
    true = rows_of(await audited())
    first = {} if operation != "generate_credential_report" else {"get_credential_report": refusal("ReportNotPresent")}
    report = await audited(Freshness.REPORT, **{operation: answer, **first})

    if error in OURS:
        assert not report.complete
        assert true[1] == rows_of(report)[1]
        return
    assert (True, true) == (report.complete, rows_of(report))
    assert report.fallbacks

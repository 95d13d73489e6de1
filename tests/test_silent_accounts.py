"""An account that never answers costs itself, after five minutes, and nothing of the others."""

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from auditor import AuditConfig, AuditError, CallerError, Freshness, OrganizationError, Rates, run_audit
from auditor.account.audit import AccountPlan
from auditor.aws.credentials import TaskCredentials
from auditor.aws.limits.retry import RetryPolicy
from auditor.demo import FaultMix, Scenario
from auditor.engines.worker import audit_accounts
from auditor.model.coverage import Completeness, Section
from auditor.model.facts import Account, Unknown
from auditor.model.report import AccountReport
from tests.fakes import JUMPING, NOON, OF_ALL, PERIOD, FakeClients, FakeService, account, assumed, gateway
from tests.organizations import served

pytestmark = pytest.mark.anyio

PLAN = AccountPlan(AuditConfig(role="Audit", session_policy=False), PERIOD)
SILENT = "000000000003"
USERS_SECTIONS = (Section.USERS, Section.KEYS, Section.LAST_USED, Section.PASSWORD, Section.MFA)
Silent = Callable[[str, dict[str, Any]], bool]
"""Whether an operation is never answered, by its name and parameters."""


def clients(silent: Silent) -> FakeClients:
    """Accounts with three users and an event each; one of them does not answer what is `silent`."""

    async def answer(operation: str, reply: Any, **parameters: Any) -> Any:
        credentials = await TaskCredentials().get_frozen_credentials()
        if str(credentials.access_key).endswith(SILENT) and silent(operation, parameters):
            await anyio.sleep(math.inf)
        return reply

    async def assume_role(*, RoleArn: str, **_: Any) -> Any:  # noqa: N803 - AWS's name
        account_id = RoleArn.split(":")[4]
        if account_id == SILENT and silent("assume_role", {}):
            await anyio.sleep(math.inf)
        return assumed(account_id)

    def scripted(operation: str, reply: Any) -> Any:
        return lambda **parameters: answer(operation, reply, **parameters)

    replies: dict[str, Any] = {
        "list_users": {"Users": [{"UserName": name} for name in ("ana", "bea", "eva")]},
        "list_access_keys": {"AccessKeyMetadata": [{"AccessKeyId": "AKIA", "Status": "Active"}]},
        "get_access_key_last_used": {"AccessKeyLastUsed": {}},
        "get_login_profile": {"LoginProfile": {}},
        "list_mfa_devices": {"MFADevices": []},
        **OF_ALL,
    }
    event = {"EventId": "id-1", "EventName": "CreateUser", "EventTime": NOON}
    return FakeClients(
        sts=FakeService("sts", assume_role=assume_role),
        iam=FakeService("iam", **{name: scripted(name, reply) for name, reply in replies.items()}),
        cloudtrail=FakeService("cloudtrail", lookup_events=scripted("lookup_events", {"Events": [event]})),
    )


async def audited(silent: Silent) -> tuple[AccountReport, list[AccountReport], float]:
    """The report of the silent account, those of nine others, and how long it all took with two places."""
    places, accounts = anyio.create_memory_object_stream[Account](10)
    for number in range(10):
        places.send_nowait(account(f"{number:012}"))
    places.close()
    finished, reports = anyio.create_memory_object_stream[AccountReport](0)
    started = anyio.current_time()
    async with anyio.create_task_group() as tasks, reports:
        work = partial(audit_accounts, gateway=gateway(clients(silent)), plan=PLAN, concurrency=2)
        tasks.start_soon(work, accounts, finished)
        taken = [report async for report in reports]
    others = [report for report in taken if report.account.id != SILENT]
    (mute,) = (report for report in taken if report.account.id == SILENT)
    return mute, others, anyio.current_time() - started


def words(report: AccountReport) -> dict[Section, Completeness]:
    """The word of every section."""
    return {coverage.section: coverage.completeness for coverage in report.coverage}


@pytest.mark.parametrize("anyio_backend", [JUMPING])
@pytest.mark.parametrize("door", [True, False], ids=["role", "account"])
async def test_only_the_silent_account_fails(door: bool) -> None:  # noqa: FBT001 - a case
    """The others are complete while it is waited for, it fails after five minutes, and each section says why."""
    mute, others, seconds = await audited(lambda operation, _: (operation == "assume_role") is door)

    assert [(report.complete, len(report.users), len(report.events)) for report in others] == [(True, 3, 1)] * 9
    assert {failure.code for failure in mute.failures} == {"NoAnswer"}
    assert {failure.section for failure in mute.failures} == (
        {Section.ROLE} if door else {Section.USERS, Section.EVENTS, Section.ROOT, Section.SERVICE_CREDENTIALS}
    )
    assert "no good reply came for 300 seconds" in mute.failures[0].message
    assert set(words(mute).values()) <= {Completeness.COMPLETE, Completeness.FAILED, Completeness.SKIPPED}
    assert words(mute)[Section.ROLE] is (Completeness.FAILED if door else Completeness.COMPLETE)
    assert 300 <= seconds < 330


@pytest.mark.parametrize("anyio_backend", [JUMPING])
async def test_what_was_read_before_the_silence_is_kept() -> None:
    """Users, keys and events that were answered stay; each fact that was not is unknown, and its section says so."""

    def silent(operation: str, parameters: dict[str, Any]) -> bool:
        if operation == "list_access_keys":
            return bool(parameters["UserName"] == "eva")
        attributes = parameters.get("LookupAttributes", [{}])
        return operation == "list_mfa_devices" or attributes[0].get("AttributeValue") == "DeleteAccessKey"

    mute, others, _ = await audited(silent)
    ana, bea, eva = mute.users

    assert all(report.complete for report in others)
    assert {failure.code for failure in mute.failures} == {"NoAnswer"}
    assert eva.keys == Unknown("NoAnswer")
    for user in (ana, bea):
        assert (len(user.keys) if isinstance(user.keys, tuple) else 0, user.has_password) == (1, True)
        assert user.mfa_devices == Unknown("NoAnswer")
    assert [event.id for event in mute.events] == ["id-1"]
    assert {section: word for section, word in words(mute).items() if word is not Completeness.COMPLETE} == {
        Section.EVENTS: Completeness.PARTIAL,
        Section.KEYS: Completeness.PARTIAL,
        Section.LAST_USED: Completeness.PARTIAL,
        Section.MFA: Completeness.FAILED,
    }


@asynccontextmanager
async def mute_endpoint() -> AsyncIterator[str]:
    """A server on loopback that accepts every connection, and never answers."""

    async def hold(connection: SocketStream) -> None:
        async with connection:
            await anyio.sleep_forever()

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, hold)
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no query of a database
        yield f"http://127.0.0.1:{port}"
        tasks.cancel_scope.cancel()


async def test_a_server_that_accepts_and_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real connections are given up, too: events are there, users failed, and the run ends with 3."""
    scenario = Scenario(accounts=4, users=1, largest_account=2, denied_every=None, odd_states={})
    async with served(scenario, monkeypatch), mute_endpoint() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", url)
        config = AuditConfig(role=scenario.role_name, longest_silence=3, rates=Rates(events=1000, iam=1000))
        summary = await run_audit(config, collect=True)

    asked = [report for report in summary.reports if report.audited]
    assert len(asked) > 1
    assert {(failure.section, failure.code) for report in asked for failure in report.failures} == {
        (section, "NoAnswer") for section in (Section.USERS, Section.ROOT, Section.SERVICE_CREDENTIALS)
    }
    assert {words(report)[Section.EVENTS] for report in asked} == {Completeness.COMPLETE}
    assert summary.exit_code == 3


@pytest.mark.parametrize(
    ("service", "error", "sentence"),
    [
        ("STS", CallerError, "The caller could not be identified: NoAnswer: no good reply came for 0.2 seconds (sts "),
        ("ORGANIZATIONS", OrganizationError, "The accounts could not be listed (NoAnswer: no good reply came for 0.2"),
    ],
)
async def test_a_run_that_nobody_answers_ends_with_a_sentence(
    service: str, error: type[AuditError], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who the caller is, and which accounts there are, are not waited for without end either."""
    async with served(Scenario(accounts=1, users=0), monkeypatch), mute_endpoint() as url:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", url)
        with pytest.raises(error) as caught:
            await run_audit(AuditConfig(role="Audit", longest_silence=0.2))

    assert str(caught.value).startswith(sentence)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("anyio_backend", [JUMPING])
@pytest.mark.parametrize("report_age", [None, 60.0], ids=["live", "report"])
async def test_a_service_that_throttles_all_hides_nothing_of_another(
    report_age: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudTrail throttles throughout, and every user is there with all facts; the events say what refused them."""
    scenario = Scenario(
        accounts=1,
        largest_account=30,
        report_age=report_age,
        faults=FaultMix(throttled=1.0, only=frozenset({"cloudtrail:LookupEvents"})),
    )
    async with served(scenario, monkeypatch) as server:
        began = anyio.current_time()
        freshness = Freshness.LIVE if report_age is None else Freshness.REPORT
        summary = await run_audit(AuditConfig(role=scenario.role_name, freshness=freshness), collect=True)
        seconds = anyio.current_time() - began
        (there,) = [len(server.organization.facts(one).users) for one in server.organization.accounts]

    (report,) = summary.reports
    assert {(failure.section, failure.code) for failure in report.failures} == {(Section.EVENTS, "ThrottlingException")}
    assert there == len(report.users) + report.vanished_users
    assert [Completeness.COMPLETE] * 5 == [words(report)[section] for section in USERS_SECTIONS]
    # The account is asked once more at the end.
    assert seconds < 2 * 3 * RetryPolicy().throttle_patience

"""One account, from its role to its report: what fails in it stays in it, and is said."""

import logging
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import anyio
import pytest
from anyio import to_thread

from auditor.account.audit import AccountPlan, audit_account
from auditor.account.collectors.events import EVENT_NAMES
from auditor.aws.gateway import open_gateway
from auditor.config import AuditConfig
from auditor.demo import Scenario, build_organization, serve
from auditor.model.coverage import Completeness, Section
from auditor.model.facts import Account, AccountState
from auditor.model.period import Period
from auditor.model.report import AccountReport
from auditor.model.scopes import EventScope
from tests.fakes import (
    JUMPING,
    NOON,
    OF_ALL,
    OWN_ACCOUNT,
    PERIOD,
    FakeClients,
    FakeService,
    account,
    assumed,
    gateway,
    refusal,
)
from tests.organizations import served

pytestmark = pytest.mark.anyio

CONFIG = AuditConfig(role="OrganizationAccountAccessRole", session_policy=False)
PLAN = AccountPlan(CONFIG, PERIOD)
THERE = account("222222222222")
EVENT = {"EventId": "id-1", "EventName": "CreateUser", "EventTime": NOON}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates and pauses take no time."""
    return JUMPING


def clients(**scripts: Any) -> FakeClients:
    """The clients of an account with one user without keys and one event, whose role can be assumed."""
    answers = {
        "assume_role": assumed(THERE.id),
        "list_users": {"Users": [{"UserName": "ana"}]},
        "list_access_keys": {"AccessKeyMetadata": []},
        "lookup_events": {"Events": [EVENT]},
        **scripts,
    }
    return FakeClients(
        sts=FakeService("sts", assume_role=answers["assume_role"]),
        iam=FakeService(
            "iam",
            list_users=answers["list_users"],
            list_access_keys=answers["list_access_keys"],
            get_login_profile=refusal("NoSuchEntity", status=404),
            **OF_ALL,
        ),
        cloudtrail=FakeService("cloudtrail", lookup_events=answers["lookup_events"]),
    )


async def audited(fakes: FakeClients, there: Account = THERE) -> AccountReport:
    """The report of an account."""
    return await audit_account(there, gateway=gateway(fakes), plan=PLAN)


def words(report: AccountReport) -> dict[Section, Completeness]:
    """The word of every section."""
    return {coverage.section: coverage.completeness for coverage in report.coverage}


async def test_a_report_is_whole() -> None:
    """Users, events, coverage, role, requests and duration are in the report."""
    report = await audited(clients())

    assert ([user.name for user in report.users], [event.id for event in report.events]) == (["ana"], ["id-1"])
    assert set(words(report).values()) == {Completeness.COMPLETE}
    assert (report.complete, report.audited, report.role) == (True, True, CONFIG.role)
    assert (report.requests, report.throttles) == (6 + len(EVENT_NAMES[EventScope.BASIC]), 0)
    assert report.started_at is not None
    assert report.seconds == pytest.approx(2, abs=0.5)


async def test_the_callers_own_account_has_no_role() -> None:
    """The caller's own account is read without assuming anything."""
    fakes = clients()
    report = await audited(fakes, account(OWN_ACCOUNT))

    assert (report.role, report.audited, fakes.sts.calls) == ("", True, [])


@pytest.mark.parametrize(
    "state", [AccountState.SUSPENDED, AccountState.CLOSED, AccountState.PENDING_ACTIVATION], ids=str
)
async def test_accounts_that_nobody_can_enter_are_not_asked(state: AccountState) -> None:
    """A suspended, closed or not yet active account is skipped, and nothing is missing then."""
    fakes = clients()
    report = await audited(fakes, account(state=state))

    assert set(words(report).values()) == {Completeness.SKIPPED}
    assert (report.failures, report.complete, report.audited) == ((), True, False)
    assert fakes.sts.calls + fakes.iam.calls + fakes.cloudtrail.calls == []


async def test_an_account_that_is_being_closed_is_audited() -> None:
    """Until an account is closed its users get in as before."""
    report = await audited(clients(), account(state=AccountState.PENDING_CLOSURE))

    assert (report.audited, len(report.users)) == (True, 1)


@pytest.mark.parametrize(
    ("word", "said"), [("", "gave this account no state"), ("HIBERNATING", "'HIBERNATING', which is not known")]
)
async def test_an_unknown_state_is_a_failure(word: str, said: str) -> None:
    """An account that may well be in use is neither asked nor passed over."""
    fakes = clients()
    report = await audited(fakes, account(state=None, word=word))
    (failure,) = report.failures

    assert (failure.section, failure.code) == (Section.ROLE, "UnknownAccountState")
    assert said in failure.message
    assert (report.complete, report.audited, fakes.sts.calls) == (False, False, [])


async def test_a_refused_role_is_the_accounts_failure() -> None:
    """An account that refuses the role is not asked anything, and its report says so."""
    fakes = clients(assume_role=refusal("AccessDenied", status=403))
    report = await audited(fakes)

    assert [(failure.section, failure.code) for failure in report.failures] == [(Section.ROLE, "AccessDenied")]
    assert words(report) == {**dict.fromkeys(Section, Completeness.SKIPPED), Section.ROLE: Completeness.DENIED}
    assert (report.audited, report.role, fakes.iam.calls) == (False, "", [])


class Unforeseen(Exception):  # noqa: N818 - that it is one is the point
    """Nothing that anybody catches."""


@pytest.mark.parametrize(
    "error",
    [
        Unforeseen("odd"),
        RecursionError("deep"),
        AssertionError("no"),
        OSError("disk"),
        KeyError("Users"),
        TypeError("no"),
    ],
)
async def test_an_unforeseen_error_costs_one_collector(error: Exception) -> None:
    """Where one collector breaks, the other's facts are in the report; the code is ours, the message has its name."""
    report = await audited(clients(list_users=error))
    (failure,) = report.failures

    assert (failure.section, failure.code) == (Section.USERS, "InternalError")
    assert f"unforeseen error of the audit's own in this account ({type(error).__name__})" in failure.message
    assert (report.users, [event.id for event in report.events]) == ((), ["id-1"])
    assert (words(report)[Section.USERS], words(report)[Section.EVENTS]) == (
        Completeness.FAILED,
        Completeness.COMPLETE,
    )


async def test_an_unforeseen_error_in_the_events_leaves_the_users() -> None:
    """It is so the other way round, too."""
    report = await audited(clients(lookup_events=Unforeseen("odd")))

    assert ([user.name for user in report.users], report.events) == (["ana"], ())
    assert [(failure.section, failure.code) for failure in report.failures] == [(Section.EVENTS, "InternalError")]


async def test_an_unforeseen_error_of_several_users_is_said() -> None:
    """Errors that come at once from several users of an account stay in it, and leave its events."""
    users = {"Users": [{"UserName": str(number)} for number in range(16)]}
    report = await audited(clients(list_users=users, list_access_keys=Unforeseen("odd")))

    assert {failure.section for failure in report.failures} == {Section.USERS}
    assert len(report.events) == 1
    assert words(report)[Section.USERS] is Completeness.PARTIAL


async def test_an_unforeseen_error_at_the_door_is_said() -> None:
    """An error that nobody foresaw while the role is assumed costs the account, and no more."""
    report = await audited(clients(assume_role=Unforeseen("odd")))

    assert [(failure.section, failure.code) for failure in report.failures] == [(Section.ROLE, "InternalError")]
    assert not report.audited


@pytest.mark.parametrize("odd", [None, "soon", True, []], ids=str)
async def test_a_role_without_expiration_is_said(odd: Any) -> None:
    """An answer of STS that lacks what nobody expected to be missing is this account's failure."""
    answer = assumed(THERE.id)
    answer["Credentials"]["Expiration"] = odd
    report = await audited(clients(assume_role=answer))

    assert [(failure.section, failure.code) for failure in report.failures] == [(Section.ROLE, "InvalidResponse")]


async def test_a_mistake_of_our_own_is_in_the_log_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """Who looks for it with --verbose finds where it happened; it was not tried again."""
    caplog.set_level(logging.DEBUG, "auditor")
    fakes = clients(list_users=KeyError("odd"))
    await audited(fakes)
    (record,) = [record for record in caplog.records if record.exc_info]

    assert (logging.DEBUG, 1) == (record.levelno, fakes.iam.count("list_users"))
    assert record.exc_info is not None
    assert "KeyError: 'odd'" in logging.Formatter().formatException(record.exc_info)


async def test_collectors_run_side_by_side() -> None:
    """Users are read while the events, which take two seconds, are being read."""
    fakes = clients()
    await audited(fakes)
    users = [call.at for call in fakes.iam.calls]
    events = [call.at for call in fakes.cloudtrail.calls]

    assert max(users) - min(events) < 1.5
    assert max(events) - min(events) == pytest.approx(2, abs=0.5)


async def test_cancelling_is_no_failure() -> None:
    """A cancelled account has no report: cancellation is not taken for an unforeseen error."""
    with anyio.move_on_after(1) as scope:
        await audited(clients())
    assert scope.cancelled_caught


async def test_no_question_is_asked_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account costs three IAM calls, one more for root's devices, and two to five for each user."""
    scenario = Scenario(accounts=11, users=4, largest_account=10, events=1, denied_every=None)
    async with served(scenario, monkeypatch) as server, open_gateway() as opened:
        organization = server.organization
        plan = AccountPlan(CONFIG, Period(organization.now - timedelta(days=80), organization.now))
        for index in (1, 9):
            report = await audit_account(account(organization.accounts[index].id), gateway=opened, plan=plan)
            assert report.complete

        largest, empty = (organization.facts(organization.accounts[index]) for index in (1, 9))
        asked = {(there, action): count for (there, action, _), count in server.counts.items()}
    counts = Counter({action: count for (there, action), count in asked.items() if there == largest.account.id})
    keyed = [user for user in largest.users if user.keys]
    may_sign_in = [user for user in largest.users if user.keys or user.password_created]
    # GetLoginProfile's NoSuchEntity is counted apart.
    passwords = sum(
        count
        for (there, action, _), count in server.counts.items()
        if (there, action) == (largest.account.id, "GetLoginProfile")
    )
    assert empty.users == ()
    assert {action for there, action in asked if there == empty.account.id} == {
        "GetAccountSummary",
        "ListServiceSpecificCredentials",
        "ListUsers",
        "ListVirtualMFADevices",
        "LookupEvents",
    }
    assert asked[empty.account.id, "ListUsers"] == 1
    assert (counts["ListUsers"], counts["ListAccessKeys"]) == (1, len(largest.users))
    assert (passwords, counts["ListMFADevices"]) == (len(largest.users), len(may_sign_in))
    assert counts["GetAccessKeyLastUsed"] == sum(len(user.keys) for user in keyed)
    assert len(keyed) < len(may_sign_in) < len(largest.users)


async def test_budgets_hold_against_an_exact_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that allows exactly the documented rates throttles nothing."""
    scenario = Scenario(accounts=3, users=2, largest_account=80, events=4, iam_rate=20.0, events_rate=2.0)
    organization = await to_thread.run_sync(build_organization, scenario)
    ahead = time.time() - anyio.current_time()
    async with serve(organization, clock=lambda: ahead + anyio.current_time()) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        now = organization.now
        plan = AccountPlan(CONFIG, Period(now - timedelta(days=80), now))
        async with open_gateway() as opened:
            report = await audit_account(account(organization.accounts[1].id), gateway=opened, plan=plan)

    assert (report.failures, report.throttles, server.throttled) == ((), 0, 0)
    assert len(report.users) == 80

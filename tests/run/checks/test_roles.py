"""What came of entering the sample, judged: the region, the session policy, and which role let in."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from auditor.aws.errors import request_error
from auditor.config import AuditConfig
from auditor.model.diagnosis import Fault, Outcome
from auditor.model.facts import Caller
from auditor.run.checks.check import Result, Setup
from auditor.run.checks.roles import Entries, Entry, check_role, check_session_policy, principal_of
from tests.fakes import NOON, OWN_ACCOUNT, FakeService, account, account_access, limits

pytestmark = pytest.mark.anyio

USER = Caller(OWN_ACCOUNT, f"arn:aws:iam::{OWN_ACCOUNT}:user/ops/ana", "aws")


def shut(account_id: str, code: str, message: str = "No.") -> Entry:
    """An account that was not entered."""
    error = request_error(code=code, message=message, service="sts", operation="assume_role", status=400)
    return Entry(account(account_id), None, error)


def entered(account_id: str) -> Entry:
    """An account that was entered by the role Audit."""
    return Entry(account(account_id), account_access(FakeService("iam"), FakeService("cloudtrail")), None)


async def judged(
    check: Callable[..., Awaitable[Result]], *entries: Entry, config: AuditConfig | None = None, values: Any = ()
) -> Result:
    """What a check makes of entries."""
    async with AsyncExitStack() as stack:
        setup = Setup(config=config or AuditConfig(role="Audit"), limits=limits(), stack=stack, now=lambda: NOON)
        return await check(setup, Entries(USER, entries), *values)


@pytest.mark.parametrize("code", ["PackedPolicyTooLarge", "MalformedPolicyDocument"])
async def test_a_session_policy_that_does_not_fit(code: str) -> None:
    """It says how to do without."""
    result = await judged(check_session_policy, entered("222222222222"), shut("333333333333", code, "114% of it"))
    (finding,) = result.findings
    assert (Outcome.FAILED, Fault.SESSION_POLICY_REFUSED) == (finding.outcome, finding.fault)
    assert (code, "114% of it") == (finding.code, finding.said)
    assert "--no-session-policy" in finding.cure


async def test_a_session_policy_that_fits() -> None:
    """A role that is denied says nothing of the policy."""
    result = await judged(check_session_policy, shut("333333333333", "AccessDenied"))
    assert Outcome.OK is result.findings[0].outcome


async def test_no_session_policy() -> None:
    """That is said, and is no fault."""
    config = AuditConfig(role="Audit", session_policy=False)
    (finding,) = (await judged(check_session_policy, entered("222222222222"), config=config)).findings
    assert Outcome.OK is finding.outcome
    assert finding.found.startswith("none:")


async def test_accounts_that_are_shut_for_several_reasons_are_told_apart() -> None:
    """Each reason once, with its accounts; those that were entered are given to whoever needs them."""
    scp = "… with an explicit deny in a service control policy: arn:aws:organizations::111111111111:policy/p-1"
    result = await judged(
        check_role,
        shut("222222222222", "AccessDenied"),
        shut("333333333333", "AccessDenied"),
        shut("444444444444", "AccessDenied", scp),
        there := entered("555555555555"),
        values=(True,),
    )
    denied, by_scp, well = result.findings
    assert ("222222222222", "333333333333") == denied.accounts
    assert (Fault.DENIED_BY_SCP, scp) == (by_scp.fault, by_scp.said)
    assert "1 entered with Audit" == well.found
    assert (there,) == result.value


async def test_a_role_that_a_resource_control_policy_denies_is_cured_there() -> None:
    """To create it would change nothing."""
    said = "… with an explicit deny in a resource control policy"
    (finding,) = (await judged(check_role, shut("222222222222", "AccessDenied", said), values=(True,))).findings
    assert (Fault.ROLE_DENIED, said) == (finding.fault, finding.said)
    assert "--target-id 222222222222 --filter RESOURCE_CONTROL_POLICY" in finding.cure
    assert "auditor template" not in finding.cure


async def test_where_no_account_was_entered_nothing_is_given() -> None:
    """So no action is tried."""
    result = await judged(check_role, shut("222222222222", "AccessDenied"), values=(True,))
    assert result.value is None
    assert "1 of 1 account can't be entered with Audit: name of 222222222222 (222222222222)" == result.findings[0].found


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:iam::111111111111:user/ops/ana", "arn:aws:iam::111111111111:user/ops/ana"),
        ("arn:aws-cn:sts::111111111111:assumed-role/Ops/ana", "arn:aws-cn:iam::111111111111:role/Ops"),
    ],
)
def test_whom_a_trust_must_name(arn: str, expected: str) -> None:
    """Of a session it is the role."""
    assert expected == principal_of(Caller(OWN_ACCOUNT, arn, arn.split(":")[1]))

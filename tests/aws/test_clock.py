"""A clock that is wrong is named, and not mistaken for a wrong secret."""

import time
from datetime import datetime, timedelta

import pytest
from anyio import to_thread

from auditor.aws.causes import clock_fault
from auditor.aws.errors import translate
from auditor.aws.gateway import open_gateway
from auditor.aws.session import caller_error
from auditor.demo import Scenario, build_organization, serve
from auditor.errors import CallerError, RequestError
from tests.fakes import NOON, refusal

pytestmark = pytest.mark.anyio

SKEWED = ("SignatureDoesNotMatch", "InvalidSignatureException", "RequestTimeTooSkewed")


def refused(code: str, *, answered_at: datetime | None = NOON) -> RequestError:
    """A refusal at a time of AWS's clock."""
    return RequestError(code=code, message="No.", service="sts", operation="o", answered_at=answered_at)


@pytest.mark.parametrize("code", SKEWED)
@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (timedelta(minutes=-17), "17 minutes behind AWS's"),
        (timedelta(minutes=6), "6 minutes ahead of AWS's"),
        (timedelta(hours=-7), "7 hours behind AWS's"),
        (timedelta(days=3650), "3650 days ahead of AWS's"),
    ],
    ids=["minutes behind", "minutes ahead", "hours", "years"],
)
async def test_a_wrong_clock_is_named(code: str, offset: timedelta, words: str) -> None:
    """The sentence says by how much the clock is wrong, and which way."""
    assert f"This machine's clock is {words}: set it ({code})." == clock_fault(refused(code), now=NOON + offset)


@pytest.mark.parametrize(
    ("error", "offset"),
    [
        (refused("SignatureDoesNotMatch"), timedelta(minutes=5)),
        (refused("SignatureDoesNotMatch"), timedelta(minutes=-5)),
        (refused("SignatureDoesNotMatch", answered_at=None), timedelta(hours=1)),
        (refused("AccessDenied"), timedelta(hours=1)),
    ],
    ids=["ahead within reason", "behind within reason", "no time", "another code"],
)
async def test_what_is_not_the_clocks_fault_is_not_said_to_be(error: RequestError, offset: timedelta) -> None:
    """Within five minutes, without AWS's time or under another code, it is not the clock."""
    assert clock_fault(error, now=NOON + offset) is None


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Tue, 24 Nov 2026 12:00:00 GMT", NOON),
        ("Tue, 24 Nov 2026 13:00:00 +0100", NOON),
        ("Tue, 24 Nov 2026 12:00:00 -0000", NOON),
        ("yesterday", None),
        ("", None),
    ],
)
async def test_the_time_of_a_refusal_is_the_date_of_the_answer(date: str, expected: datetime | None) -> None:
    """The header's date is read in UTC; one that is none is no time."""
    error = refusal("SignatureDoesNotMatch")
    error.response["ResponseMetadata"]["HTTPHeaders"] = {"date": date}
    assert expected == translate(error, service="sts", operation="o").answered_at


@pytest.mark.parametrize(("ahead", "words"), [(17 * 60, "17 minutes behind"), (-3 * 3600, "3 hours ahead of")])
async def test_a_caller_whose_clock_is_wrong_is_told(ahead: float, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a server whose clock goes elsewhere the run ends with the sentence on the clock."""
    organization = await to_thread.run_sync(build_organization, Scenario(accounts=1, users=0))
    async with serve(organization, clock=lambda: time.time() + ahead) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        with pytest.raises(CallerError, match=f"This machine's clock is {words} AWS's"):
            async with open_gateway():
                pass


async def test_a_role_profile_whose_clock_is_wrong_is_told() -> None:
    """So it is where the profile's own role can't be assumed."""
    error = refusal("SignatureDoesNotMatch")
    error.response["ResponseMetadata"]["HTTPHeaders"] = {"date": "Tue, 24 Nov 2020 12:00:00 GMT"}
    assert "days ahead of AWS's: set it" in str(caller_error(error, profile="role"))


async def test_a_wrong_secret_is_not_the_clocks_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong secret is refused under the same code, and told in AWS's own words."""
    organization = await to_thread.run_sync(build_organization, Scenario(accounts=1, users=0))
    async with serve(organization) as server:
        for name, value in {**server.environment(), "AWS_SECRET_ACCESS_KEY": "wrong"}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(CallerError, match="The caller could not be identified: SignatureDoesNotMatch"):
            async with open_gateway():
                pass

"""The credential report is asked for politely, waited for, and given up."""

import anyio
import pytest
from botocore.exceptions import ClientError

from auditor import ReportWait, RequestError
from auditor.account.credential_report.request import NOT_READY, request_report
from tests.account.credential_report.reporting import (
    DENIED,
    EXPIRED,
    IN_PROGRESS,
    LIMIT_EXCEEDED,
    MADE,
    NOT_PRESENT,
    FakeIam,
    entered,
    report_text,
    row,
)

pytestmark = pytest.mark.anyio

TEXT = report_text(row("ana"))
AT_ONCE = ReportWait(first_pause=0, longest_pause=0)


def counts(gets: int, generates: int) -> dict[str, int]:
    """So many calls of the two operations."""
    named = {"get_credential_report": gets, "generate_credential_report": generates}
    return {operation: count for operation, count in named.items() if count}


@pytest.mark.parametrize(
    ("gets", "generates", "expected"),
    [
        ([], [], counts(1, 0)),
        ([NOT_PRESENT], ["COMPLETE"], counts(2, 1)),
        ([NOT_PRESENT], ["STARTED"], counts(2, 1)),
        ([EXPIRED, IN_PROGRESS], ["STARTED"], counts(3, 1)),
        ([EXPIRED, EXPIRED], ["STARTED", "INPROGRESS"], counts(3, 2)),
        ([IN_PROGRESS, IN_PROGRESS], [], counts(3, 0)),
        ([NOT_PRESENT, NOT_PRESENT, IN_PROGRESS], [LIMIT_EXCEEDED, LIMIT_EXCEEDED], counts(4, 2)),
        ([NOT_PRESENT, IN_PROGRESS], ["COMPLETE"], counts(3, 1)),
    ],
    ids=[
        "another tool's",
        "there at once",
        "there soon",
        "the old one has expired",
        "the old one stays for a while",
        "somebody else's is being made",
        "somebody else's is being made, says AWS",
        "complete, and not there yet",
    ],
)
async def test_a_report_is_got(
    gets: list[ClientError], generates: list[str | ClientError], expected: dict[str, int]
) -> None:
    """A report that is there is taken, else one is begun, and asked for until it is there."""
    iam = FakeIam(report=TEXT, before_report=list(gets), generated=list(generates))
    report = await request_report(entered(iam), wait=AT_ONCE)
    assert (["ana"], MADE) == (list(report.users), report.made_at)
    assert expected == iam.counts


@pytest.mark.parametrize(
    ("gets", "generates", "expected"),
    [
        ([DENIED], [], counts(1, 0)),
        ([NOT_PRESENT], [DENIED], counts(1, 1)),
        ([NOT_PRESENT, DENIED], ["STARTED"], counts(2, 1)),
    ],
)
async def test_a_refusal_is_final(
    gets: list[ClientError], generates: list[str | ClientError], expected: dict[str, int]
) -> None:
    """Who may not read or make the report is not waited for."""
    iam = FakeIam(report=TEXT, before_report=list(gets), generated=list(generates))
    with pytest.raises(RequestError) as caught:
        await request_report(entered(iam), wait=AT_ONCE)
    assert ("AccessDenied", expected) == (caught.value.code, iam.counts)


async def test_pauses_grow() -> None:
    """Each pause is about twice the one before, up to the longest."""
    iam = FakeIam(report=TEXT, before_report=[IN_PROGRESS] * 7)
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    await request_report(entered(iam), wait=ReportWait(), sleep=sleep)
    bounds = [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert [True] * 7 == [bound / 2 <= pause <= bound for bound, pause in zip(bounds, pauses, strict=True)]


async def test_a_report_that_is_never_ready() -> None:
    """A pause that would last longer than the patience is not begun."""
    iam = FakeIam(before_report=[IN_PROGRESS] * 9)
    with pytest.raises(RequestError, match=r"not ready within 0\.05 seconds") as caught:
        await request_report(entered(iam), wait=ReportWait(patience=0.05, first_pause=10, longest_pause=10))
    assert (NOT_READY, counts(1, 0)) == (caught.value.code, iam.counts)


async def test_an_answer_that_never_comes() -> None:
    """The patience ends for a request that hangs, too."""

    class Hanging(FakeIam):
        async def get_credential_report(self) -> dict[str, object]:
            await anyio.sleep_forever()
            raise AssertionError

    with pytest.raises(RequestError) as caught:
        await request_report(entered(Hanging()), wait=ReportWait(patience=0.01))
    assert NOT_READY == caught.value.code


async def test_a_report_without_a_time() -> None:
    """A report that does not say when it was made is none."""

    class Timeless(FakeIam):
        async def get_credential_report(self) -> dict[str, object]:
            return {"Content": TEXT}

    with pytest.raises(RequestError, match="no GeneratedTime"):
        await request_report(entered(Timeless()), wait=AT_ONCE)

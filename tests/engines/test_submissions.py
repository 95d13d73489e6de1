"""What becomes of a batch: its worker's reports, or one for each account that says why there is none."""

import errno
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from auditor import AuditError, CallerError, Completeness, EngineError, RequestError, Section
from auditor.account.audit import AccountPlan
from auditor.engines.submissions import Reports, ending, error_of, reason_of, reports_of
from auditor.engines.worker import Batch
from tests.engines.runs import CONFIG
from tests.samples import ACCOUNT, CALLER, PERIOD, REPORT

BATCH = Batch((ACCOUNT, ACCOUNT), AccountPlan(CONFIG, PERIOD), CALLER)
REFUSED = RequestError(code="AccessDenied", message="no", service="sts", operation="get_caller_identity")


def ended(error: BaseException | None = None) -> Future[Reports]:
    """A future that has ended, with reports or an error."""
    future: Future[Reports] = Future()
    if error is None:
        future.set_result((REPORT, REPORT))
    else:
        future.set_exception(error)
    return future


def test_reports_are_passed_on() -> None:
    """A batch that was audited has its worker's reports."""
    assert (REPORT, REPORT) == reports_of(BATCH, ended())


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BrokenProcessPool(), "WorkerDied"),
        (CancelledError(), "WorkerDied"),
        (REFUSED, "AccessDenied"),
        (CallerError("Another account's."), "WorkerFailed"),
        (AuditError("Too few threads."), "WorkerFailed"),
        (EngineError("Another version's."), "WrongVersion"),
        (KeyError("odd"), "WorkerFailed"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_batch_that_failed_is_one_failure_an_account(error: Exception, code: str) -> None:
    """Each account of it says that its role was not entered, and why."""
    reports = reports_of(BATCH, ended(error))

    assert [code, code] == [report.failures[0].code for report in reports]
    assert {(False, False)} == {(report.audited, report.complete) for report in reports}
    words = {covered.section: covered.completeness for covered in reports[0].coverage}
    assert Completeness.FAILED is words.pop(Section.ROLE)
    assert {Completeness.SKIPPED} == set(words.values())


def test_an_interpreter_that_ends_is_no_failure_of_accounts() -> None:
    """KeyboardInterrupt and its like are raised on."""
    with pytest.raises(KeyboardInterrupt):
        reports_of(BATCH, ended(KeyboardInterrupt()))


def test_a_cancelled_future_has_an_error() -> None:
    """To be cancelled is an outcome, and no reason to raise."""
    future: Future[Reports] = Future()
    future.cancel()

    assert isinstance(error_of(future), CancelledError)
    assert error_of(ended()) is None


@pytest.mark.anyio
async def test_an_ending_is_heard_of() -> None:
    """The event is set when the future ends, and at once where it has ended before."""
    future: Future[Reports] = Future()
    waiting = ending(future)
    assert not waiting.is_set()
    future.set_result(())
    await waiting.wait()
    await ending(ended(KeyError())).wait()


def test_a_thread_that_is_not_allowed_is_said_with_its_limit() -> None:
    """What Python says of it does not tell what to raise."""
    error = RuntimeError("can't start new thread")
    assert "the system allows no more threads (ulimit -u): can't start new thread" == reason_of(error)
    assert "odd" == reason_of(RuntimeError("odd."))


def test_a_fault_of_the_system_is_said_although_something_hides_it() -> None:
    """Loky's cleaning up fails behind it, and says nothing that anybody could mend."""
    try:
        try:
            raise OSError(errno.EMFILE, "Too many open files")
        finally:
            raise UnboundLocalError("cannot access local variable 'parent_r'")
    except UnboundLocalError as error:
        said = reason_of(error)
    assert "this process may open too few files: allow more, with `ulimit -n 4096` for one" == said

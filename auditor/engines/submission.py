"""Batches into an executor and outcomes out of it, without ever blocking the event loop."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from auditor.engines.batch import Batch
from auditor.engines.outcome import Reports, ending, error_of

HandOver = Callable[[Batch], Future[Reports]]


class Submissions:
    """A thread that talks to executors: to submit may block, and so may to cancel."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self._thread = thread

    async def outcome_of(self, batch: Batch, hand_over: HandOver, *, withdraw: bool) -> Future[Reports]:
        """The future of the batch when it has ended; what `hand_over` raises is an outcome too.

        With `withdraw`, a batch that is not waited for any more is cancelled, as far as its executor can do that.
        """
        submission = self._thread.submit(hand_over, batch)
        ended = False
        try:
            await ending(submission).wait()
            outcome = _outcome(submission)
            await ending(outcome).wait()
            ended = True
        finally:
            if withdraw and not ended:
                # In the same thread: behind the submission, whether it has ended or not.
                self._thread.submit(_withdraw, submission)
        return outcome

    async def done(self, work: Callable[[], None]) -> None:
        """Wait until some other work is done, behind all that was submitted before it."""
        await ending(self._thread.submit(work)).wait()


@contextmanager
def open_submissions() -> Iterator[Submissions]:
    """A thread for the time of the block; what it has in hand then, it ends by itself."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="auditor-submissions")
    try:
        yield Submissions(thread)
    finally:
        thread.shutdown(wait=False)


def _outcome(submission: Future[Future[Reports]]) -> Future[Reports]:
    error = error_of(submission)
    if error is None:
        return submission.result()
    refused: Future[Reports] = Future()
    refused.set_exception(error)
    return refused


def _withdraw(submission: Future[Future[Reports]]) -> None:
    _outcome(submission).cancel()

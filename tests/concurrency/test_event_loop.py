"""The event loop of a run: what it needs is there, or a sentence says what is not."""

import subprocess
import sys
from threading import Thread

import pytest

from auditor.concurrency import event_loop
from auditor.errors import AuditError

PROGRAM = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files}))
from auditor import AuditError
from auditor.concurrency import event_loop
async def work() -> int:
    return 7
try:
    print(event_loop.run(work))
except AuditError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("files", "printed"),
    [(64, "7"), (8, "This process may open too few files: allow more, with `ulimit -n 4096` for one.")],
)
def test_too_few_files_are_one_sentence(files: int, printed: str) -> None:
    """Before an event loop that lacks them ends in tracebacks."""
    program = [sys.executable, "-c", PROGRAM.format(files=files)]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert (printed, "") == (done.stdout.strip(), done.stderr)


def test_too_few_threads_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before an event loop that lacks them ends the process; those that could be started end again."""
    start, started = Thread.start, list[Thread]()

    def start_some(thread: Thread) -> None:
        if len(started) == 3:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    async def work() -> int:
        raise NotImplementedError

    monkeypatch.setattr(Thread, "start", start_some)
    with pytest.raises(AuditError, match="may start too few threads: allow more, with `ulimit -u 4096` for one"):
        event_loop.run(work)
    for thread in started:
        thread.join()
    assert 3 == len(started)

"""The event loop of a run: what it needs is there, or a sentence says what is not."""

import subprocess
import sys

import pytest

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

"""Streams that break: what can't be told stops no audit, and what could not be written is said."""

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from auditor.cli.terminal.streams import GuardedStream
from auditor.demo import Scenario
from tests.expectations import as_set, read_csv, truth_of_all
from tests.organizations import served

COMPLETE = Scenario(accounts=3, users=2, largest_account=3, denied_every=None)
DENIED = Scenario(accounts=30, users=1, largest_account=3, denied_every=2)
AUDITOR = [sys.executable, "-m", "auditor"]
CLOSED = "stdout is closed (redirect it to a file, or to /dev/null)"
NOBODY = "a pipe that nobody reads"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full"),
]


class Broken(io.StringIO):
    """A stream that fails with an error, and counts how often it was tried."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.tried = 0

    def write(self, text: str, /) -> int:
        """Fail."""
        del text
        self.tried += 1
        raise self.error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BrokenPipeError(32, "Broken pipe"), "Broken pipe"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (ValueError("I/O operation on closed file"), "I/O operation on closed file"),
    ],
)
def test_what_can_not_be_written_is_dropped(error: Exception, reason: str) -> None:
    """The first failure is kept and not raised, and nothing is tried again."""
    broken = Broken(error)
    stream = GuardedStream(broken, name="stdout")
    stream.console().print("one")
    stream.console().print("two")
    assert (reason, 1) == (stream.failure, broken.tried)


@pytest.mark.parametrize(
    ("encoding", "text", "expected"),
    [
        ("ascii", "o/Gestión", b"o/Gesti\\xf3n"),
        ("latin-1", "Gestión 研究", b"Gesti\xf3n \\u7814\\u7a76"),
        ("utf-8", "Gestión", "Gestión".encode()),
        ("utf-8", "\udc80", b"\\udc80"),
    ],
)
def test_letters_that_a_stream_does_not_have(encoding: str, text: str, expected: bytes) -> None:
    """They are escaped, and all others written as they are: that is no failure."""
    written = io.BytesIO()
    stream = GuardedStream(io.TextIOWrapper(written, encoding=encoding), name="stdout")
    stream.write(text)
    stream.flush()
    assert (expected, "") == (written.getvalue(), stream.failure)


@pytest.mark.parametrize(("columns", "width"), [("0", 80), ("1", 40), ("40", 40), ("132", 132)])
def test_a_width_of_nothing_is_a_width(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that does not know its width gets the usual one, and a very narrow one lines that it breaks itself."""
    monkeypatch.setenv("COLUMNS", columns)
    whole = io.StringIO()
    console = GuardedStream(whole, name="stdout").console()
    console.print("one")
    assert ("one\n", width) == (whole.getvalue(), console.width)


def test_a_stream_that_was_closed_before_the_process_began() -> None:
    """Python has None in its place: nothing can be written, and no console asks it for more."""
    stream = GuardedStream(None, name="stdout")
    stream.console().print("one")
    assert CLOSED == stream.failure


def test_a_whole_stream_is_written_to() -> None:
    """What can be written is, and there is no failure."""
    whole = io.StringIO()
    stream = GuardedStream(whole, name="stdout")
    stream.console().print("one")
    assert ("one\n", "") == (whole.getvalue(), stream.failure)


def test_nothing_is_left_to_be_written_at_the_end() -> None:
    """The descriptor leads nowhere once it failed, so that what is left in the buffers does no harm."""
    with Path("/dev/full").open("w") as full:
        stream = GuardedStream(full, name="stdout")
        stream.write("one")
        stream.flush()
        assert "No space left on device" == stream.failure
        full.flush()


async def run(
    arguments: Sequence[str], redirection: str, *, folder: Path, role: str = COMPLETE.role_name
) -> "subprocess.CompletedProcess[bytes]":
    """What a shell that redirects streams makes of an audit."""
    words = [*AUDITOR, "audit", "--role", role, "--output-dir", str(folder), *arguments]
    return await anyio.run_process(["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *words], check=False)


def files_in(folder: Path) -> list[Path]:
    """The findings, the events, the coverage."""
    return [next(folder.glob(f"{name}_*")) for name in ("iam_audit_report", "cloudtrail_events", "coverage")]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("arguments", "redirection"),
    [
        (["--verbose"], "2>/dev/full"),
        (["--log-format", "json"], "2>/dev/full"),
        (["--processes", "2"], "2>/dev/full"),
        ([], "2>&-"),
    ],
)
async def test_an_audit_needs_no_stderr(
    arguments: list[str], redirection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where stderr can't be written the audit goes on, and ends as if somebody had read it."""
    async with served(COMPLETE, monkeypatch) as server:
        done = await run(arguments, redirection, folder=tmp_path)
        expected = truth_of_all(server)
    assert (0, b"") == (done.returncode, done.stderr)
    assert b"Audit summary" in done.stdout
    assert as_set(expected.findings) == as_set(read_csv(files_in(tmp_path)[0]))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("redirection", "reason"),
    [(">/dev/full", "No space left on device"), (">&-", CLOSED), (NOBODY, "Broken pipe")],
)
async def test_a_summary_that_can_not_be_written(
    redirection: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The audit is whole and on the disk: one sentence on stderr says so, and where, and the exit code is 3."""
    async with served(COMPLETE, monkeypatch):
        done = await run([], redirection, folder=tmp_path) if redirection != NOBODY else await to_nobody(tmp_path)
    last = done.stderr.decode().splitlines()[-1]
    assert 3 == done.returncode
    assert f"The summary could not be written: {reason}; the files are whole: {tmp_path}" == last
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.anyio
@pytest.mark.parametrize(
    "words", [["--help"], ["audit", "--help"], ["--version"], ["template", "--help"], ["--show-completion"]]
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
async def test_a_help_that_can_not_be_written(
    words: list[str], unbuffered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text that nobody got is one sentence and exit code 1, wherever Python notices it."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    command = ["/bin/bash", "-c", '"$@" >/dev/full; exit $?', "bash", *AUDITOR, *words]
    done = await anyio.run_process(command, check=False)
    assert (1, b"Error: The text could not be written: No space left on device.\n") == (done.returncode, done.stderr)


@pytest.mark.anyio
@pytest.mark.parametrize("words", [["audit", "--nope"], ["nope"], ["template", "nope"]])
async def test_a_usage_error_that_can_not_be_told(words: list[str]) -> None:
    """It keeps its exit code, and leaves nothing on stdout."""
    command = ["/bin/bash", "-c", '"$@" 2>/dev/full; exit $?', "bash", *AUDITOR, *words]
    done = await anyio.run_process(command, check=False)
    assert (2, b"") == (done.returncode, done.stdout)


@pytest.mark.anyio
async def test_a_folder_with_letters_that_stdout_does_not_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The summary is whole, the letters are escaped, and the exit code is that of the audit."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    async with served(COMPLETE, monkeypatch):
        done = await run([], "", folder=tmp_path / "ñandú")
    assert (0, b"Covered: 100 %") == (done.returncode, done.stdout.splitlines()[-6][:14])
    assert rb"\xf1and\xfa/coverage_" in done.stdout


@pytest.mark.anyio
async def test_quiet_has_no_summary_that_could_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --quiet nothing is written on stdout, and it does not matter that nothing could be."""
    async with served(COMPLETE, monkeypatch):
        done = await run(["--quiet"], ">/dev/full", folder=tmp_path)
    assert (0, b"") == (done.returncode, done.stderr)


@pytest.mark.anyio
@pytest.mark.parametrize("arguments", [[], ["--log-format", "json"]])
async def test_a_reader_that_leaves_in_the_middle(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who reads the first line of both streams and leaves stops nothing: all accounts are audited."""
    async with served(DENIED, monkeypatch) as server:
        words = [*AUDITOR, "audit", "--role", DENIED.role_name, "--output-dir", str(tmp_path), *arguments]
        process = await anyio.open_process(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        async with process:
            assert process.stdout is not None
            await process.stdout.receive()
            await process.stdout.aclose()
            assert 3 == await process.wait()
        accounts = [account.id for account in server.organization.accounts]
    assert sorted(accounts) == sorted(row["account_id"] for row in read_csv(files_in(tmp_path)[2]))


@pytest.mark.anyio
async def test_a_template_that_can_not_be_written() -> None:
    """A text that nobody got is an error: one sentence, and exit code 1."""
    done = await anyio.run_process(
        ["/bin/sh", "-c", 'exec "$@" >/dev/full', "sh", *AUDITOR, "template", "policy"], check=False
    )
    assert (1, b"Error: The text could not be written: No space left on device.\n") == (done.returncode, done.stderr)


async def to_nobody(folder: Path) -> "subprocess.CompletedProcess[bytes]":
    """What comes of an audit whose stdout is a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    words = [*AUDITOR, "audit", "--role", COMPLETE.role_name, "--output-dir", str(folder)]
    done = await anyio.run_process(words, stdout=writing, check=False)
    await to_thread.run_sync(os.close, writing)
    return done

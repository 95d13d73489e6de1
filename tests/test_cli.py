"""The command: exit codes, one sentence for bad input, signals, and what it prints where."""

import os
import signal
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import anyio
import pytest
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.text import TextReceiveStream
from typer.testing import CliRunner

from auditor.cli import app
from auditor.demo import Scenario
from tests.expectations import as_set, read_csv, truth_of_all
from tests.organizations import served

SCENARIO = Scenario(accounts=13, users=3, largest_account=9)
SLOW = Scenario(accounts=400, users=3, largest_account=9, latency=0.05)
AUDITOR = [sys.executable, "-m", "auditor"]


def files_of(output: str) -> list[Path]:
    """The paths that were printed."""
    return [Path(line) for line in output.splitlines() if line.endswith(".csv")]


def files_in(folder: Path) -> list[Path]:
    """What a command left behind."""
    return list(folder.iterdir())


@pytest.mark.anyio
async def test_an_audit_writes_its_files_and_prints_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files named on stdout equal the truth, accounts that refuse the role are named on stderr, exit code 3."""
    async with served(SCENARIO, monkeypatch) as server:
        command = [*AUDITOR, "audit", "--role", SCENARIO.role_name, "--output-dir", str(tmp_path / "a" / "b")]
        done = await anyio.run_process(command, check=False)
        organization = server.organization
        expected = truth_of_all(server)
    findings, events, coverage = files_of(done.stdout.decode())
    assert 3 == done.returncode
    assert as_set(expected.findings) == as_set(read_csv(findings))
    assert as_set(expected.events) == as_set(read_csv(events))
    denied = next(account for account in organization.accounts if account.id in expected.denied_accounts)
    assert f"Error en cuenta {denied.name} ({denied.id}): role: AccessDenied" in done.stderr.decode()
    assert [0o600] * 3 == [path.stat().st_mode & 0o777 for path in (findings, events, coverage)]


@pytest.mark.anyio
async def test_a_complete_audit_exits_with_0_and_quiet_prints_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing is missing the exit code is 0; --quiet leaves both streams empty."""
    scenario = Scenario(accounts=3, users=1, largest_account=3, denied_every=None)
    async with served(scenario, monkeypatch):
        command = [*AUDITOR, "audit", "--role", scenario.role_name, "--output-dir", str(tmp_path), "--quiet"]
        done = await anyio.run_process(command, check=False)
    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)
    assert 4 == len(files_in(tmp_path))


@pytest.mark.anyio
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_stops_at_once_and_leaves_whole_accounts(
    number: signal.Signals, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is finished is on disk, complete, most is not waited for, and the exit code tells the signal."""
    async with served(SLOW, monkeypatch) as server:
        command = [*AUDITOR, "audit", "--role", SLOW.role_name, "--output-dir", str(tmp_path), "--concurrency", "16"]
        process = await anyio.open_process(command, stderr=subprocess.PIPE)
        async with process:
            await _until_error_line(process)
            process.send_signal(number)
            assert code == await process.wait()
            findings = files_of(await _rest(process.stdout))[0]
        expected = truth_of_all(server)
    rows = read_csv(findings)
    ours = {row["account_id"] for row in rows}
    assert 3 < len(ours) < SLOW.accounts / 2
    assert as_set(row for row in expected.findings if row["account_id"] in ours) == as_set(rows)


@pytest.mark.anyio
async def test_a_listing_that_is_denied_exits_with_1_and_says_who_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a first page of accounts there is nothing to audit, and no file is left."""
    async with served(Scenario(accounts=3, users=1, largest_account=3, listing_denied_page=0), monkeypatch):
        done = await anyio.run_process(
            [*AUDITOR, "audit", "--role", "Audit", "--output-dir", str(tmp_path)], check=False
        )
    assert 1 == done.returncode
    assert "delegated administrator" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert [] == files_in(tmp_path)


@pytest.mark.anyio
async def test_the_demo_reaches_nothing_but_its_own_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Endpoints, profiles, configuration files and proxies of the environment are ignored."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "HTTP_PROXY", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_PROFILE", "missing")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    command = [*AUDITOR, "demo", "--accounts", "12", "--users", "1", "--latency", "0", "--output-dir", str(tmp_path)]
    done = await anyio.run_process(command, check=False)
    assert 3 == done.returncode
    assert [True, True, True] == [path.exists() for path in files_of(done.stdout.decode())]


@pytest.mark.anyio
async def test_the_demo_can_be_left_running_for_any_client() -> None:
    """--serve prints the environment of an organization that the SDK's synchronous half can read."""
    process = await anyio.open_process([*AUDITOR, "demo", "--serve", "--accounts", "3"])
    async with process:
        assert process.stdout is not None
        exports = ""
        async for text in TextReceiveStream(process.stdout):
            exports += text
            if "AWS_SHARED_CREDENTIALS_FILE" in exports:
                break
        environment = dict(line.removeprefix("export ").split("=", 1) for line in exports.splitlines())
        reader = "import boto3; print(len(boto3.client('organizations').list_accounts()['Accounts']))"
        command = [sys.executable, "-c", reader]
        done = await anyio.run_process(command, env={**os.environ, **environment})
        process.send_signal(signal.SIGINT)
        assert 130 == await process.wait()
    assert b"3" == done.stdout.strip()


def test_the_version_is_the_installed_ones() -> None:
    """--version prints it and nothing else, before or instead of any command."""
    done = subprocess.run([*AUDITOR, "--version"], check=True, capture_output=True, encoding="utf-8")
    assert (f"{metadata.version('auditor')}\n", "") == (done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--role", "no spaces"], 2, "is not a role name"),
        (["--role", "arn:aws:iam::1:role/R"], 2, "is an ARN"),
        (["--role", ""], 2, "is not a role name"),
        (["--role", "R", "--start-date", "2026-02-02", "--end-date", "2026-01-01"], 2, "before the start"),
        (["--role", "R", "--start-date", "yesterday"], 2, "'yesterday' is no ISO 8601 date"),
        (["--role", "R", "--start-date", "2999-01-01"], 2, "in the future"),
        (["--role", "R", "--end-date", "2001-01-01"], 2, "90 days"),
        (["--role", "R", "--days", "0"], 2, "0 days"),
        (["--role", "R", "--days", "-3"], 2, "-3 days"),
        (["--role", "R", "--days", "3", "--start-date", "2026-01-01"], 2, "give one of them"),
        (["--role", "R", "--concurrency", "0"], 2, "0 accounts at once"),
        (["--role", "R", "--session-name", "x"], 2, "is not a session name"),
        (["--role", "R", "--external-id", "x"], 2, "external id"),
        (["--role", "R", "--labels", "fr"], 2, "fr"),
        ([], 2, "--role"),
        (["--role", "R", "--profile", "nobody"], 1, "The profile 'nobody' is not configured."),
        (["--role", "R"], 1, "No AWS credentials were found"),
        (["--role", "a/b/Role"], 1, "No AWS credentials were found"),
    ],
)
def test_bad_input_gets_one_sentence(
    arguments: list[str], code: int, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be right is told on stderr, with the exit code for it, and no file is left."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "500")
    result = CliRunner().invoke(app, ["audit", *arguments])
    assert code == result.exit_code
    assert sentence in result.stderr
    assert "Traceback" not in result.output
    assert [] == list(tmp_path.iterdir())


def test_a_directory_that_can_not_be_is_found_first(tmp_path: Path) -> None:
    """A file in the place of the output directory is found before any credentials are looked for."""
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(app, ["audit", "--role", "R", "--output-dir", str(tmp_path / "file" / "below")])
    assert 2 == result.exit_code
    assert "Nothing can be written in" in result.stderr


def test_an_expired_sso_session_names_the_command_that_renews_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An SSO profile without a live token exits with 1 and says what to run."""
    config = tmp_path / "config"
    config.write_text(
        "[profile sso]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = R\n"
        "[sso-session s]\nsso_region = us-east-1\nsso_start_url = https://example.invalid/start\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("HOME", str(tmp_path))
    result = CliRunner().invoke(app, ["audit", "--role", "R", "--profile", "sso", "--output-dir", str(tmp_path)])
    assert 1 == result.exit_code
    assert "aws sso login --profile sso" in result.stderr


def test_an_endpoint_that_is_down_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port where nobody listens is tried for some seconds, then told in one sentence."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["audit", "--role", "R"])
    assert 1 == result.exit_code
    assert "Could not connect to the endpoint URL" in result.stderr
    assert [] == list(tmp_path.iterdir())


async def _until_error_line(process: Process) -> None:
    assert process.stderr is not None
    text = ""
    async for part in TextReceiveStream(process.stderr):
        text += part
        if "seguridad" in text or text.count("Error en cuenta") >= 3:
            return


async def _rest(stream: ByteReceiveStream | None) -> str:
    assert stream is not None
    return "".join([part async for part in TextReceiveStream(stream)])

"""The command: exit codes, one sentence for bad input, signals, and what it prints where."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import anyio
import pytest
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.text import TextReceiveStream
from typer.testing import CliRunner

from auditor.aws.permissions import policy_text, session_policy_of
from auditor.cli.app import app
from auditor.demo import Scenario, build_organization
from auditor.model.scopes import Freshness, UserScope
from tests.expectations import as_set, read_csv, truth_of_all
from tests.organizations import served

pytestmark = pytest.mark.long

SCENARIO = Scenario(accounts=13, users=3, largest_account=9)
SLOW = Scenario(accounts=400, users=3, largest_account=9, latency=0.05)
QUICK = Scenario(accounts=3, users=1, largest_account=3, denied_every=None)
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
    findings, events, coverage, users = files_of(done.stdout.decode())
    assert 3 == done.returncode
    assert as_set(expected.findings) == as_set(read_csv(findings))
    assert as_set(expected.events) == as_set(read_csv(events))
    denied = next(account for account in organization.accounts if account.id in expected.denied_accounts)
    assert f"Error en cuenta {denied.name} ({denied.id}): role: AccessDenied" in done.stderr.decode()
    assert [0o600] * 4 == [path.stat().st_mode & 0o777 for path in (findings, events, coverage, users)]


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
    assert 5 == len(files_in(tmp_path))


@pytest.mark.anyio
@pytest.mark.parametrize(("options", "users"), [([], UserScope.ALL), (["--users", "with-keys"], UserScope.WITH_KEYS)])
async def test_only_what_is_asked_for_is_allowed(
    options: list[str], users: UserScope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sessions of an audit of users with keys may do less than those of an audit of all users, the default."""
    async with served(QUICK, monkeypatch) as server:
        command = [*AUDITOR, "audit", "--role", QUICK.role_name, "--output-dir", str(tmp_path), *options]
        await anyio.run_process(command, check=False)
    assert {session_policy_of(Freshness.LIVE, users=users)} == set(server.policies.values())


@pytest.mark.anyio
async def test_what_the_role_lacks_is_printed_with_the_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which action was denied, in how many accounts, and the policy of this very audit; the exit code is 3."""
    caller, *members = build_organization(QUICK).accounts
    denied = {account.id: frozenset({"iam:ListAccessKeys"}) for account in (caller, *members)}
    async with served(replace(QUICK, denied_actions=denied), monkeypatch):
        options = ["--role", QUICK.role_name, "--output-dir", str(tmp_path), "--users", "with-keys"]
        done = await anyio.run_process([*AUDITOR, "audit", *options], check=False)
    lines = done.stdout.decode().splitlines()
    assert 3 == done.returncode
    first = lines.index(f"The role {QUICK.role_name} lacks 1 action:")
    assert f"  iam:ListAccessKeys was denied in {len(members)} accounts." == lines[first + 1]
    policy = policy_text(Freshness.LIVE, users=UserScope.WITH_KEYS).splitlines()
    assert policy == lines[first + 3 : first + 3 + len(policy)]


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
    assert [True] * 4 == [path.exists() for path in files_of(done.stdout.decode())]


@pytest.mark.anyio
async def test_the_demo_can_be_left_running_for_any_client(tmp_path: Path) -> None:
    """--serve prints the environment of an organization that the SDK's synchronous half can read."""
    process = await anyio.open_process([*AUDITOR, "demo", "--serve", "--accounts", "3"])
    async with process:
        assert process.stdout is not None
        exports = ""
        async for text in TextReceiveStream(process.stdout):
            exports += text
            if "auditor audit" in exports:
                break
        audit = next(line for line in exports.splitlines() if "auditor audit" in line).removeprefix("# auditor")
        misled = {
            **os.environ,
            "AWS_PROFILE": "missing",
            "AWS_SESSION_TOKEN": "another's",
            "AWS_DEFAULT_PROFILE": "missing",
            "AWS_ENDPOINT_URL_IAM": "http://127.0.0.1:9",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
            "HTTP_PROXY": "http://127.0.0.1:9",
            "http_proxy": "http://127.0.0.1:9",
            "no_proxy": ".corp",
        }
        reader = "import boto3; print(len(boto3.client('organizations').list_accounts()['Accounts']))"
        script = f"{exports}\n{shlex.join([sys.executable, '-c', reader])}\n{shlex.join(AUDITOR)}{audit} --quiet"
        done = await anyio.run_process(["sh", "-c", script], env=misled, cwd=tmp_path, check=False)
        process.send_signal(signal.SIGINT)
        assert 130 == await process.wait()
    assert (b"3", b"", 0) == (done.stdout.strip(), done.stderr, done.returncode)
    assert 5 == len(files_in(tmp_path / "demo-output"))


@pytest.mark.anyio
async def test_a_port_that_is_taken_is_said_in_one_sentence() -> None:
    """Another port can be chosen."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = await anyio.run_process([*AUDITOR, "demo", "--serve", "--port", port], check=False)
    sentence = (
        f"Error: The port {port} of 127.0.0.1 can't be used: Address already in use. Give another --port, or 0 for any."
    )
    assert (2, b"", sentence) == (done.returncode, done.stdout, done.stderr.decode().strip())


@pytest.mark.anyio
async def test_an_interrupted_demo_promises_no_resume(tmp_path: Path) -> None:
    """Its organization is gone with it: what was finished is on disk, and no command goes on."""
    command = [*AUDITOR, "demo", "--accounts", "400", "--latency", "0.2", "--output-dir", str(tmp_path)]
    process = await anyio.open_process(command, stderr=subprocess.PIPE)
    async with process:
        await _until_error_line(process)
        process.send_signal(signal.SIGINT)
        said = await _rest(process.stderr)
        assert 130 == await process.wait()
    assert ("Interrupted: " in said, "--resume" in said) == (True, False)


@pytest.mark.anyio
async def test_the_demo_shows_what_audits_meet(tmp_path: Path) -> None:
    """A fact that was refused, and an account id that begins with zeros."""
    command = [*AUDITOR, "demo", "--latency", "0", "--labels", "en", "--quiet", "--output-dir", str(tmp_path)]
    await anyio.run_process(command, check=False)
    rows = [read_csv(path) for path in files_in(tmp_path) if path.suffix == ".csv"]
    assert "Unknown (AccessDenied)" in {row.get("password_status") for table in rows for row in table}
    assert [True] * len(rows) == [any(row["account_id"].startswith("000") for row in table) for table in rows]


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
        (["--role", "R", "--users", "some"], 2, "some"),
        (["--role", "R", "--events", "all"], 2, "all"),
        (["--role", "R", "--quiet", "--verbose"], 2, "--quiet and --verbose"),
        (["--role", "R", "--output-dir=~nobody-has-this/r"], 2, "nobody has that home"),
        ([], 2, "--role"),
        (
            ["--role", "R", "--profile", "nobody"],
            1,
            "The profile 'nobody' is not configured: see `aws configure list-profiles`.",
        ),
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


@pytest.mark.anyio
async def test_the_home_is_found_where_no_shell_looks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` behind `=` is the home: in the output directory, and in the journal that is resumed."""
    home, work = tmp_path / "home", tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(work)
    async with served(QUICK, monkeypatch):
        command = [*AUDITOR, "audit", "--role", QUICK.role_name, "--output-dir=~/r"]
        assert 0 == (await anyio.run_process(command, check=False)).returncode
        (journal,) = (home / "r").glob("*.jsonl")
        resume = [*AUDITOR, "audit", f"--resume=~/r/{journal.name}", "--output-dir=~/r"]
        assert 0 == (await anyio.run_process(resume, check=False)).returncode
    assert [] == files_in(work)


@pytest.mark.anyio
async def test_an_audit_in_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Spanish word is on either stream; the role's name is asked about where no account lets it in."""
    async with served(QUICK, monkeypatch):
        command = [*AUDITOR, "audit", "--role", "Wrong", "--labels", "en", "--output-dir", str(tmp_path)]
        done = await anyio.run_process(command, check=False)
    assert "Error in account" in done.stderr.decode()
    assert "cuenta" not in done.stderr.decode() + done.stdout.decode()
    assert "No account let the role Wrong in, of 2 accounts that answered" in done.stdout.decode().splitlines()[0]


@pytest.mark.anyio
async def test_a_signal_that_is_ignored_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that was started with Ctrl-C ignored goes on to its end."""
    async with served(SCENARIO, monkeypatch) as server:
        audit = [*AUDITOR, "audit", "--role", SCENARIO.role_name, "--output-dir", str(tmp_path)]
        command = ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh", *audit]
        async with await anyio.open_process(command, stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            await process.stderr.receive()
            process.send_signal(signal.SIGINT)
            await _rest(process.stdout)
            assert 3 == await process.wait()
        accounts = len(server.organization.accounts)
    (coverage,) = [path async for path in anyio.Path(tmp_path).glob("coverage_*.csv")]
    assert accounts == len(read_csv(Path(coverage)))


@pytest.mark.parametrize(("words", "expected"), [("auditor te", "template"), ("auditor audit --out", "--output-dir")])
def test_a_shell_can_complete_commands_and_options(words: str, expected: str, tmp_path: Path) -> None:
    """What --install-completion puts into a home makes bash complete what was begun."""
    environment = {**os.environ, "HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    bash = "/bin/bash"
    install = [bash, "-c", "auditor --install-completion; exit $?"]
    subprocess.run(install, env=environment, check=True, capture_output=True)
    complete = (
        f"source ~/.bash_completions/auditor.sh; COMP_WORDS=({words}); COMP_CWORD={words.count(' ')}; "
        '_auditor_completion auditor; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run([bash, "-c", complete], env=environment, check=True, capture_output=True, encoding="utf-8")
    assert expected == done.stdout.strip()


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

"""The audit of a local organization: the real command, in a process that can reach nothing else."""

import os
import shlex
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import anyio
from anyio import to_thread
from anyio.abc import Process

from auditor.demo.organization import build_organization
from auditor.demo.scenario import Scenario
from auditor.demo.serving import LocalServer, serve, serve_forever
from auditor.demo.special_cases import NAMES

_FOREIGN = ("AWS_", "BOTO_", "AUDITOR_")
_MISLEADING = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CA_BUNDLE",
    "AWS_REGION",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    *(f"AWS_ENDPOINT_URL_{service}" for service in ("CLOUDTRAIL", "IAM", "ORGANIZATIONS", "STS")),
    "AUDITOR_PROFILE",
    "AUDITOR_LISTER_PROFILE",
    "AUDITOR_LISTER_ROLE",
)
"""What would lead a client elsewhere, or make it sign as somebody else, beside all that is set."""
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle"})
_NO_PROXY = {"NO_PROXY": "*", "no_proxy": "*"}
"""Where both are set, the second one counts."""
_EXIT_BASE = 128


def demonstration(scenario: Scenario, *, now: datetime) -> Scenario:
    """The scenario as it is shown: its dates are the same all day, and one account refuses a fact of its users."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    accounts = build_organization(scenario).accounts[NAMES : NAMES + 1]
    denied = {account.id: frozenset({"iam:GetLoginProfile"}) for account in accounts}
    return replace(scenario, now=midnight, denied_actions=denied)


async def demonstrate(scenario: Scenario, arguments: Sequence[str]) -> int:
    """Run `auditor audit` with these arguments against a local organization; returns its exit code.

    The command runs in a process of its own, with the organization's credentials and endpoint and no other AWS
    variable, variable of an option, configuration file or proxy. Ctrl-C and SIGTERM are passed on to it, and it is
    waited for.
    """
    organization = await to_thread.run_sync(build_organization, scenario)
    # -P: neither from the current folder, where it writes, nor from that of a script does it take any code.
    command = [sys.executable, "-P", "-m", "auditor", "audit", "--ephemeral", "--role", scenario.role_name, *arguments]
    async with serve(organization, record=False) as server, anyio.create_task_group() as tasks:
        process = await anyio.open_process(
            command,
            stdin=None,
            stdout=None,
            stderr=None,
            env=isolated_environment(os.environ, server=server),
            # The terminal's Ctrl-C must reach it once, from here, and not twice.
            start_new_session=True,
        )
        tasks.start_soon(_forward_signals, process)
        code = await process.wait()
        tasks.cancel_scope.cancel()
    return code if code >= 0 else _EXIT_BASE - code


def _signals() -> list[signal.Signals]:
    """What ends it; whatever the process was started to ignore stays ignored."""
    both = (signal.SIGINT, signal.SIGTERM)
    return [number for number in both if signal.getsignal(number) is not signal.SIG_IGN]


async def _forward_signals(process: Process) -> None:
    with anyio.open_signal_receiver(*_signals()) as received:
        async for number in received:
            process.send_signal(number)


async def serve_until_interrupted(scenario: Scenario, *, port: int, announce: Callable[[str], None]) -> int:
    """Serve a local organization and announce the shell lines that point any AWS client at it.

    Returns the exit code of the signal that ended it.
    """
    numbers: list[int] = []
    async with anyio.create_task_group() as tasks:

        async def wait_for_signal() -> None:
            with anyio.open_signal_receiver(*_signals()) as received:
                async for number in received:
                    numbers.append(number)
                    tasks.cancel_scope.cancel()

        tasks.start_soon(wait_for_signal)
        await serve_forever(scenario, port=port, announce=lambda server: announce(shell_lines(server)))
    return _EXIT_BASE + numbers[0] if numbers else 0


def shell_lines(server: LocalServer) -> str:
    """Lines for a shell that lead any AWS client to the server and nowhere else, and what to do then."""
    given = {**server.environment(), **_NO_PROXY}
    role = server.organization.scenario.role_name
    return "\n".join(
        [
            *(f"unset {name}" for name in _MISLEADING if name not in given),
            *(f"export {name}={shlex.quote(value)}" for name, value in given.items()),
            f"# The role in each account is {role}. For example:",
            f"# {shlex.join(['auditor', 'audit', '--role', role, '--output-dir', 'demo-output'])}",
        ]
    )


def isolated_environment(environment: Mapping[str, str], *, server: LocalServer) -> dict[str, str]:
    """This environment without anything that leads an AWS client elsewhere than to the server."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.upper().startswith(_FOREIGN) and name.lower() not in _PROXIES
    }
    return {**kept, **server.environment(), **_NO_PROXY}

"""The caller's credentials that rotate are asked for again when it is time, wherever they come from."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from blockbuster import BlockBuster

from auditor.aws.gateway import open_gateway
from auditor.aws.role import RoleRequest
from tests.aws.tls import AwsServer, World
from tests.fakes import account

pytestmark = pytest.mark.anyio

OLD, NEW = "ASIAOLD", "ASIANEW"
OWN, OTHER = "111122223333", "222222222222"
ROLE = RoleRequest("Audit", "SecurityAudit")
# The SDK itself asks for others when less than fifteen minutes are left.
SHORT, LONG = timedelta(minutes=5), timedelta(hours=1)

Source = Callable[[str, timedelta], None]
"""Gives out a key from now on, with so much of its life left."""


@pytest.fixture
def process(tmp_path: Path, sdk_settings: None) -> Source:  # noqa: ARG001 - has made the configuration file
    """A profile whose credential_process prints what a test says."""
    printed = tmp_path / "printed.json"
    with (tmp_path / "config").open("a", encoding="utf-8") as config:
        config.write(f"[profile process]\ncredential_process = cat {printed}\n")

    def give(key: str, life: timedelta) -> None:
        credentials = {"Version": 1, "AccessKeyId": key, "SecretAccessKey": "secret", "SessionToken": "token"}
        printed.write_text(json.dumps({**credentials, "Expiration": (datetime.now(UTC) + life).isoformat()}))

    return give


async def keys_of(
    server: AwsServer, give: Source, *, profile: str | None, life: timedelta
) -> dict[str, list[str | None]]:
    """The keys that sign before and after the source has changed its mind."""
    role, own = account(OTHER), account(OWN)
    give(OLD, life)
    async with open_gateway(profile=profile) as gateway:
        await gateway.enter(role, roles=[ROLE])
        entered = await gateway.enter(own, roles=[ROLE])
        before = [key for _, key in server.signed] + [(await gateway.caller_credentials.current()).access_key]
        server.signed.clear()
        give(NEW, LONG)
        # As when their end is near, or AWS says that it has come.
        gateway.caller_credentials.expire(await gateway.caller_credentials.current())
        for _ in range(2):
            await gateway.enter(role, roles=[ROLE])
        after = [key for _, key in server.signed] + [(await gateway.caller_credentials.current()).access_key]
    assert entered.role == ""
    assert all("DurationSeconds" not in parameters for parameters in server.parameters)
    return {"before": before, "after": after}


def giver(server: AwsServer) -> Source:
    """The server itself as the source."""

    def give(key: str, life: timedelta) -> None:
        server.key, server.expires = key, datetime.now(UTC) + life

    return give


ROTATED = {"before": [OLD] * 3, "after": [NEW] * 3}


async def test_a_credential_process_is_asked_again(world: World, process: Source, no_blocking: BlockBuster) -> None:
    """What a profile's own command prints later signs all that comes later."""
    no_blocking.deactivate()  # asyncio itself starts the process so.
    server = await world.server(None)

    assert await keys_of(server, process, profile="process", life=SHORT) == ROTATED


async def test_a_containers_endpoint_is_asked_again(world: World) -> None:
    """What the endpoint of a container gives later signs all that comes later."""
    server = await world.server(None)
    world.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/container")

    assert await keys_of(server, giver(server), profile=None, life=SHORT) == ROTATED
    assert server.calls.count("container") == 3


async def test_an_sso_role_is_asked_again(world: World, no_blocking: BlockBuster) -> None:
    """What SSO gives later for the cached token signs all that comes later."""
    no_blocking.deactivate()  # the SDK reads its token cache so.
    server = await world.server(None)

    assert await keys_of(server, giver(server), profile="sso", life=SHORT) == ROTATED
    assert server.calls.count("GetRoleCredentials cached") == 2


async def test_what_the_sdk_takes_for_good_is_not_asked_again(world: World) -> None:
    """As long as the SDK's chain takes its credentials for good, nobody asks their source."""
    server = await world.server(None)
    world.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/container")

    assert await keys_of(server, giver(server), profile=None, life=LONG) == {"before": [OLD] * 3, "after": [OLD] * 3}
    assert server.calls.count("container") == 1

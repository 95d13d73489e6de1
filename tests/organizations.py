"""Local organizations for tests: served, and reached through a session of their own."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aioboto3
import pytest
from anyio import to_thread

from auditor.demo import LocalServer, Request, Scenario, build_organization, serve


@asynccontextmanager
async def served(
    scenario: Scenario,
    monkeypatch: pytest.MonkeyPatch,
    *,
    clock: Callable[[], float] = time.time,
    hear: Callable[[Request], None] | None = None,
    timer: Callable[[], float] | None = None,
) -> AsyncIterator[LocalServer]:
    """A local organization, with the environment pointing at it for as long as the test runs."""
    organization = await to_thread.run_sync(build_organization, scenario)
    async with serve(organization, clock=clock, hear=hear, timer=timer) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


def session_of(server: LocalServer) -> aioboto3.Session:
    """A caller's session for a server that the environment points at."""
    environment = server.environment()
    return aioboto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        region_name=environment["AWS_DEFAULT_REGION"],
    )

"""The local organization on a port of 127.0.0.1."""

import asyncio
import os
import random
import ssl
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from auditor.demo.faults import Buckets
from auditor.demo.identity import Identity, caller_identity, lister_identity
from auditor.demo.organization import Organization, build_organization
from auditor.demo.scenario import Scenario
from auditor.demo.server import Log, Request, Responder
from auditor.demo.services import registered_actions
from auditor.demo.services.call import Memory

_HOST = "127.0.0.1"
_GRACE = 0.1
_BACKLOG = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """How many connections clients have opened."""

    opened: int
    open: int
    peak: int
    """The most that were open at once."""


class _CountingServer(web.Server):
    """Counts connections as they come and go."""

    def __init__(self, responder: Responder) -> None:
        # A client that is gone must not leave its answer waiting for the latency.
        super().__init__(responder.respond, handler_cancellation=True, access_log=None)
        self.opened = 0
        self.open = 0
        self.peak = 0

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        self.opened += 1
        self.open += 1
        self.peak = max(self.peak, self.open)
        super().connection_made(handler, transport)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        self.open -= 1
        super().connection_lost(handler, exc)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalServer:
    """A local organization that answers; what it was asked can be read here."""

    url: str
    organization: Organization
    _caller: Identity = field(repr=False)
    _log: Log = field(repr=False)
    _memory: Memory = field(repr=False)
    _connections: _CountingServer = field(repr=False)

    def environment(self) -> dict[str, str]:
        """The variables that point any AWS client at this server, and at nothing else."""
        variables = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self._caller.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self._caller.secret,
            "AWS_DEFAULT_REGION": self.organization.scenario.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        if self._caller.token is not None:
            variables["AWS_SESSION_TOKEN"] = self._caller.token

        return variables

    def credentials_file(self) -> str:
        """A shared credentials file: `default` is the caller, and `lister` may list from the management account."""
        lister = lister_identity(self.organization)
        return _profile("default", self._caller) + _profile("lister", lister)

    @property
    def requests(self) -> list[Request]:
        """Every request so far, in order; empty unless the server records."""
        return self._log.requests

    @property
    def counts(self) -> Counter[tuple[str, str, str | None]]:
        """Requests by account id, action and error code."""
        return self._log.counts

    @property
    def throttled(self) -> int:
        """How many requests were over a rate."""
        return self._log.throttled

    @property
    def policies(self) -> Mapping[str, str]:
        """The session policy that was last asked for, by account id."""
        return self._memory.policies

    @property
    def assumptions(self) -> Mapping[str, Mapping[str, object]]:
        """The parameters that each role was last assumed with, by its ARN."""
        return self._memory.assumptions

    @property
    def secrets(self) -> frozenset[str]:
        """Secrets and tokens of the caller, of the lister and of every session so far."""
        return self._memory.credentials.secrets()

    @property
    def connections(self) -> Connections:
        """Connections so far."""
        server = self._connections
        return Connections(opened=server.opened, open=server.open, peak=server.peak)


def _profile(name: str, identity: Identity) -> str:
    lines = [f"[{name}]", f"aws_access_key_id = {identity.access_key_id}", f"aws_secret_access_key = {identity.secret}"]
    if identity.token is not None:
        lines.append(f"aws_session_token = {identity.token}")
    return "\n".join(lines) + "\n"


@asynccontextmanager
async def serve(  # noqa: PLR0913 - what whoever serves may choose
    organization: Organization,
    *,
    port: int = 0,
    record: bool = True,
    ssl_context: ssl.SSLContext | None = None,
    clock: Callable[[], float] = time.time,
    timer: Callable[[], float] | None = None,
    hear: Callable[[Request], None] | None = None,
) -> AsyncGenerator[LocalServer]:
    """Answer on 127.0.0.1 (port 0: any free one) for as long as the block runs; leaving it takes no second.

    `record=False` keeps counts only. `clock` tells the seconds that expiries and signatures go by, and `timer`, where
    it is another one, those of rates and outages. `hear` is told of each request before it is answered, on the event
    loop.
    """
    memory, caller, log = Memory(), caller_identity(organization), Log(record=record, hear=hear)
    memory.credentials.add(caller)
    memory.credentials.add(lister_identity(organization))
    timer, skew = timer or clock, organization.scenario.clock_skew
    began = timer()
    responder = Responder(
        organization=organization,
        actions=registered_actions(),
        memory=memory,
        log=log,
        buckets=Buckets(scenario=organization.scenario, clock=timer),
        clock=lambda: clock() + skew,
        passed=lambda: timer() - began,
        dice=random.Random(f"{organization.scenario.seed}/mishaps"),
    )
    counting = _CountingServer(responder)
    listener = await asyncio.get_running_loop().create_server(counting, _HOST, port, ssl=ssl_context, backlog=_BACKLOG)
    try:
        scheme = "http" if ssl_context is None else "https"
        yield LocalServer(
            url=f"{scheme}://{_HOST}:{listener.sockets[0].getsockname()[1]}",
            organization=organization,
            _caller=caller,
            _log=log,
            _memory=memory,
            _connections=counting,
        )
    finally:
        with anyio.CancelScope(shield=True):
            await _close(listener, counting)


async def serve_forever(scenario: Scenario, *, port: int, announce: Callable[[LocalServer], None]) -> None:
    """Answer until cancelled; `announce` is told once, when requests can come."""
    async with serve(build_organization(scenario), port=port, record=False) as server:
        announce(server)
        await anyio.sleep_forever()


async def _close(listener: asyncio.Server, counting: _CountingServer) -> None:
    listener.close()
    counting.pre_shutdown()
    await counting.shutdown(_GRACE)
    await listener.wait_closed()

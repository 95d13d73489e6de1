"""TLS on loopback: a server that answers as STS and SSO do, and a proxy that understands CONNECT."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import trustme
from aiohttp import web

_XML = "https://sts.amazonaws.com/doc/2011-06-15/"
_CREDENTIALS = (
    "<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"
    "<SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
    "<AssumedRoleUser><Arn>arn:aws:sts::222222222222:assumed-role/Role/Name</Arn></AssumedRoleUser>"
)
_RESULTS = {
    "GetCallerIdentity": "<Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/ana</Arn>",
    "AssumeRole": _CREDENTIALS,
    "AssumeRoleWithWebIdentity": _CREDENTIALS,
}


def server_context(certificate: trustme.LeafCert, *, clients: trustme.CA | None = None) -> ssl.SSLContext:
    """What a server with this certificate uses; with `clients`, it demands a certificate of theirs."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    if clients is not None:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@dataclass
class AwsServer:
    """A running server: where it is, and which operations arrived."""

    url: str = ""
    calls: list[str] = field(default_factory=list)
    key: str = "ASIAEXAMPLE"
    """The access key that SSO and the container's endpoint give out now."""
    expires: datetime = datetime(2099, 1, 1, tzinfo=UTC)
    """The end of what they give out."""
    signed: list[tuple[str, str]] = field(default_factory=list)
    """The operations of STS, each with the access key that it was signed with."""
    parameters: list[dict[str, str]] = field(default_factory=list)
    """What each of them was asked with."""

    async def sts(self, request: web.Request) -> web.Response:
        """Answer the Query protocol of STS."""
        parameters = {name: str(value) for name, value in (await request.post()).items()}
        action = parameters["Action"]
        self.calls.append(action)
        self.parameters.append(parameters)
        self.signed.append((action, request.headers.get("Authorization", "").partition("Credential=")[2].split("/")[0]))
        result = f"<{action}Result>{_RESULTS[action]}</{action}Result>"
        return web.Response(
            text=f'<{action}Response xmlns="{_XML}">{result}</{action}Response>', content_type="text/xml"
        )

    async def role_credentials(self, request: web.Request) -> web.Response:
        """Answer GetRoleCredentials of SSO, for the token that this server or the cache gave out."""
        self.calls.append(f"GetRoleCredentials {request.headers['x-amz-sso_bearer_token']}")
        credentials = {
            "accessKeyId": self.key,
            "secretAccessKey": "secret",
            "sessionToken": "token",
            "expiration": int(self.expires.timestamp() * 1000),
        }
        return web.json_response({"roleCredentials": credentials})

    async def container_credentials(self, _request: web.Request) -> web.Response:
        """Answer as the credential endpoint of a container does."""
        self.calls.append("container")
        return web.json_response(
            {
                "AccessKeyId": self.key,
                "SecretAccessKey": "secret",
                "Token": "token",
                "Expiration": self.expires.isoformat(),
            }
        )

    async def token(self, _request: web.Request) -> web.Response:
        """Answer CreateToken of SSO-OIDC."""
        self.calls.append("CreateToken")
        return web.json_response({"accessToken": "renewed", "expiresIn": 3600, "tokenType": "Bearer"})


@contextlib.asynccontextmanager
async def aws_server(context: ssl.SSLContext | None) -> AsyncIterator[AwsServer]:
    """A server on loopback, reached as localhost; plain http without a context."""
    server = AwsServer()
    app = web.Application()
    app.router.add_post("/", server.sts)
    app.router.add_get("/federation/credentials", server.role_credentials)
    app.router.add_get("/container", server.container_credentials)
    app.router.add_post("/token", server.token)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        server.url = f"{'https' if context else 'http'}://localhost:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()


@dataclass
class ConnectProxy:
    """A running proxy: where it is, and which tunnels were asked for."""

    url: str = ""
    tunnels: list[str] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection in a task of its own."""
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(_close, writer)
            method, target, _rest = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 2)
            self.tunnels.append(f"{method} {target}")
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", int(target.split(":")[1]))
            stack.push_async_callback(_close, far_writer)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ways = [
                asyncio.ensure_future(_pump(reader, far_writer)),
                asyncio.ensure_future(_pump(far_reader, writer)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


@contextlib.asynccontextmanager
async def connect_proxy(context: ssl.SSLContext | None = None) -> AsyncIterator[ConnectProxy]:
    """A proxy on loopback that tunnels to loopback ports only; itself behind TLS with a context."""
    proxy = ConnectProxy()
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    proxy.url = f"https://localhost:{port}" if context else f"http://127.0.0.1:{port}"
    try:
        yield proxy
    finally:
        server.close()
        for task in proxy.tasks:
            task.cancel()
        await asyncio.gather(*proxy.tasks, return_exceptions=True)
        await server.wait_closed()


class Certificates:
    """Our CA, one that nobody knows, and what they issue."""

    def __init__(self, folder: Path) -> None:
        """Write both CA bundles into the folder."""
        self.ours, self.unknown = trustme.CA(), trustme.CA()
        self.bundle, self.other_bundle = str(folder / "ca.pem"), str(folder / "other-ca.pem")
        self.ours.cert_pem.write_to_path(self.bundle)
        self.unknown.cert_pem.write_to_path(self.other_bundle)
        self.servers = {
            "right": self.ours.issue_cert("localhost"),
            "other host": self.ours.issue_cert("evil.example", common_name="evil.example"),
            "unknown issuer": self.unknown.issue_cert("localhost"),
        }


@dataclass
class World:
    """Starts what a test needs, points the SDK's environment there, and stops it after the test."""

    certificates: Certificates
    setenv: Callable[[str, str], None]
    stack: contextlib.AsyncExitStack

    async def server(self, kind: str | None, *, clients: trustme.CA | None = None) -> AwsServer:
        """An AWS with this kind of certificate (None: plain http), and the endpoint of every client."""
        server = await self.stack.enter_async_context(aws_server(self._context(kind, clients)))
        self.setenv("AWS_ENDPOINT_URL", server.url)
        return server

    async def proxy(self, kind: str | None = None, *, clients: trustme.CA | None = None) -> ConnectProxy:
        """A proxy with this kind of certificate (None: plain http), and the one for https."""
        proxy = await self.stack.enter_async_context(connect_proxy(self._context(kind, clients)))
        self.setenv("HTTPS_PROXY", proxy.url)
        return proxy

    def _context(self, kind: str | None, clients: trustme.CA | None) -> ssl.SSLContext | None:
        return None if kind is None else server_context(self.certificates.servers[kind], clients=clients)

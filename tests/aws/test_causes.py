"""Why a request did not get through: the network's reasons and this machine's own, in words."""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorSSLError,
    ClientPayloadError,
    ClientProxyConnectionError,
    ServerDisconnectedError,
)
from aiohttp.client_reqrep import ConnectionKey
from botocore.exceptions import BotoCoreError, EndpointConnectionError, HTTPClientError, SSLError

from auditor.aws.connection import try_connection
from auditor.aws.errors import is_transient, translate
from auditor.aws.gateway import open_gateway
from auditor.aws.limits.retry import Retries, RetryPolicy
from auditor.aws.session import open_sessions
from auditor.aws.wire.tls import TlsFileError
from auditor.demo import Scenario
from auditor.errors import CallerError, RequestError, UnreachableError
from tests.aws.tls import World
from tests.organizations import served

pytestmark = pytest.mark.anyio

NOWHERE = "http://127.0.0.1:9"


def fault(error: Exception) -> RequestError:
    """What is said of an exception of the SDK."""
    return translate(error, service="iam", operation="list_users")


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller's keys, for an endpoint that nobody reaches."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


async def refused() -> str:
    """Why no caller could be identified."""
    with pytest.raises(CallerError) as caught:
        async with open_gateway():
            pass
    return str(caught.value)


async def unreached() -> str:
    """Why STS was not reached by a request that is tried once."""
    with pytest.raises(RequestError) as caught:
        await try_connection(await open_sessions(profile=None, session=None), profile=None)
    return str(caught.value)


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "the name iam.example:80 was not found"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "iam.example:80 refused the connection"),
        (OSError(errno.ENETUNREACH, "unreachable"), "there is no way to iam.example:80"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "iam.example:80 broke the connection off"),
        (TimeoutError(errno.ETIMEDOUT, "timed out"), "the connection to iam.example:80 timed out"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_networks_reasons(inner: OSError, words: str) -> None:
    """Behind the SDK's sentence, which is the same for all, stands what it was."""
    said = fault(EndpointConnectionError(endpoint_url="http://iam.example:80/", error=inner))

    assert ("ConnectionFailed", f'Could not connect to the endpoint URL: "http://iam.example:80/" ({words})') == (
        said.code,
        said.message,
    )


KEY = ConnectionKey("iam.example", 443, True, True, None, None, None)  # noqa: FBT003 - as aiohttp has it
FAILED = OSError(1, "failed")


def raised_by(error: Exception, cause: BaseException) -> Exception:
    """The error as it is when it was raised from its cause."""
    error.__cause__ = cause
    return error


def test_the_reason_of_a_certificate() -> None:
    """What is wrong with a certificate is said, once."""
    inner = ssl.SSLCertVerificationError(1, "certificate verify failed: certificate has expired")
    for error in (inner, ClientConnectorCertificateError(KEY, inner)):
        said = fault(SSLError(endpoint_url="https://iam.example/", error=raised_by(error, inner)))

        assert said.code == "CertificateRefused"
        assert 1 == said.message.count("expired")
        assert "(the certificate is not good: " in said.message


def test_a_certificates_fault_is_in_openssls_own_words() -> None:
    """Without those of aiohttp and the SDK around them."""
    inner = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: …")
    inner.verify_message = "self-signed certificate"
    error = SSLError(endpoint_url="https://iam.example/", error=ClientConnectorCertificateError(KEY, inner))

    assert "SSL validation failed for https://iam.example/ (the certificate is not good: self-signed certificate)" == (
        fault(error).message
    )


def handshake_failure() -> ssl.SSLError:
    """What OpenSSL raises where the other side speaks no TLS."""
    client = ssl.create_default_context()
    incoming = ssl.MemoryBIO()
    incoming.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    connection = client.wrap_bio(incoming, ssl.MemoryBIO(), server_hostname="iam.example")
    with pytest.raises(ssl.SSLError) as caught:
        connection.do_handshake()
    return caught.value


def test_the_reason_of_a_failed_handshake_is_openssls() -> None:
    """Aiohttp's own error is one of `ssl`, but knows no reason; the same request may succeed in a moment."""
    inner = handshake_failure()
    said = fault(SSLError(endpoint_url="https://iam.example/", error=ClientConnectorSSLError(KEY, inner)))

    assert ("TlsFailed", True) == (said.code, is_transient(said))
    assert f"SSL validation failed for https://iam.example/ (TLS failed: {inner.reason}, as where a server speaks " in (
        said.message
    )


@pytest.mark.parametrize(
    "inner",
    [
        ClientConnectorSSLError(KEY, FAILED),
        ClientConnectorSSLError(KEY, ssl.SSLError(1, "failed")),
        ClientConnectorCertificateError(KEY, ValueError("failed")),
        ClientProxyConnectionError(KEY, FAILED),
        ClientConnectorDNSError(KEY, FAILED),
        ssl.SSLError(1, "failed"),
        ssl.SSLEOFError(8, "failed"),
        ServerDisconnectedError(),
        ClientPayloadError(),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: SSLError(endpoint_url="https://iam.example/", error=inner),
        lambda inner: HTTPClientError(error=inner),
        lambda inner: EndpointConnectionError(endpoint_url="https://iam.example/", error=inner),
    ],
)
@pytest.mark.parametrize("proxy", [None, "http://proxy.example:3128"])
def test_every_error_of_a_connection_is_translated(
    wrap: Callable[[Exception], BotoCoreError], inner: Exception, proxy: str | None
) -> None:
    """Whatever aiohttp has made of it, and whatever it lacks; a proxy in between is named."""
    error = wrap(inner)
    details: Any = error.kwargs
    details["proxy_url"] = proxy

    said = fault(error)

    assert isinstance(said, UnreachableError)
    assert (proxy or "") in said.message


def test_a_cause_that_can_not_be_read_costs_nothing() -> None:
    """The error is what it is without the words."""

    class Odd(ssl.SSLCertVerificationError):
        @property
        def verify_message(self) -> str:  # type: ignore[override]  # it can't be read
            raise ValueError("it has none")

    said = fault(SSLError(endpoint_url="https://iam.example/", error=Odd(1, "failed")))

    assert said.code == "CertificateRefused"
    assert said.message.startswith("SSL validation failed for https://iam.example/")


async def test_a_server_without_tls_is_said(world: World) -> None:
    """A plain server behind an https URL is no fault of the credentials."""
    server = await world.server(None)
    world.setenv("AWS_ENDPOINT_URL", server.url.replace("http:", "https:"))

    said = await unreached()

    assert said.startswith("TlsFailed: SSL validation failed for https://localhost")
    assert "as where a server speaks plain http" in said
    assert "the one that AWS_ENDPOINT_URL names" in said


@asynccontextmanager
async def proxy_that_answers(answer: bytes) -> AsyncIterator[str]:
    """A proxy that answers whatever it is asked, and closes the connection."""

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "(by way of the proxy "),
        (b"SSH-2.0-Server\r\n", "(what answered does not speak HTTP, by way of the proxy "),
    ],
)
async def test_a_proxy_that_is_none_is_named(answer: bytes, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that closes the connection, or answers something else than HTTP, which is not repeated."""
    async with proxy_that_answers(answer) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "https://aws.example")
        monkeypatch.setenv("https_proxy", f"http://bob:pa55word@{url.removeprefix('http://')}")
        said = await unreached()

    assert f"{words}{url})" in said
    assert (False, False) == ("SSH-2.0" in said, "pa55word" in said)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: EndpointConnectionError(endpoint_url="http://iam.example/", error=inner),
        lambda inner: HTTPClientError(error=inner),
        lambda inner: TlsFileError(path="ca.pem", error=inner),
        lambda inner: inner,
    ],
)
def test_too_many_open_files_are_this_machines_fault(wrap: Callable[[OSError], Exception], number: int) -> None:
    """However deep it is hidden, it has a code of its own, and what to do about it."""
    said = fault(wrap(OSError(number, "Too many open files")))

    assert said.code == "TooManyOpenFiles"
    assert "ulimit -n" in said.message


def test_too_many_open_files_end_a_run_only_at_its_start() -> None:
    """Where other requests have been answered, their files will be closed in a moment."""
    said = fault(OSError(errno.EMFILE, "Too many open files"))

    assert is_transient(said)
    assert Retries(RetryPolicy()).pause_after(said, contacted=True) is not None
    assert Retries(RetryPolicy()).pause_after(said, contacted=False) is None


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("proxy", ["socks5://bob:pa55word@127.0.0.1:9", "http://bob:pa55word@127.0.0.1:99999"])
async def test_a_proxy_that_can_not_work_is_said_at_once(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its variable, with nothing tried again, and without its password."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    said = await refused()

    assert "ProxyUnusable: HTTPS_PROXY is no proxy that can be used" in said
    assert "pa55word" not in said


@asynccontextmanager
async def proxy_that_wants_a_password() -> AsyncIterator[tuple[str, list[str]]]:
    """A proxy that passes nothing on, and the requests that it was asked to."""
    asked: list[str] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 1)[0])
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(("scheme", "method"), [("https", "CONNECT"), ("http", "POST")])
async def test_a_proxy_that_wants_a_password_is_named(
    scheme: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the endpoint's scheme; it is asked once, for some proxies lock whom they don't know."""
    async with proxy_that_wants_a_password() as (host, asked):
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"{scheme}://aws.example")
        monkeypatch.setenv(f"{scheme}_proxy", f"http://bob:pa55word@{host}")
        said = await refused()

    assert f"the proxy http://{host} answers 407: it wants a user and a password" in said
    assert ("ProxyFailed" in said, "pa55word" in said, asked) == (True, False, [method])


def test_a_proxy_that_is_not_there_is_named() -> None:
    """It is the proxy that refused the connection, or whose name was not found, and not AWS."""
    error = EndpointConnectionError(endpoint_url="https://iam.example/", error=ConnectionRefusedError())
    details: Any = error.kwargs
    details["proxy_url"] = "http://bob:pa55word@proxy.example:3128"

    said = fault(error).message

    assert said.endswith("(the proxy http://proxy.example:3128 refused the connection)")


async def test_a_certificate_behind_a_proxy_names_both(world: World) -> None:
    """What is wrong, and which proxy was in between."""
    await world.server("other host")
    proxy = await world.proxy()
    world.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    world.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    said = await refused()

    assert "CertificateRefused" in said
    assert "Hostname mismatch" in said
    assert f"by way of the proxy {proxy.url}" in said


@pytest.mark.parametrize("capitals", [str.upper, str.title])
async def test_an_endpoints_host_may_be_in_capitals(
    capitals: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is signed is what is sent, by the SDK's own clients, too."""
    async with served(Scenario(accounts=1, users=0), monkeypatch) as server:
        port = server.url.rpartition(":")[2]
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{capitals('localhost')}:{port}")
        async with open_gateway() as gateway:
            assert gateway.caller.account_id == server.organization.caller.id

"""Why a request did not get through: the network's reasons and this machine's own, in words."""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, HTTPClientError, SSLError

from auditor.aws.errors import is_transient, translate
from auditor.aws.gateway import open_gateway
from auditor.aws.limits.retry import Retries, RetryPolicy
from auditor.aws.wire.tls import TlsFileError
from auditor.demo import Scenario
from auditor.errors import CallerError, RequestError
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


def test_the_reason_of_a_certificate() -> None:
    """What is wrong with a certificate is said."""
    inner = ssl.SSLCertVerificationError(1, "certificate verify failed: certificate has expired")
    said = fault(SSLError(endpoint_url="https://iam.example/", error=inner))

    assert said.code == "CertificateRefused"
    assert "the certificate is not good" in said.message
    assert "expired" in said.message


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

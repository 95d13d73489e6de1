"""The port: what it counts, how it closes, and TLS."""

import ssl

import anyio
import pytest
import trustme

from auditor.demo import LocalServer, Scenario, build_organization, serve, serve_forever
from tests.demo.reading import Reader, read

pytestmark = pytest.mark.anyio


async def test_requests_are_counted() -> None:
    """The log names account, service, action and outcome; connections are counted."""

    def script(reader: Reader) -> None:
        reader.client("sts").get_caller_identity()
        reader.client("sts").get_caller_identity()

    _, server = await read(script)
    caller = server.organization.caller.id
    assert {(caller, "GetCallerIdentity", None): 2} == server.counts
    assert [(request.service, request.status) for request in server.requests] == [("sts", 200)] * 2
    assert (server.connections.opened, server.connections.peak) == (1, 1)


async def test_closing_is_quick_with_requests_in_flight() -> None:
    """Leaving the block does not wait for an answer that would take an hour."""
    async with serve(build_organization(Scenario(accounts=2, latency=3600))) as server:
        stream = await anyio.connect_tcp("127.0.0.1", int(server.url.rpartition(":")[2]))
        await stream.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        while not server.connections.open:
            await anyio.lowlevel.checkpoint()

    await stream.aclose()


async def test_serving_until_cancelled() -> None:
    """serve_forever announces itself once and ends when it is cancelled."""
    announced: list[LocalServer] = []
    async with anyio.create_task_group() as group:

        def stop(server: LocalServer) -> None:
            announced.append(server)
            group.cancel_scope.cancel()

        group.start_soon(lambda: serve_forever(Scenario(accounts=2), port=0, announce=stop))

    assert [server.url.split("//")[1].split(":")[0] for server in announced] == ["127.0.0.1"]


@pytest.fixture
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS settings of a server on 127.0.0.1, and of a client that trusts it."""
    authority = trustme.CA()
    there, here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(there)
    authority.configure_trust(here)
    return there, here


async def test_serving_with_tls(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """With a context the server speaks HTTPS."""
    there, here = contexts
    async with serve(build_organization(Scenario(accounts=2)), ssl_context=there) as server:
        port = int(server.url.removeprefix("https://127.0.0.1:"))
        stream = await anyio.connect_tcp("127.0.0.1", port, ssl_context=here, tls_standard_compatible=False)
        await stream.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        reply = await stream.receive()
        await stream.aclose()

    assert reply.split(b"\r\n")[0] == b"HTTP/1.1 403 Forbidden"

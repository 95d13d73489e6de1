"""What verification is made of: configurations, TLS contexts, and the SDK's private parts."""

import inspect
import ssl
import threading
from functools import partial
from typing import Any

import anyio
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import AioSession
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import (
    EndpointConnectionError,
    HTTPClientError,
    ParamValidationError,
    ProxyConnectionError,
    SSLError,
)

from auditor.aws.wire.tls import (
    TlsContexts,
    TlsFileError,
    TlsFiles,
    VerifyingConfig,
    VerifyingSession,
    build_context,
    is_certificate_refusal,
    verified,
)
from tests.aws.tls import Certificates, World

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("sdk_settings")]


class OurSession(VerifyingSession):
    """A session that can be told from the default one."""


class CountingContexts(TlsContexts):
    """Contexts that keep what they were made of, and in which thread."""

    def __init__(self) -> None:
        super().__init__(build=self.count)
        self.built: list[TlsFiles] = []
        self.threads: set[int] = set()

    def count(self, files: TlsFiles) -> ssl.SSLContext:
        """Make a context, and take a note."""
        self.built.append(files)
        self.threads.add(threading.get_ident())
        return build_context(files)


async def send(session: AIOHTTPSession, url: str) -> int:
    """The status of a request that is sent as the SDK does."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    request: Any = AWSRequest("POST", url, form, b"Action=GetCallerIdentity").prepare()
    response: Any = await session.send(request)
    status: int = response.status_code
    return status


async def test_a_context_is_made_once_and_off_the_event_loop(world: World) -> None:
    """Clients with the same files share a context, which a worker thread makes, however many ask at once."""
    server = await world.server("right")
    contexts = CountingContexts()
    sessions = [VerifyingSession(verify=world.certificates.bundle, contexts=contexts) for _client in range(3)]

    async with sessions[0], sessions[1], sessions[2], anyio.create_task_group() as tasks:
        for session in sessions * 2:
            tasks.start_soon(send, session, server.url)

    assert [TlsFiles(ca_bundle=world.certificates.bundle)] == contexts.built
    assert threading.get_ident() not in contexts.threads
    assert server.calls == ["GetCallerIdentity"] * 6


async def test_plain_http_needs_no_context(world: World) -> None:
    """No CA bundle is read for http, and a session that then meets https still verifies with its own."""
    plain, secure, wrong = [await world.server(kind) for kind in (None, "right", "other host")]
    contexts = CountingContexts()

    async with VerifyingSession(verify=world.certificates.bundle, contexts=contexts) as session:
        assert await send(session, plain.url) == 200
        assert contexts.built == []
        assert await send(session, secure.url) == 200
        assert len(contexts.built) == 1
        with pytest.raises(SSLError):
            await send(session, wrong.url)


async def test_a_failure_is_not_remembered(certificates: Certificates, tmp_path: Any) -> None:
    """A CA bundle that is put right is read again."""
    contexts = TlsContexts()
    path = tmp_path / "late.pem"
    with pytest.raises(TlsFileError):
        await contexts.get(TlsFiles(ca_bundle=str(path)))

    certificates.ours.cert_pem.write_to_path(str(path))

    assert (await contexts.get(TlsFiles(ca_bundle=str(path)))).check_hostname


@pytest.mark.parametrize("files", [TlsFiles(certificate="gone.pem"), TlsFiles(proxy_ca_bundle="gone.pem")])
def test_each_file_is_named(files: TlsFiles) -> None:
    """Whichever file is missing, the error has its path."""
    with pytest.raises(TlsFileError, match=r"gone\.pem"):
        build_context(files)


def test_a_context_demands_all() -> None:
    """A context asks for a chain, a host name and TLS 1.2, and knows the SDK's own CAs."""
    context = build_context(TlsFiles())

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.cert_store_stats()["x509_ca"] > 50


def test_connector_arguments_do_not_decide_on_tls() -> None:
    """A context that somebody slips in is refused, not used."""
    with pytest.raises(ParamValidationError, match="ssl_context"):
        VerifyingSession(connector_args={"ssl_context": ssl.create_default_context()})


@pytest.mark.parametrize("config", [None, Config(read_timeout=7), AioConfig({"force_close": True})])
@pytest.mark.parametrize("region", ["us-east-1", "fips-us-east-1"])
async def test_a_clients_own_configuration_keeps_the_transport(config: Any, region: str) -> None:
    """What a client is given of its own is merged (as the SDK does for FIPS) without losing verification."""
    contexts = TlsContexts()
    ours = VerifyingConfig({"ttl_dns_cache": 5}, partial(OurSession, contexts=contexts), connect_timeout=3)
    session = AioSession(profile="keys")
    verified(session, config=ours)

    async with session.create_client("iam", region, config=config) as made:
        client: Any = made  # There is no public way to its HTTP session.
        assert type(client._endpoint.http_session) is OurSession  # noqa: SLF001 - said above
        assert client.meta.config.connect_timeout == 3
        assert client.meta.config.connector_args["ttl_dns_cache"] == 5


def test_merging_keeps_merging() -> None:
    """A merge's result merges in the same way, and the options of the later configuration win."""
    config = VerifyingConfig({"force_close": True}, OurSession, read_timeout=1, region_name="eu-west-1")

    merged = config.merge(Config(read_timeout=2)).merge(AioConfig({"ttl_dns_cache": 1}, retries={"mode": "standard"}))

    attributes: Any = merged
    assert VerifyingConfig is type(merged)
    assert OurSession is attributes.http_session_cls
    assert attributes.connector_args == {"force_close": True, "keepalive_timeout": 12}
    assert (attributes.read_timeout, attributes.region_name) == (2, "eu-west-1")
    assert attributes.retries["mode"] == "standard"


@pytest.mark.parametrize("before", [None, Config(read_timeout=7, connect_timeout=7), AioConfig(read_timeout=7)])
def test_what_a_session_had_is_kept(before: Any) -> None:
    """The session's default configuration is merged in; the given one's options and transport win."""
    session = AioSession()
    session.set_default_client_config(before)

    verified(session, config=VerifyingConfig(http_session_cls=OurSession, connect_timeout=3))

    default: Any = session.get_default_client_config()
    assert OurSession is default.http_session_cls
    assert default.connect_timeout == 3
    assert default.read_timeout == (7 if before else 60)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ssl.SSLCertVerificationError("refused"), True),
        (SSLError(endpoint_url="https://x", error=ssl.SSLCertVerificationError("refused")), True),
        (SSLError(endpoint_url="https://x", error=ssl.SSLError("handshake failed")), False),
        (EndpointConnectionError(endpoint_url="https://x", error=ConnectionResetError()), False),
        (ProxyConnectionError(proxy_url="http://x", error=None), False),
        (HTTPClientError(error="text"), False),
        (TlsFileError(path="x", error=ssl.SSLError("not PEM")), False),
        (ValueError("other"), False),
    ],
)
def test_refusals_are_told_apart(error: Exception, *, expected: bool) -> None:
    """Only a certificate that failed verification is a refusal, however it is wrapped."""
    wrapper = RuntimeError("wrapped")
    wrapper.__cause__ = error

    assert expected == is_certificate_refusal(error)
    assert expected == is_certificate_refusal(wrapper)


def test_an_error_that_causes_itself_ends() -> None:
    """A circle of causes is no endless search."""
    first, second = RuntimeError("first"), RuntimeError("second")
    first.__cause__, second.__cause__ = second, first

    assert not is_certificate_refusal(first)


def test_the_private_parts_of_the_sdk_are_as_we_know_them() -> None:
    """What is overridden is private in the SDK: this fails when an upgrade changes it."""
    base: Any = AIOHTTPSession

    assert list(inspect.signature(base._create_connector).parameters) == ["self", "proxy_url"]  # noqa: SLF001 - what ours rests on
    assert "connector = self._create_connector(proxy_url)" in inspect.getsource(base._get_session)  # noqa: SLF001 - as above
    assert "self._sessions[proxy_url]" in inspect.getsource(base._get_session)  # noqa: SLF001 - as above
    assert "session = await self._get_session(proxy_url)" in inspect.getsource(base.send)
    assert "self._proxy_config.proxy_url_for(request.url)" in inspect.getsource(base.send)

"""Every connection is verified: directly, through proxies, and from the SDK's own clients."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any, Unpack

import pytest
import trustme
from aiobotocore.session import AioSession
from botocore.config import Config
from botocore.exceptions import BotoCoreError, EndpointConnectionError, SSLError

from auditor.aws.wire.tls import (
    SessionOptions,
    TlsFileError,
    VerifyingConfig,
    VerifyingSession,
    is_certificate_refusal,
    verified,
)
from tests.aws.tls import World

pytestmark = pytest.mark.anyio

CHAINS = {
    "keys": (["sts"], ["GetCallerIdentity"]),
    "assume-role": (["sts", "sts"], ["AssumeRole", "GetCallerIdentity"]),
    "web-identity": (["sts", "sts"], ["AssumeRoleWithWebIdentity", "GetCallerIdentity"]),
    "sso": (["sso", "sts"], ["GetRoleCredentials cached", "GetCallerIdentity"]),
    "sso-session": (
        ["sso", "sso-oidc", "sts"],
        ["CreateToken", "GetRoleCredentials renewed", "GetCallerIdentity"],
    ),
}
"""For each profile: the services of the clients that are made, and the operations that they call."""
REFUSED = ["other host", "unknown issuer"]


class RecordingSession(VerifyingSession):
    """A session that tells of itself when it is made."""

    def __init__(self, *, made: list[VerifyingSession], **options: Unpack[SessionOptions]) -> None:
        super().__init__(**options)
        made.append(self)


async def identity(session: AioSession, **options: Any) -> str:
    """The account that GetCallerIdentity names."""
    async with session.create_client("sts", **options) as client:
        account: str = (await client.get_caller_identity())["Account"]
        return account


def verified_session(profile: str = "keys", *, config: VerifyingConfig | None = None) -> AioSession:
    """A session of this profile, whose clients verify."""
    session = AioSession(profile=profile)
    verified(session, config=config)
    return session


@pytest.mark.parametrize("proxied", [None, "http", "https"])
@pytest.mark.parametrize("profile", CHAINS)
async def test_the_right_certificate_is_accepted(world: World, profile: str, proxied: str | None) -> None:
    """A server that shows its own certificate, from our CA, is talked to on every way to it."""
    server = await world.server("right")
    proxy = await world.proxy("right" if proxied == "https" else None) if proxied else None

    assert await identity(verified_session(profile)) == "111122223333"
    assert server.calls == CHAINS[profile][1]
    tunnel = f"CONNECT {server.url.removeprefix('https://')}"
    assert (proxy.tunnels if proxy else []) == [tunnel] * (len(CHAINS[profile][0]) if proxy else 0)


@pytest.mark.parametrize("proxied", [False, True])
@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("profile", CHAINS)
async def test_a_wrong_certificate_is_refused(world: World, profile: str, kind: str, *, proxied: bool) -> None:
    """The very first client, the SDK's own where the profile needs one, refuses before it says anything."""
    server = await world.server(kind)
    if proxied:
        await world.proxy()

    with pytest.raises(SSLError) as refusal:
        await identity(verified_session(profile))

    assert is_certificate_refusal(refusal.value)
    assert server.calls == []


@pytest.mark.parametrize("kind", REFUSED)
async def test_a_wrong_certificate_is_refused_in_the_tls_of_a_proxy(world: World, kind: str) -> None:
    """Through an https proxy, too, a wrong certificate ends the connection and is known as the reason."""
    server = await world.server(kind)
    await world.proxy("right")
    loop = asyncio.get_running_loop()
    handler = loop.get_exception_handler()
    loop.set_exception_handler(lambda _loop, _context: None)  # Python 3.11 tells it about its own TypeError.

    with pytest.raises((SSLError, EndpointConnectionError)) as refusal:
        await identity(verified_session())

    loop.set_exception_handler(handler)
    assert is_certificate_refusal(refusal.value)
    assert server.calls == []


@pytest.mark.parametrize("kind", REFUSED)
async def test_a_wrong_certificate_of_a_proxy_is_refused(world: World, kind: str) -> None:
    """An https proxy is verified like a server, before it learns where to."""
    await world.server("right")
    proxy = await world.proxy(kind)

    with pytest.raises(SSLError) as refusal:
        await identity(verified_session())

    assert is_certificate_refusal(refusal.value)
    assert proxy.tunnels == []


@pytest.mark.parametrize("proxied", [False, True])
@pytest.mark.parametrize("verify", [False, True, ""])
async def test_verification_cannot_be_turned_off(
    world: World, verify: Any, monkeypatch: pytest.MonkeyPatch, *, proxied: bool
) -> None:
    """Whatever does not name a CA bundle means the SDK's own bundle, which does not know our CA."""
    monkeypatch.delenv("AWS_CA_BUNDLE")
    server = await world.server("right")
    if proxied:
        await world.proxy()

    with pytest.raises(SSLError) as refusal:
        await identity(verified_session(), verify=verify)

    assert is_certificate_refusal(refusal.value)
    assert server.calls == []


async def test_a_named_ca_bundle_is_honoured(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client's own bundle goes before the environment's."""
    monkeypatch.setenv("AWS_CA_BUNDLE", world.certificates.other_bundle)
    await world.server("right")

    assert await identity(verified_session(), verify=world.certificates.bundle) == "111122223333"


def bad_bundle(folder: Path, kind: str) -> Path:
    """A path that is no CA bundle."""
    path = folder / "bundle.pem"
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_text({"empty": "", "text": "not PEM"}[kind])
    return path


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "folder"])
@pytest.mark.parametrize("profile", ["keys", "assume-role", "sso-session"])
async def test_a_bad_ca_bundle_is_named(
    world: World, profile: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first request says which file can't be used, and that is no refused certificate."""
    path = bad_bundle(tmp_path, kind)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(path))
    server = await world.server("right")

    with pytest.raises(TlsFileError) as failure:
        await identity(verified_session(profile))

    assert failure.value.kwargs["path"] == str(path)
    assert str(path) in str(failure.value)
    assert not is_certificate_refusal(failure.value)
    assert server.calls == []


def client_certificate(authority: trustme.CA, folder: Path, *, in_two: bool) -> Any:
    """What the SDK takes as a client certificate: one file, or one and its key."""
    leaf = authority.issue_cert("client@example.com")
    certificate, key = folder / "client.pem", folder / "client.key"
    if not in_two:
        leaf.private_key_and_cert_chain_pem.write_to_path(certificate)
        return str(certificate)
    leaf.cert_chain_pems[0].write_to_path(certificate)
    leaf.private_key_pem.write_to_path(key)
    return str(certificate), str(key)


@pytest.mark.parametrize("in_two", [False, True])
@pytest.mark.parametrize("proxied", [False, True])
async def test_client_certificates_are_shown(world: World, tmp_path: Path, *, proxied: bool, in_two: bool) -> None:
    """A server that demands a client certificate gets it, and a client without one gets nowhere."""
    server = await world.server("right", clients=world.certificates.ours)
    if proxied:
        await world.proxy()
    mine = client_certificate(world.certificates.ours, tmp_path, in_two=in_two)

    with pytest.raises(BotoCoreError) as failure:
        await identity(verified_session())
    assert not is_certificate_refusal(failure.value)
    assert await identity(verified_session(), config=Config(client_cert=mine)) == "111122223333"
    assert server.calls == ["GetCallerIdentity"]


@pytest.mark.parametrize("in_two", [False, True])
async def test_settings_of_an_https_proxy_are_honoured(world: World, tmp_path: Path, *, in_two: bool) -> None:
    """A proxy of another CA that wants a client certificate works with the SDK's settings for proxies."""
    await world.server("right")
    proxy = await world.proxy("unknown issuer", clients=world.certificates.ours)
    settings: Any = {
        "proxy_ca_bundle": world.certificates.other_bundle,
        "proxy_client_cert": client_certificate(world.certificates.ours, tmp_path, in_two=in_two),
    }

    assert await identity(verified_session(), config=Config(proxies_config=settings)) == "111122223333"
    assert len(proxy.tunnels) == 1


async def test_the_ca_of_an_https_proxy_vouches_for_nothing_behind_a_plain_one(world: World) -> None:
    """Behind a plain http proxy the proxy's CA bundle is not asked about AWS's certificate."""
    await world.server("unknown issuer")
    await world.proxy()
    settings: Any = {"proxy_ca_bundle": world.certificates.other_bundle}

    with pytest.raises(SSLError):
        await identity(verified_session(), config=Config(proxies_config=settings))


@pytest.mark.parametrize("profile", CHAINS)
async def test_every_client_that_is_made_verifies(world: World, profile: str) -> None:
    """Every client, the credential chain's too, has the HTTP session that the configuration asks for."""
    await world.server("right")
    services: list[str] = []
    made: list[VerifyingSession] = []
    config = VerifyingConfig(http_session_cls=partial(RecordingSession, made=made))
    session = verified_session(profile, config=config)
    session.register("creating-client-class", lambda event_name, **_: services.append(event_name))

    await identity(session)

    names = sorted(name.removeprefix("creating-client-class.") for name in services)
    assert names == CHAINS[profile][0]
    assert len(made) == len(names)

"""The connection to STS, tried with an unsigned request: endpoint, proxy, CA bundle and clock."""

from datetime import UTC, datetime, timedelta

import pytest

from auditor.aws.connection import Connection, try_connection
from auditor.aws.session import open_sessions
from auditor.errors import CallerError, RequestError
from tests.aws.tls import Certificates, World

pytestmark = pytest.mark.anyio


async def connection(profile: str | None = "keys") -> Connection:
    """The way to STS, for a caller with this profile."""
    return await try_connection(await open_sessions(profile=profile, session=None), profile=profile)


async def test_whoever_answers_tells_the_way(world: World, certificates: Certificates) -> None:
    """A server that refuses the request has answered, too, by its own clock."""
    server = await world.server("right")
    found = await connection()
    assert (server.url, "AWS_ENDPOINT_URL", "") == (found.endpoint, found.endpoint_from, found.proxy)
    assert (certificates.bundle, "AWS_CA_BUNDLE") == (found.bundle, found.bundle_from)
    assert found.local
    assert found.answered_at is not None
    assert abs(found.received_at - found.answered_at) < timedelta(minutes=1)
    assert abs(found.received_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert [] == server.calls


async def test_a_proxy_is_named_without_its_password(world: World) -> None:
    """And verified with the same files."""
    await world.server("right")
    proxy = await world.proxy()
    world.setenv("HTTPS_PROXY", proxy.url.replace("http://", "http://ana:hidden@"))
    assert proxy.url == (await connection()).proxy
    assert len(proxy.tunnels) == 1


async def test_an_endpoint_with_a_password_is_refused_without_it(world: World) -> None:
    """No signed request can be sent there."""
    server = await world.server(None)
    world.setenv("AWS_ENDPOINT_URL", server.url.replace("http://", "http://ana:hidden@"))
    with pytest.raises(
        CallerError, match="AWS_ENDPOINT_URL is no endpoint that can be used: a user is in its URL"
    ) as no:
        await connection()
    assert "hidden" not in str(no.value)


async def test_plain_http_verifies_nothing(world: World) -> None:
    """No bundle is named, as none is used."""
    await world.server(None)
    found = await connection()
    assert ("", "") == (found.bundle, found.bundle_from)


async def test_a_bundle_of_the_profile_is_told_from_others(
    world: World, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What has chosen it is where it is changed."""
    await world.server("right")
    monkeypatch.delenv("AWS_CA_BUNDLE")
    config = tmp_path_factory.mktemp("profile") / "config"
    config.write_text(f"[profile bundled]\nca_bundle = {certificates.bundle}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert "ca_bundle of the profile" == (await connection("bundled")).bundle_from


async def test_without_a_choice_the_sdk_s_own_bundle_verifies(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It knows no authority of ours: whoever answers is refused."""
    await world.server("right")
    monkeypatch.delenv("AWS_CA_BUNDLE")
    with pytest.raises(RequestError) as caught:
        await connection()
    assert "CertificateRefused" == caught.value.code


@pytest.mark.parametrize("kind", ["other host", "unknown issuer"])
async def test_whoever_can_t_be_verified_has_not_answered(kind: str, world: World) -> None:
    """Its reply is not read."""
    server = await world.server(kind)
    with pytest.raises(RequestError) as caught:
        await connection()
    assert "CertificateRefused" == caught.value.code
    assert [] == server.calls


async def test_a_port_that_is_none_is_the_caller_s_fault(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """It is one sentence."""
    del world
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://localhost:99999999")
    with pytest.raises(CallerError, match=r"AWS_ENDPOINT_URL is no endpoint .* its URL has no valid host and port"):
        await connection()

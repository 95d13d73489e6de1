"""Every connection to AWS checks the server's certificate chain and host name.

The SDK's own HTTP session checks no host name, and behind an HTTPS proxy nothing at all. `VerifyingSession`
replaces it; `VerifyingConfig` and `verified` see to it that clients which the SDK makes by itself use it too.
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from types import SimpleNamespace
from typing import Any, TypedDict, Unpack
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import anyio
import anyio.to_thread
from aiobotocore.config import DEFAULT_KEEPALIVE_TIMEOUT, AioConfig
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import AioSession
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ConnectionError,  # noqa: A004 - the SDK's, not Python's
    HTTPClientError,
    ParamValidationError,
    ProxyConnectionError,
)
from botocore.httpsession import (
    MAX_POOL_CONNECTIONS,
    create_urllib3_context,
    get_cert_path,
)

from auditor.aws.wire.proxies import PROXY_AUTHENTICATION, Proxies, ProxyRefusal, proxy_name

# aiohttp's words for "check it in another way, or not at all": the context decides, nothing else.
_TLS_ARGS = frozenset({"ssl", "ssl_context", "verify_ssl", "fingerprint"})


class TlsFileError(BotoCoreError):
    """A CA bundle or client certificate that can't be used; `kwargs` has its `path` and the `error`."""

    fmt = "Cannot use {path} for TLS: {error}"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The files that a TLS context is made of; two clients with equal ones can share the context."""

    ca_bundle: str | None = None
    """None: the SDK's own bundle."""
    proxy_ca_bundle: str | None = None
    certificate: str | None = None
    key: str | None = None


def build_context(files: TlsFiles) -> ssl.SSLContext:
    """A context that demands a valid chain and the right host name; TlsFileError names a bad file.

    Reads files and takes tens of milliseconds: not for the event loop's thread.
    """
    context: ssl.SSLContext = create_urllib3_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    context.hostname_checks_common_name = False
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(files.ca_bundle or str(get_cert_path(verify=True)), context.load_verify_locations)
    if files.proxy_ca_bundle:
        _load(files.proxy_ca_bundle, context.load_verify_locations)
    if files.certificate:
        _load(files.certificate, partial(context.load_cert_chain, keyfile=files.key))
    return context


def _load(path: str, load: Callable[[str], None]) -> None:
    try:
        load(path)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError; neither says which file it was
        raise TlsFileError(path=path, error=error) from error


class TlsContexts:
    """TLS contexts, made once for each set of files, in a worker thread, and shared by a run's clients."""

    def __init__(self, *, build: Callable[[TlsFiles], ssl.SSLContext] = build_context) -> None:
        self._build = build
        self._made: dict[TlsFiles, ssl.SSLContext] = {}
        self._lock = anyio.Lock()

    async def get(self, files: TlsFiles) -> ssl.SSLContext:
        """The context for these files; a failure (TlsFileError) is not remembered."""
        async with self._lock:
            if files not in self._made:
                self._made[files] = await anyio.to_thread.run_sync(self._build, files)
            return self._made[files]


class SessionOptions(TypedDict, total=False):
    """What the SDK gives to every HTTP session that it makes."""

    verify: bool | str | None
    proxies: dict[str, str] | None
    timeout: float | tuple[float, float] | None
    max_pool_connections: int
    socket_options: list[tuple[int, int, int]] | None
    client_cert: str | tuple[str, str] | None
    proxies_config: Mapping[str, Any] | None
    connector_args: Mapping[str, Any] | None


class VerifyingSession(AIOHTTPSession):
    """The SDK's HTTP session, but one that always verifies chain and host name, through proxies too.

    `verify` chooses the CA bundle and can't turn verification off. A CA bundle or client certificate that
    can't be used raises TlsFileError from the first request that needs it, not from making the client; plain
    http needs none. An https proxy is verified like any server; its `proxy_ca_bundle` is trusted beside the
    CA bundle (aiohttp has one context for both handshakes) and its client certificate serves where
    `client_cert` is unset. No redirect is followed.
    """

    def __init__(self, *, contexts: TlsContexts | None = None, **options: Unpack[SessionOptions]) -> None:
        """Take what the SDK gives every HTTP session, and the TLS contexts to share (default: its own)."""
        sdk_options: dict[str, Any] = {**options, "verify": True}
        super().__init__(**sdk_options)
        connector_args = options.get("connector_args") or {}
        if overruled := sorted(_TLS_ARGS.intersection(connector_args)):
            raise ParamValidationError(report=f"connector_args can't decide on TLS: {', '.join(overruled)}")
        verify = options.get("verify")
        self._ca_bundle = verify if isinstance(verify, str) and verify else None
        self._client_cert = options.get("client_cert")
        self._proxy = Proxies(options.get("proxies"), dict(options.get("proxies_config") or {}))
        # The SDK asks its own.
        self._proxy_config = self._proxy
        self._connector_options: dict[str, Any] = {
            "keepalive_timeout": DEFAULT_KEEPALIVE_TIMEOUT,
            "limit": options.get("max_pool_connections", MAX_POOL_CONNECTIONS),
            **connector_args,
        }
        self._contexts = contexts or TlsContexts()
        self._tls: dict[str | None, ssl.SSLContext] = {}

    @property
    def ca_bundle(self) -> str:
        """The file whose authorities are trusted: the one that was chosen, or else the SDK's own."""
        return self._ca_bundle or str(get_cert_path(verify=True))

    def proxy_of(self, url: str) -> str:
        """The proxy that a URL is reached through, without a password, empty where there is none.

        Raises:
            ProxyUrlError: There can be no such proxy.
        """
        proxy_url = self._proxy.proxy_url_for(url)
        return proxy_name(proxy_url) if proxy_url else ""

    async def send(self, request: Any) -> Any:  # noqa: ANN401  # the SDK's stubs name another library's types
        """Send over a verified connection; SSLError where the server's certificate is not good."""
        proxy_url = self._proxy.proxy_url_for(request.url)
        await self._ensure_context(request.url, proxy_url)
        # The SDK signs a host in small letters, and aiohttp sends it as it is.
        request.url = _with_small_host(request.url)
        try:
            response = await super().send(request)
            if response.status_code == PROXY_AUTHENTICATION:
                # For plain http a proxy answers as a server does; AWS knows no such status.
                refusal = ProxyRefusal(PROXY_AUTHENTICATION)
                raise ProxyConnectionError(proxy_url=proxy_name(proxy_url or request.url), error=refusal)
        except (ConnectionError, HTTPClientError) as error:
            # Of most of its errors the SDK does not say that a proxy was in between.
            if proxy_url is not None:
                details: Any = error.kwargs
                details["proxy_url"] = proxy_url
            raise
        return response

    async def _get_session(self, proxy_url: str | None) -> Any:  # noqa: ANN401  # private, so not in the stubs
        session = await super()._get_session(proxy_url)  # type: ignore[misc]  # as above
        # aiohttp would follow, with the session token among the headers; AWS and its other SDKs know no redirects.
        return SimpleNamespace(request=partial(session.request, allow_redirects=False))

    async def _ensure_context(self, url: str, proxy_url: str | None) -> None:
        """Have the TLS context at hand: the SDK asks for a connector without awaiting."""
        if proxy_url in self._tls or not (_is_https(url) or _is_https(proxy_url)):
            return
        context = await self._contexts.get(self._files(proxy_url))
        if proxy_url not in self._tls:
            self._tls[proxy_url] = context
            # One that was made for plain http lacks the context; it is closed with the rest.
            self._sessions.pop(proxy_url, None)  # type: ignore[attr-defined]  # private, so not in the stubs

    def _files(self, proxy_url: str | None) -> TlsFiles:
        settings: Mapping[str, Any] = self._proxy.settings if _is_https(proxy_url) else {}
        pair = self._client_cert or settings.get("proxy_client_cert") or (None, None)
        certificate, key = (pair, None) if isinstance(pair, str) else pair
        return TlsFiles(
            ca_bundle=self._ca_bundle,
            proxy_ca_bundle=settings.get("proxy_ca_bundle"),
            certificate=certificate,
            key=key,
        )

    def _create_connector(self, proxy_url: str | None) -> aiohttp.TCPConnector:
        # True is aiohttp's own verifying context: what a redirect from http to https would meet.
        return aiohttp.TCPConnector(ssl=self._tls.get(proxy_url, True), **self._connector_options)


@lru_cache(maxsize=16)
def _with_small_host(url: str) -> str:
    parts = urlsplit(url)
    user, separator, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}{separator}{host.lower()}"))


def _is_https(url: str | None) -> bool:
    return url is not None and urlsplit(url).scheme == "https"


class VerifyingConfig(AioConfig):
    """A client configuration whose HTTP session verifies, and which keeps it through a merge."""

    def __init__(
        self,
        connector_args: Mapping[str, Any] | None = None,
        http_session_cls: Callable[..., VerifyingSession] = VerifyingSession,
        **options: object,
    ) -> None:
        """Take AioConfig's arguments; `http_session_cls` may be a `functools.partial` of a session class."""
        # The SDK only ever calls it, though its stubs ask for a class.
        super().__init__(connector_args, http_session_cls, **options)  # type: ignore[arg-type]  # said above

    def merge(self, other_config: Config) -> "VerifyingConfig":
        """This configuration with the options given in the other one, and with this one's transport."""
        options = {**_given_options(self), **_given_options(other_config)}
        mine: Any = self  # The stubs know neither attribute.
        return VerifyingConfig(mine.connector_args, mine.http_session_cls, **options)


def _given_options(config: Config) -> dict[str, Any]:
    # Private, but what the SDK's own merge is made of: the options without the defaults.
    return dict(config._user_provided_options)  # type: ignore[attr-defined]  # noqa: SLF001  # said above


def verified(session: AioSession, *, config: VerifyingConfig | None = None) -> None:
    """Make every client of the session verify: those made from it, and those of its own credential chain.

    The session's default client configuration becomes `config` (default: one whose clients share their TLS
    contexts), together with what the session's default said before and `config` doesn't. To be called before
    the session makes its first client.
    """
    if config is None:
        config = VerifyingConfig(http_session_cls=partial(VerifyingSession, contexts=TlsContexts()))
    before: Any = session.get_default_client_config()
    session.set_default_client_config(config if before is None else config.merge(before).merge(config))


def is_certificate_refusal(error: BaseException | None) -> bool:
    """Whether a request failed because a certificate (server's or proxy's) was refused.

    Looks through what the SDK and aiohttp wrap round the refusal: `kwargs["error"]`, and causes.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        # aiohttp's ClientConnectorCertificateError is one, too.
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        seen.add(id(error))
        error = _wrapped(error)
    return False


def _wrapped(error: BaseException) -> BaseException | None:
    inside = getattr(error, "kwargs", {}).get("error")
    if isinstance(inside, BaseException):
        return inside
    # Python 3.11 stumbles over its own TypeError when TLS inside an https proxy's TLS is refused.
    return error.__context__ if isinstance(error, TypeError) else error.__cause__

"""Which proxy a request goes through, and whether that can work at all."""

import os
import re
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

from botocore.exceptions import BotoCoreError
from botocore.httpsession import ProxyConfiguration

PROXY_AUTHENTICATION = 407
"""https://www.rfc-editor.org/rfc/rfc9110#name-407-proxy-authentication-re"""
_KEPT_URLS = 16
"""More than a client has endpoints."""
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_SCHEMES = frozenset({"http", "https"})
_ODD = re.compile(r"[\x00-\x20\x7f]")


class ProxyUrlError(BotoCoreError):
    """A proxy's URL that can't work; `kwargs` has `where` it is from and `why`, and never the URL and its password."""

    fmt = "{where} is no proxy that can be used: {why}"


class ProxyRefusal(Exception):  # noqa: N818 - as the answer is called
    """What a proxy answers for itself instead of passing a request on."""

    def __init__(self, status: int, message: str = "") -> None:
        self.status = status
        self.message = message
        super().__init__(f"{status} {message}")


class Proxies(ProxyConfiguration):
    """The SDK's answers on proxies, kept: it would take a URL apart five times for each request."""

    def __init__(self, proxies: dict[str, str] | None, settings: dict[str, Any]) -> None:
        super().__init__(proxies=proxies, proxies_settings=settings)
        self._given = proxies or {}
        self._url = lru_cache(maxsize=_KEPT_URLS)(self._checked_url_for)
        self._headers = lru_cache(maxsize=_KEPT_URLS)(super().proxy_headers_for)

    def proxy_url_for(self, url: str) -> str:
        """The URL of the proxy for a request's URL; raises ProxyUrlError where there can be no such proxy."""
        return self._url(url)

    def proxy_headers_for(self, proxy_url: str) -> dict[str, str]:
        """The headers that let a request pass the proxy."""
        return {**self._headers(proxy_url)}

    def _checked_url_for(self, url: str) -> str:
        scheme = urlsplit(url).scheme
        given = self._given.get(scheme)
        if given and (why := _fault_of(given)):
            raise ProxyUrlError(where=_source_of(given, scheme=scheme), why=why)
        return super().proxy_url_for(url)

    def _fix_proxy_url(self, proxy_url: str) -> str:
        named = _SCHEME.match(proxy_url)
        # The SDK knows schemes in small letters only, and puts another before those in capitals.
        return super()._fix_proxy_url(proxy_url if named is None else named[0].lower() + proxy_url[named.end() :])  # type: ignore[misc,no-any-return]  # private, so not in the stubs


def proxy_name(proxy_url: str) -> str:
    """The proxy as people call it: scheme, host and port, without a user and a password."""
    parts = urlsplit(proxy_url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _fault_of(proxy: str) -> str:
    """Why a proxy can't work, empty where it may; without a scheme the SDK takes it for one of http."""
    if _ODD.search(proxy):
        return "a blank or a line break is in its URL"
    named = _SCHEME.match(proxy)
    if named and named[1].lower() not in _SCHEMES:
        return f"the scheme is {named[1]}, and only http and https are known"
    try:
        parts = urlsplit(proxy if named else f"http://{proxy.removeprefix('//')}")
        return _fault_of_parts(parts, named=bool(named))
    except ValueError:
        return "its URL has no valid host and port, such as http://proxy.example:3128"


def _fault_of_parts(parts: SplitResult, *, named: bool) -> str:
    if not parts.hostname:
        return "its URL has no host"
    if parts.port == 0:
        return "its port is 0"
    return "" if named or parts.path in {"", "/"} else "its URL has no scheme, such as http://"


def _source_of(proxy: str, *, scheme: str) -> str:
    names = (name for name, value in os.environ.items() if value == proxy and name.lower() == f"{scheme}_proxy")
    return next(names, f"The proxy for {scheme} in the session's configuration")

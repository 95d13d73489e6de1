"""Which proxy a request goes through, and whether that can work at all."""

import os
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError
from botocore.httpsession import ProxyConfiguration

from auditor.aws.wire.urls import SCHEME, fault_of_url, fault_of_user

PROXY_AUTHENTICATION = 407
"""https://www.rfc-editor.org/rfc/rfc9110#name-407-proxy-authentication-re"""
_KEPT_URLS = 16
"""More than a client has endpoints."""
_EXAMPLE = "http://proxy.example:3128"


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
        return _with_scheme(proxy_url)


def proxy_name(proxy_url: str) -> str:
    """The proxy as people call it: scheme, host and port, without a user and a password."""
    parts = urlsplit(proxy_url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _fault_of(proxy: str) -> str:
    """Why a proxy can't work, empty where it may."""
    url = _with_scheme(proxy)
    if fault := fault_of_url(url, example=_EXAMPLE) or fault_of_user(url):
        return fault
    named = SCHEME.match(proxy) or proxy.startswith("//")
    return "" if named or urlsplit(url).path in {"", "/"} else f"its URL has no scheme: write it as {_EXAMPLE}"


def _with_scheme(proxy: str) -> str:
    """The URL as the SDK has it: it takes whatever begins with a scheme and a colon as it is, if in small letters."""
    if named := SCHEME.match(proxy):
        return named[0].lower() + proxy[named.end() :]
    return f"http:{proxy}" if proxy.startswith("//") else f"http://{proxy}"


def _source_of(proxy: str, *, scheme: str) -> str:
    names = (name for name, value in os.environ.items() if value == proxy and name.lower() == f"{scheme}_proxy")
    return next(names, f"The proxy for {scheme} in the session's configuration")

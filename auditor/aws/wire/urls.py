"""What is wrong with the URL of a server or a proxy, known before anything is sent there."""

import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, unquote, urlsplit

from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url

SCHEME = re.compile(r"(https?):|([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
"""How a URL with a scheme begins; what stands before another colon may be a host or a user."""
_EXAMPLE = "https://sts.us-east-1.amazonaws.com"
_AUTHORITY = re.compile(r"(?:\[[^\[\]]*\]|[^\[\]:]*)(?::[0-9]*)?")
# https://url.spec.whatwg.org/#forbidden-host-code-points
_NOT_OF_A_HOST = re.compile(r"[\x00-\x20#/:<>?@\[\\\]^|%\x7f]")


def fault_of_url(url: str, *, example: str) -> str:
    """Why nothing can be asked at a URL, empty where it may be; the example is one that can.

    A password of the URL is not repeated.
    """
    if any(letter.isspace() or not letter.isprintable() for letter in url):
        return "a blank, a line break or an invisible character is in its URL"
    scheme = SCHEME.match(url)
    if scheme is None:
        return f"its URL has no scheme: write it as {example}"
    if scheme[2]:
        return f"the scheme is {scheme[2]}, and only http and https are known"
    try:
        return _fault_of_parts(urlsplit(url), example=example)
    except ValueError:
        return f"its URL has no valid host and port: write it as {example}"


def fault_of_user(url: str) -> str:
    """Why no server takes the user and the password of a URL, empty where it may; neither is repeated."""
    parts = urlsplit(url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    # https://www.rfc-editor.org/rfc/rfc7617#section-2
    if ":" in user:
        return "the user in its URL has a colon"
    try:
        f"{user}{password}".encode("latin-1")
    except UnicodeEncodeError:
        return "the user or the password in its URL has a letter that is none of Latin-1"
    return ""


def fault_of_endpoint(url: str) -> str:
    """Why a service can't be asked at a URL, empty where it may; nothing of the URL but its scheme is repeated."""
    if fault := fault_of_url(url, example=_EXAMPLE):
        return fault
    if "@" in urlsplit(url).netloc:
        return "a user is in its URL, and requests are signed with keys instead"
    # The SDK makes no client for another: https://datatracker.ietf.org/doc/html/rfc1123#section-2.1
    valid = is_valid_endpoint_url(url) or is_valid_ipv6_endpoint_url(url)
    return "" if valid else "its host may have letters, digits, hyphens and dots only"


def _fault_of_parts(parts: SplitResult, *, example: str) -> str:
    if _is_cut_off(parts):
        return "the user or the password in its URL has a /, ? or #: write %2F, %3F or %23 instead"
    if not parts.hostname:
        return f"its URL has no host: write it as {example}"
    if parts.port == 0:
        return "its port is 0"
    if not _AUTHORITY.fullmatch(parts.netloc.rpartition("@")[2]):
        raise ValueError
    _check_host(parts.hostname)
    return ""


def _is_cut_off(parts: SplitResult) -> bool:
    """Whether the host ended within a user or a password; a path by itself may have an @, too."""
    if "@" in parts.netloc:
        return False
    in_path = "@" in parts.path and _AUTHORITY.fullmatch(parts.netloc) is None
    return in_path or "@" in f"{parts.query}{parts.fragment}"


def _check_host(host: str) -> None:
    """Raise ValueError where a host is neither an address nor a name that can be looked up."""
    if ":" in host:
        IPv6Address(host.partition("%")[0])
    elif host.replace(".", "").isdigit():
        IPv4Address(host)
    elif _NOT_OF_A_HOST.search(host):
        raise ValueError
    else:
        # Raises UnicodeError, which is a ValueError, for a label that is empty or too long.
        host.encode("idna")

"""Why a request did not get through: the network's reasons, and this machine's own, its clock among them."""

import errno
import logging
import socket
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from aiohttp import ClientConnectorError, ClientHttpProxyError, ClientResponseError
from aiohttp.http_exceptions import HttpProcessingError
from botocore.exceptions import BotoCoreError, ConnectTimeoutError, ReadTimeoutError

from auditor.aws.wire.proxies import PROXY_AUTHENTICATION, ProxyRefusal, proxy_name
from auditor.errors import RequestError

logger = logging.getLogger(__name__)
_TOO_MANY_FILES = frozenset({errno.EMFILE, errno.ENFILE})
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})
_BROKEN = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED})
_DEEPEST = 10
_ODD_CLASSES = (AttributeError, LookupError, TypeError, ValueError)
"""What comes of reading an error of a library's that has other members in another version."""
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"})
"""OpenSSL's words, of one version or another, for a first record that is none."""
_SKEW_CODES = frozenset(
    {
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
    }
)
# Most services take a signature within five minutes of its time:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
_TOLERANCE = timedelta(minutes=5)


def cause_of(error: BotoCoreError) -> str:
    """Why a request did not get through, in a few words; empty where nothing more is known than the error says.

    It raises nothing: it only adds words, and the error itself must not be lost for them.
    """
    try:
        return _cause_of(error)
    except _ODD_CLASSES:
        logger.debug("the cause of an error could not be read", exc_info=True)
        return ""


def _cause_of(error: BotoCoreError) -> str:
    inside = list(_inside(error))
    words = _words_of_tls(inside) or next(filter(None, (_words(each, error) for each in inside)), "")
    proxy = _proxy_of(error)
    if not proxy or proxy in (words or str(error)):
        return words
    way = f"by way of the proxy {proxy}"
    return f"{words}, {way}" if words else way


def lacks_files(error: BaseException) -> bool:
    """Whether this process, or this machine, can't open any more files, which connections are, too."""
    inside = list(_inside(error))
    if any(isinstance(each, OSError) and each.errno in _TOO_MANY_FILES for each in inside):
        return True
    # Who looks up a name says only that it was not found: the file that tells whom to ask could not be opened.
    return any(isinstance(each, socket.gaierror) for each in inside) and not _can_open()


def wants_password(error: BaseException) -> bool:
    """Whether a proxy let nothing pass without a user and a password that it knows."""
    answers = (each for each in _inside(error) if isinstance(each, ClientHttpProxyError | ProxyRefusal))
    return any(each.status == PROXY_AUTHENTICATION for each in answers)


def _can_open() -> bool:
    try:
        socket.socket().close()
    except OSError as error:
        return error.errno not in _TOO_MANY_FILES
    return True


def _inside(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it was made of, from the outside in."""
    for _ in range(_DEEPEST):
        if error is None:
            return
        yield error
        # Its kind for certificates has no `os_error` in aiohttp before 3.12.
        for name in ("os_error", "certificate_error"):
            if isinstance(error, ClientConnectorError) and (cause := getattr(error, name, None)) is not None:
                yield cause
        wrapped = getattr(error, "kwargs", {}).get("error")
        error = wrapped if isinstance(wrapped, BaseException) else error.__cause__ or error.__context__


def _proxy_of(error: BotoCoreError) -> str:
    url = error.kwargs.get("proxy_url")
    return proxy_name(url) if isinstance(url, str) else ""


def _words_of_tls(inside: list[BaseException]) -> str:
    """What TLS has against a connection, empty where it is something else; aiohttp's own errors don't tell."""
    refusals = [each for each in inside if isinstance(each, ssl.SSLCertVerificationError)]
    if refusals:
        why = next(filter(None, (getattr(each, "verify_message", "") for each in refusals)), str(refusals[-1]))
        return f"the certificate is not good: {why.rstrip('.')}"
    failures = [each for each in inside if isinstance(each, ssl.SSLError)]
    if not failures:
        return ""
    reason = next(filter(None, (getattr(each, "reason", None) for each in failures)), str(failures[-1]))
    return f"TLS failed: {reason}{', as where a server speaks plain http' if reason in _NO_TLS else ''}"


def _words(inner: BaseException, error: BotoCoreError) -> str:
    if isinstance(inner, ClientHttpProxyError | ProxyRefusal):
        return _answer_of_proxy(inner, error)
    if isinstance(inner, ClientResponseError | HttpProcessingError):
        return "what answered does not speak HTTP"
    if isinstance(inner, ConnectTimeoutError | ReadTimeoutError):
        return "the connection timed out" if isinstance(inner, ConnectTimeoutError) else "the reply timed out"
    return _words_of_system(inner, error) if isinstance(inner, OSError) else ""


def _answer_of_proxy(inner: ClientHttpProxyError | ProxyRefusal, error: BotoCoreError) -> str:
    refused = f"the proxy {_proxy_of(error)} answers {inner.status}"
    if inner.status == PROXY_AUTHENTICATION:
        return f"{refused}: it wants a user and a password, or others than its URL has"
    return f"{refused} {inner.message}".rstrip()


def _words_of_system(inner: OSError, error: BotoCoreError) -> str:
    where = _where(error)
    if isinstance(inner, socket.gaierror):
        return f"the name of {where} was not found" if where.startswith("the ") else f"the name {where} was not found"
    if isinstance(inner, ConnectionRefusedError):
        return f"{where} refused the connection"
    if inner.errno in _NO_ROUTE:
        return f"there is no way to {where}"
    if isinstance(inner, ConnectionResetError | BrokenPipeError) or inner.errno in _BROKEN:
        return f"{where} broke the connection off"
    return f"the connection to {where} timed out" if isinstance(inner, TimeoutError) else ""


def _where(error: BotoCoreError) -> str:
    """Whom the connection was to: the proxy, or the endpoint."""
    proxy = _proxy_of(error)
    key = next((each for each in _inside(error) if isinstance(each, ClientConnectorError)), None)
    if proxy and (key is None or urlsplit(proxy).hostname == str(key.host).lower()):
        return f"the proxy {proxy}"
    return urlsplit(str(error.kwargs.get("endpoint_url", ""))).netloc or "the endpoint"


def clock_fault(error: RequestError, *, now: datetime) -> str | None:
    """A sentence on how wrong the clock is, None where it is not what AWS refused.

    A wrong secret has the same code: only the time of AWS's own answer tells the two apart.
    """
    if error.code not in _SKEW_CODES or error.answered_at is None:
        return None
    ahead = now - error.answered_at
    if abs(ahead) <= _TOLERANCE:
        return None
    word = "ahead of" if ahead > timedelta(0) else "behind"
    return f"This machine's clock is {_in_words(abs(ahead))} {word} AWS's: set it ({error.code})."


def _in_words(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    if minutes < 2 * 60:
        return f"{minutes} minutes"
    hours = round(minutes / 60)
    return f"{hours} hours" if hours < 2 * 24 else f"{round(hours / 24)} days"

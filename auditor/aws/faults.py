"""What can go wrong with a request, translated from the SDK's exceptions to RequestError."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - the SDK's, not Python's
    ConnectTimeoutError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.model import UndefinedModelAttributeError  # type: ignore[attr-defined]  # not in the stubs
from botocore.parsers import ResponseParserError

from auditor.aws.transport import is_certificate_refusal
from auditor.errors import RequestError

SDK_ERRORS = (BotoCoreError, ClientError, ResponseParserError, UndefinedModelAttributeError)
"""The bases of all that the SDK raises on purpose; a parser's error and a model's are no BotoCoreError."""

PARSER_ERRORS = (LookupError, ValueError, TypeError, AttributeError)
"""What the SDK's parsers let through when a body is well-formed, but of another shape than the service's."""

INVALID_RESPONSE = "InvalidResponse"
CONNECTION_FAILED = "ConnectionFailed"
TIMEOUT = "Timeout"
NO_ANSWER = "NoAnswer"
CREDENTIALS_UNAVAILABLE = "CredentialsUnavailable"
NO_SUCH_ENTITY = "NoSuchEntity"

# The codes that AWS's own SDKs take for throttling, and two that they overlook.
_THROTTLES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
_TRANSIENT = frozenset(
    {
        "ConnectionClosed",
        CONNECTION_FAILED,
        INVALID_RESPONSE,
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "ProxyFailed",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceException",
        "ServiceFailure",
        "ServiceUnavailable",
        TIMEOUT,
        "TlsFailed",
    }
)
_DENIALS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedOperation",
        "RegionDisabledException",
    }
)
# The words of Query and of JSON services. RequestExpired is about the date of a request, which is a clock's error, and
# InvalidClientTokenId about a key that is not known: newer credentials help neither.
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = 500


_SECRETS = re.compile(
    r"The Canonical String for this request should have been.*"
    r"|(?<=security-token)[:=]\s*[\w+/=-]+"
    r"|\bAWS4-HMAC-SHA256\b.*"
    r"|(?<=://)[^/@\s]+(?=@)",
    re.DOTALL | re.IGNORECASE,
)


def translate(error: Exception, *, service: str, operation: str) -> RequestError:
    """The RequestError that says what `error` means, for any exception of the SDK."""
    if isinstance(error, ClientError):
        return _refused(error, service=service, operation=operation)
    return RequestError(code=_code_of(error), message=_sentence(error), service=service, operation=operation)


def unavailable(error: Exception, *, service: str, operation: str) -> RequestError:
    """The fault of credentials that could not be had, whatever their source has raised."""
    return RequestError(code=CREDENTIALS_UNAVAILABLE, message=_sentence(error), service=service, operation=operation)


def invalid_response(message: str, *, service: str, operation: str) -> RequestError:
    """The fault of a reply that is not what the service says it sends."""
    return RequestError(code=INVALID_RESPONSE, message=message, service=service, operation=operation)


def timed_out(message: str, *, service: str, operation: str) -> RequestError:
    """The fault of a reply that did not come in time, and may come if it is asked for again."""
    return RequestError(code=TIMEOUT, message=message, service=service, operation=operation)


def no_answer(seconds: float, *, service: str, operation: str) -> RequestError:
    """The fault of whoever has given no good reply for so long that nothing more is asked."""
    message = f"no good reply came for {seconds:g} seconds"
    return RequestError(code=NO_ANSWER, message=message, service=service, operation=operation)


def is_throttle(error: RequestError) -> bool:
    """Whether AWS asks to be asked more slowly."""
    return error.code in _THROTTLES or error.status == _TOO_MANY_REQUESTS


def is_transient(error: RequestError) -> bool:
    """Whether the same request may well succeed in a moment."""
    return error.code in _TRANSIENT or error.status >= _SERVER_ERRORS


def passes(error: RequestError) -> bool:
    """Whether it may be an outage: of an endpoint, or of what provides the caller's credentials."""
    return not is_throttle(error) and (is_transient(error) or error.code == CREDENTIALS_UNAVAILABLE)


def is_answer(error: RequestError) -> bool:
    """Whether AWS has decided on the request: not a throttle, and not what may be another answer in a moment."""
    return bool(error.status) and not is_throttle(error) and not is_transient(error)


def is_expired(error: RequestError) -> bool:
    """Whether AWS says that the credentials of the request are past their end."""
    return error.code in _EXPIRED


def is_denial(code: str) -> bool:
    """Whether the code says that the identity may not ask that."""
    return code in _DENIALS


def _refused(error: ClientError, *, service: str, operation: str) -> RequestError:
    answer = error.response.get("Error", {})
    metadata = error.response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    return RequestError(
        code=str(answer.get("Code") or status),
        message=without_secrets(str(answer.get("Message") or "AWS gave no message")),
        service=service,
        operation=operation,
        status=status,
        request_id=str(metadata.get("RequestId", "")),
        answered_at=_answered_at(str(metadata.get("HTTPHeaders", {}).get("date", ""))),
    )


def without_secrets(text: str) -> str:
    """What AWS or the SDK said, in one line, without the headers of the request and a proxy's password.

    To a wrong signature AWS answers with the text that should have been signed, session token included.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
    """
    return " ".join(_SECRETS.sub("…", text).split())


def safe_cause(error: Exception) -> Exception | None:
    """The error, to be kept as a cause; None where its text, or that of its own cause, may hold a secret."""
    return error if isinstance(error, PARSER_ERRORS) and not isinstance(error, BotoCoreError) else None


def _answered_at(date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _code_of(error: Exception) -> str:
    if is_certificate_refusal(error):
        return "CertificateRefused"
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return type(error).__name__


# The most special first: the SDK's tree of connection errors is deep.
_CODES: tuple[tuple[type[Exception], str], ...] = (
    (SSLError, "TlsFailed"),
    (ProxyConnectionError, "ProxyFailed"),
    (ConnectTimeoutError, TIMEOUT),
    (ReadTimeoutError, TIMEOUT),
    (ConnectionError, CONNECTION_FAILED),
    (HTTPClientError, CONNECTION_FAILED),
    (ResponseParserError, INVALID_RESPONSE),
    (NoCredentialsError, "NoCredentials"),
    (CredentialRetrievalError, CREDENTIALS_UNAVAILABLE),
    (TokenRetrievalError, CREDENTIALS_UNAVAILABLE),
    (UnauthorizedSSOTokenError, CREDENTIALS_UNAVAILABLE),
    (BotoCoreError, "SdkError"),
    (LookupError, INVALID_RESPONSE),
    (ValueError, INVALID_RESPONSE),
    (TypeError, INVALID_RESPONSE),
    (AttributeError, INVALID_RESPONSE),
)


def _sentence(error: Exception) -> str:
    if isinstance(error, (ResponseParserError, *PARSER_ERRORS)) and not isinstance(error, BotoCoreError):
        # A parser's own words may be all of the reply: with AssumeRole's, the credentials.
        return f"the reply could not be read ({type(error).__name__})"
    return without_secrets(str(error)) or type(error).__name__

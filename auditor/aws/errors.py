"""What can go wrong with a request, translated from the SDK's exceptions to RequestError."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from traceback import walk_tb

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

from auditor.aws.causes import cause_of, lacks_files, wants_password
from auditor.aws.redaction import well_formed, without_secrets
from auditor.aws.wire.proxies import PROXY_AUTHENTICATION, ProxyUrlError
from auditor.aws.wire.tls import is_certificate_refusal
from auditor.errors import (
    DeniedError,
    ExpiredError,
    InvalidResponseError,
    RequestError,
    ThrottledError,
    UnreachableError,
)
from auditor.model import codes
from auditor.model.codes import (
    CERTIFICATE_REFUSED,
    CONNECTION_FAILED,
    CREDENTIALS_UNAVAILABLE,
    INVALID_RESPONSE,
    NO_ANSWER,
    NO_CREDENTIALS,
    PROXY_FAILED,
    PROXY_UNUSABLE,
    SDK_ERROR,
    TIMEOUT,
    TLS_FAILED,
    TOO_MANY_OPEN_FILES,
)

SDK_ERRORS = (BotoCoreError, ClientError, ResponseParserError, UndefinedModelAttributeError)
"""The bases of all that the SDK raises on purpose; a parser's error and a model's are no BotoCoreError."""

PARSER_ERRORS = (LookupError, ValueError, TypeError, AttributeError, RecursionError)
"""What the SDK's parsers let through when a body is well-formed, but of another shape than the service's."""
_PARSING = frozenset({"botocore.parsers", "aiobotocore.parsers"})
_TAKING_PARSED = "_do_get_response"
_READING_ERRORS = "_add_modeled_error_fields"
"""The SDK's functions that look into what was parsed, and stumble over a reply that is no object, or an odd error."""
_FINDING_CREDENTIALS = frozenset({"botocore.credentials", "aiobotocore.credentials"})

_TOO_MANY_FILES = "this process may open no more files, connections among them: allow more with `ulimit -n 4096`"


def request_error(  # noqa: PLR0913 - what AWS says of a refusal
    *,
    code: str,
    message: str,
    service: str,
    operation: str,
    status: int = 0,
    request_id: str = "",
    answered_at: datetime | None = None,
) -> RequestError:
    """The error of a request, of the class that its code and its HTTP status stand for; no other place chooses it."""
    return _class_of(code, status=status)(
        code=code,
        message=message,
        service=service,
        operation=operation,
        status=status,
        request_id=request_id,
        answered_at=answered_at,
    )


def _class_of(code: str, *, status: int) -> type[RequestError]:
    if codes.is_throttle(code, status=status):
        return ThrottledError
    if codes.is_denial(code):
        return DeniedError
    if codes.is_expired(code):
        return ExpiredError
    # It is a proxy that has answered.
    if codes.is_unreached(code) or status == PROXY_AUTHENTICATION:
        return UnreachableError
    return InvalidResponseError if codes.is_invalid(code) else RequestError


def translate(error: Exception, *, service: str, operation: str) -> RequestError:
    """The RequestError that says what `error` means, for any exception of the SDK."""
    if isinstance(error, ClientError):
        return _refused(error, service=service, operation=operation)
    status = PROXY_AUTHENTICATION if wants_password(error) else 0
    reason = reason_of(error)
    return request_error(code=_code_of(error), message=reason, service=service, operation=operation, status=status)


def fault_of_others(error: Exception, *, signs_itself: bool, service: str, operation: str) -> RequestError | None:
    """Whose fault an error is that is not one of SDK_ERRORS; None where it is a mistake of our own.

    A reply that the SDK's parser stumbled over is AWS's, and what happened while a client that signs by itself looked
    for its credentials, in a file or a process, is their source's.
    """
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    modules, functions = ([frame.f_globals.get("__name__") for frame in frames], [f.f_code.co_name for f in frames])
    parsing = not _PARSING.isdisjoint(modules) or _READING_ERRORS in functions or functions[-1:] == [_TAKING_PARSED]
    if isinstance(error, PARSER_ERRORS) and parsing:
        return translate(error, service=service, operation=operation)
    if signs_itself and (isinstance(error, OSError) or not _FINDING_CREDENTIALS.isdisjoint(modules)):
        return unavailable(error, service=service, operation=operation)
    return None


def unavailable(error: Exception, *, service: str, operation: str) -> RequestError:
    """The fault of credentials that could not be had, whatever their source has raised."""
    return request_error(code=CREDENTIALS_UNAVAILABLE, message=reason_of(error), service=service, operation=operation)


def invalid_response(message: str, *, service: str, operation: str) -> RequestError:
    """The fault of a reply that is not what the service says it sends."""
    return request_error(code=INVALID_RESPONSE, message=message, service=service, operation=operation)


def timed_out(message: str, *, service: str, operation: str) -> RequestError:
    """The fault of a reply that did not come in time; the same request may succeed later."""
    return request_error(code=TIMEOUT, message=message, service=service, operation=operation)


def no_answer(seconds: float, *, service: str, operation: str) -> RequestError:
    """The fault of a service that gave no good reply for so long that it is asked nothing more."""
    message = f"no good reply came for {seconds:g} seconds"
    return request_error(code=NO_ANSWER, message=message, service=service, operation=operation)


def is_throttle(error: RequestError) -> bool:
    """Whether AWS asks to be asked more slowly."""
    return codes.is_throttle(error.code, status=error.status)


def is_transient(error: RequestError) -> bool:
    """Whether the same request may well succeed in a moment."""
    if is_of_proxy(error):
        # A wrong password is not tried again: some proxies lock who does.
        return False
    return codes.is_transient(error.code, status=error.status)


def passes(error: RequestError, *, contacted: bool) -> bool:
    """Whether it may be an outage: of an endpoint, or of what provides the caller's credentials."""
    if is_throttle(error):
        return False
    return is_transient(error) or error.code == CREDENTIALS_UNAVAILABLE or (contacted and is_in_between(error))


def is_in_between(error: RequestError) -> bool:
    """Whether somebody else than AWS refuses: a proxy that wants another password, a certificate that is not good.

    Where the endpoint has answered before they have come in between, as portals and VPNs do, and may go again.
    Otherwise it is how things are, and no waiting mends it.
    """
    return is_of_proxy(error) or error.code == CERTIFICATE_REFUSED


def is_of_proxy(error: RequestError) -> bool:
    """Whether a proxy has refused the request for want of a password, and nobody behind it has seen it."""
    return error.status == PROXY_AUTHENTICATION


def is_contact(error: RequestError) -> bool:
    """Whether it shows that the endpoint is there: a status alone is a balancer's or a proxy's, a code is AWS's."""
    return bool(error.status) and error.code != str(error.status) and not is_of_proxy(error)


def is_answer(error: RequestError) -> bool:
    """Whether AWS has decided on the request: not a throttle, and not what may be another answer in a moment."""
    return bool(error.status) and not is_throttle(error) and not is_transient(error) and not is_of_proxy(error)


def is_expired(error: RequestError) -> bool:
    """Whether AWS says that the credentials of the request are past their end."""
    return codes.is_expired(error.code)


def _refused(error: ClientError, *, service: str, operation: str) -> RequestError:
    answer = error.response.get("Error", {})
    metadata = error.response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    return request_error(
        code=well_formed(str(answer.get("Code") or status)),
        message=without_secrets(str(answer.get("Message") or "AWS gave no message")),
        service=service,
        operation=operation,
        status=status,
        request_id=well_formed(str(metadata.get("RequestId", ""))),
        answered_at=moment_of(str(metadata.get("HTTPHeaders", {}).get("date", ""))),
    )


def reason_of(error: Exception) -> str:
    """What an exception says of what went wrong, without secrets."""
    if isinstance(error, (ResponseParserError, *PARSER_ERRORS)) and not isinstance(error, BotoCoreError):
        # A parser's own words may be all of the reply: with AssumeRole's, the credentials.
        return f"the reply could not be read ({type(error).__name__})"
    said = without_secrets(str(error)) or type(error).__name__
    if lacks_files(error):
        return f"{_TOO_MANY_FILES} ({said})"
    cause = without_secrets(cause_of(error)) if isinstance(error, BotoCoreError) else ""
    return f"{_without_inner(error, said).rstrip('.')} ({cause})" if cause else said


def _without_inner(error: Exception, said: str) -> str:
    """What the SDK says of an error, without what it repeats of another library's."""
    if isinstance(error, SSLError):
        return f"SSL validation failed for {without_secrets(str(error.kwargs.get('endpoint_url')))}"
    return "The request failed" if type(error) is HTTPClientError else said


def safe_cause(error: Exception) -> Exception | None:
    """The error, to be kept as a cause; None where its text, or that of its own cause, may hold a secret."""
    return error if isinstance(error, PARSER_ERRORS) and not isinstance(error, BotoCoreError) else None


def moment_of(date: str) -> datetime | None:
    """The time of a reply's Date header, in UTC; None where it tells none."""
    try:
        moment = parsedate_to_datetime(date)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _code_of(error: Exception) -> str:
    if is_certificate_refusal(error):
        return CERTIFICATE_REFUSED
    if lacks_files(error):
        return TOO_MANY_OPEN_FILES
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return SDK_ERROR


# The most special first: the SDK's tree of connection errors is deep.
_CODES: tuple[tuple[type[Exception], str], ...] = (
    (SSLError, TLS_FAILED),
    (ProxyConnectionError, PROXY_FAILED),
    (ConnectTimeoutError, TIMEOUT),
    (ReadTimeoutError, TIMEOUT),
    (ConnectionError, CONNECTION_FAILED),
    (HTTPClientError, CONNECTION_FAILED),
    (ResponseParserError, INVALID_RESPONSE),
    (ProxyUrlError, PROXY_UNUSABLE),
    (NoCredentialsError, NO_CREDENTIALS),
    (CredentialRetrievalError, CREDENTIALS_UNAVAILABLE),
    (TokenRetrievalError, CREDENTIALS_UNAVAILABLE),
    (UnauthorizedSSOTokenError, CREDENTIALS_UNAVAILABLE),
    (BotoCoreError, SDK_ERROR),
    (LookupError, INVALID_RESPONSE),
    (ValueError, INVALID_RESPONSE),
    (TypeError, INVALID_RESPONSE),
    (AttributeError, INVALID_RESPONSE),
    (RecursionError, INVALID_RESPONSE),
)

"""Every exception of the SDK becomes a RequestError, and its code says what to do about it."""

import inspect
import ssl
from string import Formatter
from typing import Any

import aiohttp
import botocore.exceptions
import botocore.parsers
import pytest
from aiobotocore.response import AioReadTimeoutError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    WaiterError,
)

from auditor.aws.errors import (
    PARSER_ERRORS,
    SDK_ERRORS,
    invalid_response,
    is_expired,
    is_throttle,
    is_transient,
    translate,
)
from auditor.aws.request import Access
from auditor.aws.wire.tls import TlsFileError
from auditor.errors import RequestError
from auditor.model.codes import is_denial
from tests.fakes import JUMPING, FakeService, limits, refusal

pytestmark = pytest.mark.anyio

CAUGHT = (*SDK_ERRORS, *PARSER_ERRORS)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Pauses take no time."""
    return JUMPING


def instance(kind: type[Exception]) -> Exception:
    """An exception of the SDK with all that its message asks for."""
    if issubclass(kind, ClientError):
        return kind({"Error": {"Code": "Odd", "Message": "odd"}}, "Operation")
    if issubclass(kind, WaiterError):
        return kind(name="name", reason="reason", last_response={})
    names = [name for _, name, _, _ in Formatter().parse(getattr(kind, "fmt", "")) if name]
    return kind(**{name.partition(".")[0].partition("[")[0]: name for name in names})


def sdk_exceptions() -> list[Any]:
    """All exception classes that the SDK's modules name, warnings excepted."""
    modules = (botocore.exceptions, botocore.parsers)
    kinds = {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ in {module.__name__ for module in modules}
        and issubclass(kind, Exception)
        and not issubclass(kind, Warning)
    }
    return sorted(kinds, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", sdk_exceptions())
async def test_every_exception_of_the_sdk_is_translated(kind: type[Exception]) -> None:
    """Whatever the SDK raises leaves `Access.request` as a RequestError with a code and one line of text."""
    error = instance(kind)
    iam = FakeService("iam", list_users=lambda **_: error)

    with pytest.raises(RequestError) as caught:
        await Access(credentials=None, limits=limits()).request(iam.list_users)

    assert caught.value.code
    assert caught.value.message
    assert "\n" not in caught.value.message
    assert (caught.value.service, caught.value.operation) == ("iam", "list_users")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


FOREIGN = [
    TlsFileError(path="ca.pem", error=OSError("no")),
    AioReadTimeoutError(endpoint_url="https://iam.amazonaws.com", error=TimeoutError()),
    HTTPClientError(error=aiohttp.ClientPayloadError("cut")),
    EndpointConnectionError(endpoint_url="https://iam.amazonaws.com", error=aiohttp.ClientOSError()),
    ConnectionClosedError(endpoint_url="https://iam.amazonaws.com", error=aiohttp.ServerDisconnectedError()),
    KeyError("Users"),
    IndexError("list index out of range"),
    ValueError("year 0 is out of range"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    TypeError("string indices must be integers"),
    AttributeError("'str' object has no attribute 'get'"),
]


@pytest.mark.parametrize("error", FOREIGN, ids=lambda error: type(error).__name__)
def test_foreign_exceptions_are_caught_and_translated(error: Exception) -> None:
    """What other libraries and the SDK's own parsers let through has a code and a sentence too."""
    translated = translate(error, service="iam", operation="list_users")

    assert isinstance(error, CAUGHT)
    assert translated.code not in {"", type(error).__name__} or isinstance(error, BotoCoreError)
    assert translated.message


@pytest.mark.parametrize("error", FOREIGN[5:], ids=lambda error: type(error).__name__)
def test_a_reply_that_the_parser_stumbles_over_is_invalid(error: Exception) -> None:
    """The SDK's parsers fail in many ways over a reply of another shape: all are one fault."""
    assert translate(error, service="iam", operation="list_users").code == "InvalidResponse"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SSLError", "TlsFailed"),
        ("ProxyConnectionError", "ProxyFailed"),
        ("ConnectTimeoutError", "Timeout"),
        ("ReadTimeoutError", "Timeout"),
        ("EndpointConnectionError", "ConnectionFailed"),
        ("ConnectionClosedError", "ConnectionFailed"),
        ("HTTPClientError", "ConnectionFailed"),
        ("NoCredentialsError", "NoCredentials"),
        ("CredentialRetrievalError", "CredentialsUnavailable"),
        ("TokenRetrievalError", "CredentialsUnavailable"),
        ("UnauthorizedSSOTokenError", "CredentialsUnavailable"),
        ("ParamValidationError", "SdkError"),
    ],
)
def test_the_codes_of_faults(name: str, code: str) -> None:
    """What never reached AWS has the name of the fault for a code."""
    error = instance(getattr(botocore.exceptions, name))

    assert code == translate(error, service="sts", operation="assume_role").code


def test_a_refused_certificate_is_never_tried_again() -> None:
    """A refused certificate is told from other TLS failures, and is not transient."""
    refused = ssl.SSLCertVerificationError("self-signed certificate")
    error = botocore.exceptions.SSLError(endpoint_url="https://iam.amazonaws.com", error=refused)

    translated = translate(error, service="iam", operation="list_users")

    assert translated.code == "CertificateRefused"
    assert not is_transient(translated)


def test_a_refusal_keeps_what_aws_said() -> None:
    """AWS's code, message, status and request id are all in the translated error."""
    error = refusal("AccessDenied", status=403, message="User: x is not authorized")

    translated = translate(error, service="iam", operation="list_users")

    assert (
        translated.code,
        translated.message,
        translated.status,
        translated.request_id,
    ) == ("AccessDenied", "User: x is not authorized", 403, "request-AccessDenied")


def test_a_refusal_without_words_has_its_status_for_a_code() -> None:
    """An error page that is not AWS's own still gives a code and a sentence."""
    error = ClientError({"ResponseMetadata": {"HTTPStatusCode": 502}}, "ListUsers")  # type: ignore[typeddict-item]  # an answer without `Error`

    translated = translate(error, service="iam", operation="list_users")

    assert (translated.code, translated.message) == ("502", "AWS gave no message")
    assert is_transient(translated)


THROTTLES = ("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown")
TRANSIENT = ("InternalFailure", "InternalError", "ServiceFailure", "ServiceException", "ServiceUnavailable")
FINAL = ("AccessDenied", "NoSuchEntity", "ValidationError", "ExpiredToken", "InvalidClientTokenId", "LimitExceeded")


@pytest.mark.parametrize("code", THROTTLES)
def test_throttles(code: str) -> None:
    """AWS's codes for `more slowly` are throttles, whatever their status, and nothing else."""
    error = translate(refusal(code), service="iam", operation="list_users")

    assert (is_throttle(error), is_transient(error), is_denial(code)) == (True, False, False)


@pytest.mark.parametrize("code", TRANSIENT)
def test_transient_faults(code: str) -> None:
    """A failure inside of AWS may well be over in a moment."""
    error = translate(refusal(code), service="iam", operation="list_users")

    assert (is_throttle(error), is_transient(error), is_denial(code)) == (False, True, False)


@pytest.mark.parametrize("code", FINAL)
def test_final_refusals(code: str) -> None:
    """What AWS will say again is neither a throttle nor transient."""
    error = translate(refusal(code), service="iam", operation="list_users")

    assert (is_throttle(error), is_transient(error)) == (False, False)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ExpiredToken", True),
        ("ExpiredTokenException", True),
        ("RequestExpired", False),
        ("InvalidClientTokenId", False),
        ("UnrecognizedClientException", False),
        ("AccessDenied", False),
    ],
)
def test_expired_credentials(code: str, *, expected: bool) -> None:
    """The words of Query and of JSON services say so, and neither a clock that is wrong nor an unknown key does."""
    assert expected is is_expired(translate(refusal(code, status=403), service="iam", operation="list_users"))


@pytest.mark.parametrize(
    ("status", "throttle", "transient"), [(429, True, False), (500, False, True), (503, False, True)]
)
def test_a_status_speaks_for_a_code_that_nobody_knows(status: int, *, throttle: bool, transient: bool) -> None:
    """An unknown code is judged by its HTTP status."""
    error = translate(refusal("Odd", status=status), service="iam", operation="list_users")

    assert (throttle, transient) == (is_throttle(error), is_transient(error))


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "RegionDisabledException"])
def test_denials(code: str) -> None:
    """The words of Query and of JSON services for a missing right are denials."""
    assert is_denial(code)


def test_what_is_no_denial() -> None:
    """An entity that is not there and a reply that could not be read are no denials."""
    assert not is_denial("NoSuchEntity")
    assert not is_denial(invalid_response("odd", service="iam", operation="list_users").code)

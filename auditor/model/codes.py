"""Error codes, AWS's and our own: what each of them means."""

CERTIFICATE_REFUSED = "CertificateRefused"
CONNECTION_FAILED = "ConnectionFailed"
CREDENTIALS_UNAVAILABLE = "CredentialsUnavailable"
INVALID_RESPONSE = "InvalidResponse"
NO_ANSWER = "NoAnswer"
NO_CREDENTIALS = "NoCredentials"
NOT_IN_SUMMARY = "NotInSummary"
NO_SUCH_ENTITY = "NoSuchEntity"
PROXY_FAILED = "ProxyFailed"
PROXY_UNUSABLE = "ProxyUnusable"
REGION_DISABLED = "RegionDisabledException"
REPEATED_TOKEN = "RepeatedToken"  # noqa: S105 - an error code
SDK_ERROR = "SdkError"
TIMEOUT = "Timeout"
TLS_FAILED = "TlsFailed"
TOO_MANY_OPEN_FILES = "TooManyOpenFiles"
WRONG_ACCOUNT = "WrongAccount"

# NotAuthorized: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
_DENIALS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "NotAuthorized",
        "UnauthorizedOperation",
        REGION_DISABLED,
    }
)
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
# The words of Query and of JSON services. RequestExpired is about the date of a request, which is a clock's error, and
# InvalidClientTokenId about a key that is not known: newer credentials help neither.
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
_UNREACHED = frozenset(
    {
        CERTIFICATE_REFUSED,
        "ConnectionClosed",
        CONNECTION_FAILED,
        NO_ANSWER,
        PROXY_FAILED,
        PROXY_UNUSABLE,
        TIMEOUT,
        TLS_FAILED,
        TOO_MANY_OPEN_FILES,
    }
)
_INVALID = frozenset({INVALID_RESPONSE, REPEATED_TOKEN, WRONG_ACCOUNT})
_FAULTS_OF_SERVICES = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceException",
        "ServiceFailure",
        "ServiceUnavailable",
    }
)
# A certificate that is refused and a URL that can't work stay so, and who was silent for minutes is asked no more.
_TRANSIENT = _FAULTS_OF_SERVICES | {INVALID_RESPONSE} | (_UNREACHED - {CERTIFICATE_REFUSED, NO_ANSWER, PROXY_UNUSABLE})
_LASTING = frozenset(
    {
        "EventsDropped",
        "InternalError",
        NOT_IN_SUMMARY,
        NO_SUCH_ENTITY,
        "UnknownAccountState",
        WRONG_ACCOUNT,
    }
)
_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = 500


def is_denial(code: str) -> bool:
    """Whether the code says that the identity may not ask that."""
    return code in _DENIALS


def is_throttle(code: str, *, status: int = 0) -> bool:
    """Whether the code, or the HTTP status, says that AWS wants to be asked more slowly."""
    return code in _THROTTLES or status == _TOO_MANY_REQUESTS


def is_expired(code: str) -> bool:
    """Whether the code says that the credentials of a request are past their end."""
    return code in _EXPIRED


def is_unreached(code: str) -> bool:
    """Whether the code says that no reply of AWS came."""
    return code in _UNREACHED


def is_invalid(code: str) -> bool:
    """Whether the code says that the reply was not what the service says it sends."""
    return code in _INVALID


def is_transient(code: str, *, status: int = 0) -> bool:
    """Whether the code, or the HTTP status, says that the same request may well succeed in a moment."""
    return code in _TRANSIENT or status >= _SERVER_ERRORS


def may_pass(code: str) -> bool:
    """Whether the same question may well be answered later; a denial is decided, and asking again decides nothing."""
    return not is_denial(code) and code not in _LASTING

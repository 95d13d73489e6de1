"""The errors that an audit can end with, and the exit code that each stands for.

AuditError
├── ConfigurationError        what the options show to be wrong, alone or held against the organization
├── CallerError               no usable AWS credentials, profile or region
├── EngineError               the workers that were to audit could not be reached
├── OrganizationError         the accounts could not be listed
│   └── ListingInterrupted    ... to the end: the accounts before it were audited
├── RequestError              AWS was asked one thing and did not give it
│   ├── DeniedError           ... since the identity may not ask for it
│   ├── ThrottledError        ... since it was asked too much
│   ├── ExpiredError          ... since the credentials are past their end
│   ├── UnreachableError      ... since no reply of it came
│   └── InvalidResponseError  ... but something that it does not say it sends
├── IncompleteError           an account's users or keys could not all be listed; the rows of the others are attached
└── WriteError                a result could not be written
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar


class AuditError(Exception):
    """Base of all errors that this package raises on purpose; its text is one sentence for a person."""

    exit_code: ClassVar[int] = 1


class ConfigurationError(AuditError):
    """Raised when the options can't be right: alone, or since filters name what the organization does not have."""

    exit_code = 2


class CallerError(AuditError):
    """Raised when the caller's own identity could not be established."""


class EngineError(AuditError):
    """Raised when the workers that were to do the audit could not be reached."""


class OrganizationError(AuditError):
    """Raised when the accounts of the organization could not be listed."""


class ListingInterrupted(OrganizationError):  # noqa: N818 - it says what happened to the listing
    """Raised after the accounts that were listed, when the listing ended before the organization did.

    `unnamed` is how many accounts were in a list that did come to its end, and could not be told apart from others.
    """

    exit_code = 3

    def __init__(self, *, code: str, message: str, listed: int, unnamed: int = 0) -> None:
        self.code = code
        self.message = message
        self.listed = listed
        self.unnamed = unnamed
        early = f"The list of accounts ended early, after {listed}"
        happened = f"{unnamed} of the listed accounts can't be entered" if unnamed else early
        super().__init__(f"{happened}: {code}: {message}")

    def __reduce__(self) -> tuple[object, ...]:
        names = ("code", "message", "listed", "unnamed")
        return _rebuild, (type(self), {name: getattr(self, name) for name in names})


class RequestError(AuditError):
    """Raised when a request was refused, or was not answered after the last attempt.

    `code` is AWS's error code, or where AWS gave none the name of the fault, such as `ConnectionFailed` or `Timeout`.
    What a code has in common with others is told by the class: `DeniedError`, `ThrottledError`, `ExpiredError`,
    `UnreachableError`, `InvalidResponseError`; a fault of AWS's own, and a code that stands for none of these, is a
    plain `RequestError`. `status` is the HTTP status, 0 where no reply came or it could not be read. `answered_at` is
    the time of AWS's own clock (UTC), None where it gave none.
    """

    def __init__(  # noqa: PLR0913 - what AWS says of a refusal
        self,
        *,
        code: str,
        message: str,
        service: str,
        operation: str,
        status: int = 0,
        request_id: str = "",
        answered_at: datetime | None = None,
    ) -> None:
        self.code = code
        self.message = message
        self.service = service
        self.operation = operation
        self.status = status
        self.request_id = request_id
        self.answered_at = answered_at
        super().__init__(f"{code}: {message} ({service} {operation})")

    def __reduce__(self) -> tuple[object, ...]:
        names = ("code", "message", "service", "operation", "status", "request_id", "answered_at")
        return _rebuild, (type(self), {name: getattr(self, name) for name in names})


class DeniedError(RequestError):
    """Raised when the identity may not ask that: `AccessDenied`, `AccessDeniedException` and their like."""


class ThrottledError(RequestError):
    """Raised when AWS still wanted to be asked more slowly at the last attempt: `Throttling`, HTTP status 429."""


class ExpiredError(RequestError):
    """Raised when AWS says that the credentials of the request are past their end: `ExpiredToken`."""


class UnreachableError(RequestError):
    """Raised when no reply of AWS came, for whatever is in between or for want of time.

    `ConnectionFailed`, `Timeout`, `NoAnswer`, `ProxyFailed`, `ProxyUnusable`, `TlsFailed`, `CertificateRefused`,
    `TooManyOpenFiles`.
    """


class InvalidResponseError(RequestError):
    """Raised when a reply was not what was asked for: `InvalidResponse`, `RepeatedToken`, `WrongAccount`."""


class IncompleteError(AuditError):
    """Raised when an account's users or keys could not all be listed; `rows` holds those of all that were."""

    exit_code = 3

    def __init__(self, message: str, *, rows: Sequence[Mapping[str, str]]) -> None:
        self.rows = [dict(row) for row in rows]
        super().__init__(message)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), {"message": str(self), "rows": self.rows})


class WriteError(AuditError):
    """Raised when a result could not be written; what was written before it is whole."""

    exit_code = 3


def _rebuild(kind: type[AuditError], facts: dict[str, object]) -> AuditError:
    return kind(**facts)

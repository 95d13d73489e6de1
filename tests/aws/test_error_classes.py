"""Errors that can be caught by type: whichever way an error is made, its class is that of its code."""

import pickle
from collections.abc import Awaitable, Callable, Iterator
from copy import copy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import botocore.exceptions
import pytest

from auditor import (
    CallerError,
    DeniedError,
    ExpiredError,
    InvalidResponseError,
    RequestError,
    ThrottledError,
    UnreachableError,
)
from auditor.aws.advice import with_advice
from auditor.aws.caller_errors import CallerSettings, refresh_error
from auditor.aws.credentials import Lease, RenewedCredentials
from auditor.aws.errors import no_answer, request_error, timed_out
from auditor.aws.gateway import identify
from auditor.aws.limits.outage import Outages
from auditor.aws.limits.retry import RetryPolicy
from auditor.aws.pages import pages
from auditor.aws.request import Access
from auditor.aws.role import RoleRequest, assume
from tests.fakes import JUMPING, FakeService, access, assumed, limits, refusal

if TYPE_CHECKING:
    from types_aiobotocore_sts import STSClient

pytestmark = pytest.mark.anyio

KINDS = (DeniedError, ThrottledError, ExpiredError, UnreachableError, InvalidResponseError)
ENDPOINT = "https://iam.amazonaws.com"

REFUSALS = [
    ("AccessDenied", 403, DeniedError),
    ("AccessDeniedException", 400, DeniedError),
    ("UnauthorizedOperation", 403, DeniedError),
    ("NotAuthorized", 400, DeniedError),
    ("RegionDisabledException", 403, DeniedError),
    ("Throttling", 400, ThrottledError),
    ("ThrottlingException", 400, ThrottledError),
    ("TooManyRequestsException", 400, ThrottledError),
    ("RequestLimitExceeded", 503, ThrottledError),
    ("Odd", 429, ThrottledError),
    ("ExpiredToken", 403, ExpiredError),
    ("ExpiredTokenException", 400, ExpiredError),
    ("407", 407, UnreachableError),
    ("RequestExpired", 400, RequestError),
    ("InvalidClientTokenId", 403, RequestError),
    ("NoSuchEntity", 404, RequestError),
    ("ValidationError", 400, RequestError),
    ("ServiceUnavailable", 503, RequestError),
    ("InternalFailure", 500, RequestError),
]
FAULTS: list[tuple[str, dict[str, Any], str, type[RequestError]]] = [
    ("EndpointConnectionError", {"endpoint_url": ENDPOINT}, "ConnectionFailed", UnreachableError),
    ("ConnectionClosedError", {"endpoint_url": ENDPOINT}, "ConnectionFailed", UnreachableError),
    ("ConnectTimeoutError", {"endpoint_url": ENDPOINT}, "Timeout", UnreachableError),
    ("ReadTimeoutError", {"endpoint_url": ENDPOINT}, "Timeout", UnreachableError),
    ("ProxyConnectionError", {"proxy_url": "http://proxy"}, "ProxyFailed", UnreachableError),
    ("SSLError", {"endpoint_url": ENDPOINT, "error": OSError()}, "TlsFailed", UnreachableError),
    ("NoCredentialsError", {}, "NoCredentials", RequestError),
    ("ParamValidationError", {"report": "odd"}, "SdkError", RequestError),
]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Pauses take no time."""
    return JUMPING


async def raised_by(question: Awaitable[object]) -> RequestError:
    """The error that a question ends with."""
    with pytest.raises(RequestError) as caught:
        await question
    return caught.value


async def asked(answer: Any) -> RequestError:
    """The error of a request that is answered so."""
    iam = FakeService("iam", list_users=lambda **_: answer)
    return await raised_by(access(policy=RetryPolicy()).request(iam.list_users))


@pytest.mark.parametrize(("code", "status", "kind"), REFUSALS)
async def test_a_refusal_has_the_class_of_its_code(code: str, status: int, kind: type[RequestError]) -> None:
    """What AWS refuses is caught by what the refusal means, and keeps its code and status."""
    error = await asked(refusal(code, status=status))

    assert (kind, code, status) == (type(error), error.code, error.status)


@pytest.mark.parametrize(("name", "facts", "code", "kind"), FAULTS)
async def test_a_fault_has_the_class_of_its_code(
    name: str, facts: dict[str, Any], code: str, kind: type[RequestError]
) -> None:
    """What never reached AWS is one class, whatever was in between."""
    error = await asked(getattr(botocore.exceptions, name)(**facts))

    assert (kind, code) == (type(error), error.code)


@pytest.mark.parametrize("answer", [{}, {"Users": "text"}, {"Users": 1}], ids=str)
async def test_a_reply_without_its_members_is_invalid(answer: dict[str, Any]) -> None:
    """A reply that is not what the service says it sends is an invalid response."""
    error = await asked(answer)

    assert (InvalidResponseError, "InvalidResponse") == (type(error), error.code)


async def test_a_listing_that_repeats_itself_is_invalid() -> None:
    """A page token that comes twice is no refusal of AWS's."""
    iam = FakeService("iam", list_users={"Users": [], "IsTruncated": True, "Marker": "a"})

    async def read() -> None:
        async for _ in pages(access(), iam.list_users):
            pass

    assert InvalidResponseError is type(await raised_by(read()))


async def role(answer: Any) -> RequestError:
    """The error of a role that is assumed, and answered so."""
    sts = cast("STSClient", FakeService("sts", assume_role=lambda **_: answer))
    request = RoleRequest("Audit", "SecurityAudit")
    return await raised_by(assume(access(), sts, account_id="222222222222", partition="aws", role=request))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal("AccessDenied", status=403), DeniedError),
        (refusal("ExpiredToken", status=403), ExpiredError),
        (assumed("333333333333"), InvalidResponseError),
        ({**assumed("222222222222"), "Credentials": {}}, InvalidResponseError),
    ],
)
async def test_a_role_that_is_not_given_has_a_class(answer: Any, kind: type[RequestError]) -> None:
    """Whether STS refuses a role, or gives what is of no use, is told by the class."""
    assert kind is type(await role(answer))


def test_silence_is_out_of_reach() -> None:
    """Who gives no good reply in time is not reached."""
    assert UnreachableError is type(no_answer(300, service="iam", operation="list_users"))
    assert UnreachableError is type(timed_out("the reply took too long", service="iam", operation="list_users"))


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (botocore.exceptions.EndpointConnectionError(endpoint_url=ENDPOINT), UnreachableError),
        (refusal("ServiceUnavailable", status=503), RequestError),
        ({}, InvalidResponseError),
    ],
    ids=["unreachable", "server errors", "bad bodies"],
)
async def test_an_outage_ends_with_the_class_of_its_last_fault(fault: Any, kind: type[RequestError]) -> None:
    """What an outage is waited for in vain with is of the class of the fault, for those that come later too."""
    bounds = limits()
    bounds.outages = Outages(600.0)
    bounds.answered.add("organizations")
    organizations = FakeService("organizations", list_accounts=lambda **_: fault)
    ended = [
        await raised_by(Access(credentials=None, limits=bounds).request(organizations.list_accounts)) for _ in range(2)
    ]

    assert [kind, kind] == [type(error) for error in ended]
    assert ["no good reply came for 600 seconds"] * 2 == [error.message.partition(":")[0] for error in ended]


async def test_credentials_that_are_refused_keep_their_class() -> None:
    """Each task that waits for credentials gets a copy of the same class."""
    denied = request_error(code="AccessDenied", message="no", service="sts", operation="assume_role", status=403)

    async def fetch() -> Lease:
        raise denied

    credentials = RenewedCredentials(fetch, now=lambda: datetime(2026, 3, 1, tzinfo=UTC))
    first, second = await raised_by(credentials.current()), await raised_by(credentials.current())

    assert (DeniedError, DeniedError) == (type(first), type(second))
    assert first is not second


def test_advice_keeps_the_class() -> None:
    """An error that says what to do about it is the same error."""
    denied = request_error(code="RegionDisabledException", message="no", service="sts", operation="o", status=403)
    advised = with_advice(denied, region="me-south-1")

    assert DeniedError is type(advised)
    assert "AWS_REGION" in advised.message


def test_credentials_that_can_not_be_had_are_no_class_of_their_own() -> None:
    """Their provider is not AWS: nothing was asked of it."""
    error = refresh_error(ValueError("odd"), settings=CallerSettings())

    assert (RequestError, "CredentialsUnavailable") == (type(error), error.code)


async def test_why_the_caller_is_refused_is_the_cause() -> None:
    """Behind the sentence of a caller who can't be identified is the error of the request."""
    sts = cast("STSClient", FakeService("sts", get_caller_identity=refusal("ExpiredToken", status=403)))
    with pytest.raises(CallerError) as caught:
        await identify(access(), sts)

    assert ExpiredError is type(caught.value.__cause__)


def copies(error: RequestError) -> Iterator[RequestError]:
    """The error, as it comes back from wherever it may go."""
    ways: list[Callable[[RequestError], RequestError]] = [copy, lambda sent: pickle.loads(pickle.dumps(sent))]  # noqa: S301 - made on this line
    return (way(error) for way in ways)


@pytest.mark.parametrize(("code", "status", "kind"), REFUSALS)
def test_a_class_travels(code: str, status: int, kind: type[RequestError]) -> None:
    """An error that comes back from a worker is of the class that it was of there."""
    error = request_error(code=code, message="no", service="iam", operation="list_users", status=status)

    assert [(kind, vars(error))] * 2 == [(type(back), vars(back)) for back in copies(error)]


def test_the_classes_are_apart() -> None:
    """Each is a RequestError, and none is another: an error is caught by one of them at most."""
    assert all(kind.__bases__ == (RequestError,) for kind in KINDS)

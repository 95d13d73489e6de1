"""The pages of a listing, each asked for when the one before is read."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from auditor.aws.access import Access, api_of
from auditor.aws.faults import invalid_response
from auditor.errors import RequestError


async def pages(
    access: Access,
    operation: Callable[..., Awaitable[Mapping[str, Any]]],
    *,
    sent: str = "Marker",
    received: str = "Marker",
    **parameters: Any,  # noqa: ANN401 - whatever the operation takes
) -> AsyncIterator[Mapping[str, Any]]:
    """The pages of one operation, empty ones too, until AWS gives no further token under `received`.

    IAM may send fewer items than were asked for, and more of them later: only the token says when to stop.

    Raises:
        RequestError: A page was refused or not answered, or AWS sent the same token twice: it would never end.
    """
    seen: set[str] = set()
    token: dict[str, Any] = {}
    while True:
        page = await access.request(operation, **parameters, **token)
        yield page
        following = _following(page, received=received, operation=operation)
        if following is None:
            return
        if following in seen:
            raise _repeated_token(operation)
        seen.add(following)
        token = {sent: following}


def _following(page: Mapping[str, Any], *, received: str, operation: Callable[..., object]) -> str | None:
    following: str | None = page.get(received) or None
    if page.get("IsTruncated") and following is None:
        api = api_of(operation)
        raise invalid_response("a truncated page has no marker", service=api.service, operation=api.operation)
    return following if page.get("IsTruncated", True) else None


def _repeated_token(operation: Callable[..., object]) -> RequestError:
    api = api_of(operation)
    return RequestError(
        code="RepeatedToken",
        message="AWS sent the same page token twice",
        service=api.service,
        operation=api.operation,
    )

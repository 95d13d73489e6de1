"""The pages of a listing, each asked for when the one before is read."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from auditor.aws.errors import invalid_response, request_error
from auditor.aws.reading import object_of
from auditor.aws.request import Access, api_of
from auditor.errors import RequestError
from auditor.model.codes import REPEATED_TOKEN

IAM_PAGE = 1000
"""The most items that IAM puts on a page; a hundred unless it is asked for more."""
_RESTARTS = 2
# IAM and Organizations have no code of their own for a token: but all other parameters were right on the page before.
_LOST_TOKENS = frozenset(
    {
        REPEATED_TOKEN,
        "ExpiredNextTokenException",
        "InvalidInput",
        "InvalidInputException",
        "InvalidMarker",
        "InvalidNextToken",
        "InvalidNextTokenException",
        "ValidationError",
        "ValidationException",
    }
)


async def listed(
    access: Access,
    operation: Callable[..., Awaitable[Mapping[str, Any]]],
    *,
    member: str,
    key: str,
    **parameters: Any,  # noqa: ANN401 - whatever `pages` takes
) -> AsyncIterator[list[Mapping[str, Any]]]:
    """The items under `member`, one list per page, empty ones too; what is no object is given as an empty one.

    Where AWS no longer takes its own page token, the listing begins again, twice at most: what was given before, told
    by `key` or else by all its members, is not given again.

    Raises:
        RequestError: A page was refused or not answered; the items before it were given.
    """
    given: Counter[str] = Counter()
    restarts = 0
    while True:
        met: Counter[str] = Counter()
        read = 0
        try:
            async for page in pages(access, operation, **parameters):
                read += 1
                yield _fresh([object_of(item) for item in page[member]], key=key, given=given, met=met)
        except RequestError as error:
            if not read or error.code not in _LOST_TOKENS or restarts == _RESTARTS:
                raise
            restarts += 1
            continue
        return


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


def _fresh(
    items: list[Mapping[str, Any]], *, key: str, given: Counter[str], met: Counter[str]
) -> list[Mapping[str, Any]]:
    """The items that no reading of the listing has given; of those without the key, one that it has twice is two."""
    fresh = []
    for item in items:
        name = str(item.get(key) or item)
        if not item.get(key):
            met[name] += 1
        if given[name] < (met[name] or 1):
            given[name] += 1
            fresh.append(item)
    return fresh


def _following(page: Mapping[str, Any], *, received: str, operation: Callable[..., object]) -> str | None:
    following = page.get(received) or None
    if following is not None and not isinstance(following, str):
        api = api_of(operation)
        raise invalid_response("the page token is no text", service=api.service, operation=api.operation)
    if page.get("IsTruncated") and following is None:
        api = api_of(operation)
        raise invalid_response("a truncated page has no marker", service=api.service, operation=api.operation)
    return following if page.get("IsTruncated", True) else None


def _repeated_token(operation: Callable[..., object]) -> RequestError:
    api = api_of(operation)
    return request_error(
        code=REPEATED_TOKEN,
        message="AWS sent the same page token twice",
        service=api.service,
        operation=api.operation,
    )

"""A listing is read to its end, and it is AWS's token that says where that is."""

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.aws.pages import listed, pages
from auditor.errors import RequestError
from tests.fakes import JUMPING, FakeService, access, drain, refusal

pytestmark = pytest.mark.anyio

END: Mapping[str, Any] = {"Users": ["end"], "IsTruncated": False}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates take no time."""
    return JUMPING


def truncated(marker: str, *users: str) -> Mapping[str, Any]:
    """A page of IAM's that is not the last."""
    return {"Users": list(users), "IsTruncated": True, "Marker": marker}


async def read(client: FakeService, **parameters: Any) -> list[Mapping[str, Any]]:
    """All pages of ListUsers."""
    return [page async for page in pages(access(), client.list_users, **parameters)]


async def test_pages_are_followed_to_the_end() -> None:
    """Each page is asked for with the marker of the one before, and all parameters."""
    iam = FakeService("iam", list_users=[truncated("a", "ana"), truncated("b", "bo"), END])

    assert await read(iam, MaxItems=1000) == [truncated("a", "ana"), truncated("b", "bo"), END]
    assert [call.parameters for call in iam.calls] == [
        {"MaxItems": 1000},
        {"MaxItems": 1000, "Marker": "a"},
        {"MaxItems": 1000, "Marker": "b"},
    ]


async def test_an_empty_page_is_not_the_end() -> None:
    """A page without items and with a marker is given, and the next one asked for."""
    iam = FakeService("iam", list_users=[truncated("a"), truncated("b"), END])

    assert [page["Users"] for page in await read(iam)] == [[], [], ["end"]]


async def test_a_marker_on_the_last_page_is_not_followed() -> None:
    """IAM's IsTruncated has the last word on whether there is more."""
    iam = FakeService("iam", list_users={**END, "Marker": "stale"})

    assert len(await read(iam)) == 1


async def test_a_token_alone_is_followed() -> None:
    """CloudTrail and Organizations send no IsTruncated: their token says that there is more."""
    answers: Any = [{"Events": [], "NextToken": "a"}, {"Events": [], "NextToken": ""}]
    cloudtrail = FakeService("cloudtrail", lookup_events=answers)
    listing = pages(access(), cloudtrail.lookup_events, sent="NextToken", received="NextToken", MaxResults=50)

    assert len([page async for page in listing]) == 2
    assert cloudtrail.calls[1].parameters == {"MaxResults": 50, "NextToken": "a"}


async def test_a_token_is_sent_and_received_under_its_names() -> None:
    """The names of the token in request and reply may differ."""
    answers: Any = [{"Users": [], "NextMarker": "a"}, {"Users": []}]
    iam = FakeService("iam", list_users=answers)
    await read(iam, sent="Marker", received="NextMarker")

    assert iam.calls[1].parameters == {"Marker": "a"}


async def test_a_truncated_page_without_marker_is_a_fault() -> None:
    """What can't be continued is not taken for the end; the page itself is given."""
    iam = FakeService("iam", list_users={"Users": ["ana"], "IsTruncated": True})
    given: list[Mapping[str, Any]] = []

    with pytest.raises(RequestError, match="no marker") as caught:
        await drain(pages(access(), iam.list_users), into=given)

    assert (caught.value.code, len(given)) == ("InvalidResponse", 1)


async def test_a_repeated_token_ends_the_listing() -> None:
    """The same token twice would never end: it is a fault."""
    iam = FakeService("iam", list_users=lambda **_: truncated("a"))

    with pytest.raises(RequestError) as caught:
        await read(iam)

    assert (caught.value.code, iam.count("list_users")) == ("RepeatedToken", 2)


async def test_tokens_in_a_circle_end_the_listing() -> None:
    """Tokens that come round again would never end, either."""
    following = {None: "a", "a": "b", "b": "a"}

    def answer(Marker: str | None = None) -> Any:  # noqa: N803 - AWS's name
        assert iam.count("list_users") < 20, "it goes on for ever"
        return truncated(following[Marker])

    iam = FakeService("iam", list_users=answer)

    with pytest.raises(RequestError, match="RepeatedToken"):
        await read(iam)


async def test_a_page_that_fails_ends_the_listing_with_its_error() -> None:
    """The pages before a refused one are given, and then its error is raised."""
    iam = FakeService("iam", list_users=[truncated("a", "ana"), refusal("AccessDenied")])
    given: list[Mapping[str, Any]] = []

    with pytest.raises(RequestError, match="AccessDenied"):
        await drain(pages(access(), iam.list_users), into=given)

    assert given == [truncated("a", "ana")]


async def test_a_page_is_asked_for_when_the_one_before_is_read() -> None:
    """No page is asked for ahead of its reader."""
    iam = FakeService("iam", list_users=[truncated("a"), END])
    listing = pages(access(), iam.list_users)
    await anext(aiter(listing))

    assert iam.count("list_users") == 1


def page_of(token: str | None, *ids: str) -> Mapping[str, Any]:
    """A page of events."""
    return {"Events": [{"EventId": name} for name in ids], **({} if token is None else {"NextToken": token})}


async def events(client: FakeService, *, into: list[str]) -> None:
    """The ids of all events that are listed."""
    names: Any = {"member": "Events", "key": "EventId", "sent": "NextToken", "received": "NextToken"}
    async for page in listed(access(), client.lookup_events, **names):
        into.extend(str(item["EventId"]) for item in page)


@pytest.mark.parametrize("code", ["InvalidNextTokenException", "InvalidNextToken", "InvalidInputException"])
async def test_a_token_that_is_lost_begins_the_listing_again(code: str) -> None:
    """What was given before is not given again, and nothing behind it is missing."""
    answers: Any = [page_of("a", "1", "2"), refusal(code), page_of("b", "2", "1"), page_of(None, "3", "1")]
    given: list[str] = []
    await events(FakeService("cloudtrail", lookup_events=answers), into=given)

    assert ["1", "2", "3"] == given


@pytest.mark.parametrize(("key", "expected"), [("EventId", 1), ("Nothing", 2)])
async def test_what_has_a_name_is_one_however_often_it_is_listed(key: str, expected: int) -> None:
    """A page that AWS gives twice doubles nothing; only of what has no name, two that look alike are two."""
    cloudtrail = FakeService("cloudtrail", lookup_events=[{"Events": [{"EventId": "1"}, {"EventId": "1"}]}])
    listing = listed(access(), cloudtrail.lookup_events, member="Events", key=key, received="NextToken")
    (page,) = [page async for page in listing]

    assert expected == len(page)


async def test_a_token_that_is_lost_each_time_ends_the_listing() -> None:
    """After two new beginnings the error is raised; what was read is given."""
    answers: Any = [page_of("a", "1"), refusal("InvalidNextTokenException")] * 3
    cloudtrail = FakeService("cloudtrail", lookup_events=answers)
    given: list[str] = []

    with pytest.raises(RequestError, match="InvalidNextTokenException"):
        await events(cloudtrail, into=given)

    assert (given, len(cloudtrail.calls)) == (["1"], 6)


@pytest.mark.parametrize("code", ["InvalidInputException", "InvalidNextTokenException", "AccessDenied"])
async def test_a_first_page_that_is_refused_is_not_asked_for_again(code: str) -> None:
    """Without a token there is none to lose."""
    cloudtrail = FakeService("cloudtrail", lookup_events=[refusal(code)])

    with pytest.raises(RequestError, match=code):
        await events(cloudtrail, into=[])

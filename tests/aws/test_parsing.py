"""Replies are read as the SDK reads them, and past what is odd in them."""

import json
from datetime import UTC, datetime
from typing import Any

import aioboto3
import botocore.parsers
import botocore.session
import pytest
from aiobotocore.config import AioConfig

from auditor.aws.reading import reading_past_oddities, response_parsers
from auditor.demo import Scenario
from auditor.errors import RequestError
from tests.fakes import FakeService, access
from tests.organizations import served

pytestmark = pytest.mark.anyio

ONE_TRY = AioConfig(retries={"total_max_attempts": 1})
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATE = {"EventId": "2", "EventTime": NOON.timestamp()}
READ = {"EventId": "2", "EventTime": NOON}


async def parsed(service: str, operation: str, text: str) -> dict[str, Any]:
    """The body of a reply as a session's clients read it."""
    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model(operation).output_shape
    reply = {"status_code": 200, "headers": {}, "body": text.encode()}
    read: dict[str, Any] = await response_parsers().create_parser(model.protocol).parse(reply, shape)
    return {name: value for name, value in read.items() if name != "ResponseMetadata"}


def events(*items: Any) -> str:
    """A reply of LookupEvents."""
    return json.dumps({"Events": items})


@pytest.mark.parametrize("odd", [None, "text", 7, True, [], [LATE]], ids=str)
async def test_an_odd_item_is_left_as_it_is(odd: Any) -> None:
    """An item of another type costs no other."""
    assert {"Events": [odd, READ]} == await parsed("cloudtrail", "LookupEvents", events(odd, LATE))


@pytest.mark.parametrize("odd", ["text", 7, True, {"a": 1}, [7], ["text", None]], ids=str)
async def test_an_odd_list_in_an_item_is_left_as_it_is(odd: Any) -> None:
    """So is a list of an item that is none, or has odd items itself."""
    read = await parsed("cloudtrail", "LookupEvents", events({"EventId": "1", "Resources": odd}, LATE))

    assert {"Events": [{"EventId": "1", "Resources": odd}, READ]} == read


@pytest.mark.parametrize("odd", ["soon", True, [], {"a": 1}, 1e300, "", "NaN"], ids=str)
async def test_an_odd_time_is_left_as_it_is(odd: Any) -> None:
    """A time that can't be read costs itself."""
    read = await parsed("cloudtrail", "LookupEvents", events({"EventId": "1", "EventTime": odd}, LATE))

    assert {"Events": [{"EventId": "1", "EventTime": odd}, READ]} == read


@pytest.mark.parametrize("odd", ["", "yesterday", "2026-13-01T00:00:00Z", "0000-00-00"])
async def test_an_odd_time_in_xml_is_left_as_it_is(odd: str) -> None:
    """In the replies of Query services, too."""
    users = [("ana", odd), ("bo", "2026-11-24T12:00:00Z")]
    items = "".join(f"<member><UserName>{n}</UserName><CreateDate>{at}</CreateDate></member>" for n, at in users)
    text = f"<ListUsersResponse><ListUsersResult><Users>{items}</Users></ListUsersResult></ListUsersResponse>"

    assert [odd, NOON] == [user["CreateDate"] for user in (await parsed("iam", "ListUsers", text))["Users"]]


async def test_what_is_not_odd_is_read_as_the_sdk_reads_it() -> None:
    """All members of a whole reply are the SDK's own."""
    resources = [{"ResourceType": "t", "ResourceName": "n"}]
    text = json.dumps({"Events": [LATE | {"Resources": resources, "CloudTrailEvent": "{}"}], "NextToken": "a"})
    model: Any = botocore.session.get_session().get_service_model("cloudtrail")
    shape = model.operation_model("LookupEvents").output_shape
    reply = {"status_code": 200, "headers": {}, "body": text.encode()}
    theirs = botocore.parsers.create_parser("json").parse(reply, shape)

    assert {name: theirs[name] for name in ("Events", "NextToken")} == await parsed("cloudtrail", "LookupEvents", text)


async def test_a_lent_client_is_read_past_what_is_odd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who lends a client finds it as it was; what is asked through one like it is read as a run's own is."""
    scenario = Scenario(accounts=2, users=1, largest_account=1, odd_items=True)
    async with (
        served(scenario, monkeypatch),
        aioboto3.Session().client("iam", region_name=scenario.region, config=ONE_TRY) as lent,
    ):
        endpoint, factory = lent._endpoint, lent._endpoint._response_parser_factory  # noqa: SLF001 - what must stay
        reading = reading_past_oddities(lent)
        users = (await access().request(reading.list_users))["Users"]
        with pytest.raises(RequestError, match="InvalidResponse"):
            await access().request(lent.list_users)

    assert (endpoint, factory) == (lent._endpoint, lent._endpoint._response_parser_factory)  # noqa: SLF001 - what must not change
    assert ["the day before yesterday"] == [
        user["PasswordLastUsed"] for user in users if user.get("UserName", "").startswith("odd.time")
    ]


def test_what_is_no_client_of_the_sdks_is_left() -> None:
    """A fake is asked as it is."""
    fake = FakeService("iam")

    assert reading_past_oddities(fake) is fake

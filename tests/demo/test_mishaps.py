"""Buckets run dry, and answers go wrong, just as the scenario says."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from auditor.demo import FaultMix, Outage, Request, Scenario
from tests.demo.reading import Reader, StoppedClock, code_of, read, refusal

pytestmark = pytest.mark.anyio


async def test_buckets_throttle() -> None:
    """Each bucket holds one second of its rate, and then throttles in its service's words."""
    scenario = Scenario(accounts=5, iam_rate=2, events_rate=1, organizations_rate=1)

    def script(reader: Reader) -> tuple[str, ...]:
        there, other = reader.account(2), reader.account(3)
        for reading in (there, other):
            reading.client("iam").list_users()
            reading.client("iam").list_users()
        there.client("cloudtrail").lookup_events()
        reader.client("organizations").list_accounts()
        return (
            refusal(there.client("iam").list_users),
            refusal(there.client("cloudtrail").lookup_events),
            refusal(reader.client("organizations").list_accounts),
        )

    codes, server = await read(script, scenario, StoppedClock())
    assert codes == ("Throttling", "ThrottlingException", "TooManyRequestsException")
    assert server.throttled == 3


async def test_buckets_fill_again() -> None:
    """A second later there is a second's worth of tokens."""
    clock = StoppedClock()

    def script(reader: Reader) -> str:
        iam = reader.account(2).client("iam")
        iam.list_users()
        clock.now += 1
        iam.list_users()
        return refusal(iam.list_users)

    code, _ = await read(script, Scenario(accounts=5, iam_caller_rate=1), clock)
    assert code == "Throttling"


@pytest.mark.parametrize(
    ("mix", "outcome"),
    [
        (FaultMix(internal_error=1), "InternalFailure"),
        (FaultMix(unavailable=1), "ServiceUnavailable"),
        (FaultMix(reset=1), "ConnectionClosedError"),
        (FaultMix(truncated=1), "ResponseParserError"),
        (FaultMix(html=1), "KeyError"),
    ],
    ids=["500", "503", "reset", "truncated", "html"],
)
async def test_mishaps_arrive(mix: FaultMix, outcome: str) -> None:
    """Each kind of mishap reaches the client as what it is."""

    def script(reader: Reader) -> str:
        try:
            reply = reader.client("sts").get_caller_identity()
        except ClientError as error:
            return code_of(error)
        except Exception as error:  # noqa: BLE001 - what the SDK makes of it is what is tested
            return type(error).__name__
        return str(reply)

    told, server = await read(script, Scenario(accounts=5, faults=mix))
    assert outcome == told
    assert len(server.requests) == 1


async def test_truncated_json_is_a_whole_http_reply() -> None:
    """A truncated JSON answer arrives without its list, and without an error."""

    def script(reader: Reader) -> list[str]:
        return sorted(reader.client("organizations").list_accounts())

    told, server = await read(script, Scenario(accounts=5, faults=FaultMix(truncated=1)))
    assert told == ["ResponseMetadata"]
    assert (server.requests[0].status, server.requests[0].error_code) == (200, "truncated")


@pytest.mark.parametrize(
    ("mix", "expected"),
    [
        (FaultMix(throttled=1), ["Throttling", "ThrottlingException"]),
        (FaultMix(expired=1), ["ExpiredToken", "ExpiredTokenException"]),
        (FaultMix(lost_token=1), ["ValidationError", "InvalidNextTokenException"]),
    ],
    ids=["throttled", "expired", "lost token"],
)
async def test_refusals_without_a_reason(mix: FaultMix, expected: list[str]) -> None:
    """Throttles, ends of credentials and lost page tokens come in each service's own words."""
    mix = replace(mix, only=frozenset({"iam:ListUsers", "cloudtrail:LookupEvents"}))

    def script(reader: Reader) -> list[str]:
        there = reader.account(1)
        iam, events = there.client("iam"), there.client("cloudtrail")
        if not mix.lost_token:
            return [refusal(iam.list_users), refusal(events.lookup_events)]
        marker, token = iam.list_users(MaxItems=2)["Marker"], events.lookup_events(MaxResults=2)["NextToken"]
        return [
            refusal(iam.list_users, MaxItems=2, Marker=marker),
            refusal(events.lookup_events, MaxResults=2, NextToken=token),
        ]

    codes, _ = await read(script, Scenario(accounts=5, largest_account=9, faults=mix))
    assert expected == codes


async def test_a_repeated_token() -> None:
    """A page that was asked with a token gives that same token for the next one."""

    def script(reader: Reader) -> list[bool]:
        there = reader.account(1)
        iam, events = there.client("iam"), there.client("cloudtrail")
        marker, token = iam.list_users(MaxItems=2)["Marker"], events.lookup_events(MaxResults=2)["NextToken"]
        return [
            marker == iam.list_users(MaxItems=2, Marker=marker)["Marker"],
            token == events.lookup_events(MaxResults=2, NextToken=token)["NextToken"],
        ]

    same, _ = await read(script, Scenario(accounts=5, largest_account=9, faults=FaultMix(repeated_token=1)))
    assert [True, True] == same


async def test_only_some_actions_go_wrong() -> None:
    """A mix that is limited to some actions leaves all others alone, and whoever listens hears of every request."""
    heard: list[Request] = []
    mix = FaultMix(internal_error=1, only=frozenset({"iam:ListUsers"}))

    def script(reader: Reader) -> list[str]:
        there = reader.account(2)
        there.client("cloudtrail").lookup_events()
        return [refusal(there.client("iam").list_users)]

    codes, server = await read(script, Scenario(accounts=5, faults=mix), hear=heard.append)
    assert ["ServiceFailure"] == codes
    assert server.requests == heard


async def test_a_slow_answer_is_the_right_one() -> None:
    """What comes late is what would have come."""
    mix = FaultMix(slow=1, slowness=0.01)
    told, server = await read(lambda reader: len(reader.accounts()), Scenario(accounts=5, faults=mix))
    assert 5 == told
    assert {"slow"} == {request.error_code for request in server.requests}


def test_an_outage_is_of_a_service_or_an_action_for_a_time() -> None:
    """It hits what it names, for its time, and in its accounts only."""
    outage = Outage(of="iam:ListUsers", begins=0.5, seconds=5.0, kind="internal_error")
    assert outage.hits(service="iam", action="ListUsers", account_id="1", passed=0.5)
    assert not outage.hits(service="iam", action="ListUsers", account_id="1", passed=5.5)
    assert not outage.hits(service="iam", action="GetLoginProfile", account_id="1", passed=1)
    assert Outage(of="iam", begins=0, seconds=5).hits(service="iam", action="GetUser", account_id="1", passed=1)
    limited = Outage(of="iam", begins=0, seconds=5, accounts=frozenset({"2"}))
    assert not limited.hits(service="iam", action="GetUser", account_id="1", passed=1)
    with pytest.raises(ValueError, match="'fire' is no mishap"):
        Outage(of="iam", begins=0, seconds=5, kind="fire")


async def test_what_is_out_goes_wrong_and_the_rest_is_answered() -> None:
    """Every request to it fails alike, as long as it lasts."""

    def script(reader: Reader) -> list[str]:
        there = reader.account(2)
        there.client("cloudtrail").lookup_events()
        return [refusal(there.client("iam").list_users) for _ in range(2)]

    outage = Outage(of="iam", begins=0, seconds=1e9)
    codes, _ = await read(script, Scenario(accounts=5, outages=(outage,)))
    assert ["ServiceUnavailable"] * 2 == codes

"""The events of an account: each once, with all that CloudTrail's record tells, refused ones too."""

import json
from datetime import timedelta
from typing import Any

import botocore.session
import pytest

from auditor.account.collectors.events import EVENT_NAMES, OWN_BY_DEFAULT, KeyEvents, collect_events, event_of
from auditor.account.draft import AccountDraft
from auditor.errors import RequestError
from auditor.model.coverage import Completeness, Section
from auditor.model.facts import Event, EventResource, Unknown
from auditor.model.scopes import EventScope
from tests.fakes import JUMPING, NOON, PERIOD, FakeService, Script, account, account_access, refusal

pytestmark = pytest.mark.anyio

RECORD: dict[str, Any] = {
    "eventID": "id-1",
    "eventName": "CreateAccessKey",
    "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::222222222222:user/ops", "userName": "ops"},
    "awsRegion": "us-east-1",
    "sourceIPAddress": "198.51.100.7",
    "requestParameters": {"userName": "ana"},
    "responseElements": {"accessKey": {"accessKeyId": "AKIA1", "userName": "ana", "status": "Active"}},
}


OWN: dict[str, Any] = {"requestParameters": None, "responseElements": None}
"""What the record of a user's change of their own has, who did not name themselves."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates and pauses take no time."""
    return JUMPING


def raw(event_id: str = "id-1", record: Any = RECORD, **members: Any) -> dict[str, Any]:
    """An event as LookupEvents sends it."""
    return {
        "EventId": event_id,
        "EventName": "CreateAccessKey",
        "EventTime": NOON,
        "Username": "ops",
        "Resources": [{"ResourceType": "AWS::IAM::AccessKey", "ResourceName": "AKIA1"}],
        "CloudTrailEvent": record if isinstance(record, str) else json.dumps(record),
        **members,
    }


def recorded(**members: Any) -> Event:
    """The event whose record has these members beside, or instead of, its own."""
    return event_of(raw(record={**RECORD, **members}))


async def collected(lookup: Script) -> tuple[AccountDraft, FakeService]:
    """The draft after the account was asked."""
    cloudtrail, draft = FakeService("cloudtrail", lookup_events=lookup), AccountDraft()
    await collect_events(account_access(FakeService("iam"), cloudtrail), draft, PERIOD, key_events=KeyEvents())
    return draft, cloudtrail


def name_of(parameters: dict[str, Any]) -> str:
    """The event name that a query asks for."""
    return str(parameters["LookupAttributes"][0]["AttributeValue"])


def test_every_member_is_kept() -> None:
    """An event has all that its record tells."""
    assert event_of(raw()) == Event(
        id="id-1",
        name="CreateAccessKey",
        at=NOON,
        username="ops",
        actor_arn="arn:aws:iam::222222222222:user/ops",
        target_user="ana",
        access_key_id="AKIA1",
        source_address="198.51.100.7",
        region="us-east-1",
        resources=(EventResource("AWS::IAM::AccessKey", "AKIA1"),),
        actor_type="IAMUser",
        new_status="Active",
    )


def test_only_the_time_must_be_there() -> None:
    """Every other member of CloudTrail's may be missing."""
    assert event_of({"EventTime": NOON}) == Event(id="", name="", at=NOON, username="")


def test_an_event_without_time_is_a_fault() -> None:
    """An event that can't be placed in time is not passed over."""
    with pytest.raises(RequestError, match="no EventTime"):
        event_of({"EventId": "id-1"})


def test_the_record_names_what_the_index_does_not() -> None:
    """Id and name are in the record, too."""
    event = event_of({"EventTime": NOON, "CloudTrailEvent": json.dumps(RECORD)})

    assert (event.id, event.name, event.username) == ("id-1", "CreateAccessKey", "")


@pytest.mark.parametrize(
    ("members", "target"),
    [
        ({}, "ana"),
        ({"requestParameters": None}, "ana"),
        ({"requestParameters": {}, "responseElements": {"user": {"userName": "new"}}}, "new"),
        ({"requestParameters": {"userName": None}, "responseElements": None}, "ops"),
        ({"requestParameters": None, "responseElements": None, "userIdentity": None}, ""),
        ({"requestParameters": "odd", "responseElements": [], "userIdentity": 7}, ""),
        (OWN | {"errorCode": "AccessDenied"}, ""),
        (
            OWN | {"userIdentity": {"type": "Root", "arn": "arn:aws:iam::222222222222:root", "userName": "acme-prod"}},
            "",
        ),
        (OWN | {"userIdentity": {"userName": "ops"}}, ""),
        (OWN | {"userIdentity": {"type": "AssumedRole", "userName": "role"}}, ""),
        (OWN | {"userIdentity": {"type": "FederatedUser", "userName": "ops"}}, ""),
        (OWN | {"userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"userName": "r"}}}}, ""),
    ],
)
def test_the_target_is_the_user_who_was_changed(members: dict[str, Any], target: str) -> None:
    """Request, answer and, for a change of one's own, the actor tell who was changed."""
    assert recorded(**members).target_user == target


@pytest.mark.parametrize("name", EVENT_NAMES[EventScope.EXTENDED])
def test_the_actor_is_the_target_where_iam_needs_no_name(name: str) -> None:
    """Only for what IAM's own model lets be asked without a UserName: the others are never about the actor."""
    iam: Any = botocore.session.get_session().get_service_model("iam")
    shape = iam.operation_model(name).input_shape
    optional = "UserName" in shape.members and "UserName" not in shape.required_members
    event = event_of(raw(EventName=name, record={**RECORD, **OWN}))

    assert optional is (name in OWN_BY_DEFAULT)
    assert ("ops" if optional else "") == event.target_user


def test_a_deleted_key_is_named_by_the_request() -> None:
    """A deletion's answer is empty: the request has the key."""
    request = {"userName": "ana", "accessKeyId": "AKIA9"}

    assert recorded(requestParameters=request, responseElements=None).access_key_id == "AKIA9"


def test_a_refused_event_did_not_happen() -> None:
    """An event with an error code is kept with code and message, and did not happen."""
    event = recorded(errorCode="AccessDenied", errorMessage="not authorized", responseElements=None)

    assert (event.error_code, event.error_message, event.happened) == ("AccessDenied", "not authorized", False)
    assert recorded(errorCode=None).happened


def test_all_resources_are_kept() -> None:
    """CreateUser has three resources; one without a name is none."""
    resources = [{"ResourceType": "AWS::IAM::User", "ResourceName": name} for name in ("arn:ana", "AIDA", "ana")]
    event = event_of(raw(Resources=[*resources, {"ResourceType": "odd"}, {"ResourceName": "bare"}]))

    assert [(resource.type, resource.name) for resource in event.resources] == [
        ("AWS::IAM::User", "arn:ana"),
        ("AWS::IAM::User", "AIDA"),
        ("AWS::IAM::User", "ana"),
        ("", "bare"),
    ]


@pytest.mark.parametrize("record", ["", None])
def test_without_a_record_the_event_is_what_the_index_says(record: str | None) -> None:
    """CloudTrail need not send one."""
    faults: list[RequestError] = []
    event = event_of(raw(CloudTrailEvent=record), odd=faults.append)

    assert (event.id, event.name, event.username, event.target_user) == ("id-1", "CreateAccessKey", "ops", "")
    assert ([], "", True) == (faults, event.error_code, event.happened)


DEEP = [f'{{"eventID": "id-1", "deep": {opening * 100_000}' for opening in ("[", '{"a":')]


@pytest.mark.parametrize(
    "record",
    ['{"eventID": "id-1", "errorC', "[]", "null", '"text"', "7", "7" * 5000, 7, ["{}"], {"errorCode": "No"}, *DEEP],
    ids=lambda record: str(record)[:25],
)
def test_of_a_record_that_can_not_be_read_the_rest_is_kept(record: Any) -> None:
    """It may hide that the event was refused: that is not known, and said by the event's id; the index is kept."""
    faults: list[RequestError] = []
    event = event_of(raw(CloudTrailEvent=record), odd=faults.append)
    (fault,) = faults

    assert (Unknown("InvalidResponse"), True, "") == (event.error_code, event.happened, event.target_user)
    assert ("id-1", "CreateAccessKey", NOON, "ops") == (event.id, event.name, event.at, event.username)
    assert [EventResource("AWS::IAM::AccessKey", "AKIA1")] == list(event.resources)
    assert "InvalidResponse" == fault.code
    assert "the record of the event id-1 can't be read" in fault.message


@pytest.mark.parametrize("code", [403, ["AccessDenied"], {"code": "AccessDenied"}, False], ids=str)
def test_an_error_code_of_another_type_is_not_known(code: Any) -> None:
    """What is no text is neither a code nor none."""
    faults: list[RequestError] = []
    event = event_of(raw(record={**RECORD, "errorCode": code}), odd=faults.append)

    assert Unknown("InvalidResponse") == event.error_code
    assert ["the errorCode of the event id-1 can't be read"] == [fault.message for fault in faults]


@pytest.mark.parametrize("at", [None, "soon", True, [], float("nan"), 1e300], ids=str)
def test_a_time_that_stands_only_in_the_record_is_taken_from_there(at: Any) -> None:
    """An event is placed by either of its two times; nothing is missing then."""
    faults: list[RequestError] = []
    record = {**RECORD, "eventTime": "2026-11-24T12:00:00Z"}

    assert (NOON, []) == (event_of(raw(record=record, EventTime=at), odd=faults.append).at, faults)
    moments: list[dict[str, Any]] = [{}, {"eventTime": None}, {"eventTime": "soon"}, {"eventTime": []}]
    for moment in moments:
        with pytest.raises(RequestError, match="the event id-1 has no EventTime that can be read"):
            event_of(raw(record={**RECORD, **moment}, EventTime=at))


@pytest.mark.parametrize(
    ("resources", "faults"), [([None, "odd"], 2), ("odd", 1), (7, 1), ([["odd"]], 1), ([{}], 1), (None, 0), ([], 0)]
)
def test_odd_resources_cost_only_themselves(resources: Any, faults: int) -> None:
    """What is no resource is said, and the event and its other resources are there."""
    whole = [{"ResourceType": "t", "ResourceName": "AKIA1"}]
    found: list[RequestError] = []
    event = event_of(
        raw(Resources=[*whole, *resources] if isinstance(resources, list) else resources), odd=found.append
    )

    assert (EventResource("t", "AKIA1"),) * isinstance(resources, list) == event.resources
    assert ["a resource of the event id-1 can't be read"] * faults == [fault.message for fault in found]


def test_members_of_another_type_are_none() -> None:
    """Nobody is called by the text of a list."""
    event = event_of(raw(EventId=7, EventName=["x"], Username=True, record={**RECORD, "awsRegion": 1}))

    assert ("id-1", "CreateAccessKey", "", "") == (event.id, event.name, event.username, event.region)


def test_lone_surrogates_are_escaped() -> None:
    """Half a letter can be in no file, whether the reply has it or the record in it."""
    request = json.dumps({**RECORD, "requestParameters": {"userName": "a\ud800"}, "errorCode": "\udfff"})
    resources = [{"ResourceType": "t", "ResourceName": "\ud83d"}]
    event = event_of(raw(record=request, Username="\ud800ps", Resources=resources))

    assert ("a\\ud800", "\\udfff", "\\ud800ps") == (event.target_user, event.error_code, event.username)
    assert "\\ud83d" == event.resources[0].name
    json.dumps(str(event), ensure_ascii=False).encode()


@pytest.mark.parametrize("code", ["", "Success", "success", " ", None])
def test_success_is_no_error(code: str | None) -> None:
    """An errorCode that says so, or nothing, is of a change that took place: one's own target is told, too."""
    event = recorded(errorCode=code, requestParameters=None, responseElements=None)

    assert (True, "ops") == (event.happened, event.target_user)


SOURCES = [
    *("identitystore-scim.amazonaws.com", "transfer.amazonaws.com", "elasticache.amazonaws.com", "mq.amazonaws.com"),
    *("quicksight.amazonaws.com", "cognito-idp.amazonaws.com", "iam.amazonaws.com.example", "sso.iam.amazonaws.com"),
]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("where", ["index", "record", "both"])
async def test_events_of_other_services_are_passed_over(source: str, where: str) -> None:
    """Many services have a CreateUser: theirs are counted, and are no events of the account's IAM."""
    members = {} if where == "record" else {"EventSource": source}
    record = RECORD if where == "index" else {**RECORD, "eventSource": source}
    page = {"Events": [raw("theirs", record, **members), raw("ours", EventSource="iam.amazonaws.com"), raw("bare")]}
    draft, _ = await collected([page, *[{"Events": []}] * 4])
    report = draft.report(account())

    assert {"ours", "bare"} == {event.id for event in report.events}
    assert (1, (), Completeness.COMPLETE) == (report.foreign_events, report.failures, word(draft))


async def test_an_event_of_nobody_knows_which_service_is_iams() -> None:
    """Without a source in either place an event counts, whatever is in its place."""
    odd: list[Any] = [
        raw("1", EventSource=None),
        raw("2", EventSource=""),
        raw("3", {**RECORD, "eventSource": None}, EventSource=7),
        raw("4", CloudTrailEvent="{"),
    ]
    draft, _ = await collected([{"Events": odd}, *[{"Events": []}] * 4])

    assert (["1", "2", "3", "4"], 0) == (sorted(draft.events), draft.foreign_events)


async def test_an_event_without_name_is_the_one_that_was_asked_for() -> None:
    """It is in a list of one name, and not lost to those who look for a user's new key."""
    nameless: Any = {"Events": [raw("1", CloudTrailEvent="{", EventName=None)]}
    draft, _ = await collected([{"Events": []}, {"Events": []}, nameless, *[{"Events": []}] * 2])

    assert "CreateAccessKey" == draft.events["1"].name


async def test_of_another_service_nothing_need_be_read() -> None:
    """An event of another service is no failure, however odd it is."""
    odd: dict[str, Any] = {"EventSource": "transfer.amazonaws.com", "CloudTrailEvent": "{"}
    draft, key_events = AccountDraft(), KeyEvents()
    cloudtrail = FakeService("cloudtrail", lookup_events=[{"Events": [odd]}, *[{"Events": []}] * 4])
    await collect_events(account_access(FakeService("iam"), cloudtrail), draft, PERIOD, key_events=key_events)

    assert (1, (), ()) == (draft.foreign_events, draft.failures(), await key_events.known())


@pytest.mark.parametrize("odd", [None, "text", 7, [], {}, {"EventId": "odd"}], ids=str)
async def test_an_odd_event_costs_no_other(odd: Any) -> None:
    """Those before and behind it are there, and it is a failure of the events."""
    draft, _ = await collected([{"Events": [raw("1"), odd, raw("2")]}, *[{"Events": []}] * 4])
    (failure,) = draft.failures()

    assert ["1", "2"] == sorted(draft.events)
    assert (Section.EVENTS, "InvalidResponse", 1) == (failure.section, failure.code, failure.count)
    assert Completeness.PARTIAL is word(draft)


async def test_each_name_is_a_query() -> None:
    """Five names are asked for, one a query, for exactly the period, fifty a page."""
    _, cloudtrail = await collected({"Events": []})

    assert [name_of(call.parameters) for call in cloudtrail.calls] == list(EVENT_NAMES[EventScope.BASIC])
    assert {len(call.parameters["LookupAttributes"]) for call in cloudtrail.calls} == {1}
    assert cloudtrail.calls[0].parameters == {
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}],
        "StartTime": PERIOD.start,
        "EndTime": PERIOD.end,
        "MaxResults": 50,
    }


async def test_extended_events_are_looked_up_last() -> None:
    """Seven names more, behind those that users wait for."""
    cloudtrail, draft = FakeService("cloudtrail", lookup_events={"Events": []}), AccountDraft()
    entered = account_access(FakeService("iam"), cloudtrail)
    await collect_events(entered, draft, PERIOD, key_events=KeyEvents(), scope=EventScope.EXTENDED)

    names = [name_of(call.parameters) for call in cloudtrail.calls]
    assert list(EVENT_NAMES[EventScope.EXTENDED]) == names
    assert list(EVENT_NAMES[EventScope.BASIC]) == names[:5]


@pytest.mark.parametrize(
    ("word", "known"), [("true", True), ("false", False), ("TRUE", True), ("", None), (None, None)]
)
def test_the_mfa_of_the_actors_session(word: str | None, known: bool | None) -> None:  # noqa: FBT001 - a case
    """A session says in a word whether it was begun with MFA; long-lived credentials say nothing."""
    actor = {"type": "AssumedRole", "sessionContext": {"attributes": {"mfaAuthenticated": word}}}

    assert (known, "AssumedRole") == (recorded(userIdentity=actor).actor_mfa, recorded(userIdentity=actor).actor_type)


def test_the_new_status_of_a_key() -> None:
    """An update has it among what was asked for; it has no key in its answer."""
    asked = {"userName": "ana", "accessKeyId": "AKIA2", "status": "Inactive"}
    event = recorded(eventName="UpdateAccessKey", requestParameters=asked, responseElements=None, userAgent="cli")

    assert ("ana", "AKIA2", "Inactive", "cli") == (
        event.target_user,
        event.access_key_id,
        event.new_status,
        event.user_agent,
    )


def test_the_new_status_of_a_service_credential() -> None:
    """Whoever makes one does not ask for its status: the answer has it."""
    asked = {"userName": "ana", "serviceName": "bedrock.amazonaws.com", "credentialAgeDays": 30}
    made = {"serviceSpecificCredentialId": "ACCA1", "userName": "ana", "status": "Active"}
    event = recorded(
        eventName="CreateServiceSpecificCredential",
        requestParameters=asked,
        responseElements={"serviceSpecificCredential": made},
    )

    assert ("ana", "", "Active") == (event.target_user, event.access_key_id, event.new_status)


async def test_pages_repeat_the_question() -> None:
    """A page token is of use only with the very same parameters."""

    def answer(NextToken: str = "", **parameters: Any) -> Any:  # noqa: N803 - AWS's name
        if name_of(parameters) != "CreateUser" or NextToken == "b":
            return {"Events": []}
        return {"Events": [raw(f"after {NextToken}")], "NextToken": "b" if NextToken == "a" else "a"}

    draft, cloudtrail = await collected(answer)
    first, *others = [call.parameters for call in cloudtrail.calls if name_of(call.parameters) == "CreateUser"]

    assert others == [{**first, "NextToken": "a"}, {**first, "NextToken": "b"}]
    assert set(draft.events) == {"after ", "after a"}


async def test_an_event_is_given_once() -> None:
    """An event that CloudTrail sends twice, on two pages or in two queries, is one."""
    draft, _ = await collected({"Events": [raw("twice"), raw("twice"), raw("once")]})

    assert sorted(event.id for event in draft.report(account()).events) == ["once", "twice"]


async def test_events_without_id_are_not_mistaken_for_one() -> None:
    """Nothing shows that events without an id are the same."""
    draft, _ = await collected([{"Events": [{"EventTime": NOON}, {"EventTime": NOON}]}, *[{"Events": []}] * 4])

    assert len(draft.report(account()).events) == 2


async def test_events_are_newest_first() -> None:
    """The events of all names are in one order."""
    times = iter([3, 9, 1, 7, 5])

    def answer(**_: Any) -> Any:
        hour = next(times)
        return {"Events": [raw(f"id {hour}", EventTime=NOON - timedelta(hours=hour))]}

    draft, _ = await collected(answer)

    assert [event.id for event in draft.report(account()).events] == ["id 1", "id 3", "id 5", "id 7", "id 9"]


def word(draft: AccountDraft) -> Completeness:
    """How complete the events are."""
    return {coverage.section: coverage.completeness for coverage in draft.coverage()}[Section.EVENTS]


async def test_denied_events_are_said() -> None:
    """An account whose trail may not be read has no events and says why, once."""
    draft, cloudtrail = await collected(refusal("AccessDeniedException"))
    (failure,) = draft.failures()

    assert word(draft) is Completeness.DENIED
    assert (failure.section, failure.code, failure.count) == (Section.EVENTS, "AccessDeniedException", 5)
    assert len(cloudtrail.calls) == 5


async def test_one_failed_query_leaves_the_others() -> None:
    """The events of the other names are in the report, which is partial."""
    answers: Any = [refusal("InvalidTimeRangeException"), *[{"Events": [raw(str(n))]} for n in range(4)]]
    draft, _ = await collected(answers)

    assert (len(draft.report(account()).events), word(draft)) == (4, Completeness.PARTIAL)


async def test_a_broken_event_is_kept_and_said() -> None:
    """What can be read of it is in the report, and the fault is a failure."""
    answers: Any = [{"Events": [raw("good"), raw("bad", record="{")]}, *[{"Events": []}] * 4]
    draft, _ = await collected(answers)

    assert list(draft.events) == ["good", "bad"]
    assert [failure.code for failure in draft.failures()] == ["InvalidResponse"]


async def test_events_after_a_broken_one_are_kept() -> None:
    """One event that can't be read costs itself, and no other event."""

    def answer(NextToken: str = "", **parameters: Any) -> Any:  # noqa: N803 - AWS's name
        if name_of(parameters) != "CreateUser":
            return {"Events": []}
        return {"Events": [raw("later")]} if NextToken else {**first, "NextToken": "a"}

    first = {"Events": [raw("bad", record="{"), raw("good")]}
    draft, _ = await collected(answer)

    assert {"good", "later"} <= set(draft.events)


async def test_two_queries_a_second_at_most() -> None:
    """Queries and pages of one account are half a second apart."""
    _, cloudtrail = await collected({"Events": []})

    assert cloudtrail.calls[-1].at - cloudtrail.calls[0].at == pytest.approx(2, abs=0.5)


async def test_a_query_whose_token_is_lost_begins_again() -> None:
    """Its events are all there, each once, and one that can't be read is counted once."""
    first = {"Events": [raw("bad", EventTime=None), raw("good")], "NextToken": "a"}
    answers: Any = [first, refusal("InvalidNextTokenException"), first, {"Events": [raw("later")]}]
    draft, cloudtrail = await collected([*answers, *[{"Events": []}] * 4])
    (failure,) = draft.failures()

    assert sorted(draft.events) == ["good", "later"]
    assert (failure.code, failure.count, len(cloudtrail.calls)) == ("InvalidResponse", 1, 8)

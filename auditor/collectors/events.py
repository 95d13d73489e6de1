"""The IAM changes that CloudTrail recorded in an account."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from auditor.aws.faults import invalid_response
from auditor.aws.gateway import AccountAccess
from auditor.aws.pages import listed
from auditor.collectors.draft import AccountDraft
from auditor.coverage import Section
from auditor.errors import RequestError
from auditor.models import Event, EventResource, Period

CREATE_ACCESS_KEY = "CreateAccessKey"
EVENT_NAMES = ("CreateUser", "DeleteUser", CREATE_ACCESS_KEY, "DeleteAccessKey", "DeleteLoginProfile")
_PAGE = 50


async def collect_events(account: AccountAccess, draft: AccountDraft, period: Period) -> None:
    """Add every event of the period to the draft, refused ones too, each once; tell when those of new keys are there.

    LookupEvents takes one attribute a query: there is a query for each name.
    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
    """
    try:
        for name in EVENT_NAMES:
            question = _look_up(account, name, period=period, draft=draft)
            unread = await draft.ask(Section.EVENTS, question, gathers=draft.events)
            if name == CREATE_ACCESS_KEY:
                draft.key_events_known = unread == 0
                draft.key_events_over.set()
    finally:
        draft.key_events_over.set()


async def _look_up(account: AccountAccess, name: str, *, period: Period, draft: AccountDraft) -> int:
    """Add the events of one name; returns how many could not be read, which hide none of those behind them."""
    unread = 0
    async for raw in raw_events(account, name, period=period):
        try:
            event = event_of(raw)
        except RequestError as error:
            draft.note(Section.EVENTS, error)
            unread += 1
            continue
        draft.events.setdefault(event.id or f"without id {len(draft.events)}", event)
    return unread


async def raw_events(account: AccountAccess, name: str, *, period: Period) -> AsyncIterator[Mapping[str, Any]]:
    """The events of one name as CloudTrail gives them, newest first."""
    listing = listed(
        account.access,
        account.cloudtrail.lookup_events,
        member="Events",
        key="EventId",
        sent="NextToken",
        received="NextToken",
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}],
        StartTime=period.start,
        EndTime=period.end,
        MaxResults=_PAGE,
    )
    async for page in listing:
        for raw in page:
            yield raw


def event_of(raw: Mapping[str, Any]) -> Event:
    """The event that CloudTrail's record tells of; every member of it but the time may be missing.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    if raw.get("EventTime") is None:
        raise invalid_response("an event has no EventTime", service="cloudtrail", operation="lookup_events")
    record = _record(raw.get("CloudTrailEvent"))
    request, response = _object(record, "requestParameters"), _object(record, "responseElements")
    key = _object(response, "accessKey")
    return Event(
        id=str(raw.get("EventId") or _text(record, "eventID")),
        name=str(raw.get("EventName") or _text(record, "eventName")),
        at=raw["EventTime"],
        username=str(raw.get("Username") or ""),
        actor_arn=_text(_object(record, "userIdentity"), "arn"),
        target_user=_target_user(record, request=request, response=response),
        access_key_id=_text(key, "accessKeyId") or _text(request, "accessKeyId"),
        source_address=_text(record, "sourceIPAddress"),
        region=_text(record, "awsRegion"),
        error_code=_text(record, "errorCode"),
        error_message=_text(record, "errorMessage"),
        resources=tuple(
            EventResource(str(resource.get("ResourceType") or ""), str(resource["ResourceName"]))
            for resource in raw.get("Resources") or []
            if resource.get("ResourceName")
        ),
    )


def _target_user(record: Mapping[str, Any], *, request: Mapping[str, Any], response: Mapping[str, Any]) -> str:
    """Who was changed; users who make or delete a key of their own need not name themselves."""
    for part, member in (
        (request, "userName"),
        (_object(response, "accessKey"), "userName"),
        (_object(response, "user"), "userName"),
    ):
        if name := _text(part, member):
            return name
    return _text(_object(record, "userIdentity"), "userName")


def _record(text: str | None) -> Mapping[str, Any]:
    if not text:
        return {}
    try:
        record = json.loads(text)
    except ValueError:
        raise invalid_response(
            "an event's record is not JSON", service="cloudtrail", operation="lookup_events"
        ) from None
    return record if isinstance(record, dict) else {}


def _object(part: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    value = part.get(member)
    return value if isinstance(value, dict) else {}


def _text(part: Mapping[str, Any], member: str) -> str:
    value = part.get(member)
    return value if isinstance(value, str) else ""

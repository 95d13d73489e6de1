"""The IAM changes that CloudTrail recorded in an account."""

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import anyio

from auditor.account.draft import AccountDraft, Note, ignore
from auditor.aws.errors import invalid_response
from auditor.aws.gateway import AccountAccess
from auditor.aws.pages import listed
from auditor.aws.reading import UNREADABLE, object_in, objects_in, text_in, time_in
from auditor.errors import RequestError
from auditor.model.coverage import Section
from auditor.model.facts import Event, EventResource, Unknown
from auditor.model.period import Period
from auditor.model.scopes import EventScope

CREATE_ACCESS_KEY = "CreateAccessKey"
_BASIC = ("CreateUser", "DeleteUser", CREATE_ACCESS_KEY, "DeleteAccessKey", "DeleteLoginProfile")
_EXTENDED = (
    *_BASIC,
    "UpdateAccessKey",
    "CreateLoginProfile",
    "UpdateLoginProfile",
    "DeactivateMFADevice",
    "DeleteVirtualMFADevice",
    "CreateServiceSpecificCredential",
    "DeleteServiceSpecificCredential",
)
EVENT_NAMES = {EventScope.BASIC: _BASIC, EventScope.EXTENDED: _EXTENDED}
"""In the order in which they are looked up: the basic ones first, since users wait for new keys."""
OWN_BY_DEFAULT = frozenset(
    {
        CREATE_ACCESS_KEY,
        "CreateLoginProfile",
        "DeactivateMFADevice",
        "DeleteAccessKey",
        "DeleteLoginProfile",
        "DeleteServiceSpecificCredential",
        "UpdateAccessKey",
    }
)
"""Those of them that take no `UserName` for the caller's own."""
_SOURCE = "iam.amazonaws.com"
EVENTS_PAGE = 50


class KeyEvents:
    """The CreateAccessKey events of a period: the collector of events gives them once, that of users awaits them."""

    def __init__(self) -> None:
        self._given = anyio.Event()
        self._events: tuple[Event, ...] | None = None

    def give(self, events: Iterable[Event] | None) -> None:
        """Give them, or None where not all are known; what is given later does not count."""
        if not self._given.is_set():
            self._events = None if events is None else tuple(events)
            self._given.set()

    async def known(self) -> tuple[Event, ...] | None:
        """All of them, as soon as they are given; None where not all are known."""
        await self._given.wait()
        return self._events


async def collect_events(
    account: AccountAccess,
    draft: AccountDraft,
    period: Period,
    *,
    key_events: KeyEvents,
    scope: EventScope = EventScope.BASIC,
) -> None:
    """Add every event of the period to the draft, refused ones too, each once; give those of new keys early.

    LookupEvents takes one attribute a query: there is a query for each name.
    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
    """
    try:
        for name in EVENT_NAMES[scope]:
            question = _look_up(account, name, period=period, draft=draft)
            unread = await draft.ask(Section.EVENTS, question, gathers=draft.events)
            if name == CREATE_ACCESS_KEY:
                key_events.give(draft.events.values() if unread == 0 else None)
    finally:
        key_events.give(None)


async def _look_up(account: AccountAccess, name: str, *, period: Period, draft: AccountDraft) -> int:
    """Add the events of one name; returns how many could not be read, which hide none of those behind them."""
    unread = 0
    async for raw in raw_events(account, name, period=period):
        if is_foreign(raw):
            draft.foreign_events += 1
            continue
        try:
            event = event_of(raw, asked=name, odd=draft.noting(Section.EVENTS))
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
        MaxResults=EVENTS_PAGE,
    )
    async for page in listing:
        for raw in page:
            yield raw


def is_foreign(raw: Mapping[str, Any]) -> bool:
    """Whether an event is another service's: many have APIs of the same names, and a look-up by name gives them, too.

    The source has the same form in every partition.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    source = text_in(raw, "EventSource")
    if not source:
        source = text_in(_record(raw) or {}, "eventSource")
    return source not in {"", _SOURCE}


def event_of(raw: Mapping[str, Any], *, asked: str = "", odd: Note = ignore) -> Event:
    """The event that CloudTrail tells of; `odd` is told of what can't be read of it, and the rest is kept.

    Every member may be missing but the time, which is in two places; a name that is in none is the one that was asked
    for. Without a record that can be read nobody knows whether AWS refused the change: then `error_code` is unknown.

    Raises:
        RequestError: There is no time that can be read.
    """
    record = _record(raw)
    known = record or {}
    event_id = text_in(raw, "EventId") or text_in(known, "eventID")
    if record is None:
        odd(_invalid(f"the record of the event {event_id} can't be read, nor whether AWS refused it"))
    request, response = object_in(known, "requestParameters"), object_in(known, "responseElements")
    actor, key = object_in(known, "userIdentity"), object_in(response, "accessKey")
    credential = object_in(response, "serviceSpecificCredential")
    event = Event(
        id=event_id,
        name=text_in(raw, "EventName") or text_in(known, "eventName") or asked,
        at=_time(raw, known, event_id=event_id),
        username=text_in(raw, "Username"),
        actor_arn=text_in(actor, "arn"),
        access_key_id=text_in(key, "accessKeyId") or text_in(request, "accessKeyId"),
        source_address=text_in(known, "sourceIPAddress"),
        region=text_in(known, "awsRegion"),
        error_code=UNREADABLE if record is None else _error_code(known, event_id=event_id, odd=odd),
        error_message=text_in(known, "errorMessage"),
        resources=tuple(_resources(raw, event_id=event_id, odd=odd)),
        actor_type=text_in(actor, "type"),
        new_status=text_in(key, "status") or text_in(credential, "status") or text_in(request, "status"),
        actor_mfa=_mfa_of(actor),
        user_agent=text_in(known, "userAgent"),
    )
    return replace(event, target_user=_target_user(event, known, request=request, response=response))


def _time(raw: Mapping[str, Any], record: Mapping[str, Any], *, event_id: str) -> datetime:
    for moment in (time_in(raw, "EventTime"), time_in(record, "eventTime")):
        if isinstance(moment, datetime):
            return moment
    raise _invalid(f"the event {event_id or 'without EventId'} has no EventTime that can be read")


def _mfa_of(actor: Mapping[str, Any]) -> bool | None:
    """What the session says of itself, in a word; long-lived credentials have no session.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    """
    session = object_in(object_in(actor, "sessionContext"), "attributes")
    return {"true": True, "false": False}.get(str(session.get("mfaAuthenticated")).lower())


def _error_code(record: Mapping[str, Any], *, event_id: str, odd: Note) -> str | Unknown:
    code = record.get("errorCode")
    if code is None or isinstance(code, str):
        return text_in(record, "errorCode")
    odd(_invalid(f"the errorCode of the event {event_id} can't be read"))
    return UNREADABLE


def _resources(raw: Mapping[str, Any], *, event_id: str, odd: Note) -> Iterator[EventResource]:
    for resource in objects_in(raw, "Resources"):
        if name := text_in(resource, "ResourceName"):
            yield EventResource(text_in(resource, "ResourceType"), name)
        elif not resource:
            odd(_invalid(f"a resource of the event {event_id} can't be read"))


def _target_user(
    event: Event, record: Mapping[str, Any], *, request: Mapping[str, Any], response: Mapping[str, Any]
) -> str:
    """Who was changed; who makes or deletes something of their own need not name themselves.

    Of other actors `userName` is no user's name: root's is the alias of the account.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    """
    for part in (request, object_in(response, "accessKey"), object_in(response, "user")):
        if name := text_in(part, "userName"):
            return name
    actor = object_in(record, "userIdentity")
    own = event.name in OWN_BY_DEFAULT and event.happened and text_in(actor, "type") == "IAMUser"
    return text_in(actor, "userName") if own else ""


def _record(raw: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """CloudTrail's own record, an empty one where there is none, None where it can't be read."""
    text = raw.get("CloudTrailEvent")
    if text is None or text == "":
        return {}
    try:
        record = json.loads(text)
    # TypeError: it is no text. RecursionError: it is nested too deep.
    except (ValueError, TypeError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _invalid(message: str) -> RequestError:
    return invalid_response(message, service="cloudtrail", operation="lookup_events")

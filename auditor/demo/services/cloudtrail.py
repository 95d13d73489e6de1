"""CloudTrail: the event history of one account in one region."""

from collections.abc import Callable, Mapping

from auditor.demo.dice import HORIZON
from auditor.demo.event_record import event_record
from auditor.demo.facts import UNREADABLE_TIME, Event
from auditor.demo.protocol import ServiceError
from auditor.demo.services.call import Call, seal, unseal

_Test = Callable[[Event, str], bool]


def lookup_events(call: Call) -> object:
    """A page of the region's events of the last 90 days, newest first."""
    size = call.number("MaxResults", default=50, least=1, most=50, code="InvalidMaxResultsException")
    context = (call.identity.account_id, call.region, _question(call))
    first = _first(call, context)
    found = _found(call)
    answer: dict[str, object] = {
        "Events": [_event(event, call.identity.account_id) for event in found[first : first + size]]
    }
    if first + size < len(found):
        answer["NextToken"] = seal(first + size, *context)

    return answer


def _question(call: Call) -> str:
    return repr(sorted((name, value) for name, value in call.parameters.items() if name != "NextToken"))


def _first(call: Call, context: tuple[object, ...]) -> int:
    token = call.parameters.get("NextToken")
    if token is None:
        return 0

    first = unseal(str(token), *context)
    if first is None:
        message = "The token is not valid, or not for a request with these parameters."
        raise ServiceError("InvalidNextTokenException", message)

    return first


def _found(call: Call) -> list[Event]:
    start, end = _time(call, "StartTime"), _time(call, "EndTime")
    if (start is not None and end is not None and start > end) or (start is not None and start > call.now):
        message = "The start time is after the end time, or in the future."
        raise ServiceError("InvalidTimeRangeException", message)

    test, value = _lookup(call)
    earliest = (call.organization.now - HORIZON).timestamp()
    low = earliest if start is None else max(start, earliest)
    high = float("inf") if end is None else end
    return [
        event
        for event in call.facts.events
        if event.region == call.region and low <= event.time.timestamp() <= high and test(event, value)
    ]


def _time(call: Call, name: str) -> float | None:
    value = call.parameters.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ServiceError("SerializationException", f"{name} is no number")

    return float(value)


def _lookup(call: Call) -> tuple[_Test, str]:
    attributes = call.parameters.get("LookupAttributes") or []
    if not isinstance(attributes, list) or len(attributes) > 1:
        raise ServiceError("InvalidLookupAttributesException", "Only one lookup attribute can be specified.")
    if not attributes:
        return _any, ""

    key, value = attributes[0].get("AttributeKey"), attributes[0].get("AttributeValue")
    test = _tests().get(key)
    if test is None or not value or (key == "ReadOnly" and value not in ("true", "false")):
        raise ServiceError("InvalidLookupAttributesException", f"The lookup attribute {key} is not valid.")

    return test, value


def _tests() -> Mapping[str, _Test]:
    return {
        "EventId": lambda event, value: event.id == value,
        "EventName": lambda event, value: event.name == value,
        "ReadOnly": lambda event, value: _boolean(event) == value,
        "Username": lambda event, value: event.username == value,
        "ResourceType": lambda event, value: any(kind == value for kind, _ in event.resources),
        "ResourceName": lambda event, value: any(name == value for _, name in event.resources),
        "EventSource": lambda event, value: event.source == value,
        "AccessKeyId": lambda event, value: event.actor_key == value,
    }


def _any(_event: Event, _value: str) -> bool:
    return True


def _boolean(event: Event) -> str:
    return "true" if event.read_only else "false"


def _event(event: Event, account_id: str) -> dict[str, object] | None:
    if event.odd == "null":
        return None

    shown: dict[str, object] = {
        "EventId": event.id,
        "EventName": event.name,
        "ReadOnly": _boolean(event),
        "AccessKeyId": event.actor_key,
        "EventTime": UNREADABLE_TIME if event.odd in ("time", "index time") else event.time.timestamp(),
        "EventSource": event.source,
        "Resources": [{"ResourceType": kind, "ResourceName": name} for kind, name in event.resources],
        "CloudTrailEvent": event_record(event, account_id),
    }
    if event.username is not None:
        shown["Username"] = event.username

    return shown

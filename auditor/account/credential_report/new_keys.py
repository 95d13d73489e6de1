"""Who got an access key since a moment, as CloudTrail tells it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import anyio

from auditor.account.collectors.events import CREATE_ACCESS_KEY, event_of, is_foreign, raw_events
from auditor.account.draft import AccountDraft
from auditor.aws.gateway import AccountAccess
from auditor.errors import RequestError
from auditor.model.facts import Event, Period, User

# CloudTrail shows most events within five minutes: a period that ended this lately holds what there is to see.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html
_LAG = timedelta(minutes=15)
_PATIENCE = 60.0
"""Seconds for which users wait for events: to ask IAM for all their keys takes less than an hour of CloudTrail's."""
_FALLBACK = "CloudTrail did not tell {}who has a new key: all users were asked for their keys."


async def users_with_new_keys(
    account: AccountAccess, draft: AccountDraft, users: Mapping[int, User], *, since: datetime, period: Period
) -> dict[int, User]:
    """Those of the users who may have got a key since then; all of them where CloudTrail does not tell in a minute.

    The events of the draft are waited for, which the collector of events adds; CloudTrail is asked once more only
    where the audit's period does not reach from then to now.
    """
    if not users:
        return {}
    events: list[Event] | None = None
    with anyio.move_on_after(_PATIENCE) as scope:
        events = await _known_events(account, draft, since=since, period=period)
    if events is None:
        draft.fallbacks.append(_FALLBACK.format(f"within {_PATIENCE:g} seconds " if scope.cancelled_caught else ""))
        return dict(users)
    return _named(users, [event for event in events if _is_new_key(event, since=since)])


async def _known_events(
    account: AccountAccess, draft: AccountDraft, *, since: datetime, period: Period
) -> list[Event] | None:
    await draft.key_events_over.wait()
    if not draft.key_events_known:
        return None
    if _covers(period, since=since):
        return list(draft.events.values())
    return await _events_or_none(account, draft, since=since)


def _covers(period: Period, *, since: datetime) -> bool:
    return period.start <= since and datetime.now(UTC) - period.end <= _LAG


async def _events_or_none(account: AccountAccess, draft: AccountDraft, *, since: datetime) -> list[Event] | None:
    """The events of new keys since then; they may lie outside of the audit's period, and are no part of its report."""
    now = datetime.now(UTC).replace(microsecond=0)
    period = Period(min(since, now), now)
    try:
        found = [raw async for raw in raw_events(account, CREATE_ACCESS_KEY, period=period)]
        # Of one that is odd all is kept that tells whose key it may be.
        events = [event_of(raw, asked=CREATE_ACCESS_KEY) for raw in found if not is_foreign(raw)]
    except RequestError as error:
        draft.fallbacks.append(f"New keys could not be looked up: {error}")
        return None
    return [*events, *draft.events.values()]


def _is_new_key(event: Event, *, since: datetime) -> bool:
    return event.name == CREATE_ACCESS_KEY and event.happened and event.at >= since


def _named(users: Mapping[int, User], events: Iterable[Event]) -> dict[int, User]:
    """The users whom the events name, in whatever case; an event that names nobody, but root's own, may mean each."""
    names: set[str] = set()
    for event in events:
        if event.target_user:
            names.add(event.target_user.casefold())
        elif not event.actor_arn.endswith(":root"):
            return dict(users)
    return {index: user for index, user in users.items() if user.name.casefold() in names}

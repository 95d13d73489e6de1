"""The IAM users of an account, with what its credential report says of them where that is sure.

Who has got a key since the report was made is known from CloudTrail.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import anyio

from auditor.account.collectors.credential_report import CredentialReport, ReportedUser, request_report
from auditor.account.collectors.events import CREATE_ACCESS_KEY, KeyEvents, event_of, is_foreign, raw_events
from auditor.account.collectors.user_facts import GONE, Gone, SecondLook
from auditor.account.collectors.users import (
    devices_of,
    examine,
    examine_users,
    keys_of,
    listed_users,
    may_sign_in,
    place_users,
    with_facts,
    with_kept_keys,
    with_last_use,
    with_sign_in,
)
from auditor.account.collectors.virtual_devices import VirtualDevices
from auditor.account.draft import AccountDraft
from auditor.aws.gateway import AccountAccess, IamAccess
from auditor.concurrency.tasks import Once
from auditor.config import ReportWait
from auditor.errors import RequestError
from auditor.model.coverage import Section
from auditor.model.facts import AccessKey, Event, Unknown, User
from auditor.model.period import Period
from auditor.model.scopes import UserScope

# CloudTrail shows most events within five minutes: a period that ended this lately holds what there is to see.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html
_LAG = timedelta(minutes=15)
_PATIENCE = 60.0
"""Seconds for which users wait for events: to ask IAM for all their keys takes less than an hour of CloudTrail's."""
_FALLBACK = "CloudTrail did not tell {}who has a new key: all users were asked for their keys."
_OLDEST = timedelta(hours=5)
"""Beyond the four hours for which IAM keeps a report, and some inaccuracy of clocks."""


async def users_with_new_keys(  # noqa: PLR0913 - where events may come from
    account: AccountAccess,
    draft: AccountDraft,
    users: Mapping[int, User],
    *,
    since: datetime,
    period: Period,
    key_events: KeyEvents,
) -> dict[int, User]:
    """Those of the users who may have got a key since then; all of them where CloudTrail does not tell in a minute.

    The events of the audit's period are awaited; CloudTrail is asked once more only where the period does not reach
    from then to now.
    """
    if not users:
        return {}
    events: tuple[Event, ...] | None = None
    with anyio.move_on_after(_PATIENCE) as scope:
        known = await key_events.known()
        if known is None or _covers(period, since=since):
            events = known
        elif (later := await _events_or_none(account, draft, since=since)) is not None:
            events = (*later, *known)
    if events is None:
        draft.fallbacks.append(_FALLBACK.format(f"within {_PATIENCE:g} seconds " if scope.cancelled_caught else ""))
        return dict(users)
    return _named(users, [event for event in events if _is_new_key(event, since=since)])


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
    return events


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


@dataclass(frozen=True, slots=True)
class _Sources:
    """What facts are taken from, beside what is asked of each user."""

    account: IamAccess
    draft: AccountDraft
    report: CredentialReport
    holders: VirtualDevices | None
    """The virtual MFA devices of now, None where they are not known."""


async def collect_users_by_report(  # noqa: PLR0913 - where facts come from
    account: AccountAccess,
    draft: AccountDraft,
    *,
    period: Period,
    report: Once[CredentialReport | None],
    devices: Once[VirtualDevices],
    key_events: KeyEvents,
) -> None:
    """Add every user to the draft; password, MFA and last use come from the credential report where it is sure.

    Users and keys are listed now: ListAccessKeys is asked of those who had a key when the report was made, of those
    who are not in it or may be others than they were, and of those for whom CloudTrail has a new key. Without a report
    everything is read now, and the draft says why.
    """
    places = list(enumerate(await listed_users(account, draft)))
    known = await report.result() if places else None
    if known is None:
        await examine_users(account, draft, places)
        return
    keyless = {index: user for index, user in places if _was_keyless(known.of(user))}
    asked = [place for place in places if place[0] not in keyless]
    needed = places if draft.scope is UserScope.ALL else asked
    sources = _Sources(
        account,
        draft,
        known,
        holders=await _holders_or_none(draft, devices) if any(known.of(user) for _, user in needed) else None,
    )
    await place_users(draft, asked, partial(_examine, sources))
    late = await users_with_new_keys(
        account, draft, keyless, since=known.sure_until, period=period, key_events=key_events
    )
    without = [(index, user) for index, user in keyless.items() if index not in late]
    await place_users(draft, without, partial(_without_keys, sources))
    await place_users(draft, late.items(), partial(_examine, sources))


async def report_or_none(account: IamAccess, draft: AccountDraft, *, wait: ReportWait) -> CredentialReport | None:
    """The report, or None with the reason noted: it is no failure, since no fact stays unread."""
    try:
        report = await request_report(account, wait=wait)
    except RequestError as error:
        draft.fallbacks.append(f"There is no credential report, everything was read from the API: {error}")
        return None
    if datetime.now(UTC) - report.made_at <= _OLDEST:
        draft.report_time = report.made_at
        return report
    made = report.made_at.isoformat()
    draft.fallbacks.append(f"The credential report is too old to be IAM's ({made}), everything was read from the API.")
    return None


async def _holders_or_none(draft: AccountDraft, devices: Once[VirtualDevices]) -> VirtualDevices | None:
    try:
        return await devices.result()
    except RequestError as error:
        draft.fallbacks.append(f"Virtual MFA devices could not be listed, MFA was read user by user: {error}")
        return None


def _was_keyless(reported: ReportedUser | None) -> bool:
    return reported is not None and not reported.keys


async def _examine(sources: _Sources, user: User) -> User | Gone:
    account, draft, report = sources.account, sources.draft, sources.report
    reported = report.of(user)
    if reported is None:
        return await examine(account, draft, user)
    user = _with_reported(user, reported)
    keys = await keys_of(account, draft, user)
    if keys is GONE:
        return GONE
    if isinstance(keys, Unknown):
        user = replace(user, keys=keys)
        return await _with_sign_in(sources, user, reported) if draft.scope is UserScope.ALL else user
    # Whoever got a key since the report was made may have got more since then than a key.
    if any(report.misses(key.created_at) for key in keys):
        return await with_facts(account, draft, user, keys=keys)
    again = SecondLook(account, user.name)
    kept = [
        found for key in keys if (found := await _with_use(sources, reported, key, keys=keys, again=again)) is not GONE
    ]
    there = await with_kept_keys(draft, user, listed=keys, kept=kept, again=again)
    if there is GONE:
        return GONE
    asked = there.keys or draft.scope is UserScope.ALL
    return await _with_sign_in(sources, there, reported) if asked else there


def _with_reported(user: User, reported: ReportedUser) -> User:
    """The user with what no API tells."""
    return replace(
        user,
        password_last_changed=reported.password_last_changed,
        active_certificates=reported.active_certificates,
    )


async def _with_use(
    sources: _Sources, reported: ReportedUser, key: AccessKey, *, keys: tuple[AccessKey, ...], again: SecondLook
) -> AccessKey | Gone:
    slot = reported.use_of(key, keys=keys)
    if slot is None:
        return await with_last_use(sources.account, sources.draft, key, again=again)
    sources.draft.count_as_answered(Section.LAST_USED)
    return replace(key, last_use=slot.used)


async def _without_keys(sources: _Sources, user: User) -> User | Gone:
    """The user whom the report knows to have no key, and CloudTrail knows of none since."""
    reported = sources.report.of(user)
    if reported is None or sources.draft.scope is not UserScope.ALL:
        return user
    return await _with_sign_in(sources, _with_reported(user, reported), reported)


async def _with_sign_in(sources: _Sources, user: User, reported: ReportedUser) -> User | Gone:
    """The user with password and MFA; that they are listed, and their keys are, has shown that they exist."""
    if reported.has_password is None:
        return await with_sign_in(sources.account, sources.draft, user)
    there = await _with_devices(sources, replace(user, has_password=reported.has_password), reported)
    if there is not GONE:
        sources.draft.count_as_answered(Section.PASSWORD)
    return there


async def _with_devices(sources: _Sources, user: User, reported: ReportedUser) -> User | Gone:
    """The user with their devices: none where the report knows of none, and none that is virtual has come since.

    Of users with a key they are read now otherwise, since the report tells no device's kind, and of users with a
    password where no virtual device explains what the report says. Who has neither costs no call; who holds a virtual
    device costs one where their keys were refused, since they may have one.
    """
    held = None if sources.holders is None else sources.holders.get(user.arn, ())
    if held == () and reported.mfa_active is False:
        sources.draft.count_as_answered(Section.MFA)
        return replace(user, mfa_devices=())
    if held and user.keys == ():
        sources.draft.count_as_answered(Section.MFA)
        return replace(user, mfa_devices=held)
    if not held and not may_sign_in(user):
        return user
    devices = await devices_of(sources.account, sources.draft, user)
    return GONE if devices is GONE else replace(user, mfa_devices=devices)

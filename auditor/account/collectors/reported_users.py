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
    examine_users,
    keys_of,
    listed_users,
    place_users,
    with_facts,
    with_kept_keys,
    with_last_use,
    with_sign_in,
)
from auditor.account.draft import AccountDraft
from auditor.aws.gateway import AccountAccess, IamAccess
from auditor.aws.pages import listed
from auditor.aws.reading import object_in, text_in
from auditor.config import ReportWait
from auditor.errors import RequestError
from auditor.model.coverage import Section
from auditor.model.facts import AccessKey, Event, MfaDevice, Period, Unknown, User

# CloudTrail shows most events within five minutes: a period that ended this lately holds what there is to see.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html
_LAG = timedelta(minutes=15)
_PATIENCE = 60.0
"""Seconds for which users wait for events: to ask IAM for all their keys takes less than an hour of CloudTrail's."""
_FALLBACK = "CloudTrail did not tell {}who has a new key: all users were asked for their keys."
_PAGE = 1000
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
    holders: frozenset[str] | None
    """ARNs of those who hold a virtual MFA device now, None where that is not known."""


async def collect_users_by_report(
    account: AccountAccess, draft: AccountDraft, *, period: Period, wait: ReportWait, key_events: KeyEvents
) -> None:
    """Add every user to the draft; password, MFA and last use come from the credential report where it is sure.

    Users and keys are listed now: ListAccessKeys is asked of those who had a key when the report was made, of those
    who are not in it or may be others than they were, and of those for whom CloudTrail has a new key. Without a report
    everything is read now, and the draft says why.
    """
    places = list(enumerate(await listed_users(account, draft)))
    report = await _report_or_none(account, draft, wait=wait) if places else None
    if report is None:
        await examine_users(account, draft, places)
        return
    draft.report_time = report.made_at
    keyless = {index: user for index, user in places if _was_keyless(report.of(user))}
    asked = [place for place in places if place[0] not in keyless]
    sources = _Sources(
        account,
        draft,
        report,
        holders=await _holders_or_none(account, draft) if any(report.of(user) for _, user in asked) else None,
    )
    await place_users(draft, asked, partial(_examine, sources))
    late = await users_with_new_keys(
        account, draft, keyless, since=report.sure_until, period=period, key_events=key_events
    )
    draft.users.update({index: user for index, user in keyless.items() if index not in late})
    await place_users(draft, late.items(), partial(_examine, sources))


async def _report_or_none(account: IamAccess, draft: AccountDraft, *, wait: ReportWait) -> CredentialReport | None:
    """The report, or None with the reason noted: it is no failure, since no fact stays unread."""
    try:
        report = await request_report(account, wait=wait)
    except RequestError as error:
        draft.fallbacks.append(f"There is no credential report, everything was read from the API: {error}")
        return None
    if datetime.now(UTC) - report.made_at <= _OLDEST:
        return report
    made = report.made_at.isoformat()
    draft.fallbacks.append(f"The credential report is too old to be IAM's ({made}), everything was read from the API.")
    return None


async def _holders_or_none(account: IamAccess, draft: AccountDraft) -> frozenset[str] | None:
    """Who holds a virtual device; root's has no user's name, but an ARN as all have.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_VirtualMFADevice.html
    """
    listing = listed(
        account.access,
        account.iam.list_virtual_mfa_devices,
        member="VirtualMFADevices",
        key="SerialNumber",
        AssignmentStatus="Assigned",
        MaxItems=_PAGE,
    )
    holders: set[str] = set()
    try:
        async for page in listing:
            holders.update(text_in(object_in(raw, "User"), "Arn") for raw in page)
    except RequestError as error:
        draft.fallbacks.append(f"Virtual MFA devices could not be listed, MFA was read user by user: {error}")
        return None
    if "" in holders:
        draft.fallbacks.append("Whom a virtual MFA device belongs to could not be read: MFA was read user by user.")
        return None
    return frozenset(holders)


def _was_keyless(reported: ReportedUser | None) -> bool:
    return reported is not None and not reported.keys


async def _examine(sources: _Sources, user: User) -> User | Gone:
    account, draft, report = sources.account, sources.draft, sources.report
    keys = await keys_of(account, draft, user)
    if keys is GONE:
        return GONE
    if isinstance(keys, Unknown):
        return replace(user, keys=keys)
    reported = report.of(user)
    # Whoever got a key since the report was made may have got more since then than a key.
    if reported is None or any(report.misses(key.created_at) for key in keys):
        return await with_facts(account, draft, user, keys=keys)
    again = SecondLook(account, user.name)
    kept = [
        found for key in keys if (found := await _with_use(sources, reported, key, keys=keys, again=again)) is not GONE
    ]
    there = await with_kept_keys(draft, user, listed=keys, kept=kept, again=again)
    return there if there is GONE or not there.keys else await _with_sign_in(sources, there, reported)


async def _with_use(
    sources: _Sources, reported: ReportedUser, key: AccessKey, *, keys: tuple[AccessKey, ...], again: SecondLook
) -> AccessKey | Gone:
    slot = reported.use_of(key, keys=keys)
    if slot is None:
        return await with_last_use(sources.account, sources.draft, key, again=again)
    sources.draft.count_as_answered(Section.LAST_USED)
    return replace(key, last_use=slot.used)


async def _with_sign_in(sources: _Sources, user: User, reported: ReportedUser) -> User | Gone:
    """The user with password and MFA; the list of their keys has shown that they exist."""
    if reported.has_password is None:
        return await with_sign_in(sources.account, sources.draft, user)
    devices = await _devices(sources, user, reported)
    if devices is GONE:
        return GONE
    sources.draft.count_as_answered(Section.PASSWORD)
    return replace(user, has_password=reported.has_password, mfa_devices=devices)


async def _devices(sources: _Sources, user: User, reported: ReportedUser) -> tuple[MfaDevice, ...] | Unknown | Gone:
    """The user's devices: none where the report knows of none, and none that is virtual has come since.

    They are read now of all others: the report tells no device's kind, and there are more than virtual and hardware.
    """
    if reported.mfa_active is False and sources.holders is not None and user.arn not in sources.holders:
        sources.draft.count_as_answered(Section.MFA)
        return ()
    return await devices_of(sources.account, sources.draft, user)

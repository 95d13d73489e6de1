"""Who got an access key since the credential report was made, as far as CloudTrail tells it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest

from auditor.account.collectors.events import KeyEvents
from auditor.account.collectors.reported_users import users_with_new_keys
from auditor.account.draft import AccountDraft
from auditor.model.facts import Event, User
from auditor.model.period import Period
from tests.fakes import JUMPING, FakeService, Script, account_access, refusal

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC).replace(microsecond=0)
SINCE = NOW - timedelta(hours=2)
RECENT = NOW - timedelta(hours=1)
WHOLE = Period(NOW - timedelta(days=90), NOW)
USERS = {
    place: User(name, f"AIDA{place}", f"arn:{name}", "/", SINCE, None) for place, name in enumerate(("Ana", "bo", "cy"))
}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates take no time."""
    return JUMPING


def event(target: str, *, at: datetime = RECENT, **members: Any) -> Event:
    """An event of a new key."""
    return Event("id", "CreateAccessKey", at, "somebody", target_user=target, **members)


async def found(
    *events: Event, known: bool = True, period: Period = WHOLE, lookup: Script | None = None
) -> tuple[set[str], AccountDraft]:
    """The names of those who may have a new key, and the draft."""
    draft, key_events = AccountDraft(), KeyEvents()
    key_events.give(events if known else None)
    cloudtrail = FakeService("cloudtrail", **({} if lookup is None else {"lookup_events": lookup}))
    account = account_access(FakeService("iam"), cloudtrail)
    users = await users_with_new_keys(account, draft, USERS, since=SINCE, period=period, key_events=key_events)
    return {user.name for user in users.values()}, draft


@pytest.mark.parametrize(
    ("one", "names"),
    [
        pytest.param(event("bo"), {"bo"}, id="named"),
        pytest.param(event("ANA"), {"Ana"}, id="names of users differ in case only for people"),
        pytest.param(event("bo", at=SINCE - timedelta(seconds=1)), set(), id="older than the report"),
        pytest.param(event("bo", error_code="AccessDenied"), set(), id="refused"),
        pytest.param(event("dan"), set(), id="somebody else"),
        pytest.param(event(""), {"Ana", "bo", "cy"}, id="names nobody: may be each"),
        pytest.param(event("", actor_arn="arn:aws:iam::1:root"), set(), id="root's own key"),
    ],
)
async def test_who_is_named_by_an_event(one: Event, names: set[str]) -> None:
    """Users whom an event of a new key may mean, and no others; CloudTrail is asked nothing more."""
    assert names == (await found(one))[0]


async def test_without_events_all_may_have_new_keys() -> None:
    """Where CloudTrail refused the events, all users are asked, and the draft says why."""
    names, draft = await found(known=False)

    assert {"Ana", "bo", "cy"} == names
    assert 1 == len(draft.fallbacks)


@pytest.mark.parametrize(
    "period",
    [Period(NOW - timedelta(minutes=30), NOW), Period(NOW - timedelta(days=90), NOW - timedelta(days=2))],
    ids=["begins too late", "ended long ago"],
)
async def test_another_period_is_asked_for_once_more(period: Period) -> None:
    """Where the audit's period does not reach from the report to now, CloudTrail is asked for that time."""
    raw = {"EventId": "1", "EventName": "CreateAccessKey", "EventTime": RECENT}
    record = {"CloudTrailEvent": '{"requestParameters": {"userName": "cy"}}'}
    names, draft = await found(period=period, lookup={"Events": [raw | record]})

    assert {"cy"} == names
    assert ([], []) == (list(draft.events), draft.fallbacks)


async def test_a_refused_second_question_asks_all() -> None:
    """What can't be looked up is no reason to overlook anybody."""
    names, draft = await found(period=Period(RECENT, NOW), lookup=refusal("AccessDeniedException"))

    assert {"Ana", "bo", "cy"} == names
    assert 2 == len(draft.fallbacks)


async def test_without_users_nothing_is_asked() -> None:
    """Nobody can have a new key where there is nobody."""
    account = account_access(FakeService("iam"), FakeService("cloudtrail"))

    nobody = await users_with_new_keys(account, AccountDraft(), {}, since=SINCE, period=WHOLE, key_events=KeyEvents())
    assert {} == nobody


async def test_events_are_waited_for_a_minute() -> None:
    """Where CloudTrail is long in telling the events of the audit, all users are asked, and the draft says so."""
    draft, began = AccountDraft(), anyio.current_time()
    account = account_access(FakeService("iam"), FakeService("cloudtrail"))
    users = await users_with_new_keys(account, draft, USERS, since=SINCE, period=WHOLE, key_events=KeyEvents())

    assert USERS == users
    assert 60 == pytest.approx(anyio.current_time() - began, abs=1)
    assert draft.fallbacks == [
        "CloudTrail did not tell within 60 seconds who has a new key: all users were asked for their keys."
    ]


async def test_the_second_question_is_no_longer_waited_for() -> None:
    """Where CloudTrail is asked once more, and hangs, the minute is one for both."""
    began = anyio.current_time()

    async def hang(**_: Any) -> dict[str, Any]:
        await anyio.sleep(10_000)
        return {"Events": []}

    names, draft = await found(period=Period(SINCE + timedelta(minutes=5), NOW), lookup=hang)

    assert {"Ana", "bo", "cy"} == names
    assert 60 == pytest.approx(anyio.current_time() - began, abs=1)
    assert "within 60 seconds" in draft.fallbacks[-1]

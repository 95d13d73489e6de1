"""Two readings of one account, as one report."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.coverage import Completeness, Failure, Section, SectionCoverage, coverage_of
from auditor.model.facts import NOT_ASKED, LoginProfile, NotAsked, Root, ServiceCredential, Unknown, User
from auditor.model.merge import merged
from auditor.model.placeholders import failed, not_reached
from auditor.model.report import AccountReport
from auditor.model.scopes import UserScope
from tests.samples import ACCOUNT, DEVICE, EVENT, KEY, NOW, REPORT, USER

LOST = Unknown("Timeout")
FACTS = (Section.KEYS, Section.LAST_USED, Section.PASSWORD, Section.MFA)


def user(name: str, *, lost: Iterable[Section] = ()) -> User:
    """A user with one key, without the facts that were lost."""
    key = replace(KEY, id=f"AKIA-{name}", last_use=LOST if Section.LAST_USED in lost else KEY.last_use)
    if Section.KEYS in lost:
        return replace(USER, name=name, id=name, keys=LOST, has_password=None, mfa_devices=None)
    return replace(
        USER,
        name=name,
        id=name,
        keys=(key,),
        has_password=LOST if Section.PASSWORD in lost else True,
        mfa_devices=LOST if Section.MFA in lost else (DEVICE,),
    )


def reading(*users: User, events: int = 5, lost_users: bool = False) -> AccountReport:
    """A report of these users; `events` of five questions about events were answered, one event each."""
    missing = {section: [one for one in users if lacks(one, section)] for section in FACTS}
    asked = {section: len(users) for section in FACTS} | {Section.ROLE: 1, Section.USERS: 1, Section.EVENTS: 5}
    unanswered = {section: len(lost) for section, lost in missing.items()}
    unanswered |= {Section.USERS: int(lost_users), Section.EVENTS: 5 - events}
    failures = tuple(
        Failure(section, "Timeout", "no reply", count=count) for section, count in unanswered.items() if count
    )
    answered = {section: count - unanswered.get(section, 0) for section, count in asked.items()}
    partly = {Section.USERS} if lost_users and users else set()
    return AccountReport(
        account=ACCOUNT,
        role="Audit",
        users=users,
        events=tuple(replace(EVENT, id=f"event-{number}") for number in range(events)),
        coverage=coverage_of(failures, asked=asked, answered=answered, partly=partly),
        failures=failures,
        requests=10,
        throttles=1,
        seconds=2.0,
        started_at=NOW,
    )


def lacks(one: User, section: Section) -> bool:
    """Whether the user lacks the fact."""
    match section:
        case Section.KEYS:
            return one.keys == LOST
        case Section.LAST_USED:
            return isinstance(one.keys, tuple) and any(key.last_use == LOST for key in one.keys)
        case Section.PASSWORD:
            return one.has_password == LOST
        case _:
            return one.mfa_devices == LOST


def knows(one: User, section: Section) -> bool:
    """Whether the user has the fact; one that was not asked for is not there."""
    match section:
        case Section.PASSWORD:
            return isinstance(one.has_password, bool)
        case Section.MFA:
            return isinstance(one.mfa_devices, tuple)
        case _:
            return isinstance(one.keys, tuple) and not lacks(one, section)


def word(report: AccountReport, section: Section) -> Completeness:
    """How much of the section was read."""
    return next(covered.completeness for covered in report.coverage if covered.section is section)


ODD = Failure(Section.KEYS, "InvalidResponse", "a key has no id")


def with_odd_key(report: AccountReport) -> AccountReport:
    """The same, with a key that could not be read in an answer."""
    failures = (*report.failures, ODD)
    return replace(report, failures=failures, coverage=coverage_again(report, failures))


def of_all(report: AccountReport, *, asked: int = 1, failed: int = 0) -> AccountReport:
    """The same of all users, where so many questions about service credentials were asked, and so many failed."""
    more = (Failure(Section.SERVICE_CREDENTIALS, "Timeout", "no reply", count=failed),) if failed else ()
    failures, counts = (*report.failures, *more), (asked, asked - failed)
    return replace(
        report,
        scope=UserScope.ALL,
        failures=failures,
        coverage=coverage_again(report, failures, {Section.SERVICE_CREDENTIALS: counts}, scope=UserScope.ALL),
    )


def coverage_again(
    report: AccountReport,
    failures: Iterable[Failure],
    more: Mapping[Section, tuple[int, int]] = MappingProxyType({}),
    *,
    scope: UserScope = UserScope.WITH_KEYS,
) -> tuple[SectionCoverage, ...]:
    """The coverage of the report with these failures, and with more questions, asked and answered."""
    counts = {covered.section: (covered.asked, covered.answered) for covered in report.coverage} | dict(more)
    asked, answered = ({section: count[place] for section, count in counts.items()} for place in (0, 1))
    return coverage_of(failures, asked=asked, answered=answered, scope=scope)


LOSSES = st.lists(st.sets(st.sampled_from(FACTS)), min_size=3, max_size=3)


@given(first=LOSSES, second=LOSSES)
def test_a_fact_is_there_where_either_reading_has_it(first: list[set[Section]], second: list[set[Section]]) -> None:
    """Nothing that one reading knows is lost, and coverage and failures tell just what neither knows."""
    names = ("ana", "bea", "eva")
    readings = [
        reading(*(user(name, lost=lost) for name, lost in zip(names, losses, strict=True)))
        for losses in (first, second)
    ]
    whole = merged(*readings)
    for one in whole.users:
        others = [next(other for other in each.users if other.name == one.name) for each in readings]
        for section in FACTS:
            assert any(knows(other, section) for other in others) == knows(one, section)
    told = {failure.section: failure.count for failure in whole.failures}
    assert {s: n for s in FACTS if (n := sum(lacks(one, s) for one in whole.users))} == told
    assert (not told) == whole.complete
    assert {section for section in FACTS if word(whole, section) is Completeness.COMPLETE} >= (
        set(FACTS) if not told else set()
    )


def test_two_halves_make_a_whole() -> None:
    """A user's password from one reading and another's from the other leave no failure."""
    first = reading(user("ana", lost=[Section.PASSWORD]), user("bea"))
    second = reading(user("ana"), user("bea", lost=[Section.PASSWORD]), events=3)
    whole = merged(first, second)
    assert reading(user("ana"), user("bea")).coverage == whole.coverage
    assert ((), (user("ana"), user("bea")), 5) == (whole.failures, whole.users, len(whole.events))


def test_each_section_comes_from_the_reading_that_has_more_of_it() -> None:
    """Users of the first and events of the second reading are in one report."""
    first, second = reading(user("ana"), events=2), reading(events=5, lost_users=True)
    whole = merged(first, second)
    assert ((user("ana"),), 5, ()) == (whole.users, len(whole.events), whole.failures)
    assert whole.complete


def test_the_later_word_counts() -> None:
    """Where both readings know a fact it is the later one's."""
    first = reading(user("ana"))
    second = reading(replace(user("ana"), has_password=False, keys=()))
    assert second.users == merged(first, second).users


def test_the_later_code_counts_where_neither_reading_knows() -> None:
    """It is the one that the account's failures tell."""
    first = reading(user("ana", lost=[Section.LAST_USED]))
    second = replace(first, failures=(Failure(Section.LAST_USED, "InvalidResponse", "odd"),))
    key = replace(KEY, id="AKIA-ana", last_use=Unknown("InvalidResponse"))
    second = replace(second, users=(replace(user("ana"), keys=(key,)),))
    whole = merged(first, second)
    assert ((key,), second.failures) == (whole.users[0].keys, whole.failures)


def test_who_was_deleted_between_the_readings_is_gone() -> None:
    """A user whom the later list of all users lacks has no row, and is counted."""
    whole = merged(reading(user("ana"), user("bea"), events=1), reading(user("bea")))
    assert ((user("bea"),), 1) == (whole.users, whole.vanished_users)


def test_who_is_missing_in_a_list_that_was_cut_stays() -> None:
    """A list that did not end says nothing of those who would have come later."""
    whole = merged(reading(user("ana"), user("bea"), events=1), reading(user("ana"), lost_users=True))
    assert (("ana", "bea"), 0) == (tuple(one.name for one in whole.users), whole.vanished_users)


def test_another_user_of_the_same_name_has_facts_of_their_own() -> None:
    """Who was made anew between the readings has nothing of their predecessor."""
    anew = replace(user("ana", lost=[Section.PASSWORD]), id="another")
    whole = merged(reading(user("ana")), reading(anew))
    assert (anew,) == whole.users


@pytest.mark.parametrize("second", [failed(ACCOUNT, Failure(Section.ROLE, "Timeout", "no")), not_reached(ACCOUNT)])
def test_a_second_reading_that_has_nothing_takes_nothing(second: AccountReport) -> None:
    """Where the account could not be entered again, what was read stays, and what it lacks."""
    first = reading(user("ana"), events=3)
    whole = merged(first, replace(second, requests=2))
    assert (first.users, first.events, first.coverage, first.failures) == (
        whole.users,
        whole.events,
        whole.coverage,
        whole.failures,
    )


def test_an_account_that_lets_in_the_second_time_is_as_it_was_read_then() -> None:
    """Nothing of the first failure is left but its costs."""
    first = replace(failed(ACCOUNT, Failure(Section.ROLE, "Timeout", "no")), requests=8, seconds=20.0)
    whole = merged(first, REPORT)
    assert (
        replace(REPORT, requests=REPORT.requests + 8, seconds=REPORT.seconds + 20, started_at=whole.started_at) == whole
    )


def test_costs_are_those_of_both_readings() -> None:
    """Requests, throttles and seconds are added, and it began when the first did."""
    later = replace(reading(user("ana")), started_at=NOW + timedelta(minutes=5))
    whole = merged(reading(user("ana"), events=1), later)
    assert (20, 2, 4.0, NOW) == (whole.requests, whole.throttles, whole.seconds, whole.started_at)


def test_an_item_that_both_readings_could_not_read_is_still_told() -> None:
    """A failure that no unanswered question explains is one of an item, which is the same again."""
    whole = merged(*(with_odd_key(each) for each in (reading(user("ana"), events=1), reading(user("ana")))))
    assert (ODD,) == whole.failures
    assert Completeness.PARTIAL is word(whole, Section.KEYS)


@pytest.mark.parametrize("first", [True, False])
def test_an_item_that_one_reading_could_not_read_is_told_where_the_other_has_no_answer(first: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The keys are those of the reading that had the item, and the other one does not say that there is none."""
    readings = [with_odd_key(reading(user("ana"), user("bo"))), reading(user("ana", lost=[Section.KEYS]), user("bo"))]
    whole = merged(*(readings if first else reversed(readings)))
    assert (ODD,) == whole.failures
    assert Completeness.PARTIAL is word(whole, Section.KEYS)


def test_an_item_that_could_be_read_the_second_time_is_no_failure() -> None:
    """The later answer is whole, and it is the one that counts."""
    assert merged(with_odd_key(reading(user("ana"))), reading(user("ana"))).complete


def test_sections_that_a_reading_does_not_name_are_not_asked() -> None:
    """A report without coverage, as of an older version, has no more than one with it."""
    whole = merged(
        replace(reading(), coverage=(SectionCoverage(Section.ROLE, Completeness.COMPLETE, 1, 1),)), reading()
    )
    assert reading().coverage == whole.coverage


PROFILE = LoginProfile(NOW, reset_required=False)
CREDENTIALS = (ServiceCredential("ana", "ACCA1", "bedrock.amazonaws.com", "key", "Active", NOW, None),)
ROOT = Root(
    arn="arn:aws:iam::222222222222:root",
    has_password=True,
    has_mfa=False,
    has_keys=False,
    has_certificates=False,
    mfa_devices=(),
    keys=(),
    created_at=Unknown("OnlyInReport"),
    password_last_used=None,
)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (PROFILE, LOST, PROFILE),
        (LOST, PROFILE, PROFILE),
        (PROFILE, None, None),
        (NOT_ASKED, LOST, LOST),
        (PROFILE, NOT_ASKED, PROFILE),
        (LOST, Unknown("AccessDenied"), Unknown("AccessDenied")),
    ],
)
def test_facts_that_some_audits_ask_for(first: LoginProfile, second: LoginProfile, expected: object) -> None:
    """A fact that is known is kept, then why it is not known; not to have asked says least."""
    before, after = (replace(user("ana"), login_profile=profile) for profile in (first, second))

    assert [expected] == [known.login_profile for known in merged(reading(before), reading(after)).users]


def test_service_credentials_of_the_reading_that_has_them() -> None:
    """A list that was refused the second time takes nothing from the users."""
    before, after = (replace(user("ana"), service_credentials=known) for known in (CREDENTIALS, LOST))

    assert [CREDENTIALS] == [known.service_credentials for known in merged(reading(before), reading(after)).users]


def test_credentials_that_no_reading_has_are_told_with_the_users_of_one() -> None:
    """The second reading has them all, and no user; the first has the user, and not them."""
    ana = replace(user("ana"), service_credentials=LOST)
    whole = merged(of_all(reading(ana), failed=1), of_all(reading(lost_users=True)))

    assert [LOST] == [known.service_credentials for known in whole.users]
    assert Completeness.FAILED is word(whole, Section.SERVICE_CREDENTIALS)
    assert [Failure(Section.SERVICE_CREDENTIALS, "Timeout", "no reply")] == list(whole.failures)


@pytest.mark.parametrize(
    ("known", "expected"), [((False, True), Completeness.COMPLETE), ((False, False), Completeness.PARTIAL)]
)
def test_credentials_that_were_asked_user_by_user(known: tuple[bool, bool], expected: Completeness) -> None:
    """What is missing are the users of whom neither reading has them."""
    readings = [
        reading(
            replace(user("ana"), service_credentials=CREDENTIALS if has_first else LOST),
            replace(user("bo"), service_credentials=() if not has_first else LOST),
            replace(user("eva"), service_credentials=() if expected is Completeness.COMPLETE else LOST),
        )
        for has_first in known
    ]
    whole = merged(*(of_all(each, asked=5, failed=2) for each in readings))

    assert expected is word(whole, Section.SERVICE_CREDENTIALS)


def test_credentials_of_no_user_fail_as_they_were_read() -> None:
    """An account without users does not show whether the list was read."""
    whole = merged(*(of_all(reading(), failed=1) for _ in range(2)))

    assert Completeness.FAILED is word(whole, Section.SERVICE_CREDENTIALS)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (ROOT, NOT_ASKED, ROOT),
        (NOT_ASKED, ROOT, ROOT),
        (replace(ROOT, has_mfa=LOST), replace(ROOT, has_keys=LOST), ROOT),
        (ROOT, replace(ROOT, has_password=False), replace(ROOT, has_password=False)),
    ],
)
def test_root_has_the_facts_of_both(first: Root | NotAsked, second: Root | NotAsked, expected: Root) -> None:
    """Each fact is from the reading that has it, the later one where both do."""
    whole = merged(replace(reading(), root=first), replace(reading(), root=second))

    assert expected == whole.root


def test_root_is_unknown_for_the_reason_of_the_reading_whose_failures_are_told() -> None:
    """That only the report has the keys is no failure; that the summary timed out the second time was one."""
    only = Unknown("OnlyInReport")
    first, second = (
        replace(
            reading(),
            scope=UserScope.ALL,
            coverage=coverage_again(reading(), failures, {Section.ROOT: (1, 1 - len(failures))}, scope=UserScope.ALL),
            failures=failures,
            root=replace(ROOT, has_keys=has_keys, keys=keys),
        )
        for failures, has_keys, keys in (
            ((), True, only),
            ((Failure(Section.ROOT, "Timeout", "no reply"),), LOST, LOST),
        )
    )
    whole = merged(first, second)

    assert replace(ROOT, has_keys=True, keys=only) == whole.root
    assert Completeness.COMPLETE is word(whole, Section.ROOT)


def test_the_scope_decides_what_passwords_rest_on() -> None:
    """Of all users they were asked whether or not keys were known."""
    ana = replace(user("ana", lost=[Section.KEYS]), has_password=True, mfa_devices=())
    first, second = (replace(reading(ana), scope=UserScope.ALL) for _ in range(2))
    words = {covered.section: covered.completeness for covered in merged(first, second).coverage}

    assert (Completeness.FAILED, Completeness.COMPLETE) == (words[Section.KEYS], words[Section.PASSWORD])

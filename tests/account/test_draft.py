"""What is asked and answered becomes facts, failures, and a word for every section."""

from typing import Any

import pytest

from auditor.account.draft import AccountDraft
from auditor.errors import RequestError
from auditor.model.coverage import Completeness, Section, SectionCoverage
from auditor.model.facts import NOT_ASKED, Event, ServiceCredential, Unknown, User
from auditor.model.scopes import UserScope
from tests.fakes import NOON, account

pytestmark = pytest.mark.anyio

COMPLETE, PARTIAL = Completeness.COMPLETE, Completeness.PARTIAL
DENIED, FAILED, SKIPPED = Completeness.DENIED, Completeness.FAILED, Completeness.SKIPPED


def error(code: str) -> RequestError:
    """A request that was not answered."""
    return RequestError(code=code, message="no", service="iam", operation="any", request_id=f"id of {code}")


async def answer() -> str:
    """An answer."""
    return "yes"


async def refuse(code: str) -> str:
    """None."""
    raise error(code)


async def drafted(*questions: tuple[Section, str | None], scope: UserScope = UserScope.WITH_KEYS) -> AccountDraft:
    """A draft after these questions: sections, with the code of each refusal."""
    draft = AccountDraft(scope)
    for section, code in questions:
        await draft.ask(section, answer() if code is None else refuse(code))
    return draft


def words(draft: AccountDraft) -> dict[Section, Completeness]:
    """The word of every section."""
    return {coverage.section: coverage.completeness for coverage in draft.coverage()}


async def test_an_answer_is_returned() -> None:
    """What was answered is the answer."""
    assert await AccountDraft().ask(Section.USERS, answer()) == "yes"


async def test_a_refusal_is_unknown_and_noted() -> None:
    """What was not answered is Unknown with its code, and a failure with all that AWS said."""
    draft = AccountDraft()

    assert await draft.ask(Section.KEYS, refuse("AccessDenied")) == Unknown("AccessDenied")
    (failure,) = draft.failures()
    assert (failure.section, failure.code, failure.request_id, failure.count) == (
        Section.KEYS,
        "AccessDenied",
        "id of AccessDenied",
        1,
    )


async def test_other_errors_pass() -> None:
    """Only an unanswered request is an answer of this kind: a bug is not."""

    async def stumble() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await AccountDraft().ask(Section.KEYS, stumble())


async def test_failures_of_one_section_and_code_are_one() -> None:
    """A thousand refused keys are one failure with a count, and another code or section is another."""
    draft = await drafted(
        *[(Section.KEYS, "AccessDenied")] * 3, (Section.KEYS, "Timeout"), (Section.MFA, "AccessDenied")
    )

    assert [(failure.section, failure.code, failure.count) for failure in draft.failures()] == [
        (Section.KEYS, "AccessDenied", 3),
        (Section.KEYS, "Timeout", 1),
        (Section.MFA, "AccessDenied", 1),
    ]


async def test_failures_of_two_actions_are_two() -> None:
    """What a role must allow for a failure is known of each: of two denied actions in one section both are."""
    draft = AccountDraft()
    for operation in ("list_mfa_devices", "list_virtual_mfa_devices", "list_mfa_devices", "none_of_ours"):
        refused = RequestError(code="AccessDenied", message="no", service="iam", operation=operation)
        draft.note(Section.MFA, refused)
    draft.fail(Section.MFA, code="AccessDenied", message="said by nobody")

    assert [("iam:ListMFADevices", 2), ("iam:ListVirtualMFADevices", 1), ("", 2)] == [
        (failure.action, failure.count) for failure in draft.failures()
    ]


async def test_questions_are_counted() -> None:
    """Coverage tells how many questions a section asked, and how many were answered."""
    draft = await drafted((Section.KEYS, None), (Section.KEYS, None), (Section.KEYS, "Timeout"))

    assert SectionCoverage(Section.KEYS, PARTIAL, asked=3, answered=2) in draft.coverage()


OF_ALL = (Section.ROOT, Section.SERVICE_CREDENTIALS)
ROLE, USERS, KEYS = Section.ROLE, Section.USERS, Section.KEYS
LAST_USED, PASSWORD, MFA, EVENTS = Section.LAST_USED, Section.PASSWORD, Section.MFA, Section.EVENTS
CASES: dict[str, tuple[list[tuple[Section, str | None]], dict[Section, Completeness]]] = {
    "all": (
        [(section, None) for section in Section],
        {**dict.fromkeys(Section, COMPLETE), **dict.fromkeys(OF_ALL, SKIPPED)},
    ),
    "no users": (
        [(ROLE, None), (USERS, None), (EVENTS, None)],
        {**dict.fromkeys(Section, COMPLETE), **dict.fromkeys(OF_ALL, SKIPPED)},
    ),
    "role denied": (
        [(ROLE, "AccessDenied")],
        {**dict.fromkeys(Section, SKIPPED), ROLE: DENIED},
    ),
    "role not reached": ([(ROLE, "Timeout")], {**dict.fromkeys(Section, SKIPPED), ROLE: FAILED}),
    "users denied": (
        [(ROLE, None), (USERS, "AccessDenied"), (EVENTS, None)],
        {ROLE: COMPLETE, USERS: DENIED, EVENTS: COMPLETE, **dict.fromkeys((KEYS, LAST_USED, PASSWORD, MFA), SKIPPED)},
    ),
    "all keys denied": (
        [(ROLE, None), (USERS, None), (KEYS, "AccessDenied"), (KEYS, "AccessDenied")],
        {USERS: COMPLETE, KEYS: DENIED, **dict.fromkeys((LAST_USED, PASSWORD, MFA), SKIPPED)},
    ),
    "some keys denied": (
        [(ROLE, None), (USERS, None), (KEYS, None), (KEYS, "AccessDenied"), (MFA, None), (PASSWORD, None)],
        {USERS: COMPLETE, KEYS: PARTIAL, PASSWORD: PARTIAL, MFA: PARTIAL},
    ),
    "passwords denied": (
        [(ROLE, None), (USERS, None), (KEYS, None), (PASSWORD, "AccessDenied"), (MFA, None)],
        {KEYS: COMPLETE, PASSWORD: DENIED, MFA: COMPLETE},
    ),
    "denied and timed out": (
        [(ROLE, None), (USERS, None), (KEYS, None), (MFA, "AccessDenied"), (MFA, "Timeout")],
        {MFA: FAILED},
    ),
    "some events": ([(ROLE, None), (EVENTS, None), (EVENTS, "AccessDeniedException")], {EVENTS: PARTIAL}),
    "events denied": ([(ROLE, None), (EVENTS, "AccessDeniedException")], {EVENTS: DENIED, USERS: COMPLETE}),
}


@pytest.mark.parametrize("case", CASES)
async def test_every_section_has_a_word(case: str) -> None:
    """A section is complete, partial, denied, failed or skipped, as far as it and what it rests on were answered."""
    questions, expected = CASES[case]
    found = words(await drafted(*questions))

    assert set(found) == set(Section)
    assert {section: found[section] for section in expected} == expected


CASES_OF_ALL: dict[str, tuple[list[tuple[Section, str | None]], dict[Section, Completeness]]] = {
    "all": ([(section, None) for section in Section], dict.fromkeys(Section, COMPLETE)),
    "role denied": ([(ROLE, "AccessDenied")], {**dict.fromkeys(Section, SKIPPED), ROLE: DENIED}),
    "all keys denied": (
        [(ROLE, None), (USERS, None), (KEYS, "AccessDenied"), (PASSWORD, None), (MFA, None)],
        {KEYS: DENIED, LAST_USED: SKIPPED, PASSWORD: COMPLETE, MFA: PARTIAL},
    ),
    "users denied": (
        [(ROLE, None), (USERS, "AccessDenied"), (Section.ROOT, None), (Section.SERVICE_CREDENTIALS, None)],
        {PASSWORD: SKIPPED, MFA: SKIPPED, Section.ROOT: COMPLETE, Section.SERVICE_CREDENTIALS: PARTIAL},
    ),
    "a role from before": (
        [(ROLE, None), (USERS, None), *((section, "AccessDenied") for section in OF_ALL)],
        {**dict.fromkeys(OF_ALL, DENIED), KEYS: COMPLETE},
    ),
}


@pytest.mark.parametrize("case", CASES_OF_ALL)
async def test_passwords_of_all_users_rest_on_users_alone(case: str) -> None:
    """Where all users are in scope, passwords are asked whether or not keys are known; devices of who may need them."""
    questions, expected = CASES_OF_ALL[case]
    found = words(await drafted(*questions, scope=UserScope.ALL))

    assert {section: found[section] for section in expected} == expected


CREDENTIAL = ServiceCredential("ana", "ACCA1", "bedrock.amazonaws.com", "key", "Active", NOON, None)


@pytest.mark.parametrize(
    ("scope", "others", "expected"),
    [
        (UserScope.ALL, (), [(CREDENTIAL,), ()]),
        (UserScope.ALL, Unknown("AccessDenied"), [(CREDENTIAL,), Unknown("AccessDenied")]),
        (UserScope.WITH_KEYS, NOT_ASKED, [NOT_ASKED, NOT_ASKED]),
    ],
)
def test_service_credentials_are_their_users(scope: UserScope, others: Any, expected: list[Any]) -> None:
    """They are listed for the account, and are facts of the users."""
    draft = AccountDraft(scope, users={0: user("ana"), 1: user("bo")}, other_service_credentials=others)
    draft.service_credentials["ana"] = (CREDENTIAL,)

    assert expected == [known.service_credentials for known in draft.report(account()).users]


def user(name: str) -> User:
    """A user of this name."""
    return User(name, "AIDA", "arn", "/", NOON, None)


async def test_a_report_is_in_aws_order() -> None:
    """Users are in the order of AWS's list, whenever they were examined, and events newest first."""
    draft: Any = AccountDraft()
    draft.users.update({2: user("c"), 0: user("a"), 1: user("b")})
    times = [NOON.replace(hour=hour) for hour in (3, 9, 6)]
    draft.events.update({str(at): Event(str(at), "CreateUser", at, "ana") for at in times})
    draft.vanished_users, draft.vanished_keys = 2, 3
    report = draft.report(account())

    assert [user.name for user in report.users] == ["a", "b", "c"]
    assert [event.at.hour for event in report.events] == [9, 6, 3]
    assert (report.vanished_users, report.vanished_keys) == (2, 3)

"""The users of an account: what is asked for each, and what is made of every answer and refusal."""

from typing import Any

import pytest

from auditor.account.collectors.users import collect_users
from auditor.account.draft import AccountDraft
from auditor.config import Labels
from auditor.model.coverage import Completeness, Section
from auditor.model.facts import KeyUse, LoginProfile, MfaKind, Unknown
from auditor.model.scopes import UserScope
from auditor.output.rows import finding_rows
from tests.fakes import JUMPING, NOON, Answer, FakeService, Script, account, iam_access, refusal

pytestmark = pytest.mark.anyio

DENIED = refusal("AccessDenied", status=403)
GONE = refusal("NoSuchEntity", status=404)
SERIAL = "arn:aws:iam::222222222222:mfa/ana"
NO_KEYS: dict[str, Any] = {"AccessKeyMetadata": []}
ONE_KEY: dict[str, Any] = {"AccessKeyMetadata": [{"AccessKeyId": "AKIA1", "Status": "Active", "CreateDate": NOON}]}
TWO_KEYS: dict[str, Any] = {
    "AccessKeyMetadata": [*ONE_KEY["AccessKeyMetadata"], {"AccessKeyId": "AKIA2", "Status": "Inactive"}]
}
USED = {"AccessKeyLastUsed": {"LastUsedDate": NOON, "ServiceName": "s3", "Region": "eu-west-3"}}
DEVICES = {"MFADevices": [{"SerialNumber": SERIAL, "EnableDate": NOON}]}
ANSWERS: dict[str, Script] = {
    "list_access_keys": ONE_KEY,
    "get_access_key_last_used": USED,
    "get_login_profile": {"LoginProfile": {"UserName": "ana"}},
    "list_mfa_devices": DEVICES,
}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates and pauses take no time."""
    return JUMPING


def listed(*names: str) -> dict[str, Any]:
    """The only page of ListUsers."""
    return {"Users": [{"UserName": name} for name in names], "IsTruncated": False}


def service(users: Script | None = None, **answers: Script) -> FakeService:
    """IAM of an account, by default with one user who has a key, a password and a device."""
    return FakeService("iam", list_users=listed("ana") if users is None else users, **{**ANSWERS, **answers})


async def collected(iam: FakeService) -> AccountDraft:
    """The draft after the account was asked."""
    draft = AccountDraft()
    await collect_users(iam_access(iam), draft)
    return draft


def word(draft: AccountDraft, section: Section) -> Completeness:
    """How complete a section is."""
    return {coverage.section: coverage.completeness for coverage in draft.coverage()}[section]


async def test_a_user_has_all_that_was_answered() -> None:
    """Keys with their use, password and devices are facts of the user."""
    draft = await collected(service())
    (user,) = draft.report(account()).users

    assert isinstance(user.keys, tuple)
    assert isinstance(user.mfa_devices, tuple)
    assert (user.keys[0].id, user.keys[0].last_use) == ("AKIA1", KeyUse(NOON, "s3", "eu-west-3"))
    assert (user.has_password, user.mfa_devices[0].kind) == (True, MfaKind.VIRTUAL)
    assert draft.failures() == ()


async def test_what_the_list_tells_of_a_user_is_kept() -> None:
    """Id, ARN, path and dates are AWS's own; a date that is not sent is None."""
    raw = {
        "UserName": "bo",
        "UserId": "AIDA",
        "Arn": "arn:bo",
        "Path": "/x/",
        "CreateDate": NOON,
        "PasswordLastUsed": NOON,
    }
    draft = await collected(service({"Users": [raw, {"UserName": "ana"}]}, list_access_keys=NO_KEYS))
    bo, ana = draft.report(account()).users

    assert (bo.id, bo.arn, bo.path, bo.created_at, bo.password_last_used) == ("AIDA", "arn:bo", "/x/", NOON, NOON)
    assert (ana.id, ana.arn, ana.path, ana.created_at, ana.password_last_used) == ("", "", "", None, None)


@pytest.mark.parametrize("odd", [{}, {"UserId": "AIDA1"}, {"UserName": ["ana"]}, None, "text", 7], ids=str)
async def test_a_user_without_name_costs_no_other(odd: Any) -> None:
    """Nothing can be asked about them: they are a failure, and all others are there."""
    draft = await collected(service({"Users": [*listed("ana")["Users"], odd, *listed("bo")["Users"]]}))
    (failure,) = draft.failures()

    assert ["ana", "bo"] == [user.name for user in draft.report(account()).users]
    assert (Section.USERS, "InvalidResponse", 1) == (failure.section, failure.code, failure.count)
    assert "a user has no UserName" in failure.message
    assert Completeness.PARTIAL is draft.coverage()[1].completeness


async def test_a_user_with_unreadable_times_is_there() -> None:
    """A time that can't be read is not known, which is not the same as never, and all else of the user is kept."""
    odd = {"UserName": "bo", "CreateDate": "soon", "PasswordLastUsed": True}
    draft = await collected(service({"Users": [*listed("ana")["Users"], odd]}))
    _, row = finding_rows(draft.report(account()), labels=Labels.ES)

    assert ("bo", "Desconocido (InvalidResponse)", "Configurada") == (
        *(row["username"], row["password_last_used"], row["password_status"]),
    )
    assert [(Section.USERS, 2)] == [(failure.section, failure.count) for failure in draft.failures()]


async def test_a_user_with_an_odd_device_and_no_password_is_there() -> None:
    """That their keys are looked at once more makes no failure of the password's, which is known."""
    keys = {"AccessKeyMetadata": [None, *ONE_KEY["AccessKeyMetadata"]]}
    odd: dict[str, Script] = {"list_access_keys": keys, "list_mfa_devices": {"MFADevices": [None]}}
    draft = await collected(service(listed("ana"), get_login_profile=GONE, **odd))
    (user,) = draft.report(account()).users

    assert (False, Unknown("InvalidResponse")) == (user.has_password, user.mfa_devices)
    assert {Section.KEYS, Section.MFA} == {failure.section for failure in draft.failures()}


async def test_odd_keys_and_devices_are_said_in_their_sections() -> None:
    """Every other cell of the row is what AWS says, and the coverage names what is not known."""
    keys = {"AccessKeyMetadata": [{"AccessKeyId": "AKIA0", "CreateDate": "soon"}, None, *ONE_KEY["AccessKeyMetadata"]]}
    iam = service(listed("ana"), list_access_keys=keys, list_mfa_devices={"MFADevices": [None, *DEVICES["MFADevices"]]})
    draft = await collected(iam)
    odd, whole = finding_rows(draft.report(account()), labels=Labels.ES)
    unknown = "Desconocido (InvalidResponse)"

    assert (unknown, unknown, unknown) == (odd["status"], odd["created_date"], odd["mfa_status"])
    assert ("Active", unknown, "s3") == (whole["status"], whole["mfa_status"], whole["service_name"])
    assert {(Section.KEYS, 3), (Section.MFA, 1)} == {(failure.section, failure.count) for failure in draft.failures()}
    assert {"InvalidResponse"} == {failure.code for failure in draft.failures()}


async def test_an_account_without_users_costs_one_call() -> None:
    """Nothing is asked but the list."""
    iam = service(listed())
    draft = await collected(iam)

    assert [call.operation for call in iam.calls] == ["list_users"]
    assert iam.calls[0].parameters == {"MaxItems": 1000}
    assert {word(draft, section) for section in (Section.USERS, Section.KEYS, Section.MFA)} == {Completeness.COMPLETE}
    assert {word(draft, section) for section in (Section.ROOT, Section.SERVICE_CREDENTIALS)} == {Completeness.SKIPPED}


async def test_a_user_without_keys_costs_one_call() -> None:
    """Password and devices are asked only of users with a key; the others are in the report all the same."""
    iam = service(listed("ana", "bo", "cy"), list_access_keys=NO_KEYS)
    draft = await collected(iam)

    assert sorted(call.operation for call in iam.calls) == ["list_access_keys"] * 3 + ["list_users"]
    assert [(user.name, user.keys, user.has_password, user.mfa_devices) for user in draft.report(account()).users] == [
        (name, (), None, None) for name in ("ana", "bo", "cy")
    ]


async def test_a_user_with_two_keys_costs_five_calls() -> None:
    """One call for the keys, one a key, and one each for password and devices."""
    iam = service(list_access_keys=TWO_KEYS)
    await collected(iam)

    assert sorted(call.operation for call in iam.calls) == [
        "get_access_key_last_used",
        "get_access_key_last_used",
        "get_login_profile",
        "list_access_keys",
        "list_mfa_devices",
        "list_users",
    ]


async def test_users_of_all_pages_are_in_aws_order() -> None:
    """However long each takes to examine, users are in the order in which they were listed."""
    names = [f"user-{number:03}" for number in range(60)]
    pages: Any = [{**listed(*names[:25]), "IsTruncated": True, "Marker": "m"}, listed(*names[25:])]
    draft = await collected(service(pages))

    assert [user.name for user in draft.report(account()).users] == names


DENIALS = [
    ("get_access_key_last_used", Section.LAST_USED, {"last_used_date", "service_name"}),
    ("get_login_profile", Section.PASSWORD, {"password_status"}),
    ("list_mfa_devices", Section.MFA, {"mfa_status"}),
]


@pytest.mark.parametrize(("operation", "section", "cells"), DENIALS)
async def test_a_refused_fact_is_unknown(operation: str, section: Section, cells: set[str]) -> None:
    """Only the refused fact reads as such, with its code, and its section is denied."""
    draft = await collected(service(**{operation: DENIED}))
    report = draft.report(account())
    (row,) = finding_rows(report, labels=Labels.EN)

    assert {name for name, cell in row.items() if cell == "Unknown (AccessDenied)"} == cells
    assert word(draft, section) is Completeness.DENIED
    assert {(failure.section, failure.code) for failure in report.failures} == {(section, "AccessDenied")}


async def test_a_refused_list_of_users_is_said() -> None:
    """Without the list nothing else is asked, and nothing is called complete."""
    iam = service(DENIED)
    draft = await collected(iam)

    assert len(iam.calls) == 1
    assert word(draft, Section.USERS) is Completeness.DENIED
    assert word(draft, Section.KEYS) is Completeness.SKIPPED


async def test_refused_keys_are_unknown() -> None:
    """A user whose keys may not be read stays in the report, with unknown keys and no finding."""
    draft = await collected(service(list_access_keys=DENIED))
    report = draft.report(account())

    assert [user.keys for user in report.users] == [Unknown("AccessDenied")]
    assert list(report.findings()) == []
    assert word(draft, Section.KEYS) is Completeness.DENIED


async def test_one_refused_user_does_not_hide_the_others() -> None:
    """A refusal that concerns one user leaves the facts of all others."""

    def keys(UserName: str) -> Any:  # noqa: N803 - AWS's name
        return DENIED if UserName == "bo" else ONE_KEY

    draft = await collected(service(listed("ana", "bo", "cy"), list_access_keys=keys))

    assert [isinstance(user.keys, Unknown) for user in draft.report(account()).users] == [False, True, False]
    assert word(draft, Section.KEYS) is Completeness.PARTIAL


async def test_users_listed_before_an_error_are_examined() -> None:
    """A list that ends early is a failure, and the users before its end have their findings."""
    pages: Any = [{**listed("ana"), "IsTruncated": True, "Marker": "m"}, DENIED]
    draft = await collected(service(pages))
    report = draft.report(account())

    assert [finding.key.id for finding in report.findings()] == ["AKIA1"]
    assert [(failure.section, failure.code) for failure in report.failures] == [(Section.USERS, "AccessDenied")]


async def test_users_listed_before_an_error_are_a_part() -> None:
    """A section of which a page was read is partial, not denied."""
    pages: Any = [{**listed("ana"), "IsTruncated": True, "Marker": "m"}, DENIED]

    assert word(await collected(service(pages)), Section.USERS) is Completeness.PARTIAL


VANISHED: dict[str, dict[str, Script]] = {
    "before the keys": {"list_access_keys": GONE},
    "before the last use": {"list_access_keys": [ONE_KEY, GONE], "get_access_key_last_used": GONE},
    "before the last use, which is denied": {
        "list_access_keys": [ONE_KEY, GONE],
        "get_access_key_last_used": DENIED,
    },
    "before the password": {"get_login_profile": GONE, "list_mfa_devices": GONE},
    "before the devices": {"list_mfa_devices": GONE},
    "devices denied": {"get_login_profile": GONE, "list_mfa_devices": DENIED, "list_access_keys": [ONE_KEY, GONE]},
}


@pytest.mark.parametrize("when", VANISHED)
async def test_a_user_who_vanishes_has_no_row(when: str) -> None:
    """A user who is deleted between two calls is counted, and is neither a row nor a `No configurada`."""
    draft = await collected(service(**VANISHED[when]))
    report = draft.report(account())

    assert (report.users, report.vanished_users, report.vanished_keys) == ((), 1, 0)
    assert word(draft, Section.KEYS) is Completeness.COMPLETE
    assert {failure.section for failure in report.failures} <= {Section.MFA}


async def test_a_vanished_user_leaves_the_others() -> None:
    """Only the one who is gone is missing."""

    def keys(UserName: str) -> Any:  # noqa: N803 - AWS's name
        return GONE if UserName == "bo" else ONE_KEY

    report = (await collected(service(listed("ana", "bo", "cy"), list_access_keys=keys))).report(account())

    assert ([user.name for user in report.users], report.vanished_users) == (["ana", "cy"], 1)


async def test_no_password_of_a_user_who_is_there() -> None:
    """`No configurada` is said of a user whose devices were read after it."""
    report = (await collected(service(get_login_profile=GONE))).report(account())

    assert [row["password_status"] for row in finding_rows(report, labels=Labels.ES)] == ["No configurada"]


async def test_no_password_where_devices_are_denied() -> None:
    """With the devices denied, the list of keys shows that the user is still there."""
    iam = service(get_login_profile=GONE, list_mfa_devices=DENIED)
    report = (await collected(iam)).report(account())

    assert [user.has_password for user in report.users] == [False]
    assert iam.count("list_access_keys") == 2


async def test_no_password_where_nothing_shows_the_user() -> None:
    """Where nothing tells whether the user is still there, the password is unknown."""
    answers: Any = [ONE_KEY, DENIED]
    iam = service(get_login_profile=GONE, list_mfa_devices=DENIED, list_access_keys=answers)
    report = (await collected(iam)).report(account())

    assert [user.has_password for user in report.users] == [Unknown("AccessDenied")]


@pytest.mark.parametrize("answer", [GONE, DENIED], ids=["gone", "denied and not listed"])
async def test_a_key_that_vanishes_has_no_row(answer: Exception) -> None:
    """A key that is deleted between two calls is counted, and the user's other key stays."""

    def use(AccessKeyId: str) -> Any:  # noqa: N803 - AWS's name
        return answer if AccessKeyId == "AKIA2" else USED

    keys: Any = [TWO_KEYS, ONE_KEY]
    draft = await collected(service(list_access_keys=keys, get_access_key_last_used=use))
    report = draft.report(account())

    assert ([finding.key.id for finding in report.findings()], report.vanished_keys) == (["AKIA1"], 1)
    assert word(draft, Section.LAST_USED) is Completeness.COMPLETE
    assert report.failures == ()


async def test_a_user_whose_keys_all_vanish_has_none() -> None:
    """A user without any key left is a user without keys, of whom nothing more is asked."""
    iam = service(get_access_key_last_used=GONE)
    report = (await collected(iam)).report(account())

    assert ([user.keys for user in report.users], report.vanished_keys) == ([()], 1)
    assert iam.count("get_login_profile") == 0


async def of_all(iam: FakeService) -> AccountDraft:
    """The draft after all that is asked of all users was asked."""
    draft = AccountDraft(UserScope.ALL)
    await collect_users(iam_access(iam), draft)
    return draft


@pytest.mark.parametrize(
    ("keys", "profile", "operations"),
    [
        (NO_KEYS, GONE, ["get_login_profile", "list_access_keys"]),
        (NO_KEYS, ANSWERS["get_login_profile"], ["get_login_profile", "list_access_keys", "list_mfa_devices"]),
        (NO_KEYS, DENIED, ["get_login_profile", "list_access_keys", "list_mfa_devices"]),
        (ONE_KEY, GONE, ["get_login_profile", "list_access_keys", "get_access_key_last_used", "list_mfa_devices"]),
        (DENIED, GONE, ["get_login_profile", "list_access_keys"]),
        (DENIED, DENIED, ["get_login_profile", "list_access_keys", "list_mfa_devices"]),
        (GONE, GONE, ["get_login_profile", "list_access_keys"]),
    ],
    ids=["neither", "a password", "a password perhaps", "a key", "a key perhaps", "both perhaps", "gone"],
)
async def test_all_users_are_asked_what_they_may_need(keys: Script, profile: Script, operations: list[str]) -> None:
    """A password is asked of each, devices of those who may sign in; the keys tell who is gone."""
    iam = service(list_access_keys=keys, get_login_profile=profile)
    await of_all(iam)

    assert ["list_users", *operations] == [call.operation for call in iam.calls]


async def test_a_console_user_without_a_key_has_all_facts() -> None:
    """Password and devices are there; whoever can't sign in was not asked for devices."""
    answers: list[Answer] = [{"LoginProfile": {"UserName": "ana"}}, GONE]
    draft = await of_all(service(listed("ana", "bo"), list_access_keys=NO_KEYS, get_login_profile=answers))
    ana, bo = draft.report(account()).users

    assert (ana.has_password, ana.login_profile) == (True, LoginProfile(None, reset_required=False))
    assert isinstance(ana.mfa_devices, tuple)
    assert [MfaKind.VIRTUAL] == [device.kind for device in ana.mfa_devices]
    assert (bo.has_password, bo.login_profile, bo.mfa_devices) == (False, None, None)
    assert draft.failures() == ()


async def test_a_refused_password_is_unknown() -> None:
    """Neither a password nor none is made of a refusal, and the keys are there."""
    draft = await of_all(service(get_login_profile=DENIED))
    (user,) = draft.report(account()).users

    assert (Unknown("AccessDenied"), Unknown("AccessDenied")) == (user.has_password, user.login_profile)
    assert (isinstance(user.keys, tuple), word(draft, Section.PASSWORD)) == (True, Completeness.DENIED)


@pytest.mark.parametrize("keys", [NO_KEYS, ONE_KEY])
async def test_a_user_who_is_gone_by_their_devices(keys: Script) -> None:
    """IAM says NoSuchEntity to devices only of users who are no more."""
    draft = await of_all(service(list_access_keys=keys, list_mfa_devices=GONE))

    assert (1, {}) == (draft.vanished_users, draft.users)

"""The root user: what the summary says of it, the kind of its MFA, and what only the report tells."""

from typing import Any

import pytest

from auditor.account.collectors.credential_report import CredentialReport, ReportedRoot
from auditor.account.collectors.root import ONLY_IN_REPORT, collect_root
from auditor.account.collectors.virtual_devices import virtual_devices
from auditor.account.draft import AccountDraft
from auditor.concurrency.tasks import Once
from auditor.model.codes import NOT_IN_SUMMARY
from auditor.model.coverage import Completeness, Section
from auditor.model.facts import MfaDevice, MfaKind, Root, RootKey, Unknown
from auditor.model.scopes import UserScope
from tests.fakes import JUMPING, NOON, SUMMARY, FakeService, Script, account_access, refusal

pytestmark = pytest.mark.anyio

ARN = "arn:aws:iam::222222222222:root"
VIRTUAL = MfaDevice("arn:aws:iam::222222222222:mfa/root-account-mfa-device", MfaKind.VIRTUAL, NOON)
HARDWARE = MfaDevice("", MfaKind.UNNAMED_HARDWARE, None)
ROOTS_DEVICE = {"SerialNumber": VIRTUAL.serial, "EnableDate": NOON, "User": {"Arn": ARN}}
ANAS_DEVICE = {"SerialNumber": "arn:aws:iam::222222222222:mfa/ana", "User": {"Arn": ARN.replace("root", "user/ana")}}
DENIED = refusal("AccessDenied", status=403)
UNKNOWN = Unknown("AccessDenied")
KEYS = (RootKey(active=True, last_used_at=NOON), RootKey(active=False, last_used_at=None))


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates and pauses take no time."""
    return JUMPING


def summary(**members: Any) -> dict[str, Any]:
    """GetAccountSummary's answer with these members instead of its own; None is one that is missing."""
    told = SUMMARY["SummaryMap"] | members
    return {"SummaryMap": {name: number for name, number in told.items() if number is not None}}


def devices(*listed: dict[str, Any]) -> dict[str, Any]:
    """The only page of ListVirtualMFADevices."""
    return {"VirtualMFADevices": list(listed), "IsTruncated": False}


async def collected(
    told: Script, listed: Script | None = None, *, row: ReportedRoot | None = None
) -> tuple[Root, AccountDraft, FakeService]:
    """The root user after the account was asked; with a row it is asked for a report, too."""
    iam = FakeService("iam", get_account_summary=told, list_virtual_mfa_devices=devices() if listed is None else listed)
    account, draft = account_access(iam, FakeService("cloudtrail")), AccountDraft(UserScope.ALL)

    async def report() -> CredentialReport | None:
        return CredentialReport(NOON, {}, root=row)

    await collect_root(
        account,
        draft,
        devices=Once(lambda: virtual_devices(account)),
        report=None if row is None else Once(report),
    )
    assert isinstance(draft.root, Root)
    return draft.root, draft, iam


def word(draft: AccountDraft) -> Completeness:
    """How much of root was read, the role and all else being there."""
    return next(covered.completeness for covered in draft.coverage() if covered.section is Section.ROOT)


async def test_a_root_without_mfa_costs_one_call() -> None:
    """What the summary does not tell is in the report only."""
    root, draft, iam = await collected(summary())

    assert root == Root(
        arn=ARN,
        has_password=True,
        has_mfa=False,
        has_keys=False,
        has_certificates=False,
        mfa_devices=(),
        keys=(),
        created_at=ONLY_IN_REPORT,
        password_last_used=ONLY_IN_REPORT,
    )
    assert ([call.operation for call in iam.calls], word(draft)) == (["get_account_summary"], Completeness.COMPLETE)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([ROOTS_DEVICE], (VIRTUAL,)),
        ([ANAS_DEVICE, ROOTS_DEVICE], (VIRTUAL,)),
        ([ANAS_DEVICE], (HARDWARE,)),
        ([], (HARDWARE,)),
    ],
)
async def test_the_kind_of_its_mfa(listed: list[dict[str, Any]], expected: tuple[MfaDevice, ...]) -> None:
    """What is in no list of virtual devices is hardware."""
    root, _, iam = await collected(summary(AccountMFAEnabled=1), devices(*listed))

    assert (expected, 1) == (root.mfa_devices, iam.count("list_virtual_mfa_devices"))


@pytest.mark.parametrize(
    ("member", "fact"),
    [
        ("AccountPasswordPresent", "has_password"),
        ("AccountMFAEnabled", "has_mfa"),
        ("AccountAccessKeysPresent", "has_keys"),
        ("AccountSigningCertificatesPresent", "has_certificates"),
    ],
)
@pytest.mark.parametrize("odd", [None, "many"])
async def test_what_the_summary_lacks_is_unknown(member: str, fact: str, odd: Any) -> None:
    """A member that is missing, or no number, is no 0: it is a failure, and the others are known."""
    root, draft, _ = await collected(summary(**{member: odd}))

    assert Unknown(NOT_IN_SUMMARY) == getattr(root, fact)
    assert [(NOT_IN_SUMMARY, 1)] == [(failure.code, failure.count) for failure in draft.failures()]
    assert Completeness.PARTIAL is word(draft)


async def test_a_refused_summary() -> None:
    """Nothing of it is known then, and nothing more is asked."""
    root, draft, iam = await collected(DENIED)

    assert {UNKNOWN} == {root.has_password, root.has_mfa, root.has_keys, root.has_certificates}
    assert (UNKNOWN, UNKNOWN) == (root.mfa_devices, root.keys)
    assert (Completeness.DENIED, 1) == (word(draft), len(iam.calls))


async def test_refused_virtual_devices() -> None:
    """Root has MFA, and nobody knows of which kind."""
    root, draft, _ = await collected(summary(AccountMFAEnabled=1), DENIED)

    assert (True, UNKNOWN, Completeness.PARTIAL) == (root.has_mfa, root.mfa_devices, word(draft))


ROW = ReportedRoot(created_at=NOON, password_last_used=None, keys=KEYS)


async def test_the_report_tells_the_rest() -> None:
    """Age, last login and keys are from root's row."""
    root, _, _ = await collected(summary(AccountAccessKeysPresent=1), row=ROW)

    assert (NOON, None, KEYS) == (root.created_at, root.password_last_used, root.keys)


@pytest.mark.parametrize(
    ("present", "reported", "expected"),
    [(0, KEYS, ()), (1, (), ONLY_IN_REPORT), (1, KEYS[:1], KEYS[:1]), (2, KEYS, KEYS)],
)
async def test_keys_of_now_and_of_the_report(present: int, reported: tuple[RootKey, ...], expected: Any) -> None:
    """The summary is newer: what is gone is none, and what has come since is not known."""
    row = ReportedRoot(created_at=NOON, password_last_used=None, keys=reported)
    root, _, _ = await collected(summary(AccountAccessKeysPresent=present), row=row)

    assert expected == root.keys


async def test_keys_are_only_in_the_report() -> None:
    """That there are some is a flag, and no number."""
    root, draft, _ = await collected(summary(AccountAccessKeysPresent=1))

    assert (True, ONLY_IN_REPORT, ()) == (root.has_keys, root.keys, draft.failures())

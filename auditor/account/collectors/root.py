"""The account's root user: what GetAccountSummary says of it, the kind of its MFA, and its row in a credential report.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
"""

from collections.abc import Mapping
from typing import Any

from auditor.account.collectors.credential_report import CredentialReport, ReportedRoot
from auditor.account.collectors.virtual_devices import VirtualDevices
from auditor.account.draft import AccountDraft
from auditor.aws.gateway import AccountAccess, IamAccess
from auditor.aws.reading import object_in
from auditor.concurrency.tasks import Once
from auditor.model.codes import NOT_IN_SUMMARY
from auditor.model.coverage import Section
from auditor.model.facts import MfaDevice, MfaKind, Root, RootKey, Unknown

ONLY_IN_REPORT = Unknown("OnlyInReport")
"""In the place of a fact that no API tells, but the credential report only."""
_HARDWARE = MfaDevice("", MfaKind.UNNAMED_HARDWARE, enabled_at=None)


async def collect_root(
    account: AccountAccess,
    draft: AccountDraft,
    *,
    devices: Once[VirtualDevices],
    report: Once[CredentialReport | None] | None = None,
) -> None:
    """Give the draft its root user: one GetAccountSummary and, where root has MFA, the virtual devices.

    What only the report tells is taken from its row, where there is a report.
    """
    summary = await draft.ask(Section.ROOT, account_summary(account))
    has_password, has_mfa, has_keys, has_certificates = (
        _flag(draft, summary, member)
        for member in (
            "AccountPasswordPresent",
            "AccountMFAEnabled",
            "AccountAccessKeysPresent",
            "AccountSigningCertificatesPresent",
        )
    )
    reported = None if report is None else await report.result()
    row = None if reported is None else reported.root
    draft.root = Root(
        arn=account.root_arn,
        has_password=has_password,
        has_mfa=has_mfa,
        has_keys=has_keys,
        has_certificates=has_certificates,
        mfa_devices=await _devices(draft, has_mfa=has_mfa, devices=devices),
        keys=_keys(row, has_keys=has_keys),
        created_at=ONLY_IN_REPORT if row is None else row.created_at,
        password_last_used=ONLY_IN_REPORT if row is None else row.password_last_used,
    )


async def account_summary(account: IamAccess) -> Mapping[str, Any]:
    """The map of GetAccountSummary: numbers by their names."""
    answer = await account.access.request(account.iam.get_account_summary)
    return object_in(answer, "SummaryMap")


def _flag(draft: AccountDraft, summary: Mapping[str, Any] | Unknown, member: str) -> bool | Unknown:
    """Whether the summary says so; a member that it does not have is unknown, and nothing that root lacks."""
    if isinstance(summary, Unknown):
        return summary
    number = summary.get(member)
    if isinstance(number, int):
        return number > 0
    draft.fail(Section.ROOT, code=NOT_IN_SUMMARY, message=f"{NOT_IN_SUMMARY}: GetAccountSummary gave no {member}")
    return Unknown(NOT_IN_SUMMARY)


async def _devices(
    draft: AccountDraft, *, has_mfa: bool | Unknown, devices: Once[VirtualDevices]
) -> tuple[MfaDevice, ...] | Unknown:
    if isinstance(has_mfa, Unknown):
        return has_mfa
    if not has_mfa:
        return ()
    virtual = await draft.ask(Section.ROOT, devices.result())
    if isinstance(virtual, Unknown):
        return virtual
    held = (those for arn, those in virtual.items() if arn.endswith(":root"))
    return next(held, (_HARDWARE,))


def _keys(row: ReportedRoot | None, *, has_keys: bool | Unknown) -> tuple[RootKey, ...] | Unknown:
    """Root's keys: none where there are none now, else those of the report, which may not have them yet."""
    if has_keys is False:
        return ()
    if row is not None and (row.keys or isinstance(has_keys, Unknown)):
        return row.keys
    return has_keys if isinstance(has_keys, Unknown) else ONLY_IN_REPORT

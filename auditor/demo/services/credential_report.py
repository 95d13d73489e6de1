"""IAM's credential report: made on request, kept for four hours."""

import base64
import csv
import io
from datetime import UTC, datetime

from auditor.demo.changes import users_of_report
from auditor.demo.facts import AccessKey, AccountFacts, Root, User, wire_time
from auditor.demo.protocol import ServiceError, element
from auditor.demo.services.call import Call, Report

_KEPT = 4 * 3600
_KEY_COLUMNS = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
_COLUMNS = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(f"access_key_{slot}_{column}" for slot in (1, 2) for column in _KEY_COLUMNS),
    *(f"cert_{slot}_{column}" for slot in (1, 2) for column in ("active", "last_rotated")),
)
_NO_KEY = ("false", "N/A", "N/A", "N/A", "N/A")
_NO_CERTIFICATE = ("false", "N/A")


def generate_credential_report(call: Call) -> str:
    """STARTED for a new report, COMPLETE for one that is there and younger than four hours."""
    scenario, reports, account_id = call.organization.scenario, call.memory.reports, call.identity.account_id
    if call.memory.report_refusals[account_id] < scenario.report_refusals:
        call.memory.report_refusals[account_id] += 1
        raise ServiceError("LimitExceeded", "Another report is being generated.", status=409)

    report = _report(call)
    if report is None or call.now - report.made >= _KEPT:
        reports[account_id] = Report(made=call.now)
        text = "No report exists. Starting a new report generation task"
        return element("State", "STARTED") + element("Description", text)
    if scenario.report_never_ready:
        return element("State", "INPROGRESS")

    report.ready = True
    return element("State", "COMPLETE")


def get_credential_report(call: Call) -> str:
    """The report as it was when it was made."""
    report = _report(call)
    if report is None:
        raise ServiceError("ReportNotPresent", "No report exists.", status=410)
    if call.now - report.made >= _KEPT:
        raise ServiceError("ReportExpired", "The report has expired.", status=410)
    if not report.ready:
        report.ready = not call.organization.scenario.report_never_ready
        raise ServiceError("ReportInProgress", "Unknown", status=404)

    made = datetime.fromtimestamp(report.made, UTC)
    content = base64.b64encode(_content(call, made).encode()).decode("ascii")
    return element("Content", content) + element("ReportFormat", "text/csv") + element("GeneratedTime", wire_time(made))


def _report(call: Call) -> Report | None:
    """The account's report: the last one that was asked for, or the one that was there before anybody asked."""
    organization, account_id = call.organization, call.identity.account_id
    age = organization.scenario.report_age
    if age is not None and account_id not in call.memory.reports:
        call.memory.reports[account_id] = Report(made=organization.now.timestamp() - age, ready=True)

    return call.memory.reports.get(account_id)


def _content(call: Call, made: datetime) -> str:
    facts, partition = call.facts, call.organization.scenario.partition
    arn = f"arn:{partition}:iam::{facts.account.id}"
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    table.writerow(_root_row(facts, arn))
    users = users_of_report(facts, made=made, now=call.organization.now)
    for user in sorted(users.values(), key=lambda user: user.name.lower()):
        table.writerow(_user_row(user, arn))

    return text.getvalue().removesuffix("\n")


def _root_row(facts: AccountFacts, arn: str) -> tuple[str, ...]:
    root = facts.root
    password = (*_root_password_cells(root), "not_supported", "not_supported", _word(root.has_mfa))
    created = wire_time(facts.account.joined)
    return "<root_account>", f"{arn}:root", created, *password, *_key_slots(root.keys), *_certificate_slots(root)


def _root_password_cells(root: Root) -> tuple[str, str]:
    used = wire_time(root.password_last_used) if root.password_last_used else "no_information"
    if not root.password_reported:
        return "not_supported", used

    return ("true", used) if root.has_password else ("false", "N/A")


def _user_row(user: User, arn: str) -> tuple[str, ...]:
    name = (user.name, f"{arn}:user{user.path}{user.name}", wire_time(user.created))
    facts = (*_password_cells(user), _word(bool(user.devices)))
    return *name, *facts, *_key_slots(user.keys), *_certificate_slots(user)


def _password_cells(user: User) -> tuple[str, str, str, str]:
    if user.password_created is None:
        return "false", "N/A", "N/A", "N/A"

    used = wire_time(user.password_last_used) if user.password_last_used else "no_information"
    return "true", used, wire_time(user.password_created), "N/A"


def _key_slots(keys: tuple[AccessKey, ...]) -> tuple[str, ...]:
    # Slots follow the ids of the keys, not their age.
    slots = [_key_cells(key) for key in sorted(keys, key=lambda key: key.id)]
    first, second = [*slots, _NO_KEY, _NO_KEY][:2]
    return *first, *second


def _key_cells(key: AccessKey) -> tuple[str, str, str, str, str]:
    used = wire_time(key.last_used) if key.last_used else "N/A"
    made = wire_time(key.created) if key.rotation_told else "N/A"
    return _word(key.status == "Active"), made, used, key.region, key.service


def _certificate_slots(holder: User | Root) -> tuple[str, ...]:
    # Those that are switched off come first.
    ordered = sorted(holder.certificates, key=lambda certificate: certificate.active)
    slots = [(_word(certificate.active), wire_time(certificate.uploaded)) for certificate in ordered]
    first, second = [*slots, _NO_CERTIFICATE, _NO_CERTIFICATE][:2]
    return *first, *second


def _word(yes: bool) -> str:  # noqa: FBT001 - the cell of a truth value
    return "true" if yes else "false"

"""Root in every state, as the account's summary, its virtual devices and its credential report show it."""

import csv
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.demo import Organization, Root, Scenario, build_organization, users_truth
from tests.demo.reading import Reader, read

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
ROOMY = Scenario(accounts=16, users=1, largest_account=4, denied_every=None, odd_items=True)


def _build(**changes: Any) -> Organization:
    return build_organization(Scenario(now=NOW, **changes))


def _roots(organization: Organization) -> list[Root]:
    return [organization.facts(account).root for account in organization.accounts]


def _summary(reader: Reader) -> dict[str, int]:
    summary: dict[str, int] = reader.client("iam").get_account_summary()["SummaryMap"]
    return summary


def test_root_is_in_every_state() -> None:
    """Among the first accounts root has each kind of MFA, keys of each status, and sometimes nothing at all."""
    organization = _build(accounts=20, odd_items=True)
    roots = [organization.facts(account).root for account in organization.accounts if account.works]
    devices = {(root.virtual_device is not None, root.has_hardware_device) for root in roots}
    assert {(False, False), (True, False), (False, True), (True, True)} == devices
    statuses = {tuple(sorted(key.status for key in root.keys)) for root in roots}
    assert {(), ("Active",), ("Inactive",), ("Active", "Active"), ("Active", "Inactive")} <= statuses
    assert {(True, True), (True, False), (False, False)} == {
        (root.has_password, root.password_last_used is not None) for root in roots
    }
    assert {True, False} == {key.last_used is not None for root in roots for key in root.keys}
    assert {True, False} == {root.password_reported for root in roots}
    assert {(), (True,), (False, True)} <= {
        tuple(certificate.active for certificate in root.certificates) for root in roots
    }
    assert 1 == sum(bool(root.untold) for root in roots)


def test_centralized_root_access_leaves_nothing() -> None:
    """Where root's password was removed there is no device, key or certificate either."""
    removed = [root for root in _roots(_build(accounts=200, users=0)) if not root.has_password]
    assert len(removed) > 10
    left = [(root.has_mfa, root.keys, root.certificates, root.password_last_used) for root in removed]
    assert [(False, (), (), None)] * len(removed) == left


@pytest.mark.anyio
async def test_the_summary_tells_what_root_has() -> None:
    """Four flags tell it, of which one account lacks two; they are flags, not counts."""

    def script(reader: Reader) -> list[dict[str, int]]:
        return [_summary(reader), *(_summary(reader.account(index)) for index in (1, 2, 3, 9, 10, 12, 13))]

    (own, *others), server = await read(script, ROOMY)
    names = ("AccountPasswordPresent", "AccountMFAEnabled", "AccountAccessKeysPresent")
    flags = [tuple(one.get(name) for name in (*names, "AccountSigningCertificatesPresent")) for one in (own, *others)]
    expected = [
        *((1, 1, 0, 0), (1, 0, 1, 0), (1, 1, 1, 0), (0, 0, 0, 0)),
        *((1, 1, 0, 0), (1, 1, 0, 1), (None, None, 0, 0), (1, 1, 1, 1)),
    ]
    assert expected == flags
    users = [len(server.organization.facts(server.organization.accounts[index]).users) for index in (0, 1)]
    assert users == [own["Users"], others[0]["Users"]]


@pytest.mark.anyio
async def test_the_summary_has_every_key_that_aws_names() -> None:
    """No member of the service's model is left out where nothing is missing on purpose."""

    def script(reader: Reader) -> tuple[list[str], dict[str, int]]:
        keys = reader.client("iam").meta.service_model.shape_for("summaryKeyType").enum
        return keys, _summary(reader.account(2))

    (keys, summary), server = await read(script, ROOMY)
    assert set(keys) == set(summary)
    facts = server.organization.facts(server.organization.accounts[2])
    used = sum(len(user.devices) for user in facts.users)
    assert (used, used + 2) == (summary["MFADevicesInUse"], summary["MFADevices"])


@pytest.mark.anyio
async def test_roots_row_of_the_report() -> None:
    """It has root's keys, certificates and last login, and not always whether there is a password."""

    def script(reader: Reader) -> dict[int, dict[str, str]]:
        rows = {}
        for index in (1, 3, 4, 10):
            content = reader.account(index).client("iam").get_credential_report()["Content"].decode()
            rows[index] = next(csv.DictReader(content.splitlines()))
        return rows

    rows, server = await read(script, Scenario(accounts=16, users=1, largest_account=4, report_age=60.0))
    first = server.organization.facts(server.organization.accounts[1]).root
    used = first.keys[0].last_used
    assert used is not None
    assert used.strftime("%Y-%m-%dT%H:%M:%SZ") == rows[1]["access_key_1_last_used_date"]
    assert {"<root_account>"} == {row["user"] for row in rows.values()}
    enabled = {index: row["password_enabled"] for index, row in rows.items()}
    assert {1: "true", 3: "false", 4: "not_supported", 10: "true"} == enabled
    assert ("N/A", "no_information") == (rows[3]["password_last_used"], rows[4]["password_last_used"])
    assert ("true", "false", "false") == (
        rows[1]["access_key_1_active"],
        rows[1]["access_key_2_active"],
        rows[1]["mfa_active"],
    )
    assert ("false", "true") == (rows[10]["cert_1_active"], rows[10]["cert_2_active"])
    assert "N/A" not in (rows[10]["cert_1_last_rotated"], rows[10]["cert_2_last_rotated"])


def test_roots_row_of_the_users_table() -> None:
    """Each account that is entered has one, first of its rows; live, what only the report tells is said so."""
    organization = _build(accounts=16, denied_every=None, odd_items=True)
    for freshness, told in (("live", "Desconocido (OnlyInReport)"), ("report", "1")):
        rows = users_truth(organization, freshness=freshness).rows  # type: ignore[arg-type]  # not literal in a loop
        firsts = {row["account_id"]: row for row in reversed(rows)}
        assert {"<root_account>"} == {row["username"] for row in firsts.values()}
        keyed = firsts[organization.accounts[1].id]
        keyless = firsts[organization.accounts[0].id]
        assert (told, "0", "N/A") == (keyed["active_keys"], keyless["active_keys"], keyless["service_credentials"])
        assert (freshness == "live") == ("OnlyInReport" in keyed["last_activity"])
        lacking = firsts[organization.accounts[12].id]
        assert ("Desconocido (NotInSummary)",) * 2 == (lacking["password_status"], lacking["mfa_status"])


def test_a_refused_summary_is_told_so() -> None:
    """Then root's password, MFA and keys are unknown; where the devices are refused, only the kind of its MFA is."""
    denied = "Desconocido (AccessDenied)"
    facts = ("password_status", "mfa_status", "active_keys", "inactive_keys")
    for action, expected in (
        ("iam:GetAccountSummary", [(denied,) * 4] * 2),
        ("iam:ListVirtualMFADevices", [("Configurada", denied, "0", "0"), ("Configurada", "None", denied, denied)]),
    ):
        organization = _build(accounts=2, denied_actions={"*": frozenset({action})})
        rows = [row for row in users_truth(organization).rows if row["username"] == "<root_account>"]
        cells = [tuple(row[fact].replace("OnlyInReport", "AccessDenied") for fact in facts) for row in rows]
        assert expected == cells

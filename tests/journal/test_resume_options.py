"""The options of a resumed audit: those that decide the rows are as they were, or are named."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from auditor import AccountFilters, AuditConfig, ConfigurationError
from auditor.journal import check_agreement
from auditor.journal.header import Header, Settings, header_of
from auditor.model.progress import AuditStarted
from tests.samples import CALLER, NOW, PERIOD

CONFIG = AuditConfig(role="a/b/Audit", external_id="x:1", profile="security", concurrency=7)
STARTED = AuditStarted(CALLER, PERIOD)


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"role": "a/b/Audit", "labels": "es", "session_name": "SecurityAudit", "external_id": "x:1"}, None),
        ({"concurrency": 3, "profile": "other", "quiet": True}, None),
        ({"role": "Audit"}, "--role"),
        ({"role": ["a/b/Audit"]}, None),
        ({"role": ["a/b/Audit", "Other"]}, "--role"),
        ({"own_account_role": True}, r"--own-account-role differs from the audit that is resumed \(off\):"),
        ({"lister_profile": "lister", "source_identity": "ana", "session_duration": 900}, None),
        ({"labels": "en"}, "--labels"),
        ({"freshness": "report"}, "--freshness"),
        ({"users": "all", "events": "basic"}, None),
        ({"users": "with-keys"}, r"--users differs from the audit that is resumed \(all\): leave it out"),
        ({"events": "extended"}, r"--events differs from the audit that is resumed \(basic\): leave it out"),
        ({"csv_bom": True}, r"--csv-bom differs from the audit that is resumed \(off\):"),
        ({"session_name": "Other"}, "--session-name"),
        ({"external_id": "y:1"}, "--external-id"),
        ({"start_date": "2025-12-01T12:00:00"}, None),
        ({"start_date": "2025-12-01"}, "--start-date"),
        ({"start_date": "2020-02-02"}, None),
        ({"end_date": "2026-03-01T12:00:00Z"}, None),
        ({"end_date": "2026-03-01"}, "--end-date"),
        ({"days": 90}, None),
        ({"days": 89}, "--days"),
        ({"output_dir": Path("x")}, None),
        ({"output_dir": Path("y")}, "--output-dir"),
    ],
)
def test_options_that_differ_are_named(given: dict[str, object], option: str | None) -> None:
    """What decides the rows must be as in the journal; what does not may differ."""
    asked = replace(CONFIG, start_date=PERIOD.start.replace(year=2020, month=2, day=2, hour=0))
    header = replace(header_of(asked, at=NOW), started=STARTED)
    assert PERIOD.end - PERIOD.start == timedelta(days=90)
    if option is None:
        check_agreement(header, given=given, path=Path("x/a.journal.jsonl"))
        return
    with pytest.raises(ConfigurationError, match=f"^{option}"):
        check_agreement(header, given=given, path=Path("x/a.journal.jsonl"))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, None),
        ({"ous": ("Data", "Prod"), "excluded_tags": ("a=b",)}, None),
        ({"ous": ("Data",)}, r"--ou differs from the audit that is resumed \(Data, Prod\):"),
        ({"accounts": ("111122223333",)}, r"--account differs from the audit that is resumed \(none\):"),
        ({"excluded_accounts": ("111122223333",)}, r"--exclude-account differs .* \(none\):"),
    ],
)
def test_filters_that_differ_are_named(given: dict[str, object], sentence: str | None) -> None:
    """Whoever names accounts again must name the same ones."""
    filters = AccountFilters(ous=("Prod", "Data"), excluded_tags=("a=b",))
    header = replace(header_of(replace(CONFIG, filters=filters), at=NOW), started=STARTED)
    if sentence is None:
        check_agreement(header, given=given, path=Path("a"))
        return
    with pytest.raises(ConfigurationError, match=f"^{sentence}"):
        check_agreement(header, given=given, path=Path("a"))


def test_the_order_of_roles_is_part_of_what_they_are() -> None:
    """The same ones in another order let others in."""
    header = header_of(replace(CONFIG, role=("A", "B")), at=NOW)
    check_agreement(header, given={"role": ["A", "B"]}, path=Path("a"))
    for other in (["B", "A"], ["A"], "A"):
        with pytest.raises(ConfigurationError, match=r"^--role differs from the audit that is resumed \(A, B\):"):
            check_agreement(header, given={"role": other}, path=Path("a"))


def test_a_switch_that_differs_is_named() -> None:
    """A setting that an option switches off is held against that option."""
    header = replace(header_of(CONFIG, at=NOW), started=STARTED)
    on, off = (replace(header, settings=replace(header.settings, session_policy=kept)) for kept in (True, False))
    check_agreement(off, given={"no_session_policy": True}, path=Path("a"))
    with pytest.raises(ConfigurationError, match=r"^--no-session-policy differs"):
        check_agreement(on, given={"no_session_policy": True}, path=Path("a"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, None),
        ({"users": "with-keys", "events": "basic"}, None),
        ({"users": "all"}, r"^--users differs from the audit that is resumed \(with-keys\): "),
        ({"events": "extended"}, r"^--events differs from the audit that is resumed \(basic\): "),
    ],
)
def test_an_audit_from_before_there_were_scopes_is_one_of_users_with_keys(
    given: dict[str, object], said: str | None
) -> None:
    """Nothing is refused unless another scope is asked for in so many words."""
    header = Header(Settings(CONFIG.role), header_of(CONFIG, at=NOW).asked, STARTED)
    if said is None:
        check_agreement(header, given=given, path=Path("a"))
        return
    with pytest.raises(ConfigurationError, match=said):
        check_agreement(header, given=given, path=Path("a"))


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"role": "a/b/Audit", "start_date": "2026-01-01", "end_date": "2026-03-01T12:00:00"}, None),
        ({"days": 59}, "--days"),
        ({"role": "Audit"}, "--role"),
        ({"start_date": "2026-01-02"}, "--start-date"),
        ({"end_date": "2026-02-01"}, "--end-date"),
    ],
)
def test_an_audit_that_did_not_start_has_the_dates_that_were_asked_for(
    given: dict[str, object], option: str | None
) -> None:
    """Before its caller was known there is no period yet, and its options are held against those alone."""
    header = header_of(replace(CONFIG, start_date=NOW.replace(month=1, day=1, hour=0)), at=NOW)
    if option is None:
        check_agreement(header, given=given, path=Path("a"))
        return
    with pytest.raises(ConfigurationError, match=f"^{option} differs"):
        check_agreement(header, given=given, path=Path("a"))


def test_days_of_an_audit_that_did_not_start_are_counted_back_from_when_it_was_asked_for() -> None:
    """The same `--days` agree, however much later it is gone on with."""
    header = header_of(replace(CONFIG, start_date=NOW - timedelta(days=30)), at=NOW)
    check_agreement(header, given={"days": 30}, path=Path("a"))
    check_agreement(header_of(CONFIG, at=NOW), given={"days": 90}, path=Path("a"))

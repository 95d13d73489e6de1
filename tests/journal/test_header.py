"""The first two lines of a journal: read as they were written, or refused with the reason."""

import json
from dataclasses import fields, replace

import pytest

from auditor import AccountFilters, AuditConfig, ConfigurationError, Freshness, Labels, Rates, ReportWait
from auditor.journal.format import line_of
from auditor.journal.header import (
    FreeSettings,
    Header,
    Settings,
    header_line,
    header_of,
    read_header,
    read_started,
    started_line,
)
from auditor.model.progress import AuditStarted
from auditor.model.scopes import EventScope, UserScope
from tests.samples import CALLER, NOW, PERIOD

CONFIG = AuditConfig(role="a/b/Audit", external_id="x:1", labels=Labels.EN, session_policy=False, start_date=NOW)
DEFAULTS = AuditConfig(role="R")
STARTED = AuditStarted(CALLER, PERIOD)


def test_a_header_comes_back() -> None:
    """Settings, dates and moment are those that were written."""
    header = header_of(CONFIG, at=NOW)
    assert header == read_header(header_line(header))


def test_a_start_comes_back() -> None:
    """Caller and period are those that were written."""
    assert STARTED == read_started(started_line(STARTED))


def test_every_setting_is_kept_or_free() -> None:
    """Whoever adds a setting decides whether the rows are made by it, and is told so here."""
    names = {field.name for field in fields(AuditConfig)}
    kept = {field.name for field in fields(Settings)}
    assert names == kept | FreeSettings.__annotations__.keys() | {"start_date", "end_date"}


def test_every_setting_that_is_kept_comes_back() -> None:
    """None of them is written or read as another one, or forgotten."""
    scoped = replace(CONFIG, users=UserScope.WITH_KEYS, events=EventScope.EXTENDED)
    filters = AccountFilters(accounts=("111122223333",), ous=("Root/Prod",), excluded_tags=("a=b",))
    other = replace(
        scoped, session_name="Other", csv_bom=True, freshness=Freshness.REPORT, filters=filters, own_account_role=True
    )
    assert [] == [
        field.name for field in fields(Settings) if getattr(other, field.name) == getattr(DEFAULTS, field.name)
    ]
    assert other == read_header(header_line(header_of(other, at=NOW))).config()


def test_several_roles_come_back_in_their_order() -> None:
    """And one role is written as in earlier versions."""
    ladder = replace(CONFIG, role=("B", "a/{account_id}/A"))
    assert ladder == read_header(header_line(header_of(ladder, at=NOW))).config()
    assert ["B", "a/{account_id}/A"] == json.loads(header_line(header_of(ladder, at=NOW)))["header"]["settings"]["role"]


def test_dates_are_those_of_the_start() -> None:
    """Before it the audit has the dates that were asked for."""
    header = header_of(CONFIG, at=NOW)
    assert header.config() == CONFIG
    assert replace(CONFIG, start_date=PERIOD.start, end_date=PERIOD.end) == replace(header, started=STARTED).config()


def test_the_period_is_known_before_the_start() -> None:
    """It is what it would have been at the moment of asking; where nothing was left of it that is said."""
    assert PERIOD == header_of(AuditConfig(role="R"), at=NOW).period
    assert PERIOD == Header(Settings("R"), header_of(CONFIG, at=NOW).asked, STARTED).period
    with pytest.raises(ConfigurationError, match="in the future"):
        _ = header_of(replace(CONFIG, start_date=NOW.replace(year=2030)), at=NOW).period


def test_what_decides_nothing_is_chosen_anew() -> None:
    """Rates and waits are those of the one who goes on."""
    free = FreeSettings(
        rates=Rates(iam=3),
        report_wait=ReportWait(patience=1),
        longest_silence=9,
        patience=8,
        concurrency=2,
        lister_profile="lister",
        lister_role="arn:aws:iam::111122223333:role/Lister",
        session_duration=900,
        source_identity="ana",
    )
    assert replace(CONFIG, **free) == header_of(replace(CONFIG, concurrency=7), at=NOW).config(**free)


def first_line(**changes: object) -> bytes:
    """A header's line with other values."""
    value = json.loads(header_line(header_of(CONFIG, at=NOW)))["header"]
    return line_of("header", json.dumps({**value, **changes}).encode())


def settings(**changes: object) -> dict[str, object]:
    """The settings of a header's line, some of them others."""
    value: dict[str, object] = json.loads(first_line())["header"]["settings"]
    return {**value, **changes}


def without(name: str) -> dict[str, object]:
    """The settings of a header's line but one."""
    return {other: value for other, value in settings().items() if other != name}


def test_the_form_of_a_header() -> None:
    """Each setting is written by its name, with the dates and the format's version."""
    expected = {
        "version": 3,
        "settings": {
            "role": "a/b/Audit",
            "session_name": "SecurityAudit",
            "external_id": "x:1",
            "session_policy": False,
            "own_account_role": False,
            "labels": "en",
            "csv_bom": False,
            "freshness": "live",
            "users": "all",
            "events": "basic",
            "filters": {
                "accounts": None,
                "account_names": None,
                "ous": None,
                "tags": None,
                "excluded_accounts": [],
                "excluded_account_names": [],
                "excluded_ous": [],
                "excluded_tags": [],
            },
        },
        "asked": {"start": "2026-03-01T12:00:00Z", "end": None, "at": "2026-03-01T12:00:00Z"},
    }
    assert expected == json.loads(first_line())["header"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (line_of("started", b"{}"), "header: field required"),
        (line_of("header", b"[]"), "header: input should be"),
        (line_of("header", b"{}"), "version: field required"),
        (line_of("header", b"{"), "invalid JSON"),
        (first_line(version="2"), "version: input should be"),
        (first_line(version=2.0), "version: input should be"),
        (first_line(version=True), "version: input should be"),
        (first_line(settings={}), "role: field required"),
        (first_line(settings=None), "settings: input should be"),
        (first_line(settings=settings(session_policy=1)), "session_policy: input should be"),
        (first_line(settings=settings(role=None)), r"role\.str: input should be"),
        (first_line(settings=without("role")), "role: field required"),
        (first_line(asked=None), "asked: input should be"),
        (first_line(asked={"start": None, "end": None, "at": "2026-03-01T12:00:00"}), "at: this time has no zone"),
    ],
)
def test_another_header_is_refused(line: bytes, reason: str) -> None:
    """What no audit wrote is told apart, and the place of the damage is named."""
    with pytest.raises(ValueError, match=reason):
        read_header(line)


@pytest.mark.parametrize(
    ("version", "advice"),
    [
        (4, "use the version of auditor that began it, or a later one"),
        (99, "use the version of auditor that began it, or a later one"),
        (1, "use the version of auditor that began it, or begin a new audit"),
        (0, "use the version of auditor that began it, or begin a new audit"),
    ],
)
def test_other_versions_are_refused(version: int, advice: str) -> None:
    """Whatever else the header has: one sentence says which version it is, and what to do."""
    for line in (first_line(version=version), line_of("header", b'{"begun":[],"version":%d}' % version)):
        with pytest.raises(ValueError, match=f"it has version {version} of the format, .*: {advice}$"):
            read_header(line)


@pytest.mark.parametrize("name", ["labels", "freshness", "users", "events"])
def test_a_setting_of_a_later_version_is_refused(name: str) -> None:
    """Its rows could not be gone on with."""
    with pytest.raises(ValueError, match=r"words that this version does not know: use the version .* or a later one"):
        read_header(first_line(settings=settings(**{name: "fr"})))


@pytest.mark.parametrize(
    "name",
    ["session_name", "external_id", "session_policy", "own_account_role", "labels", "csv_bom", "freshness", "filters"],
)
def test_settings_of_earlier_versions_are_enough(name: str) -> None:
    """A header that does not have a setting yet has its default, the one that AuditConfig has."""
    config = read_header(first_line(settings=without(name))).config()
    assert getattr(AuditConfig(role="R"), name) == getattr(config, name)
    assert CONFIG == replace(config, **{name: getattr(CONFIG, name)})


def test_filters_that_can_not_be_are_refused() -> None:
    """A journal that asks for what no audit takes was not written by one."""
    filters: dict[str, object] = {"accounts": [], "ous": None}
    with pytest.raises(ValueError, match="accounts names nothing"):
        read_header(first_line(settings=settings(filters=filters)))


@pytest.mark.parametrize("version", [2, 3])
def test_a_header_without_scopes_is_of_an_audit_of_users_with_keys(version: int) -> None:
    """That is what audits did before there was a choice, though it is no longer what they do unless told so."""
    before = {name: value for name, value in settings().items() if name not in {"users", "events"}}
    config = read_header(first_line(version=version, settings=before)).config()
    assert replace(CONFIG, users=UserScope.WITH_KEYS, events=EventScope.BASIC) == config
    assert UserScope.ALL is DEFAULTS.users


def test_fields_of_later_versions_are_passed_over() -> None:
    """Wherever they are."""
    line = first_line(settings=settings(tags=[1]), asked={**json.loads(first_line())["header"]["asked"], "by": {}}, x=1)
    assert header_of(CONFIG, at=NOW) == read_header(line)
    started = json.loads(started_line(STARTED))["started"]
    later = {**started, "caller": {**started["caller"], "name": "ana"}, "regions": []}
    assert STARTED == read_started(line_of("started", json.dumps(later).encode()))


def test_settings_that_can_not_be_right_are_refused() -> None:
    """They are held against what AuditConfig takes."""
    with pytest.raises(ValueError, match="is an ARN"):
        read_header(first_line(settings=settings(role="arn:aws:iam::1:role/R")))


def test_another_start_is_refused() -> None:
    """A start without a caller is none."""
    with pytest.raises(ValueError, match=r"started\.caller: field required"):
        read_started(line_of("started", b'{"period": null}'))

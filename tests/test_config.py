"""The settings: what can't be right is refused when they are made."""

import pickle
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any

import pytest

from auditor import AuditConfig, ConfigurationError, Freshness, Labels, Rates, ReportWait

CONFIG = AuditConfig(role="Audit")


def test_defaults() -> None:
    """Only the role has to be given."""
    assert (None, None, None, None) == (CONFIG.profile, CONFIG.start_date, CONFIG.end_date, CONFIG.external_id)
    assert (Labels.ES, "SecurityAudit", 256) == (CONFIG.labels, CONFIG.session_name, CONFIG.concurrency)
    assert CONFIG.session_policy


def test_settings_are_frozen_and_travel() -> None:
    """Settings can't be changed, and survive pickling."""
    name = "role"
    with pytest.raises(FrozenInstanceError):
        setattr(CONFIG, name, "Other")
    config = replace(CONFIG, start_date=datetime(2026, 1, 1, tzinfo=UTC), labels=Labels.EN)
    assert config == pickle.loads(pickle.dumps(config))  # noqa: S301 - made on this line


@pytest.mark.parametrize(
    "role",
    ["Audit", "a/b/Role", "A+b=c,d.e@f_g-h", "x" * 64, "!path~/Role", "/".join(["p" * 99] * 5) + "/Role"],
)
def test_roles(role: str) -> None:
    """A role's name may have a path before it, and all of IAM's characters in it."""
    assert role == AuditConfig(role=role).role


@pytest.mark.parametrize(
    "role",
    [
        "",
        " ",
        "two words",
        "x" * 65,
        "role\n",
        "Rôle",
        "a//b",
        "/Role",
        "path/",
        "name:colon",
        "arn:aws:iam::111122223333:role/Audit",
        "p" * 511 + "/Role",
    ],
)
def test_roles_that_are_none(role: str) -> None:
    """What IAM would not take for a role's name is refused with a sentence that repeats it."""
    with pytest.raises(ConfigurationError) as caught:
        AuditConfig(role=role)
    assert repr(role) in str(caught.value)
    assert caught.value.exit_code == 2


def test_several_roles_are_kept_in_their_order() -> None:
    """A list becomes a tuple; one name, in a list too, is that name."""
    several: Any = ["B", "{account_id}/A-{account_id}"]
    config = AuditConfig(role=several)
    assert ("B", "{account_id}/A-{account_id}") == config.role == config.roles
    assert config == pickle.loads(pickle.dumps(config))  # noqa: S301 - made two lines above
    one: Any = ["Audit"]
    assert (CONFIG, "Audit", ("Audit",)) == (AuditConfig(role=one), CONFIG.role, CONFIG.roles)


@pytest.mark.parametrize(
    ("role", "reason"),
    [
        ([], "role has no name in it"),
        (("A", ""), "'' is not a role name"),
        (("A", 5), "role must be of the type str: 5 is not"),
        (("A", "B", "A"), "'A' is named twice"),
        ({"A": 1}, "role must be of the type str"),
        ("a{b}c", r"'a\{b\}c' has braces that stand for nothing: only \{account_id\} is replaced"),
        ("{}/Audit", "has braces"),
        ("{account_id", "has braces"),
        ("{{account_id}}", "has braces"),
        ("x" * 53 + "{account_id}", "is not a role name"),
        (("A", "arn:aws:iam::{account_id}:role/R"), "is an ARN"),
    ],
)
def test_several_roles_that_are_none(role: Any, reason: str) -> None:
    """Each of them is a role's name with the account's id in it, and is there once."""
    with pytest.raises(ConfigurationError, match=reason):
        AuditConfig(role=role)
    assert "x" * 52 + "{account_id}" == AuditConfig(role="x" * 52 + "{account_id}").role


@pytest.mark.parametrize("arn", ["", "Lister", "arn:aws:iam::1:role/L", "arn:aws:sts::111122223333:assumed-role/L/x"])
def test_listers_that_are_none(arn: str) -> None:
    """A role of another account is named by its ARN."""
    with pytest.raises(ConfigurationError, match="is no ARN of a role"):
        replace(CONFIG, lister_role=arn)
    whole = "arn:aws-us-gov:iam::111122223333:role/a/b/Lister"
    assert whole == replace(CONFIG, lister_role=whole).lister_role


@pytest.mark.parametrize("seconds", [0, -1, 899, 43_201])
def test_sessions_of_no_length(seconds: int) -> None:
    """A session lives from a quarter of an hour to twelve hours."""
    with pytest.raises(ConfigurationError, match=r"A session can't have .* seconds: 900 to 43200 are allowed"):
        replace(CONFIG, session_duration=seconds)
    assert (None, 900, 43_200) == (
        CONFIG.session_duration,
        replace(CONFIG, session_duration=900).session_duration,
        replace(CONFIG, session_duration=43_200).session_duration,
    )


@pytest.mark.parametrize("name", ["", "x", "x" * 65, "two words", "aws:ana", "é2"])
def test_source_identities_that_are_none(name: str) -> None:
    """What STS would not take is refused."""
    with pytest.raises(ConfigurationError, match="is not a source identity"):
        replace(CONFIG, source_identity=name)
    assert "ana@example.com" == replace(CONFIG, source_identity="ana@example.com").source_identity


def test_an_arn_is_told_from_a_name() -> None:
    """Whoever gives an ARN is told to give the name."""
    with pytest.raises(ConfigurationError, match="is an ARN"):
        AuditConfig(role="arn:aws:iam::111122223333:role/Audit")


@pytest.mark.parametrize("name", ["", "x", "x" * 65, "two words", "a/b", "é2", "name\n"])
def test_session_names_that_are_none(name: str) -> None:
    """What STS would not take for a session's name is refused."""
    with pytest.raises(ConfigurationError, match="is not a session name"):
        replace(CONFIG, session_name=name)


@pytest.mark.parametrize("name", ["ab", "x" * 64, "a+=,.@_-z"])
def test_session_names(name: str) -> None:
    """A session's name has 2 to 64 of STS's characters."""
    assert name == replace(CONFIG, session_name=name).session_name


@pytest.mark.parametrize("external_id", ["", "x", "x" * 1225, "a b", "a\n"])
def test_external_ids_that_are_none(external_id: str) -> None:
    """What STS would not take for an external id is refused, and not repeated: it may be a secret."""
    with pytest.raises(ConfigurationError) as caught:
        replace(CONFIG, external_id=external_id)
    assert str(caught.value).startswith("The external id must have")


@pytest.mark.parametrize("external_id", [None, "ab", "x" * 1224, "a:b/c+d=e,f.g@h_i-j"])
def test_external_ids(external_id: str | None) -> None:
    """An external id may be missing, or has 2 to 1,224 of STS's characters."""
    assert external_id == replace(CONFIG, external_id=external_id).external_id


@pytest.mark.parametrize("concurrency", [0, -1])
def test_no_accounts_at_once(concurrency: int) -> None:
    """There is at least one account at once."""
    with pytest.raises(ConfigurationError, match=f"^{concurrency} accounts"):
        replace(CONFIG, concurrency=concurrency)


class _NoZone(tzinfo):
    """A zone that does not know how far it is from UTC, by which a date stays naive."""

    def utcoffset(self, moment: datetime | None) -> None:
        """None, as the standard library allows."""

    def dst(self, moment: datetime | None) -> None:
        """As little is known of its summer."""

    def tzname(self, moment: datetime | None) -> None:
        """Nor does it have a name."""


@pytest.mark.parametrize("zone", [None, _NoZone()])
@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_naive_dates(name: str, zone: tzinfo | None) -> None:
    """A date without a zone is refused: nobody knows which moment it is."""
    dates: dict[str, Any] = {name: datetime(2026, 1, 1, tzinfo=zone)}
    with pytest.raises(ConfigurationError, match=f"{name} has no time zone"):
        replace(CONFIG, **dates)


def test_an_end_before_the_start() -> None:
    """Dates are compared as moments, whatever their zones."""
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    east = timezone(timedelta(hours=2))
    with pytest.raises(ConfigurationError, match="is before the start"):
        replace(CONFIG, start_date=start, end_date=datetime(2026, 1, 1, 13, tzinfo=east))
    assert replace(CONFIG, start_date=start, end_date=start).end_date == start


def test_labels() -> None:
    """The language may be given by its word, and by no other word."""
    word: Any = "en"
    assert Labels.EN is replace(CONFIG, labels=word).labels
    wrong: Any = "fr"
    with pytest.raises(ConfigurationError, match="labels must be es or en: 'fr' is not"):
        replace(CONFIG, labels=wrong)


@pytest.mark.parametrize(
    "rate",
    [
        0.0,
        -1.0,
        float("nan"),
        float("inf"),
    ],
)
def test_rates_that_are_none(rate: float) -> None:
    """Every rate is above zero, and a number."""
    for name in ("iam", "events", "organizations", "sts"):
        with pytest.raises(ConfigurationError, match=f"The {name} rate"):
            Rates(**{name: rate})


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_silences_that_are_none(seconds: float) -> None:
    """A silence ends, and there is time to answer."""
    with pytest.raises(ConfigurationError, match="The longest silence"):
        replace(CONFIG, longest_silence=seconds)
    assert 300 == CONFIG.longest_silence


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_patiences_that_are_none(seconds: float) -> None:
    """Outages are waited for by a number of seconds that ends, and that may be zero."""
    with pytest.raises(ConfigurationError, match="The patience with outages"):
        replace(CONFIG, patience=seconds)
    assert 0 == replace(CONFIG, patience=0).patience
    assert 600 == CONFIG.patience


def test_freshness() -> None:
    """Facts are read live unless the other word is given, and there is no third word."""
    assert Freshness.LIVE is CONFIG.freshness
    word: Any = "report"
    assert Freshness.REPORT is replace(CONFIG, freshness=word).freshness
    wrong: Any = "stale"
    with pytest.raises(ConfigurationError, match="freshness must be live or report: 'stale' is not"):
        replace(CONFIG, freshness=wrong)


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_waits_that_are_none(seconds: float) -> None:
    """A report is waited for by numbers that end, and that may be zero."""
    for name in ("patience", "first_pause", "longest_pause"):
        with pytest.raises(ConfigurationError, match=f"The {name} of a report"):
            ReportWait(**{name: seconds})
    assert 0 == ReportWait(patience=0).patience


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("role", None),
        ("role", 5),
        ("profile", Path("x")),
        ("profile", True),
        ("start_date", "2026-01-01"),
        ("start_date", 5),
        ("filters", None),
        ("filters", ["111122223333"]),
        ("end_date", datetime(2026, 1, 1, tzinfo=UTC).date()),
        ("concurrency", "8"),
        ("concurrency", 1.5),
        ("concurrency", True),
        ("csv_bom", "x"),
        ("csv_bom", None),
        ("csv_bom", 1),
        ("session_name", None),
        ("external_id", b"a-secret"),
        ("session_policy", "no"),
        ("session_duration", "900"),
        ("source_identity", 5),
        ("lister_profile", 5),
        ("lister_role", 5),
        ("own_account_role", 1),
        ("rates", {"iam": 1}),
        ("report_wait", 60),
        ("report_wait", None),
        ("longest_silence", "300"),
        ("longest_silence", True),
        ("longest_silence", 10**400),
        ("patience", "600"),
        ("patience", None),
        ("patience", []),
        ("patience", datetime(2026, 1, 1, tzinfo=UTC).date()),
        ("patience", True),
        ("patience", 10**400),
        ("labels", None),
        ("labels", []),
        ("freshness", 4),
        ("users", "some"),
        ("events", None),
    ],
)
def test_settings_of_another_type_are_refused(name: str, value: Any) -> None:
    """What is no text, time or number where one must be is a sentence that names the setting, and repeats no secret."""
    settings: dict[str, Any] = {"role": "Audit", name: value}
    with pytest.raises(ConfigurationError) as caught:
        AuditConfig(**settings)
    assert name in str(caught.value).replace("external id", "external_id").replace("longest silence", "longest_silence")
    assert "a-secret" not in str(caught.value)


@pytest.mark.parametrize("value", [None, "8", [1], True, 10**400])
def test_rates_and_waits_of_another_type_are_refused(value: Any) -> None:
    """As the settings that they are part of."""
    with pytest.raises(ConfigurationError, match="iam rate"):
        Rates(iam=value)
    with pytest.raises(ConfigurationError, match="patience of a report"):
        ReportWait(patience=value)

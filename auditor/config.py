"""The settings of one audit, frozen and checked when they are made."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from auditor.errors import ConfigurationError
from auditor.model.filters import ALL_ACCOUNTS, AccountFilters
from auditor.model.kinds import Number, check_kind, word_of
from auditor.model.roles import (
    check_external_id,
    check_session_duration,
    check_session_name,
    check_source_identity,
    role_arn,
    role_names,
)
from auditor.model.scopes import EventScope, Freshness, UserScope

DEFAULT_CONCURRENCY = 256
DEFAULT_SESSION_NAME = "SecurityAudit"
LONGEST_SILENCE = 300.0
PATIENCE = 600.0

_MOST = sys.float_info.max
"""The largest number of seconds or requests: a larger int has no float."""


class Labels(StrEnum):
    """The language of the words in the CSV rows."""

    ES = "es"
    EN = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Requests per second: client-side limits, so that AWS need not refuse any; all but `iam` are hard maxima."""

    iam: float = 20.0
    """Per account and IAM API, at first: AWS publishes no limit, public hints say 15 to 40. While AWS refuses nothing
    the rate grows, up to twice this value."""
    events: float = 2.0
    """LookupEvents per account: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html"""
    organizations: float = 8.0
    """ListAccounts, and in proportion what else Organizations is asked:
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html"""
    sts: float = 500.0
    """A little below the 600 per second that AWS allows an account for all STS requests in one region."""

    def __post_init__(self) -> None:
        for name in ("iam", "events", "organizations", "sts"):
            check_kind(f"The {name} rate", getattr(self, name), Number)
            if not 0 < getattr(self, name) <= _MOST:
                raise ConfigurationError(f"The {name} rate must be a number above zero.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportWait:
    """How long to wait for a credential report that AWS is still making; times in seconds.

    AWS takes two seconds for a small account; nothing is published for large ones. Without a report in time the
    account is read from the API.
    """

    patience: float = 60.0
    """How long to wait for the report of one account."""
    first_pause: float = 0.2
    """Between the first two requests; each pause is twice as long as the one before."""
    longest_pause: float = 5.0

    def __post_init__(self) -> None:
        for name in ("patience", "first_pause", "longest_pause"):
            check_kind(f"The {name} of a report", getattr(self, name), Number)
            if not 0 <= getattr(self, name) <= _MOST:
                raise ConfigurationError(f"The {name} of a report must be a number, and not below zero.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditConfig:
    """What to audit, and how; raises ConfigurationError if a value is invalid.

    `start_date` and `end_date` are aware datetimes, both included; where they are None the period is all that
    CloudTrail keeps, the last 90 days, up to now.
    """

    role: str | tuple[str, ...]
    """Name of the role in each account, or several names, to be tried in this order. `{account_id}` in one stands for
    the account's id. A tuple or a list of one name is kept as that name."""
    profile: str | None = None
    lister_profile: str | None = None
    """Profile whose credentials list the accounts, where the caller may not; all else is the caller's."""
    lister_role: str | None = None
    """ARN of a role that lists the accounts, assumed by the lister's profile, or by the caller where there is none."""
    own_account_role: bool = False
    """Whether the caller's own account is entered by the role, too, and not read with the caller's credentials."""
    filters: AccountFilters = ALL_ACCOUNTS
    """Which accounts are audited; without any, all that are listed."""
    start_date: datetime | None = None
    end_date: datetime | None = None
    concurrency: int = DEFAULT_CONCURRENCY
    """Accounts that are audited at the same time."""
    labels: Labels = Labels.ES
    csv_bom: bool = False
    """Whether the CSV files begin with UTF-8's byte order mark, without which spreadsheets may take them for others."""
    session_name: str = DEFAULT_SESSION_NAME
    session_duration: int | None = None
    """Seconds that each session of the role lives, 900 to 43,200; None leaves it to AWS. They are renewed in time."""
    source_identity: str | None = None
    """What AWS's logs show for all that is done in the sessions, whatever roles they go on to assume."""
    external_id: str | None = None
    session_policy: bool = True
    """Whether each session of the role is narrowed to what the audit reads, whatever else the role allows."""
    rates: Rates = Rates()
    freshness: Freshness = Freshness.LIVE
    """Whether password, MFA and last use may come from IAM's credential report, which may be up to four hours old."""
    users: UserScope = UserScope.ALL
    """Whether password, MFA and service credentials are asked of all users, and root's facts too, or of none but users
    with an access key."""
    events: EventScope = EventScope.BASIC
    """Which changes are looked up: each name costs at least half a second per account."""
    report_wait: ReportWait = ReportWait()
    longest_silence: float = LONGEST_SILENCE
    """Seconds without a sign of life from a service, per account, after which it gets no more requests for the account.

    Requests fail with `NoAnswer` from then on. Replies are signs of life, and so are refusals and throttles. Time
    before a request is sent does not count: waiting for its rate, or for the end of an outage.
    """
    patience: float = PATIENCE
    """Seconds for which the run waits while a service, or the provider of the caller's credentials, is out for all.

    What is not read by then is `not reached`, with the code of the last error, and can be resumed. 0 does not wait.
    """

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            check_kind(name, getattr(self, name), kind)
        object.__setattr__(self, "role", role_names(self.role))
        check_session_name(self.session_name)
        check_session_duration(self.session_duration)
        check_source_identity(self.source_identity)
        if self.lister_role is not None:
            role_arn(self.lister_role)
        check_external_id(self.external_id)
        _check_concurrency(self.concurrency)
        _check_silence(self.longest_silence)
        _check_patience(self.patience)
        for name, words in _WORDS.items():
            object.__setattr__(self, name, word_of(name, getattr(self, name), words))
        for name in ("start_date", "end_date"):
            _check_aware(name, getattr(self, name))
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise ConfigurationError(f"The end ({self.end_date}) is before the start ({self.start_date}).")

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles to try, in this order."""
        return (self.role,) if isinstance(self.role, str) else self.role


_KINDS: Mapping[str, Any] = {
    "profile": str | None,
    "filters": AccountFilters,
    "lister_profile": str | None,
    "lister_role": str | None,
    "own_account_role": bool,
    "session_duration": int | None,
    "source_identity": str | None,
    "start_date": datetime | None,
    "end_date": datetime | None,
    "concurrency": int,
    "csv_bom": bool,
    "session_policy": bool,
    "rates": Rates,
    "report_wait": ReportWait,
    "longest_silence": Number,
    "patience": Number,
}

_WORDS: Mapping[str, type[StrEnum]] = {
    "labels": Labels,
    "freshness": Freshness,
    "users": UserScope,
    "events": EventScope,
}


def _check_concurrency(concurrency: int) -> None:
    if concurrency < 1:
        raise ConfigurationError(f"{concurrency} accounts at once can't be audited: 1 is the least.")


def _check_silence(longest: float) -> None:
    if not 0 < longest <= _MOST:
        raise ConfigurationError("The longest silence must be a number of seconds above zero.")


def _check_patience(patience: float) -> None:
    if not 0 <= patience <= _MOST:
        raise ConfigurationError("The patience with outages must be a number of seconds, and not below zero.")


def _check_aware(name: str, moment: datetime | None) -> None:
    if moment is not None and moment.utcoffset() is None:
        raise ConfigurationError(f"{name} has no time zone.")

"""What an audit or its plan is asked for: about whom, which changes, how fresh, and of how many accounts."""

from enum import StrEnum

SAMPLE = 100
"""Accounts of a plan's sample, by default: all accounts of a small organization, some seconds of a large one."""


class UserScope(StrEnum):
    """Of which users the password, the MFA devices and the service credentials are asked."""

    ALL = "all"
    WITH_KEYS = "with-keys"
    """Of those with an access key only, and nothing of root and of service credentials."""


class EventScope(StrEnum):
    """Which IAM changes are looked up."""

    BASIC = "basic"
    """Five: users made and deleted, access keys made and deleted, passwords deleted."""
    EXTENDED = "extended"
    """Seven more: what else opens or closes a way in."""


class Freshness(StrEnum):
    """Where facts come from: all of them are read now, or some from IAM's credential report, up to four hours old."""

    LIVE = "live"
    REPORT = "report"

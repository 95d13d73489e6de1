"""The nouns of a local organization: accounts, users, keys, devices and events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

DeviceKind = Literal["virtual", "totp", "fido", "passkey", "sms", "unknown"]
IAM = "iam.amazonaws.com"
UNREADABLE_TIME = "the day before yesterday"
"""What is sent in the place of a time that is odd."""
OddKey = Literal["", "id", "status", "time", "use"]
OddDevice = Literal["", "serial", "time"]
OddUser = Literal["", "name", "time", "null"]
OddEvent = Literal["", "index time", "time", "deep", "cut", "null"]
ServiceStatus = Literal["Active", "Inactive", "Expired"]
Vanishes = Literal["never", "after listing", "after keys"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account as Organizations knows it."""

    index: int
    id: str
    name: str
    state: str
    joined: datetime
    management: bool
    refuses_role: bool

    @property
    def works(self) -> bool:
        """Whether anybody can still work in the account."""
        return self.state in ("ACTIVE", "PENDING_CLOSURE")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """One access key of one user."""

    id: str
    status: str
    created: datetime
    last_used: datetime | None = None
    service: str = "N/A"
    region: str = "N/A"
    vanishes: bool = False
    """Listed once, and deleted right after."""
    rotation_told: bool = True
    """Whether the credential report says when it was made: of an inactive key it need not."""
    odd: OddKey = ""
    """Which of its members AWS leaves out, or sends so that nobody can read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One MFA device; virtual ones may belong to nobody, or to root."""

    serial: str
    kind: DeviceKind
    enabled: datetime | None
    odd: OddDevice = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCredential:
    """One credential of a user that is good for one service only: a password for Git, an API key for Bedrock."""

    id: str
    service: str
    """As IAM names it, like `codecommit.amazonaws.com`."""
    status: ServiceStatus
    created: datetime
    expires: datetime | None = None
    """Never, where there is none."""
    service_user: str | None = None
    """The generated name for services that ask for a name and a password."""
    alias: str | None = None
    """The public part of an API key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One X.509 signing certificate."""

    active: bool
    uploaded: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The root user of one account."""

    has_password: bool
    """Centralized root access removes it, and all that root can sign in with."""
    password_last_used: datetime | None
    virtual_device: Device | None
    has_hardware_device: bool
    keys: tuple[AccessKey, ...]
    certificates: tuple[Certificate, ...]
    untold: frozenset[str] = frozenset()
    """Members that the account's summary lacks."""
    password_reported: bool = True
    """Whether the credential report says if there is a password; older ones did not."""

    @property
    def has_mfa(self) -> bool:
        """Whether root has an MFA device of any kind."""
        return self.virtual_device is not None or self.has_hardware_device


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One IAM user with keys and devices."""

    name: str
    id: str
    path: str
    created: datetime
    password_created: datetime | None
    password_last_used: datetime | None
    keys: tuple[AccessKey, ...]
    devices: tuple[Device, ...]
    vanishes: Vanishes = "never"
    password_reset: bool = False
    """Whether the password must be set anew at the next sign-in."""
    session_seconds: int | None = None
    """The longest session that a sign-in gives; None where nobody set it."""
    service_credentials: tuple[ServiceCredential, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    odd: OddUser = ""
    """As of a key; `null` is a user in the list who is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change (or reading) that CloudTrail recorded."""

    id: str
    name: str
    time: datetime
    region: str
    username: str | None
    """The actor; absent for some services and for root."""
    actor_arn: str
    actor_key: str
    source_address: str
    target_user: str | None
    target_key: str | None
    resources: tuple[tuple[str, str], ...]
    read_only: bool = False
    error_code: str | None = None
    source: str = IAM
    """The service whose API was called."""
    root_alias: str | None = None
    """The account's alias where its root user did it."""
    parameters: Mapping[str, object] | None = None
    """What was asked, in the words of the record; None where the targets tell it."""
    response: Mapping[str, object] | None = None
    """What was answered, in the words of the record; None where nothing was, or where the targets tell it."""
    odd: OddEvent = ""
    """What can't be read of it: its time in the index or anywhere, its record, or all of it."""

    @property
    def happened(self) -> bool:
        """Whether the change took place; of an odd record nobody can tell that it did not."""
        return self.error_code in (None, "", "Success")

    @property
    def readable(self) -> bool:
        """Whether there is anything to tell of it."""
        return self.odd not in ("time", "null")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """All that one account holds, ready to be asked for by name or id."""

    account: Account
    users: tuple[User, ...]
    users_by_name: Mapping[str, User]
    keys_by_id: Mapping[str, tuple[User, AccessKey]]
    root: Root
    unassigned_devices: tuple[Device, ...]
    events: tuple[Event, ...]
    """Newest first."""
    reported: tuple[User, ...] = ()
    """Users as the credential report alone still has them."""


def isoformat(moment: datetime) -> str:
    """The moment as the audit's files write it."""
    return moment.isoformat()


def wire_time(moment: datetime) -> str:
    """The moment as IAM writes it, like 2026-01-02T03:04:05Z."""
    return moment.isoformat()[:19] + "Z"

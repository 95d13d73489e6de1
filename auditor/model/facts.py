"""The nouns of an audit: frozen, typed, picklable; every time is an aware datetime in UTC."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

AccountId = NewType("AccountId", str)


class AccountState(StrEnum):
    """What Organizations says of an account.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
    """

    PENDING_ACTIVATION = "PENDING_ACTIVATION"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    PENDING_CLOSURE = "PENDING_CLOSURE"
    CLOSED = "CLOSED"

    @property
    def auditable(self) -> bool:
        """Whether the account's IAM users can still get in: an account pending closure works as before."""
        return self in {AccountState.ACTIVE, AccountState.PENDING_CLOSURE}


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that was asked for and not answered, with the code that came instead."""

    code: str


class NotAsked(StrEnum):
    """The type of NOT_ASKED."""

    NOT_ASKED = "NotAsked"


NOT_ASKED: Final = NotAsked.NOT_ASKED
"""In the place of a fact that was not asked for: the default of every fact that older journals do not have."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the organization; `state` is None where AWS said none, or a word nobody knows.

    One that was named by its id and could not be listed is to be tried: it is active without a word for it.
    """

    id: AccountId
    name: str
    arn: str
    email: str
    state: AccountState | None
    state_word: str
    """The word as AWS sent it, empty where it sent none."""
    paths: tuple[str, ...] | NotAsked = NOT_ASKED
    """Where it is in the organization, as ids from the organization down: `o-…/r-…/ou-…/ACCOUNT`; empty where AWS said
    nothing of it."""
    ou_path: str = ""
    """Where it is by the names of its organizational units, as `Root/Prod/Data`; empty where not all are known."""

    @property
    def unit_ids(self) -> tuple[str, ...]:
        """The ids of the root and of the organizational units that it is in, from the root down, as far as is known."""
        paths = self.paths if isinstance(self.paths, tuple) else ()
        parts = (part for path in paths for part in path.split("/"))
        return tuple(part for part in parts if part.startswith(("r-", "ou-")))


class MfaKind(StrEnum):
    """What a device is, as its serial number tells.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa.html
    """

    VIRTUAL = "virtual"
    TOKEN = "token"  # noqa: S105 - a hardware TOTP token
    FIDO = "fido"
    SMS = "sms"
    UNNAMED_HARDWARE = "unnamed hardware"
    """Known to journals of older versions only, which took a device from the credential report."""
    OTHER = "other"

    @property
    def hardware(self) -> bool:
        """Whether the device counts as `Hardware` in the findings."""
        return self in {MfaKind.TOKEN, MfaKind.FIDO, MfaKind.UNNAMED_HARDWARE}


@dataclass(frozen=True, slots=True)
class MfaDevice:
    """One MFA device of a user."""

    serial: str
    kind: MfaKind
    enabled_at: datetime | Unknown | None


@dataclass(frozen=True, slots=True)
class KeyUse:
    """The last use of an access key that AWS knows of."""

    at: datetime
    service: str
    region: str


ACTIVE: Final = "Active"
"""AWS's word for a key or a service credential with which one can get in."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """One access key; `last_use` is None where AWS says that it was never used."""

    id: str
    status: str | Unknown
    """AWS's own word: `Active`, `Inactive`, or whatever it says next."""
    created_at: datetime | Unknown | None
    last_use: KeyUse | Unknown | None


@dataclass(frozen=True, slots=True)
class LoginProfile:
    """A user's password, as GetLoginProfile tells of it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_LoginProfile.html
    """

    created_at: datetime | Unknown | None
    reset_required: bool
    """Whether the user must choose a new password at the next sign-in."""
    longest_session: int | None = None
    """The most seconds that a sign-in session lasts, None where AWS said nothing of it."""


@dataclass(frozen=True, slots=True)
class ServiceCredential:
    """One service-specific credential of a user: a Bedrock API key, a Git or a Keyspaces password.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ServiceSpecificCredentialMetadata.html
    """

    user: str
    id: str
    service: str
    """The service's name, such as `bedrock.amazonaws.com`."""
    alias: str
    """The name that the credential has at the service, empty where it has none."""
    status: str | Unknown
    """AWS's own word: `Active`, `Inactive`, `Expired`, or whatever it says next."""
    created_at: datetime | Unknown | None
    expires_at: datetime | Unknown | None
    """None where it never ends."""


@dataclass(frozen=True, slots=True)
class User:
    """One IAM user; with `UserScope.WITH_KEYS` password and MFA are asked only of users with a key, else None."""

    name: str
    id: str
    arn: str
    path: str
    created_at: datetime | Unknown | None
    password_last_used: datetime | Unknown | None
    """As AWS keeps it: also after the password is gone; None is never, or before 2014-10-20."""
    keys: tuple[AccessKey, ...] | Unknown = ()
    has_password: bool | Unknown | None = None
    mfa_devices: tuple[MfaDevice, ...] | Unknown | None = None
    """None where not asked: who has neither a password nor a key can't sign in with a device."""
    login_profile: LoginProfile | Unknown | NotAsked | None = NOT_ASKED
    """None where there is no password; not asked where the credential report tells whether there is one."""
    password_last_changed: datetime | NotAsked | None = NOT_ASKED
    """In credential reports only; None is never, or nothing that can be read."""
    active_certificates: int | NotAsked = NOT_ASKED
    """Signing certificates that are active, in credential reports only."""
    service_credentials: tuple[ServiceCredential, ...] | Unknown | NotAsked = NOT_ASKED


@dataclass(frozen=True, slots=True)
class RootKey:
    """One access key of root, as the credential report tells of it: without its id."""

    active: bool | Unknown
    last_used_at: datetime | Unknown | None
    """None where it was never used."""


@dataclass(frozen=True, slots=True)
class Root:
    """The account's root user: what GetAccountSummary says of it now, and what only the credential report tells.

    What only the report tells is Unknown, with the code `OnlyInReport`, where it was not read.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
    """

    arn: str
    has_password: bool | Unknown
    has_mfa: bool | Unknown
    has_keys: bool | Unknown
    has_certificates: bool | Unknown
    """Whether it has signing certificates."""
    mfa_devices: tuple[MfaDevice, ...] | Unknown
    """Those in ListVirtualMFADevices; where root has MFA and none of them, one of an unnamed hardware kind."""
    keys: tuple[RootKey, ...] | Unknown
    created_at: datetime | Unknown | None
    password_last_used: datetime | Unknown | None
    """None where it was never used."""


@dataclass(frozen=True, slots=True)
class EventResource:
    """One resource that CloudTrail names in an event."""

    type: str
    name: str


_NO_ERROR = frozenset({"", "success"})
"""What CloudTrail's errorCode says of a change that was carried out, where it says anything."""


@dataclass(frozen=True, slots=True)
class Event:
    """One IAM change that CloudTrail recorded."""

    id: str
    name: str
    at: datetime
    username: str
    """The actor's name as CloudTrail indexes it (the session's name for a role), empty where it has none."""
    actor_arn: str = ""
    target_user: str = ""
    access_key_id: str = ""
    """The access key that was made, changed or deleted, empty for the other events."""
    source_address: str = ""
    region: str = ""
    error_code: str | Unknown = ""
    """Why AWS refused it, in CloudTrail's word; Unknown where the record that would say so can't be read."""
    error_message: str = ""
    resources: tuple[EventResource, ...] = ()
    actor_type: str = ""
    """What the actor is, in CloudTrail's word: `IAMUser`, `AssumedRole`, `Root`, …"""
    new_status: str = ""
    """The status that an access key or a service credential was given, empty where none was."""
    actor_mfa: bool | None = None
    """Whether the actor's session was begun with MFA, None where CloudTrail does not say."""
    user_agent: str = ""

    @property
    def happened(self) -> bool:
        """Whether AWS carried the change out, as far as can be read: what may have been refused is not left out."""
        return isinstance(self.error_code, Unknown) or self.error_code.strip().casefold() in _NO_ERROR


@dataclass(frozen=True, slots=True)
class Caller:
    """Who audits: the identity that GetCallerIdentity names."""

    account_id: AccountId
    arn: str
    partition: str

    def shares_account_with(self, other: "Caller") -> bool:
        """Whether both are identities of one account."""
        return (self.partition, self.account_id) == (other.partition, other.account_id)

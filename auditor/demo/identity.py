"""Who holds which credentials: the caller's own, and those of every assumed role."""

import base64
import secrets
from dataclasses import dataclass, field

from auditor.demo.dice import identifier
from auditor.demo.facts import Account
from auditor.demo.organization import Organization
from auditor.demo.policy import SessionPolicy

LISTING = SessionPolicy(allowed=("organizations:describe*", "organizations:list*"), denied=())
"""What whoever lists may do."""
_TOKEN_BYTES = 192


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One set of credentials and whom it makes of its holder."""

    account_id: str
    arn: str
    user_id: str
    access_key_id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    expires: float | None = None
    policy: SessionPolicy | None = None
    rights: SessionPolicy | None = None
    """What the user's or the role's own policies allow; None is all."""
    deleted: bool = False
    """Whether AWS no longer knows the access key."""
    signing_keys: dict[tuple[str, str, str], bytes] = field(default_factory=dict, repr=False, compare=False)

    @property
    def assumed(self) -> bool:
        """Whether this is a role's session."""
        return ":assumed-role/" in self.arn


@dataclass(frozen=True, slots=True)
class CredentialStore:
    """All credentials that the local organization has given out, by access key id."""

    _held: dict[str, Identity] = field(default_factory=dict, repr=False)

    def add(self, identity: Identity) -> Identity:
        """Keep the identity, so that requests signed with it are known."""
        self._held[identity.access_key_id] = identity
        return identity

    def secrets(self) -> frozenset[str]:
        """Every secret and token that it holds: no file, log or command line may have one of them."""
        return frozenset(text for one in self._held.values() for text in (one.secret, one.token) if text is not None)

    def get(self, access_key_id: str) -> Identity | None:
        """Whose access key this is, if it is anybody's."""
        identity = self._held.get(access_key_id)
        return None if identity is None or identity.deleted else identity


def caller_identity(organization: Organization) -> Identity:
    """Whoever audits, in an account of the organization, with credentials that follow from the seed."""
    scenario, account = organization.scenario, organization.caller
    seed = scenario.seed
    secret = identifier("demo", seed, "secret", 1) + identifier("", seed, "secret", 2)
    if not scenario.caller_is_role:
        return Identity(
            account_id=account.id,
            arn=f"arn:{scenario.partition}:iam::{account.id}:user/auditor",
            user_id=identifier("AIDA", seed, "caller") + "Q",
            access_key_id=identifier("AKIA", seed, "caller"),
            secret=secret,
            deleted=scenario.caller_unknown,
        )

    role_id = identifier("AROA", seed, "caller") + "Q"
    return Identity(
        account_id=account.id,
        arn=f"arn:{scenario.partition}:sts::{account.id}:assumed-role/Auditors/auditor",
        user_id=f"{role_id}:auditor",
        access_key_id=identifier("ASIA", seed, "caller"),
        secret=secret,
        token=identifier("token", seed, "caller") * 8,
        expires=0.0 if scenario.caller_expired else None,
        deleted=scenario.caller_unknown,
    )


def lister_identity(organization: Organization) -> Identity:
    """A user of the management account who may list and can do nothing else, with keys that follow from the seed."""
    seed, account = organization.scenario.seed, organization.management
    return Identity(
        account_id=account.id,
        arn=f"arn:{organization.scenario.partition}:iam::{account.id}:user/lister",
        user_id=identifier("AIDA", seed, "lister") + "Q",
        access_key_id=identifier("AKIA", seed, "lister"),
        secret=identifier("demo", seed, "lister", 1) + identifier("", seed, "lister", 2),
        rights=LISTING,
    )


def role_session(  # noqa: PLR0913 - a session has many sides, and each is one keyword
    organization: Organization,
    *,
    account: Account,
    role: str,
    session_name: str,
    expires: float,
    policy: SessionPolicy | None,
) -> Identity:
    """New credentials of a role in an account; the lister's role can do nothing but list."""
    scenario = organization.scenario
    lister = role == scenario.lister_role and role != organization.role_name(account)
    role = role.rpartition("/")[2]
    role_id = identifier("AROA", scenario.seed, account.id, role) + "Q"
    return Identity(
        account_id=account.id,
        arn=f"arn:{scenario.partition}:sts::{account.id}:assumed-role/{role}/{session_name}",
        user_id=f"{role_id}:{session_name}",
        access_key_id="ASIA" + base64.b32encode(secrets.token_bytes(10)).decode("ascii"),
        secret=secrets.token_urlsafe(30),
        token=base64.b64encode(secrets.token_bytes(_TOKEN_BYTES)).decode("ascii"),
        expires=expires,
        policy=policy,
        rights=LISTING if lister else None,
    )

"""Who holds which credentials: the caller's own, and those of every assumed role."""

import base64
import secrets
from dataclasses import dataclass, field

from auditor.demo.dice import identifier
from auditor.demo.organization import Organization
from auditor.demo.policy import SessionPolicy

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
        return self._held.get(access_key_id)


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
        )

    role_id = identifier("AROA", seed, "caller") + "Q"
    return Identity(
        account_id=account.id,
        arn=f"arn:{scenario.partition}:sts::{account.id}:assumed-role/Auditors/auditor",
        user_id=f"{role_id}:auditor",
        access_key_id=identifier("ASIA", seed, "caller"),
        secret=secret,
        token=identifier("token", seed, "caller") * 8,
    )


def role_session(
    organization: Organization,
    *,
    account_id: str,
    session_name: str,
    expires: float,
    policy: SessionPolicy | None,
) -> Identity:
    """New credentials of the audit's role in an account."""
    scenario = organization.scenario
    role = scenario.role_name.rpartition("/")[2]
    role_id = identifier("AROA", scenario.seed, account_id, role) + "Q"
    return Identity(
        account_id=account_id,
        arn=f"arn:{scenario.partition}:sts::{account_id}:assumed-role/{role}/{session_name}",
        user_id=f"{role_id}:{session_name}",
        access_key_id="ASIA" + base64.b32encode(secrets.token_bytes(10)).decode("ascii"),
        secret=secrets.token_urlsafe(30),
        token=base64.b64encode(secrets.token_bytes(_TOKEN_BYTES)).decode("ascii"),
        expires=expires,
        policy=policy,
    )

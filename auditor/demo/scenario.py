"""The switches of a local organization: how large it is, how slow, how strict and how broken."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Literal

StateMember = Literal["State", "Status", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultMix:
    """Probabilities, for each request, of an answer that is not AWS's."""

    internal_error: float = 0.0
    """500, in the form of the service's protocol."""
    unavailable: float = 0.0
    """503, in the form of the service's protocol."""
    reset: float = 0.0
    """The connection is reset and nothing is answered."""
    truncated: float = 0.0
    """A well-formed HTTP 200 whose body is the first half of the right one."""
    html: float = 0.0
    """A well-formed HTTP 200 whose body is a web page."""
    throttled: float = 0.0
    """The service's throttling error, whatever the rate."""
    expired: float = 0.0
    """A role's credentials are said to have expired before they do."""
    slow: float = 0.0
    """The right answer, `slowness` seconds late."""
    lost_token: float = 0.0
    """A page token is refused, as one that is no longer valid."""
    repeated_token: float = 0.0
    """A page gives the token that it was asked with as that of the next one."""
    slowness: float = 5.0
    only: frozenset[str] = frozenset()
    """Actions like 'iam:ListUsers' that it is limited to; empty is all."""

    def __post_init__(self) -> None:
        shares = self.shares()
        if min(shares) < 0 or sum(shares) > 1:
            raise ValueError("probabilities are 0 or more and add up to 1 at most")

    def shares(self) -> list[float]:
        """The probabilities."""
        return [getattr(self, field.name) for field in fields(self) if field.name not in ("slowness", "only")]

    def hits(self, action: str) -> bool:
        """Whether an action is one that can go wrong."""
        return not self.only or action in self.only


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which every request to a service, or to one of its APIs, goes wrong in the same way."""

    of: str
    """A service like 'iam', or an action like 'iam:ListUsers'."""
    begins: float
    """Seconds after the server began."""
    seconds: float
    kind: str = "unavailable"
    """How: one of the mishaps of a FaultMix, by its name there."""
    accounts: frozenset[str] = frozenset()
    """The accounts that it is limited to, by the id of whoever signs; empty is all."""

    def __post_init__(self) -> None:
        if self.kind not in {field.name for field in fields(FaultMix)} - {"slowness", "only"}:
            raise ValueError(f"{self.kind!r} is no mishap")

    def hits(self, *, service: str, action: str, account_id: str, passed: float) -> bool:
        """Whether a request, so many seconds after the server began, is in it."""
        named = self.of in (service, f"{service}:{action}")
        meant = not self.accounts or account_id in self.accounts
        return named and meant and self.begins <= passed < self.begins + self.seconds


NO_FAULTS = FaultMix()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything that decides what a local organization holds and how it answers."""

    accounts: int = 40
    users: int = 8
    """Mean number of users an account; sizes vary from none to three times this."""
    largest_account: int = 120
    """Users of the second account, the largest one (where there are users at all)."""
    events: int = 6
    """Mean number of changes an account, beside those that its users and keys show by their own dates."""
    seed: int = 7
    now: datetime | None = None
    """What the organization's dates count back from; None is the time at which it is built."""
    latency: float = 0.0
    """Seconds before each answer."""
    iam_rate: float | None = None
    """Requests a second for each account and IAM API, in a bucket of one second; None is no limit."""
    iam_caller_rate: float | None = None
    """Requests a second for each IAM API over all accounts together; None is no limit."""
    events_rate: float | None = None
    """LookupEvents a second for each account and region; None is no limit."""
    events_caller_rate: float | None = None
    """LookupEvents a second over all accounts together; None is no limit."""
    sts_rate: float | None = None
    """Requests a second for each STS API; None is no limit."""
    organizations_rate: float | None = None
    """Requests a second for each Organizations API; None is no limit."""
    faults: FaultMix = NO_FAULTS
    outages: tuple[Outage, ...] = ()
    credential_lifetime: int | None = None
    """Seconds that a role's credentials live; None is what the caller asks for."""
    denied_every: int | None = 11
    """Every n-th member account refuses the role; None is none of them."""
    state_member: StateMember = "State"
    """Which member of an account tells its state."""
    odd_states: Mapping[int, str | None] = field(default_factory=dict)
    """By position: a state word that is not the account's own, or None for neither State nor Status."""
    delegated_administrator: bool = False
    """The caller is in the first member account, and the management account has the role."""
    caller_is_role: bool = False
    """The caller is a role's session with a token, which can't ask for more than an hour."""
    partition: str = "aws"
    sts_disabled: frozenset[str] = frozenset()
    """Regions in which STS is switched off: no role can be assumed there."""
    page_size_organizations: int = 20
    listing_denied_page: int | None = None
    """From this page on (the first is 0) ListAccounts is refused."""
    users_page: int | None = None
    """The most users that ListUsers puts on a page, whatever MaxItems asks."""
    denied_actions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By account id, or '*' for all: actions like 'iam:GetLoginProfile' that are refused."""
    all_users_refused: bool = False
    """ListServiceSpecificCredentials knows no AllUsers, as older emulators of AWS don't: a ValidationError."""
    report_age: float | None = None
    """Seconds before the organization's `now` at which each account's credential report was made; None is no report.

    With a report there are users, keys, passwords and devices that came or went since it was made.
    """
    report_never_ready: bool = False
    """Credential reports are begun, and never finished."""
    odd_items: bool = False
    """Lists have items that nobody can read, or not in all: keys, users, devices, events, accounts."""
    report_refusals: int = 0
    """How often each account says first that another credential report is being made."""
    role_name: str = "OrganizationAccountAccessRole"
    """Name of the role, with its path where it has one: `a/b/Role`."""
    external_id: str | None = None
    paths: bool = True
    """Whether Organizations says of accounts and units on which path they stand."""
    role_names: tuple[str, ...] = ()
    """Names of roles instead of `role_name`: accounts lend them in turn, `{account_id}` being the account's own id."""
    longest_session: int = 3600
    """The MaxSessionDuration of every role, in seconds."""
    source_identity_refused: bool = False
    """No role lets anybody set a source identity."""
    source_identity_required: str | None = None
    """The pattern, with `*` and `?`, that the source identity of whoever assumes a role must have."""
    hub: bool = False
    """The caller is in the first member account and may not list; the management account has the role, too."""
    lister_role: str | None = None
    """Name of a role in the management account that the caller may assume, and that can do nothing but list."""
    own_account_role: bool = False
    """The caller's own account lends the role, too."""
    no_organization: bool = False
    """The accounts are in no organization."""
    clock_skew: float = 0.0
    """Seconds that AWS's clock is ahead of everybody else's."""
    caller_expired: bool = False
    """The credentials of the caller's session are past their end."""
    caller_unknown: bool = False
    """The caller's access key has been deleted."""
    organizations_rates: Mapping[str, float] = field(default_factory=dict)
    """By Organizations API, a rate of its own; the three APIs on parents are counted as ListAccountsForParent."""
    denied_by_scp: bool = False
    """A service control policy refuses the denied actions, and the messages say so."""

    def __post_init__(self) -> None:
        if self.accounts < 1 or self.users < 0 or self.events < 0:
            raise ValueError("an organization has at least one account, and no negative numbers")
        if self.partition not in PARTITIONS:
            raise ValueError(f"unknown partition {self.partition!r}")
        if self.delegated_administrator and self.accounts == 1:
            raise ValueError("a delegated administrator is a member account: accounts must be 2 or more")
        if self.now is not None and self.now.tzinfo is None:
            raise ValueError("now must be an aware datetime")
        if self.report_age is not None and self.report_age < 0:
            raise ValueError("a report is not made in the future")
        if self.denied_every is not None and self.denied_every < 1:
            raise ValueError("denied_every is 1 or more")
        if self.hub and (self.delegated_administrator or self.accounts == 1):
            raise ValueError("a hub is a member account, and no delegated administrator")
        if self.caller_expired and not self.caller_is_role:
            raise ValueError("only a session's credentials expire: caller_is_role is needed")

    @property
    def region(self) -> str:
        """The region that IAM is signed for and that its events are kept in."""
        return PARTITIONS[self.partition].iam_region

    @property
    def other_region(self) -> str:
        """Another region of the partition."""
        return PARTITIONS[self.partition].other_region

    def has_region(self, region: str) -> bool:
        """Whether a region belongs to the partition, by its name."""
        if self.partition == "aws":
            return not region.startswith(("us-gov-", "cn-", "eusc-"))

        return region.startswith(PARTITIONS[self.partition].prefix)

    def denies(self, account_id: str, action: str) -> bool:
        """Whether an action is refused to everybody in this account."""
        if not self.denied_actions:
            return False

        named = self.denied_actions.get(account_id, frozenset()) | self.denied_actions.get("*", frozenset())
        return action in named

    def denial(self, action: str) -> str:
        """The end of the message that refuses an action to everybody."""
        if self.denied_by_scp:
            return " with an explicit deny in a service control policy"

        return f" because no identity-based policy allows the {action} action"


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """Where one of AWS's partitions keeps its IAM."""

    prefix: str
    iam_region: str
    other_region: str


PARTITIONS: Mapping[str, Partition] = {
    "aws": Partition(prefix="", iam_region="us-east-1", other_region="eu-west-1"),
    "aws-us-gov": Partition(prefix="us-gov-", iam_region="us-gov-west-1", other_region="us-gov-east-1"),
    "aws-cn": Partition(prefix="cn-", iam_region="cn-north-1", other_region="cn-northwest-1"),
    "aws-eusc": Partition(prefix="eusc-", iam_region="eusc-de-east-1", other_region="eusc-de-east-2"),
}

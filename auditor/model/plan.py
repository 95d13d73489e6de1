"""What an audit will cost, as far as that can be known before: calls, seconds, and what bounds them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from auditor.model.facts import Account, Caller
from auditor.model.placeholders import unasked


class Range(NamedTuple):
    """A number from the least to the most, with the likely one; all three are equal if it is exact."""

    least: float
    likely: float
    most: float

    @property
    def exact(self) -> bool:
        """Whether the number is known."""
        return self.least == self.most

    def plus(self, other: "Range") -> "Range":
        """The range of the sum of both numbers."""
        return Range(self.least + other.least, self.likely + other.likely, self.most + other.most)

    def times(self, number: float) -> "Range":
        """The range of a multiple."""
        return Range(self.least * number, self.likely * number, self.most * number)


NONE = Range(0, 0, 0)
Calls = Mapping[str, Range]
"""By action, such as `iam:ListUsers`."""


def exactly(number: float) -> Range:
    """A number that is known."""
    return Range(number, number, number)


@dataclass(frozen=True, slots=True)
class AccountSize:
    """The size of an account, from IAM's account summary."""

    users: int
    devices: int = 0
    """MFA devices in use."""
    root_mfa: bool = False


@dataclass(frozen=True, slots=True)
class Sampled:
    """One account of the sample."""

    account: Account
    size: AccountSize | None
    """None if unknown."""
    entered: bool = True
    """Whether the role let the caller in; true for the caller's own account, too."""
    own: bool = False
    """Whether it is read with the caller's own credentials."""
    code: str = ""
    """Why it was not entered, or its size is unknown; else empty."""
    message: str = ""


class Bound(StrEnum):
    """What the time of an audit depends on most."""

    LISTING = "listing"
    """How fast Organizations lists the accounts."""
    EVENTS = "events"
    """CloudTrail's rate per account, and the number of accounts audited concurrently."""
    EVENTS_OF_ACCOUNT = "events of an account"
    """CloudTrail's rate per account: no account is audited faster."""
    IAM = "IAM"
    """IAM's rates per account, its round trip, and the number of accounts audited concurrently."""
    IAM_OF_ACCOUNT = "IAM of the largest account"
    """IAM's rates and its round trip, in the account that takes longest."""
    STS = "STS"
    """How many roles may be assumed per second."""
    CPU = "CPU"
    CONNECTIONS = "connections"
    """The number of requests in flight."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What an audit with certain settings costs."""

    calls: Calls
    seconds: float
    bound: Bound

    @property
    def requests(self) -> Range:
        """All calls together."""
        total = NONE
        for calls in self.calls.values():
            total = total.plus(calls)
        return total


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another setting for the same accounts, and what the audit would cost with it."""

    option: str
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class Plan:
    """What an audit of an organization will do and cost."""

    caller: Caller
    accounts: tuple[Account, ...]
    """The listed accounts that the filters leave, in any state."""
    auditable: int
    """How many of them will be entered."""
    excluded: int
    """How many the filters leave out."""
    sample: tuple[Sampled, ...]
    users: Range
    """IAM users in the accounts that let the caller in."""
    forecast: Forecast
    alternatives: tuple[Alternative, ...]
    seconds: float
    """How long planning took."""
    warnings: tuple[str, ...] = ()
    interruption: str = ""
    """Why some accounts may not be listed, else empty."""

    @property
    def states(self) -> Mapping[str, int]:
        """How many accounts are in each state, by AWS's word for it."""
        return Counter(account.state_word or "unknown state" for account in self.accounts)

    @property
    def units(self) -> Mapping[str, int]:
        """How many accounts are in each organizational unit, by its path of names, or by its id if names are unknown.

        Accounts with neither are left out.
        """
        units = (account.ou_path or (account.unit_ids or ("",))[-1] for account in self.accounts)
        return Counter(filter(None, units))

    @property
    def pilot(self) -> str:
        """The id of the unit to begin with, in which are the fewest accounts to be entered; empty if none is known."""
        entered = (account for account in self.accounts if unasked(account) is None)
        inside = Counter(unit for account in entered for unit in account.unit_ids if unit.startswith("ou-"))
        return min(inside, key=lambda unit: inside[unit], default="")

    @property
    def sampled(self) -> int:
        """How many accounts of the sample have a known size."""
        return sum(each.size is not None for each in self.sample)

    @property
    def refused(self) -> tuple[Sampled, ...]:
        """The accounts of the sample that denied the role."""
        return tuple(each for each in self.sample if not each.entered)

    @property
    def silent(self) -> tuple[Sampled, ...]:
        """The accounts of the sample that were entered, and whose size is unknown."""
        return tuple(each for each in self.sample if each.entered and each.size is None)

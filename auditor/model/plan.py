"""What an audit will cost, as far as it can be told before: calls, minutes, and what bounds them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from auditor.model.facts import Account, Caller
from auditor.model.placeholders import unasked


class Range(NamedTuple):
    """A number that is known exactly, or from the least to the most, with what it is likely to be."""

    least: float
    likely: float
    most: float

    @property
    def exact(self) -> bool:
        """Whether there is only one number that it can be."""
        return self.least == self.most

    def plus(self, other: "Range") -> "Range":
        """The range of the sum of both numbers."""
        return Range(self.least + other.least, self.likely + other.likely, self.most + other.most)

    def times(self, number: float) -> "Range":
        """The range of so many of it."""
        return Range(self.least * number, self.likely * number, self.most * number)


SAMPLE = 100
"""Accounts that are asked how large they are: a few seconds for any organization, and all of a small one."""
NONE = Range(0, 0, 0)
Calls = Mapping[str, Range]
"""By action, such as `iam:ListUsers`."""


def exactly(number: float) -> Range:
    """A number that is known."""
    return Range(number, number, number)


@dataclass(frozen=True, slots=True)
class AccountSize:
    """What IAM's summary tells of an account."""

    users: int
    devices: int = 0
    """MFA devices that are in use."""
    root_mfa: bool = False


@dataclass(frozen=True, slots=True)
class Sampled:
    """One account of the sample."""

    account: Account
    size: AccountSize | None
    """None where nothing is known of it."""
    entered: bool = True
    """Whether the role let the caller in, or it is the caller's own account."""
    own: bool = False
    """Whether it is entered with the caller's own credentials."""
    code: str = ""
    """Why it was not entered, or did not tell its size; empty where it did."""
    message: str = ""


class Bound(StrEnum):
    """What an audit's time depends on most."""

    LISTING = "listing"
    """How fast Organizations lists the accounts."""
    EVENTS = "events"
    """CloudTrail's rate per account, and how many accounts are audited at once."""
    EVENTS_OF_ACCOUNT = "events of an account"
    """CloudTrail's rate per account: no account is audited faster."""
    IAM = "IAM"
    """IAM's rates per account, its distance, and how many accounts are audited at once."""
    IAM_OF_ACCOUNT = "IAM of the largest account"
    """IAM's rates and its distance, in the account that takes longest."""
    STS = "STS"
    """How many roles may be assumed per second."""
    CPU = "CPU"
    CONNECTIONS = "connections"
    """How many requests can be in flight at once."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one way to audit costs."""

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
    """Another way to audit the same accounts: an option, and what it would cost."""

    option: str
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class Plan:
    """What an audit of an organization will do, and what it will cost."""

    caller: Caller
    accounts: tuple[Account, ...]
    """Those that were listed and are wanted, whatever their state."""
    auditable: int
    """Those of them that will be entered."""
    excluded: int
    """Those that the filters leave out."""
    sample: tuple[Sampled, ...]
    users: Range
    """IAM users in the accounts that let the caller in."""
    forecast: Forecast
    alternatives: tuple[Alternative, ...]
    seconds: float
    """How long it took to plan."""
    warnings: tuple[str, ...] = ()
    interruption: str = ""
    """Why there may be accounts that were not listed, empty where all were."""

    @property
    def states(self) -> Mapping[str, int]:
        """How many accounts are in each state, by AWS's word for it."""
        return Counter(account.state_word or "unknown state" for account in self.accounts)

    @property
    def units(self) -> Mapping[str, int]:
        """How many accounts are in each organizational unit, by its path of names, or its id where names are unknown.

        Accounts of which neither is known are left out.
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
        """Accounts of the sample whose size is known."""
        return sum(each.size is not None for each in self.sample)

    @property
    def refused(self) -> tuple[Sampled, ...]:
        """Accounts of the sample that did not let the caller in."""
        return tuple(each for each in self.sample if not each.entered)

    @property
    def silent(self) -> tuple[Sampled, ...]:
        """Accounts of the sample that were entered, and did not tell their size."""
        return tuple(each for each in self.sample if each.entered and each.size is None)

"""What the local organization refused or spoiled: only that may be named as missing, and only with its codes."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from auditor.demo import Request

_ACTIONS = {
    "role": frozenset({"AssumeRole"}),
    "users": frozenset({"ListUsers"}),
    "keys": frozenset({"ListAccessKeys"}),
    "last_used": frozenset({"GetAccessKeyLastUsed"}),
    "password": frozenset({"GetLoginProfile", "ListAccessKeys"}),
    "mfa": frozenset({"ListMFADevices"}),
    "events": frozenset({"LookupEvents"}),
    "root": frozenset({"GetAccountSummary", "ListVirtualMFADevices"}),
    "service_credentials": frozenset({"ListServiceSpecificCredentials", "ListUsers"}),
    "report": frozenset({"GenerateCredentialReport", "GetCredentialReport", "ListVirtualMFADevices", "LookupEvents"}),
}
_SHOWN_AS = {
    "reset": frozenset({"ConnectionFailed"}),
    "truncated": frozenset({"InvalidResponse"}),
    "html": frozenset({"InvalidResponse"}),
    "slow": frozenset({"Timeout", "NoAnswer"}),
    "repeated_token": frozenset({"RepeatedToken"}),
}
"""Under which codes a client sees what is no error of AWS's."""
_ANSWERS = frozenset({"NoSuchEntity", "ReportNotPresent", "ReportInProgress"})
"""Codes that are answers: there is no such thing, or not yet."""
_UNKNOWN = ""
"""In the place of the account where a request's credentials have ended."""


@dataclass(frozen=True, slots=True)
class Blame:
    """What went wrong in all runs of an audit, by account."""

    caller: str
    wrong: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """How often, by the account whose credentials signed it, the action, and what went wrong."""
    ever: set[tuple[str, str, str]] = field(default_factory=set)
    """The same of all runs, also of those whose mishaps are forgotten."""

    def hear(self, request: Request) -> None:
        """Take a request."""
        if request.error_code is not None and request.error_code not in _ANSWERS:
            mishap = request.account_id, request.action, request.error_code
            self.wrong[mishap] += 1
            self.ever.add(mishap)

    def forget(self) -> None:
        """From now on nothing may be missing for what went wrong before: all of it can be asked again."""
        self.wrong.clear()

    def ever_went_wrong(self, account: str, section: str) -> bool:
        """Whether anything did in any run: who has the fact from elsewhere asks no more for it, and says no code."""
        return _went_wrong(self.ever, account, section)

    def went_wrong(self, account: str, section: str) -> bool:
        """Whether anything went wrong that the section asks of the account, or when its role was assumed again.

        The credential report counts as a section.
        """
        return _went_wrong(self.wrong, account, section)

    def codes_of(self, account: str) -> set[str]:
        """The codes that a run can have met in an account, or on its way there."""
        return self._codes(lambda who, action: who in (account, _UNKNOWN) or action == "AssumeRole")

    def codes_of_listing(self) -> set[str]:
        """The codes that a run can have met while it listed the accounts."""
        return self._codes(lambda _, action: action == "ListAccounts")

    def codes_of_all(self) -> set[str]:
        """The codes that a run can have met anywhere."""
        return self._codes(lambda *_: True)

    def codes_ever_of(self, account: str) -> set[str]:
        """The codes that any run can have met in an account."""
        return _shown({wrong for who, _, wrong in self.ever if who in (account, _UNKNOWN)})

    def _codes(self, concerns: Callable[[str, str], bool]) -> set[str]:
        return _shown({wrong for who, action, wrong in self.wrong if concerns(who, action)})


def _shown(found: Iterable[str]) -> set[str]:
    return {code for wrong in found for code in _SHOWN_AS.get(wrong, {wrong})}


def _went_wrong(mishaps: Iterable[tuple[str, str, str]], account: str, section: str) -> bool:
    return any(
        (who in (account, _UNKNOWN) and action in _ACTIONS[section])
        or _is_of_role(action, wrong, entered=section != "role")
        for who, action, wrong in mishaps
    )


def _is_of_role(action: str, wrong: str, *, entered: bool) -> bool:
    """Whether it went wrong with a role: one that was lent once is refused no more. They are asked of the caller's."""
    return action == "AssumeRole" and not (entered and wrong == "AccessDenied")

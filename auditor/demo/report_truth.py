"""What the credential report of an account is sure of, told without reading it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.demo.changes import users_of_report
from auditor.demo.facts import AccessKey, AccountFacts, User
from auditor.demo.organization import Organization

_MARGIN = timedelta(minutes=5)
"""How long before it was made a report may already have missed a change."""
_KEPT = timedelta(hours=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFacts:
    """One account's report."""

    made: datetime
    users: Mapping[str, User]

    def of(self, user: User) -> User | None:
        """The user as reported; None where the name was somebody else's, or the user may be newer than the report."""
        then = self.users.get(user.name)
        if then is None or self.misses(user.created):
            return None

        return then if (then.created, then.path) == (user.created, user.path) else None

    def misses(self, moment: datetime) -> bool:
        """Whether the report may lack what was made then."""
        return moment >= self.made - _MARGIN


def facts_of_report(organization: Organization, facts: AccountFacts) -> ReportedFacts | None:
    """The report that an audit gets now; None where it gets none, since it is refused or never ready."""
    scenario, account_id = organization.scenario, facts.account.id
    age = None if scenario.report_age is None else timedelta(seconds=scenario.report_age)
    is_there = age is not None and age < _KEPT
    never_made = scenario.report_never_ready or scenario.denies(account_id, "iam:GenerateCredentialReport")
    if scenario.denies(account_id, "iam:GetCredentialReport") or (never_made and not is_there):
        return None

    made = organization.now - age if age is not None and is_there else organization.now
    users = users_of_report(facts, made=made, now=organization.now)
    return ReportedFacts(made=made, users=users if is_there else {user.name: user for user in facts.users})


def has_reported_key(user: User) -> bool:
    """Whether the user's row shows a key: of one that is inactive and was never used it may show nothing."""
    return any(key.status == "Active" or key.rotation_told or key.last_used is not None for key in user.keys)


def use_of(then: User, key: AccessKey, *, listed: tuple[AccessKey, ...]) -> AccessKey | None:
    """The key as reported; None where the second in which it was made does not tell which of the slots is its own."""
    if key.odd == "time":
        return None

    slots = [slot for slot in then.keys if slot.rotation_told and slot.created == key.created]
    alike = [other for other in listed if other.odd != "time" and other.created == key.created]
    return slots[0] if len(slots) == len(alike) == 1 else None

"""All that one audit learned of one account: users, events, coverage, failures; and the findings in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from auditor.model.coverage import Completeness, Failure, Section, SectionCoverage
from auditor.model.facts import NOT_ASKED, AccessKey, Account, Event, NotAsked, Root, Unknown, User
from auditor.model.scopes import Freshness, UserScope


@dataclass(frozen=True, slots=True)
class Finding:
    """One access key of one IAM user, with the facts about both."""

    account: Account
    user: User
    key: AccessKey


@dataclass(frozen=True, slots=True)
class AccountReport:
    """All that one audit learned of one account, whole."""

    account: Account
    role: str
    """The role that was assumed; empty for the caller's own account, and for one that was not entered."""
    users: tuple[User, ...] = ()
    events: tuple[Event, ...] = ()
    """Newest first, refused ones among them."""
    coverage: tuple[SectionCoverage, ...] = ()
    failures: tuple[Failure, ...] = ()
    vanished_users: int = 0
    vanished_keys: int = 0
    requests: int = 0
    throttles: int = 0
    started_at: datetime | None = None
    seconds: float = 0.0
    report_time: datetime | None = None
    """When the credential report was made that facts are from, None where all facts were read from the API."""
    fallbacks: tuple[str, ...] = ()
    """Why facts were read from the API that were wanted from the credential report, a sentence each."""
    foreign_events: int | NotAsked = NOT_ASKED
    """How many events were passed over because they are another service's than IAM's."""
    scope: UserScope = UserScope.WITH_KEYS
    """Of which users more was asked than their keys; the default is what older versions did."""
    root: Root | NotAsked = NOT_ASKED
    """The account's root user; not asked with `UserScope.WITH_KEYS`, and of an account that was not entered."""

    @property
    def freshness(self) -> Freshness:
        """Where the facts are from."""
        return Freshness.LIVE if self.report_time is None else Freshness.REPORT

    @property
    def reached(self) -> bool:
        """Whether the run came to this account at all before it was cut off."""
        return all(section.completeness is not Completeness.NOT_REACHED for section in self.coverage)

    @property
    def excluded(self) -> bool:
        """Whether the filters left the account out."""
        return any(section.completeness is Completeness.EXCLUDED for section in self.coverage)

    @property
    def complete(self) -> bool:
        """Whether nothing was left unanswered."""
        return self.reached and not self.failures

    @property
    def audited(self) -> bool:
        """Whether the account was entered at all."""
        return any(s.section is Section.ROLE and s.answered for s in self.coverage)

    def findings(self) -> Iterator[Finding]:
        """One finding an access key, in AWS's order of users and keys."""
        for user in self.users:
            for key in () if isinstance(user.keys, Unknown) else user.keys:
                yield Finding(account=self.account, user=user, key=key)

    def happened(self) -> Iterator[Event]:
        """The events that took place, newest first."""
        return (event for event in self.events if event.happened)

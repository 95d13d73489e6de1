"""The account report while it is built: facts, requests made and answered, failures."""

from collections.abc import Awaitable, Callable, Sized
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from auditor.aws.permissions import action_of
from auditor.errors import RequestError
from auditor.model.coverage import Failure, Section, SectionCoverage, coverage_of
from auditor.model.facts import NOT_ASKED, Account, Event, NotAsked, Root, ServiceCredential, Unknown, User
from auditor.model.report import AccountReport
from auditor.model.scopes import UserScope

T = TypeVar("T")

Note = Callable[[RequestError], None]
"""Takes the error of one unreadable item of a list; the other items are read."""


def ignore(_: RequestError) -> None:
    """Drop the error of an item, in a list that no report is made from."""


@dataclass(slots=True)
class AccountDraft:
    """The account report while it is built; collectors add facts to it as they read them."""

    scope: UserScope = UserScope.WITH_KEYS
    users: dict[int, User] = field(default_factory=dict)
    """By their place in AWS's list."""
    events: dict[str, Event] = field(default_factory=dict)
    """By their id."""
    vanished_users: int = 0
    vanished_keys: int = 0
    foreign_events: int = 0
    """Events of other services, which are left out."""
    root: Root | NotAsked = NOT_ASKED
    service_credentials: dict[str, tuple[ServiceCredential, ...] | Unknown] = field(default_factory=dict)
    """By the user's name."""
    other_service_credentials: tuple[()] | Unknown | NotAsked = NOT_ASKED
    """Those of all other users."""
    report_time: datetime | None = None
    fallbacks: list[str] = field(default_factory=list)
    _asked: dict[Section, int] = field(default_factory=dict)
    _answered: dict[Section, int] = field(default_factory=dict)
    _partly: set[Section] = field(default_factory=set)
    _failures: dict[tuple[Section, str, str], Failure] = field(default_factory=dict)

    async def ask(self, section: Section, question: Awaitable[T], *, gathers: Sized = ()) -> T | Unknown:
        """The answer to one question, or Unknown, the failure noted, where AWS gave none.

        A question of many pages adds what it learns to `gathers`: what grew was answered in part.
        """
        self._asked[section] = self._asked.get(section, 0) + 1
        before = len(gathers)
        try:
            answer = await question
        except RequestError as error:
            self.note(section, error)
            if len(gathers) > before:
                self._partly.add(section)
            return Unknown(error.code)
        self._answered[section] = self._answered.get(section, 0) + 1
        return answer

    def note(self, section: Section, error: RequestError) -> None:
        """Note that AWS refused something, or sent what can't be read."""
        action = action_of(error.service, error.operation)
        self.fail(section, code=error.code, message=str(error), request_id=error.request_id, action=action)

    def noting(self, section: Section) -> Note:
        """What notes the faults of items in a list of this section."""
        return partial(self.note, section)

    def count_as_answered(self, section: Section) -> None:
        """Count a question that needed no asking, since the credential report has the answer."""
        for counts in (self._asked, self._answered):
            counts[section] = counts.get(section, 0) + 1

    def fail(self, section: Section, *, code: str, message: str, request_id: str = "", action: str = "") -> None:
        """Note that a question was not answered; the first message of a section, code and action is kept."""
        known = self._failures.get((section, code, action))
        if known is None:
            known = Failure(section, code, message, request_id, count=0, action=action)
        self._failures[section, code, action] = replace(known, count=known.count + 1)

    def report(self, account: Account) -> AccountReport:
        """All that is known so far: users in AWS's order, events newest first."""
        return AccountReport(
            account=account,
            role="",
            users=tuple(self._with_service_credentials(self.users[place]) for place in sorted(self.users)),
            events=tuple(sorted(self.events.values(), key=lambda event: event.at, reverse=True)),
            coverage=self.coverage(),
            failures=self.failures(),
            vanished_users=self.vanished_users,
            vanished_keys=self.vanished_keys,
            report_time=self.report_time,
            fallbacks=tuple(self.fallbacks),
            foreign_events=self.foreign_events,
            scope=self.scope,
            root=self.root,
        )

    def _with_service_credentials(self, user: User) -> User:
        if self.scope is not UserScope.ALL:
            return user
        found = self.service_credentials.get(user.name, self.other_service_credentials)
        return replace(user, service_credentials=found)

    def failures(self) -> tuple[Failure, ...]:
        """All failures, those of one section, code and action as one."""
        return tuple(self._failures.values())

    def coverage(self) -> tuple[SectionCoverage, ...]:
        """A word for every section."""
        return coverage_of(
            self._failures.values(),
            asked=self._asked,
            answered=self._answered,
            partly=self._partly,
            scope=self.scope,
        )

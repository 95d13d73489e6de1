"""What was asked of an account, and how much of it was answered."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from auditor.model.codes import is_denial
from auditor.model.scopes import UserScope


class Section(StrEnum):
    """What is asked of an account."""

    ROLE = "role"
    USERS = "users"
    KEYS = "keys"
    LAST_USED = "last used"
    PASSWORD = "password"  # noqa: S105 - the name of a section
    MFA = "MFA"
    EVENTS = "events"
    ROOT = "root"
    SERVICE_CREDENTIALS = "service credentials"

    @property
    def column(self) -> str:
        """Its name in files and logs."""
        return self.lower().replace(" ", "_")


class Completeness(StrEnum):
    """How much of a section was read."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    DENIED = "denied"
    SKIPPED = "skipped"
    FAILED = "failed"
    NOT_REACHED = "not reached"
    """The run was cut off before the account was finished."""
    EXCLUDED = "excluded"
    """The account was listed, and the filters left it out."""


@dataclass(frozen=True, slots=True)
class SectionCoverage:
    """How much of one section of one account was read: questions asked, and answered."""

    section: Section
    completeness: Completeness
    asked: int = 0
    answered: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that was asked and not answered; `count` questions met the same code in this section."""

    section: Section
    code: str
    message: str
    request_id: str = ""
    count: int = 1
    action: str = ""
    """The IAM action that was asked for, such as `iam:ListUsers`, empty where it was no request."""


# A section is at most as complete as the one that it depends on: who was not listed can't be asked about.
_RESTS_ON = {
    Section.USERS: Section.ROLE,
    Section.EVENTS: Section.ROLE,
    Section.ROOT: Section.ROLE,
    Section.KEYS: Section.USERS,
    Section.LAST_USED: Section.KEYS,
    Section.PASSWORD: Section.KEYS,
    Section.MFA: Section.KEYS,
    Section.SERVICE_CREDENTIALS: Section.USERS,
}
_OF_ALL = frozenset({Section.ROOT, Section.SERVICE_CREDENTIALS})
"""They are asked for only with all users."""


def coverage_of(
    failures: Iterable[Failure],
    *,
    asked: Mapping[Section, int],
    answered: Mapping[Section, int],
    partly: Collection[Section] = (),
    scope: UserScope = UserScope.WITH_KEYS,
) -> tuple[SectionCoverage, ...]:
    """A word for every section, by what failed in it and how many of its questions were asked and answered.

    A section that is `partly` answered has something although none of its questions was answered to its end.
    """
    codes: dict[Section, list[str]] = {section: [] for section in Section}
    for failure in failures:
        codes[failure.section].append(failure.code)
    words: dict[Section, Completeness] = {}
    for section in Section:
        if section in _OF_ALL and scope is not UserScope.ALL:
            words[section] = Completeness.SKIPPED
            continue
        base = words.get(_base_of(section, scope=scope), Completeness.COMPLETE)
        has_something = bool(answered.get(section, 0)) or section in partly
        words[section] = _completeness(codes[section], base, asked=bool(asked.get(section, 0)), known=has_something)
    return tuple(
        SectionCoverage(section, word, asked.get(section, 0), answered.get(section, 0))
        for section, word in words.items()
    )


def _base_of(section: Section, *, scope: UserScope) -> Section:
    if section is Section.PASSWORD and scope is UserScope.ALL:
        return Section.USERS
    return _RESTS_ON.get(section, section)


def _completeness(codes: list[str], base: Completeness, *, asked: bool, known: bool) -> Completeness:
    if codes and not known:
        return Completeness.DENIED if all(map(is_denial, codes)) else Completeness.FAILED
    if codes or (base is not Completeness.COMPLETE and asked):
        return Completeness.PARTIAL
    return Completeness.COMPLETE if base is Completeness.COMPLETE else Completeness.SKIPPED

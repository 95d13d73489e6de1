"""Two readings of one account as one report: each fact from the reading that has it, the later one where both do."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from auditor.model.codes import INVALID_RESPONSE
from auditor.model.coverage import Completeness, Failure, Section, SectionCoverage, coverage_of
from auditor.model.facts import AccessKey, Event, NotAsked, Root, Unknown, User
from auditor.model.report import AccountReport

T = TypeVar("T")

_RANKS = {Completeness.COMPLETE: 2, Completeness.PARTIAL: 1}
_OF_USERS = (Section.KEYS, Section.LAST_USED, Section.PASSWORD, Section.MFA, Section.SERVICE_CREDENTIALS)
"""The sections whose facts are the users' own, so that what is missing can be counted."""


def merged(first: AccountReport, second: AccountReport) -> AccountReport:
    """One report of an account that was read twice, `second` later; it never has less than either of them.

    A user who is in the first reading only was deleted since, where the second one lists all users. What a section
    lacks is told by its failures: those of the reading that has more of it or, of facts about users, those of the facts
    that neither reading has. Requests, throttles and seconds are those of both.
    """
    if not second.reached or (first.audited and not second.audited):
        return _with_costs(first, first=first, second=second)
    if not first.audited:
        return _with_costs(second, first=first, second=second)
    gone = _gone(first, second)
    users = tuple(_users(first, second, gone=gone))
    better = {section: _better(section, first, second) for section in Section}
    events = better[Section.EVENTS]
    failures = tuple(_failures(users, first=first, second=second, better=better))
    whole = replace(
        second,
        users=users,
        events=_events(first, second, better=events),
        coverage=_coverage(users, failures, first=first, second=second, better=better),
        failures=failures,
        vanished_users=first.vanished_users + second.vanished_users + len(gone),
        vanished_keys=first.vanished_keys + second.vanished_keys,
        report_time=_earliest(first.report_time, second.report_time),
        foreign_events=events.foreign_events,
        root=_root(first, second, better=better[Section.ROOT]),
        fallbacks=tuple(dict.fromkeys((*first.fallbacks, *second.fallbacks))),
    )
    return _with_costs(whole, first=first, second=second)


def _with_costs(report: AccountReport, *, first: AccountReport, second: AccountReport) -> AccountReport:
    return replace(
        report,
        requests=first.requests + second.requests,
        throttles=first.throttles + second.throttles,
        started_at=_earliest(first.started_at, second.started_at),
        seconds=first.seconds + second.seconds,
    )


def _covered(report: AccountReport, section: Section) -> SectionCoverage:
    found = (covered for covered in report.coverage if covered.section is section)
    return next(found, SectionCoverage(section, Completeness.SKIPPED))


def _extent(report: AccountReport, section: Section) -> tuple[int, int]:
    covered = _covered(report, section)
    return _RANKS.get(covered.completeness, 0), covered.answered


def _better(section: Section, first: AccountReport, second: AccountReport) -> AccountReport:
    return first if _extent(first, section) > _extent(second, section) else second


def _is_complete(report: AccountReport, section: Section) -> bool:
    return _covered(report, section).completeness is Completeness.COMPLETE


def _gone(first: AccountReport, second: AccountReport) -> frozenset[str]:
    """The names of users who were deleted between the two readings."""
    if not _is_complete(second, Section.USERS):
        return frozenset()
    return frozenset(user.name for user in first.users) - frozenset(user.name for user in second.users)


def _users(first: AccountReport, second: AccountReport, *, gone: frozenset[str]) -> Iterator[User]:
    """The users of the second reading, and behind them those of the first that it does not have."""
    earlier = {user.name: user for user in first.users if user.name not in gone}
    for user in second.users:
        before = earlier.pop(user.name, None)
        yield user if before is None or before.id != user.id else _user(before, user)
    yield from earlier.values()


def _user(earlier: User, later: User) -> User:
    keys = later.keys if isinstance(later.keys, tuple) else earlier.keys
    return replace(
        later,
        keys=tuple(_keys(keys, earlier.keys)) if isinstance(keys, tuple) else later.keys,
        has_password=_known(earlier.has_password, later.has_password),
        mfa_devices=_known(earlier.mfa_devices, later.mfa_devices),
        login_profile=_asked(earlier.login_profile, later.login_profile),
        password_last_changed=_asked(earlier.password_last_changed, later.password_last_changed),
        active_certificates=_asked(earlier.active_certificates, later.active_certificates),
        service_credentials=_asked(earlier.service_credentials, later.service_credentials),
    )


def _root(first: AccountReport, second: AccountReport, *, better: AccountReport) -> Root | NotAsked:
    """The root user of the second reading, with the facts that only the first one has.

    What neither has is unknown for the reason of the better reading, since it is that one's failures that are told.
    """
    earlier, later = first.root, second.root
    if isinstance(earlier, NotAsked) or isinstance(later, NotAsked):
        return _asked(earlier, later)
    names = [field.name for field in fields(Root)]
    before, now, told = ({name: getattr(root, name) for name in names} for root in (earlier, later, better.root))
    facts = {name: _unless_unknown(now[name], before[name]) for name in names}
    return Root(**{name: told[name] if isinstance(fact, Unknown) else fact for name, fact in facts.items()})


def _asked(earlier: T | NotAsked, later: T | NotAsked) -> T | NotAsked:
    """The later one of what is known, or else of what was asked for."""
    if isinstance(later, NotAsked) or isinstance(earlier, NotAsked):
        return earlier if isinstance(later, NotAsked) else later
    return _unless_unknown(later, earlier)


def _keys(keys: tuple[AccessKey, ...], earlier: tuple[AccessKey, ...] | Unknown) -> Iterator[AccessKey]:
    before = {key.id: key for key in earlier} if isinstance(earlier, tuple) else {}
    for key in keys:
        other = before.get(key.id, key)
        yield replace(
            key,
            status=_unless_unknown(key.status, other.status),
            created_at=_unless_unknown(key.created_at, other.created_at),
            last_use=_unless_unknown(key.last_use, other.last_use),
        )


def _unless_unknown(later: T, earlier: T) -> T:
    """The later fact, also where neither is known: then its code is the one that counts."""
    return earlier if isinstance(later, Unknown) and not isinstance(earlier, Unknown) else later


def _known(earlier: T | Unknown | None, later: T | Unknown | None) -> T | Unknown | None:
    """The later one of what is known; what was refused or not asked is not."""
    for fact in (later, earlier):
        if fact is not None and not isinstance(fact, Unknown):
            return fact
    return earlier if later is None else later


def _events(first: AccountReport, second: AccountReport, *, better: AccountReport) -> tuple[Event, ...]:
    """All events that have an id, each once; only one reading can tell how many of the others there are."""
    named = {event.id: event for report in (first, second) for event in report.events if event.id}
    nameless = [event for event in better.events if not event.id]
    return tuple(sorted((*named.values(), *nameless), key=lambda event: event.at, reverse=True))


def _coverage(
    users: Sequence[User],
    failures: Iterable[Failure],
    *,
    first: AccountReport,
    second: AccountReport,
    better: Mapping[Section, AccountReport],
) -> tuple[SectionCoverage, ...]:
    asked, answered = {}, {}
    partly = set()
    for section, report in better.items():
        covered = _covered(report, section)
        asked[section], answered[section] = covered.asked, covered.answered
        if covered.completeness is Completeness.PARTIAL:
            partly.add(section)
    for section in filter(partial(_is_told_by, users), _OF_USERS):
        missing = _missing(section, users).total()
        asked[section] = max(_covered(report, section).asked for report in (first, second))
        answered[section] = max(0, asked[section] - missing)
        # One question is about all users, and may be answered for those of one reading only.
        if section is Section.SERVICE_CREDENTIALS:
            partly = partly | {section} if missing < len(users) else partly - {section}
    return coverage_of(failures, asked=asked, answered=answered, partly=partly, scope=second.scope)


def _failures(
    users: Sequence[User], *, first: AccountReport, second: AccountReport, better: Mapping[Section, AccountReport]
) -> Iterator[Failure]:
    for section, report in better.items():
        if not _is_told_by(users, section):
            yield from _of(section, report)
            continue
        missing = _missing(section, users)
        odd = _odd_items(section, first=first, second=second)
        noted = {failure.code: failure for failure in (*_of(section, first), *_of(section, second))}
        for code in dict.fromkeys((*missing, *odd)):
            failure = noted.get(code, Failure(section, code, code))
            count = failure.count if section is Section.SERVICE_CREDENTIALS else max(missing[code], odd.get(code, 0))
            yield replace(failure, count=count)


def _is_told_by(users: Sequence[User], section: Section) -> bool:
    """Whether the users' own facts tell what is missing; nobody's tell it of a list that has no user."""
    return section in _OF_USERS and (bool(users) or section is not Section.SERVICE_CREDENTIALS)


def _of(section: Section, report: AccountReport) -> Iterator[Failure]:
    return (failure for failure in report.failures if failure.section is section)


def _odd_items(section: Section, *, first: AccountReport, second: AccountReport) -> dict[str, int]:
    """By code, failures that no unanswered question explains: of items that could not be read in an answer.

    Those of the second reading count; those of the first one as well, where the second lacks answers of its own.
    """
    found = _unexplained(section, second)
    return found if found or _is_complete(second, section) else _unexplained(section, first)


def _unexplained(section: Section, report: AccountReport) -> dict[str, int]:
    covered, failures = _covered(report, section), list(_of(section, report))
    if sum(failure.count for failure in failures) <= covered.asked - covered.answered:
        return {}
    odd = [failure.count for failure in failures if failure.code == INVALID_RESPONSE]
    return {INVALID_RESPONSE: sum(odd)} if odd else {}


def _missing(section: Section, users: Iterable[User]) -> Counter[str]:
    """How many of the users' facts are missing in this section, by the code that came instead."""
    facts = (fact for user in users for fact in _facts(section, user))
    return Counter(fact.code for fact in facts if isinstance(fact, Unknown))


def _facts(section: Section, user: User) -> tuple[object, ...]:
    match section:
        case Section.KEYS:
            return (user.keys,)
        case Section.LAST_USED:
            return tuple(key.last_use for key in user.keys) if isinstance(user.keys, tuple) else ()
        case Section.PASSWORD:
            return (user.has_password,)
        case Section.SERVICE_CREDENTIALS:
            return (user.service_credentials,)
        case _:
            return (user.mfa_devices,)


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)

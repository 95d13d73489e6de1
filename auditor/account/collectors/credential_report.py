"""IAM's credential report: asked for politely and not for ever, and what it says for sure of each user.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

import csv
import io
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import anyio

from auditor.aws.errors import invalid_response, request_error
from auditor.aws.gateway import IamAccess
from auditor.aws.reading import UNREADABLE, parse_timestamp, time_in
from auditor.config import ReportWait
from auditor.errors import RequestError
from auditor.model.facts import NOT_ASKED, AccessKey, KeyUse, NotAsked, RootKey, Unknown, User

MARGIN = timedelta(minutes=5)
"""How long before it was made a report may already have missed a change: IAM is eventually consistent.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
"""
_NONE = "n/a"
_NO_KEY = frozenset({_NONE, "false"})
_ROOT = "<root_account>"
_SLOTS = (1, 2)
_USER_COLUMNS = ("user", "arn", "user_creation_time", "password_enabled", "mfa_active")
_KEY_COLUMNS = ("active", "last_rotated", "last_used_date", "last_used_service", "last_used_region")
_CHANGED = "password_last_changed"
_CERTIFICATES = ("cert_1_active", "cert_2_active")
_ALSO = frozenset({"password_last_used", _CHANGED, *_CERTIFICATES})
"""What the facts of a report are the poorer without, and no more."""
_NEVER = frozenset({_NONE, "no_information"})
NOT_READY = "ReportNotReady"
_IN_PROGRESS = "ReportInProgress"
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetCredentialReport.html
_TO_BE_MADE = frozenset({"ReportNotPresent", "ReportExpired"})
# Another report is being made: it will do. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateCredentialReport.html
_ANOTHER_IS_MADE = "LimitExceeded"


@dataclass(frozen=True, slots=True)
class ReportedKey:
    """One access key as the report knows it: without its id."""

    rotated_at: datetime | None
    """When it was made, or activated again; None where the report does not say it in a way that can be read."""
    used: KeyUse | None
    use_known: bool = True
    """Whether the report says of its last use what can be read: a time, or that there was none."""


@dataclass(frozen=True, slots=True)
class ReportedUser:
    """One user as the report describes them; None for what it does not say in a way that can be read."""

    arn: str
    created_at: datetime | None
    has_password: bool | None
    mfa_active: bool | None
    keys: tuple[ReportedKey, ...]
    password_last_changed: datetime | NotAsked | None = NOT_ASKED
    """Not asked where the report does not have it."""
    active_certificates: int | NotAsked = NOT_ASKED

    def use_of(self, key: AccessKey, *, keys: tuple[AccessKey, ...]) -> ReportedKey | None:
        """What is reported of one of the user's keys, None where that can't be told for sure.

        The report has the keys in no known order: only the second in which they were made tells which is which.
        """
        made = _second(key.created_at)
        found = [slot for slot in self.keys if made is not None and slot.rotated_at == made]
        alike = sum(_second(other.created_at) == made for other in keys)
        return found[0] if len(found) == alike == 1 and found[0].use_known else None


@dataclass(frozen=True, slots=True)
class ReportedRoot:
    """The root user as the report describes it."""

    created_at: datetime | Unknown
    password_last_used: datetime | Unknown | None
    keys: tuple[RootKey, ...]


@dataclass(frozen=True, slots=True)
class CredentialReport:
    """The credential report of one account, by user name."""

    made_at: datetime
    users: Mapping[str, ReportedUser]
    root: ReportedRoot | None = None
    """None where there is no row of it."""

    @property
    def sure_until(self) -> datetime:
        """Since when there may be changes that the report has missed."""
        return self.made_at - MARGIN

    def of(self, user: User) -> ReportedUser | None:
        """What is reported of the user; None where the name is an older user's, or the user newer than the report."""
        reported = self.users.get(user.name)
        if reported is None or self.misses(user.created_at):
            return None
        same = (reported.arn, reported.created_at) == (user.arn, _second(user.created_at))
        return reported if same else None

    def misses(self, made: datetime | Unknown | None) -> bool:
        """Whether the report may have missed what was made at that time."""
        return not isinstance(made, datetime) or made >= self.sure_until


def read_report(content: bytes | str, *, made_at: datetime) -> CredentialReport:
    """The report that AWS sent; columns are known by their names, and a row that is not whole is none.

    Raises:
        RequestError: It is no credential report.
    """
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
        lines = csv.reader(io.StringIO(text, newline=""))
        header = next(lines, [])
        places = {name: header.index(name) for name in (*_columns(), *_ALSO.intersection(header))}
        rows = {cells["user"]: cells for cells in _rows(lines, places, width=len(header))}
    except (ValueError, csv.Error) as error:
        raise invalid_response(
            f"the credential report can't be read ({error})", service="iam", operation="get_credential_report"
        ) from None
    root = rows.pop(_ROOT, None)
    users = {name: _user(cells) for name, cells in rows.items()}
    return CredentialReport(made_at, users, root=None if root is None else _root(root))


def _columns() -> tuple[str, ...]:
    return (*_USER_COLUMNS, *(f"access_key_{slot}_{column}" for slot in _SLOTS for column in _KEY_COLUMNS))


def _rows(lines: Iterator[list[str]], places: Mapping[str, int], *, width: int) -> Iterator[Mapping[str, str]]:
    for line in lines:
        if len(line) == width:
            yield {name: line[place] for name, place in places.items()}


def _user(cells: Mapping[str, str]) -> ReportedUser:
    keys = (_key(*slot) for slot in _slots(cells))
    changed = cells.get(_CHANGED)
    return ReportedUser(
        arn=cells["arn"],
        created_at=_time(cells["user_creation_time"]),
        has_password=_boolean(cells["password_enabled"]),
        mfa_active=_boolean(cells["mfa_active"]),
        keys=tuple(key for key in keys if key is not None),
        password_last_changed=NOT_ASKED if changed is None else _time(changed),
        active_certificates=_certificates(cells),
    )


def _root(cells: Mapping[str, str]) -> ReportedRoot:
    return ReportedRoot(
        created_at=_time(cells["user_creation_time"]) or UNREADABLE,
        password_last_used=_last_use(cells.get("password_last_used", "")),
        keys=tuple(
            RootKey(_known(_boolean(active)), _last_use(used))
            for active, rotated, used, service, region in _slots(cells)
            if _key(active, rotated, used, service, region) is not None
        ),
    )


def _known(fact: bool | None) -> bool | Unknown:  # noqa: FBT001 - the fact itself
    return UNREADABLE if fact is None else fact


def _last_use(word: str) -> datetime | Unknown | None:
    return None if word.casefold() in _NEVER else _time(word) or UNREADABLE


def _slots(cells: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for slot in _SLOTS:
        yield tuple(cells[f"access_key_{slot}_{column}"] for column in _KEY_COLUMNS)


def _certificates(cells: Mapping[str, str]) -> int | NotAsked:
    words = [cells[name] for name in _CERTIFICATES if name in cells]
    return sum(_boolean(word) is True for word in words) if words else NOT_ASKED


def _key(active: str, rotated: str, used: str, service: str, region: str) -> ReportedKey | None:
    # An inactive key is a key, though the guide has no time for it: any word of one will do.
    if all(cell.casefold() in _NO_KEY for cell in (active, rotated, used, service, region)):
        return None
    used_at = _time(used)
    return ReportedKey(
        rotated_at=_time(rotated),
        used=None if used_at is None else KeyUse(used_at, service, region),
        use_known=used.casefold() == _NONE or used_at is not None,
    )


def _boolean(word: str) -> bool | None:
    return {"true": True, "false": False}.get(word.lower())


def _time(word: str) -> datetime | None:
    moment = parse_timestamp(word)
    return _second(moment) if isinstance(moment, datetime) else None


def _second(moment: datetime | Unknown | None) -> datetime | None:
    return moment.replace(microsecond=0) if isinstance(moment, datetime) else None


async def request_report(
    account: IamAccess, *, wait: ReportWait, sleep: Callable[[float], Awaitable[None]] = anyio.sleep
) -> CredentialReport:
    """The account's credential report: the one that is there, whoever had it made, or else a new one.

    Raises:
        RequestError: It was refused, can't be read, or was not ready in time.
    """
    with anyio.move_on_after(wait.patience) as scope:
        for bound in pause_bounds(wait):
            pause = random.uniform(bound / 2, bound)  # noqa: S311 - jitter is no secret
            report = await _report(account)
            if report is not None:
                return report
            if anyio.current_time() + pause >= scope.deadline:
                break
            await sleep(pause)
    raise request_error(
        code=NOT_READY,
        message=f"the credential report was not ready within {wait.patience:g} seconds",
        service="iam",
        operation="get_credential_report",
    )


async def _report(account: IamAccess) -> CredentialReport | None:
    """The report, or None while it is being made, which this starts where nobody has."""
    report, code = await _get(account)
    if report is None and code in _TO_BE_MADE and await _is_made(account):
        report, _ = await _get(account)
    return report


async def _get(account: IamAccess) -> tuple[CredentialReport | None, str]:
    try:
        answer = await account.access.request(account.iam.get_credential_report)
    except RequestError as error:
        if error.code == _IN_PROGRESS or error.code in _TO_BE_MADE:
            return None, error.code
        raise
    made_at = time_in(answer, "GeneratedTime")
    if not isinstance(made_at, datetime):
        said = "the credential report has no GeneratedTime that can be read"
        raise invalid_response(said, service="iam", operation="get_credential_report")
    return read_report(answer["Content"], made_at=made_at), ""


async def _is_made(account: IamAccess) -> bool:
    try:
        answer = await account.access.request(account.iam.generate_credential_report)
    except RequestError as error:
        if error.code == _ANOTHER_IS_MADE:
            return False
        raise
    return answer["State"] == "COMPLETE"


def pause_bounds(wait: ReportWait) -> Iterator[float]:
    """The longest that each pause may be, without end; the shortest is half of it."""
    bound = wait.first_pause
    while True:
        yield bound
        bound = min(bound * 2, wait.longest_pause)

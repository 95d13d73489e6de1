"""Whether the options of a resumed audit agree with those that it was begun with."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path

from auditor.errors import ConfigurationError
from auditor.journal.header import Header
from auditor.model.filters import OPTIONS
from auditor.model.period import parse_end, parse_start, start_of_days

_SAME = timedelta(minutes=1)
"""Days are counted back from now, which was a moment before the audit began."""
_SECOND = timedelta(seconds=1)
_UNTOLD = "external_id"
"""What is shared with those who trust the caller is not for every screen."""


def check_agreement(header: Header, *, given: Mapping[str, object], path: Path) -> None:
    """Raise ConfigurationError for the first option that says other than the journal at `path`.

    `given` has the options of the command line by their parameters' names, only those that a person gave; those that
    decide nothing in the rows are passed over, and filters are as in AccountFilters. Directories are looked up on the
    disk, which blocks.
    """
    _check_settings(header, given=given)
    _check_filters(header, given=given)
    _check_period(header, given=given)
    directory = given.get("output_dir")
    if isinstance(directory, Path) and directory.resolve() != path.resolve().parent:
        raise _conflict("--output-dir", path.parent)


def _check_settings(header: Header, *, given: Mapping[str, object]) -> None:
    for name in (field.name for field in fields(header.settings)):
        kept = getattr(header.settings, name)
        if name in given and _listed(given[name]) != _listed(kept):
            raise _conflict(f"--{name.replace('_', '-')}", _shown(name, kept))
        inverse = f"no_{name}"
        if inverse in given and bool(given[inverse]) == bool(kept):
            raise _conflict(f"--{inverse.replace('_', '-')}", "on" if kept else "off")


def _check_filters(header: Header, *, given: Mapping[str, object]) -> None:
    for name, option in OPTIONS.items():
        kept = getattr(header.settings.filters, name)
        if name in given and given[name] != kept:
            raise _conflict(option, ", ".join(kept) if kept else "none")


def _check_period(header: Header, *, given: Mapping[str, object]) -> None:
    period, asked = header.period, header.asked
    start, end, days = given.get("start_date"), given.get("end_date"), given.get("days")
    if isinstance(start, str) and not _is_one_of(parse_start(start), period.start, asked.start):
        raise _conflict("--start-date", period.start.isoformat())
    if isinstance(end, str) and not _is_one_of(parse_end(end), period.end, asked.end):
        raise _conflict("--end-date", period.end.isoformat())
    if isinstance(days, int):
        first = start_of_days(days, end=None, now=period.end)
        if not any(abs(first - moment) < _SAME for moment in (period.start, asked.start or period.start)):
            raise _conflict("--days", f"from {period.start.isoformat()} to {period.end.isoformat()}")


def _listed(value: object) -> list[object]:
    """The value, or all the values of an option that may be given more than once."""
    return [*value] if isinstance(value, list | tuple) else [value]


def _shown(name: str, kept: object) -> object:
    if name == _UNTOLD:
        return "another one"
    if isinstance(kept, tuple):
        return ", ".join(map(str, kept))
    return {True: "on", False: "off"}[kept] if isinstance(kept, bool) else kept


def _is_one_of(moment: datetime, *moments: datetime | None) -> bool:
    return any(other is not None and abs(moment - other) < _SECOND for other in moments)


def _conflict(option: str, kept: object) -> ConfigurationError:
    return ConfigurationError(
        f"{option} differs from the audit that is resumed ({kept}): leave it out, or begin a new audit."
    )

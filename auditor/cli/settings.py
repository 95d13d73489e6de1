"""From the options of a command to the settings of an audit."""

import re
from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import typer

from auditor.cli.environment import check_variables
from auditor.cli.filters import filters_of
from auditor.config import AuditConfig
from auditor.errors import ConfigurationError
from auditor.model.filters import OPTIONS
from auditor.model.period import parse_end, parse_start, start_of_days

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([smh])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def config_of(context: typer.Context) -> AuditConfig:
    """The settings that the options of a command give, as far as it has them; reads files of filters, and so blocks.

    Raises:
        ConfigurationError: An option is missing, or its value can't be right.
    """
    given = context.params
    settings: dict[str, Any] = {field.name: given[field.name] for field in fields(AuditConfig) if field.name in given}
    settings["filters"] = filters_of(**{name: given[name] for name in OPTIONS})
    if "days" in given:
        start, end = _period(given["start_date"], end_date=given["end_date"], days=given["days"])
        settings |= {"start_date": start, "end_date": end}
    if not given["role"]:
        raise ConfigurationError("--role is missing: it says which role to assume in each account.")
    return AuditConfig(**settings, session_policy=not given["no_session_policy"])


def check_options(context: typer.Context, names: Iterable[str]) -> None:
    """Raise ConfigurationError, which names the variable, for the first of these options that a variable sets wrong."""
    check_variables(context, _checks(names))


def _checks(names: Iterable[str]) -> dict[str, Callable[[Any], object]]:
    """The check of each of these options by itself, and of those that no journal has."""
    from auditor.cli.opening import EngineChoice  # noqa: PLC0415 - as in the command

    checks: dict[str, Callable[[Any], object]] = {
        "output_dir": at_home,
        "start_date": parse_start,
        "end_date": parse_end,
        "days": lambda days: start_of_days(days, end=None, now=datetime.now(UTC)),
    }
    settings = {field.name: partial(_check_setting, field.name) for field in fields(AuditConfig)}
    checks |= {name: partial(_check_filter, name) for name in OPTIONS}
    return {
        **{name: check for name, check in (settings | checks).items() if name in set(names)},
        "resume": at_home,
        "max_duration": parse_duration,
        "processes": lambda processes: EngineChoice(processes=processes),
        "workers": lambda workers: EngineChoice(dask_scheduler="any", workers=workers),
    }


def _check_setting(name: str, value: object) -> None:
    values: dict[str, Any] = {"role": "R", name: value}
    AuditConfig(**values)


def _check_filter(name: str, values: list[str]) -> None:
    filters_of(**{name: values})


def at_home(path: Path) -> Path:
    """The path with a leading `~` or `~name` expanded: the shell does not do it in `--output-dir=~/reports`."""
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ConfigurationError(f"{path} is no path here: nobody has that home.") from error


def _period(
    start_date: str | None, *, end_date: str | None, days: int | None
) -> tuple[datetime | None, datetime | None]:
    """The first and the last moment of the events, None for the default."""
    end = None if end_date is None else parse_end(end_date)
    if days is None:
        return (None if start_date is None else parse_start(start_date)), end
    if start_date is not None:
        raise ConfigurationError("--days and --start-date both say when to begin: give one of them.")
    return start_of_days(days, end=end, now=datetime.now(UTC)), end


def parse_duration(text: str) -> float:
    """The seconds that a number with a unit means: 90s, 14m, 1.5h.

    Raises:
        ConfigurationError: It is no such thing, or no time at all.
    """
    match = _DURATION.fullmatch(text)
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if not seconds:
        raise ConfigurationError(f"{text!r} is no duration: give a number above zero and a unit, such as 90s, 14m, 1h.")
    return seconds

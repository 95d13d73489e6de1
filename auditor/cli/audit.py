"""`auditor audit`: the options of an audit, and what they choose."""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from auditor.cli import options
from auditor.cli.environment import check_variables, is_variable
from auditor.cli.filters import (
    AccountIds,
    AccountNames,
    ExcludedAccountIds,
    ExcludedAccountNames,
    ExcludedOus,
    ExcludedTags,
    Ous,
    Tags,
    filters_of,
)
from auditor.cli.terminal.output import LogFormat, check_loudness
from auditor.config import DEFAULT_CONCURRENCY, DEFAULT_SESSION_NAME, AuditConfig, Labels
from auditor.errors import ConfigurationError
from auditor.model.facts import EventScope, Freshness, UserScope
from auditor.model.filters import OPTIONS
from auditor.model.period import parse_end, parse_start, start_of_days
from auditor.model.plan import SAMPLE

if TYPE_CHECKING:
    from auditor.journal import FreeSettings

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([smh])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def audit(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    role: options.Role = None,
    profile: options.Profile = None,
    lister_profile: options.ListerProfile = None,
    lister_role: options.ListerRole = None,
    own_account_role: options.OwnAccountRole = False,
    accounts: AccountIds = None,
    account_names: AccountNames = None,
    ous: Ous = None,
    tags: Tags = None,
    excluded_accounts: ExcludedAccountIds = None,
    excluded_account_names: ExcludedAccountNames = None,
    excluded_ous: ExcludedOus = None,
    excluded_tags: ExcludedTags = None,
    output_dir: options.OutputDir = Path(),
    start_date: options.StartDate = None,
    end_date: options.EndDate = None,
    days: options.Days = None,
    concurrency: options.Concurrency = DEFAULT_CONCURRENCY,
    labels: options.LabelsOption = Labels.ES,
    csv_bom: options.CsvBom = False,
    freshness: options.FreshnessOption = Freshness.LIVE,
    users: options.Users = UserScope.ALL,
    events: options.Events = EventScope.BASIC,
    session_name: options.SessionName = DEFAULT_SESSION_NAME,
    session_duration: options.SessionDuration = None,
    source_identity: options.SourceIdentity = None,
    external_id: options.ExternalId = None,
    no_session_policy: options.NoSessionPolicy = False,
    processes: options.Processes = 1,
    dask_scheduler: options.DaskScheduler = None,
    workers: options.Workers = None,
    resume: options.Resume = None,
    dry_run: options.DryRun = False,
    ephemeral: options.Ephemeral = False,
    max_duration: options.MaxDuration = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    log_format: options.LogFormatOption = LogFormat.TEXT,
) -> None:
    """Audit the IAM users of all accounts of the organization, into four CSV files.

    Exit codes: 0 complete; 1 nothing could be audited; 2 wrong options; 3 audited, but something that should have been
    read was not, or --max-duration was over; 130 and 143 interrupted. What was finished is on disk, and --resume goes
    on with the rest.

    Examples:
      auditor audit --role SecurityAudit --profile security --output-dir reports
      auditor audit --role SecurityAudit --days 30 --max-duration 14m
      auditor audit --resume reports/audit_20260301_120000.journal.jsonl
    """
    # What audits is loaded only now: `--help` and completions start without the SDK, Rich and pydantic.
    from auditor.cli.next_step import GivenOptions, Step, given_options, next_step  # noqa: PLC0415 - said above
    from auditor.cli.opening import EngineChoice, begin_audit, resume_from  # noqa: PLC0415 - said above
    from auditor.cli.show import show_run  # noqa: PLC0415 - said above
    from auditor.cli.show_plan import show_plan  # noqa: PLC0415 - said above
    from auditor.cli.terminal.log import open_output  # noqa: PLC0415 - said above
    from auditor.cli.terminal.signals import one_sentence  # noqa: PLC0415 - said above
    from auditor.concurrency import event_loop  # noqa: PLC0415 - said above

    output = open_output(log_format, quiet=quiet, verbose=verbose)
    with one_sentence(output) as interruption:
        check_loudness(quiet=quiet, verbose=verbose)
        anew: FreeSettings = {
            "profile": profile,
            "lister_profile": lister_profile,
            "lister_role": lister_role,
            "session_duration": session_duration,
            "source_identity": source_identity,
            "concurrency": concurrency,
        }
        check_options(context, anew if resume is not None else context.params)
        filters = filters_of(
            **_told(
                context,
                resuming=resume is not None,
                accounts=accounts,
                account_names=account_names,
                ous=ous,
                tags=tags,
                excluded_accounts=excluded_accounts,
                excluded_account_names=excluded_account_names,
                excluded_ous=excluded_ous,
                excluded_tags=excluded_tags,
            )
        )
        engine = EngineChoice(processes=processes, dask_scheduler=dask_scheduler, workers=workers)
        if dry_run and resume is not None:
            raise ConfigurationError("--dry-run plans a new audit, and --resume goes on with an old one: give one.")
        if resume is None:
            start, end = period_of(start_date, end_date=end_date, days=days)
            config = AuditConfig(
                role=required_role(role),
                filters=filters,
                own_account_role=own_account_role,
                start_date=start,
                end_date=end,
                labels=labels,
                csv_bom=csv_bom,
                freshness=freshness,
                users=users,
                events=events,
                session_name=session_name,
                external_id=external_id,
                session_policy=not no_session_policy,
                **anew,
            )
            words = given_options(context, but=("dry_run", "quiet", "verbose", "log_format"))
            if dry_run:
                show = partial(show_plan, config, processes=processes, sample=SAMPLE, words=words, output=output)
                raise typer.Exit(event_loop.run(partial(show, as_json=False)))
            opening = begin_audit(config, directory=_at_home(output_dir), engine=engine)
        else:
            words = GivenOptions()
            given = {name: getattr(filters, name, value) for name, value in _given(context).items()}
            opening = resume_from(_at_home(resume), given=given, anew=anew, engine=engine)
        run = partial(
            show_run,
            opening,
            resumable=not ephemeral,
            longest=math.inf if max_duration is None else parse_duration(max_duration),
            output=output,
            quiet=quiet,
            interruption=interruption,
            next_step="" if ephemeral else next_step(Step.AUDIT, words),
        )
        raise typer.Exit(event_loop.run(run))


def _told(context: typer.Context, *, resuming: bool, **values: list[str] | None) -> dict[str, list[str] | None]:
    """The values of these options; a journal has its own, and beside it the environment's are none."""
    return {name: value for name, value in values.items() if not (resuming and is_variable(context, name))}


def required_role(role: list[str] | None) -> tuple[str, ...]:
    """The roles; raises ConfigurationError where there is none."""
    if not role:
        raise ConfigurationError("--role is missing: it says which role to assume in each account.")
    return tuple(role)


def check_options(context: typer.Context, names: Iterable[str]) -> None:
    """Raise ConfigurationError, which names the variable, for the first of these that a variable has wrong."""
    check_variables(context, _checks(names))


def _checks(names: Iterable[str]) -> dict[str, Callable[[Any], object]]:
    """What tells of each of these options alone whether it can be right, and of those that no journal replaces."""
    from auditor.cli.opening import EngineChoice  # noqa: PLC0415 - as in the command

    checks: dict[str, Callable[[Any], object]] = {
        "output_dir": _at_home,
        "start_date": parse_start,
        "end_date": parse_end,
        "days": lambda days: start_of_days(days, end=None, now=datetime.now(UTC)),
    }
    settings = {field.name: partial(_check_setting, field.name) for field in fields(AuditConfig)}
    checks |= {name: partial(_check_filter, name) for name in OPTIONS}
    return {
        **{name: check for name, check in (settings | checks).items() if name in set(names)},
        "resume": _at_home,
        "max_duration": parse_duration,
        "processes": lambda processes: EngineChoice(processes=processes),
        "workers": lambda workers: EngineChoice(dask_scheduler="any", workers=workers),
    }


def _check_setting(name: str, value: object) -> None:
    values: dict[str, Any] = {"role": "R", name: value}
    AuditConfig(**values)


def _check_filter(name: str, values: list[str]) -> None:
    filters_of(**{name: values})


def _given(context: typer.Context) -> dict[str, object]:
    """The options that stand on the command line, by their parameters' names."""
    return {
        name: _at_home(value) if isinstance(value, Path) else value
        for name, value in context.params.items()
        if (source := context.get_parameter_source(name)) is not None and source.name == "COMMANDLINE"
    }


def _at_home(path: Path) -> Path:
    """The path with `~` and `~name` at its start replaced: in `--output-dir=~/reports` no shell does that."""
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ConfigurationError(f"{path} is no path here: nobody has that home.") from error


def period_of(
    start_date: str | None, *, end_date: str | None, days: int | None
) -> tuple[datetime | None, datetime | None]:
    """The first and the last moment of events that are wanted, None where nothing says so."""
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

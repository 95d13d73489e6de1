"""`auditor audit`: the options of an audit, and what they choose."""

import math
import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

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
from auditor.cli.help import ACCESS, FACTS, FILES, MESSAGES, SPEED
from auditor.cli.terminal.output import LogFormat, check_loudness
from auditor.config import DEFAULT_CONCURRENCY, DEFAULT_SESSION_NAME, AuditConfig, Labels
from auditor.errors import ConfigurationError
from auditor.model.facts import EventScope, Freshness, UserScope
from auditor.model.period import parse_end, parse_start, start_of_days

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([smh])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def audit(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    role: Annotated[
        str | None,
        typer.Option(
            help="Role to assume in each account, with its path if it has one; --resume knows it.",
            rich_help_panel=ACCESS,
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="Profile of the AWS configuration; without it, the SDK's own chain.", rich_help_panel=ACCESS),
    ] = None,
    accounts: AccountIds = None,
    account_names: AccountNames = None,
    ous: Ous = None,
    tags: Tags = None,
    excluded_accounts: ExcludedAccountIds = None,
    excluded_account_names: ExcludedAccountNames = None,
    excluded_ous: ExcludedOus = None,
    excluded_tags: ExcludedTags = None,
    output_dir: Annotated[
        Path,
        typer.Option(help="Where the four CSV files go; made if missing.", file_okay=False, rich_help_panel=FILES),
    ] = Path(),
    start_date: Annotated[
        str | None,
        typer.Option(
            help="First date or time of events, ISO 8601, UTC unless it says otherwise.",
            show_default="90 days ago",
            rich_help_panel=FACTS,
        ),
    ] = None,
    end_date: Annotated[
        str | None,
        typer.Option(help="Last date (its whole day) or time of events.", show_default="now", rich_help_panel=FACTS),
    ] = None,
    days: Annotated[
        int | None, typer.Option(help="Events of this many days, instead of a start date.", rich_help_panel=FACTS)
    ] = None,
    concurrency: Annotated[
        int, typer.Option(help="Accounts audited at once.", rich_help_panel=SPEED)
    ] = DEFAULT_CONCURRENCY,
    labels: Annotated[
        Labels, typer.Option(help="Language of the words in the rows.", rich_help_panel=FILES)
    ] = Labels.ES,
    csv_bom: Annotated[
        bool,
        typer.Option(
            "--csv-bom",
            help="Begin the CSV files with a byte order mark, which spreadsheets look for.",
            rich_help_panel=FILES,
        ),
    ] = False,
    freshness: Annotated[
        Freshness,
        typer.Option(
            help="'live' reads every fact now; 'report' makes fewer calls, but password, MFA and last use of keys come "
            "from IAM's credential report, and may be up to 4 hours old.",
            rich_help_panel=FACTS,
        ),
    ] = Freshness.LIVE,
    users: Annotated[
        UserScope,
        typer.Option(
            help="'all' asks for password, MFA and service credentials of all users, and about root; 'with-keys' asks "
            "only for password and MFA of users with an access key.",
            rich_help_panel=FACTS,
        ),
    ] = UserScope.ALL,
    events: Annotated[
        EventScope,
        typer.Option(
            help="'basic' looks up 5 kinds of IAM changes; 'extended' 7 more, each at half a second per account.",
            rich_help_panel=FACTS,
        ),
    ] = EventScope.BASIC,
    session_name: Annotated[
        str,
        typer.Option(help="Name of the role's sessions, as the accounts' own logs show it.", rich_help_panel=ACCESS),
    ] = DEFAULT_SESSION_NAME,
    external_id: Annotated[
        str | None, typer.Option(help="External id that the role's trust asks for.", rich_help_panel=ACCESS)
    ] = None,
    no_session_policy: Annotated[
        bool,
        typer.Option(
            "--no-session-policy",
            help="Give the role's sessions all its rights, not just those that the audit needs.",
            rich_help_panel=ACCESS,
        ),
    ] = False,
    processes: Annotated[int, typer.Option(help="Worker processes; 1 means none.", rich_help_panel=SPEED)] = 1,
    dask_scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="<url>", help="Dask scheduler whose workers audit: tcp://host:8786.", rich_help_panel=SPEED
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Batches at once on the Dask workers.", show_default="as many as workers", rich_help_panel=SPEED
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="<file>",
            help="Continue the audit of this journal: audit_YYYYMMDD_HHMMSS.journal.jsonl, beside its CSV files.",
            rich_help_panel=FILES,
        ),
    ] = None,
    ephemeral: Annotated[
        bool, typer.Option("--ephemeral", hidden=True, help="What is audited is gone when the command ends.")
    ] = False,
    max_duration: Annotated[
        str | None,
        typer.Option(
            metavar="<time>", help="Stop cleanly after this time, such as 90s, 14m, 1h.", rich_help_panel=SPEED
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.", rich_help_panel=MESSAGES)] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Log every step on stderr.", rich_help_panel=MESSAGES)
    ] = False,
    log_format: Annotated[
        LogFormat,
        typer.Option(
            help="What stderr has: 'text' for people, 'json' for machines, one object per line.",
            rich_help_panel=MESSAGES,
        ),
    ] = LogFormat.TEXT,
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
    from auditor.cli.opening import EngineChoice, begin_audit, resume_from  # noqa: PLC0415 - said above
    from auditor.cli.show import show_run  # noqa: PLC0415 - said above
    from auditor.cli.terminal.log import open_output  # noqa: PLC0415 - said above
    from auditor.cli.terminal.signals import one_sentence  # noqa: PLC0415 - said above
    from auditor.concurrency import event_loop  # noqa: PLC0415 - said above

    output = open_output(log_format, quiet=quiet, verbose=verbose)
    with one_sentence(output) as interruption:
        check_loudness(quiet=quiet, verbose=verbose)
        filters = filters_of(
            accounts=accounts,
            account_names=account_names,
            ous=ous,
            tags=tags,
            excluded_accounts=excluded_accounts,
            excluded_account_names=excluded_account_names,
            excluded_ous=excluded_ous,
            excluded_tags=excluded_tags,
        )
        engine = EngineChoice(processes=processes, dask_scheduler=dask_scheduler, workers=workers)
        if resume is None:
            start, end = _period(start_date, end_date=end_date, days=days)
            config = AuditConfig(
                role=_required(role),
                profile=profile,
                filters=filters,
                start_date=start,
                end_date=end,
                concurrency=concurrency,
                labels=labels,
                csv_bom=csv_bom,
                freshness=freshness,
                users=users,
                events=events,
                session_name=session_name,
                external_id=external_id,
                session_policy=not no_session_policy,
            )
            opening = begin_audit(config, directory=_at_home(output_dir), engine=engine)
        else:
            given = {name: getattr(filters, name, value) for name, value in _given(context).items()}
            opening = resume_from(
                _at_home(resume), given=given, profile=profile, concurrency=concurrency, engine=engine
            )
        run = partial(
            show_run,
            opening,
            resumable=not ephemeral,
            longest=math.inf if max_duration is None else parse_duration(max_duration),
            output=output,
            quiet=quiet,
            interruption=interruption,
        )
        raise typer.Exit(event_loop.run(run))


def _required(role: str | None) -> str:
    if role is None:
        raise ConfigurationError("--role is missing: it says which role to assume in each account.")
    return role


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


def _period(
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

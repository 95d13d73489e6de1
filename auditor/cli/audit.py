"""`auditor audit`: the options of an audit, and what they choose."""

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from auditor.cli import filters, options
from auditor.cli.settings import at_home, check_options, config_of, parse_duration
from auditor.cli.terminal.output import LogFormat, check_loudness
from auditor.config import DEFAULT_CONCURRENCY, DEFAULT_SESSION_NAME, Labels
from auditor.errors import ConfigurationError
from auditor.model.filters import OPTIONS
from auditor.model.scopes import SAMPLE, EventScope, Freshness, UserScope

if TYPE_CHECKING:
    from auditor.journal import FreeSettings


def audit(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    role: options.Role = None,
    profile: options.Profile = None,
    lister_profile: options.ListerProfile = None,
    lister_role: options.ListerRole = None,
    own_account_role: options.OwnAccountRole = False,
    accounts: filters.AccountIds = None,
    account_names: filters.AccountNames = None,
    ous: filters.Ous = None,
    tags: filters.Tags = None,
    excluded_accounts: filters.ExcludedAccountIds = None,
    excluded_account_names: filters.ExcludedAccountNames = None,
    excluded_ous: filters.ExcludedOus = None,
    excluded_tags: filters.ExcludedTags = None,
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
    from auditor.cli.show import show_plan, show_run  # noqa: PLC0415 - said above
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
        engine = EngineChoice(processes=processes, dask_scheduler=dask_scheduler, workers=workers)
        if dry_run and resume is not None:
            raise ConfigurationError("--dry-run plans a new audit, and --resume goes on with an old one: give one.")
        words = GivenOptions()
        if resume is None:
            config = config_of(context)
            words = given_options(context, but=("dry_run", "quiet", "verbose", "log_format"))
            if dry_run:
                show = partial(show_plan, config, processes=processes, sample=SAMPLE, words=words, output=output)
                raise typer.Exit(event_loop.run(partial(show, as_json=False)))
            opening = begin_audit(config, directory=at_home(output_dir), engine=engine)
        else:
            opening = resume_from(at_home(resume), given=_given(context), anew=anew, engine=engine)
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


def _given(context: typer.Context) -> dict[str, object]:
    """The values of the options on the command line, by their names; a journal has the others."""
    given = {
        name: at_home(value) if isinstance(value, Path) else value
        for name, value in context.params.items()
        if (source := context.get_parameter_source(name)) is not None and source.name == "COMMANDLINE"
    }
    chosen = filters.filters_of(**{name: context.params[name] for name in OPTIONS if name in given})
    return {name: getattr(chosen, name, value) for name, value in given.items()}

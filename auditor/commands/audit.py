"""`auditor audit`: the options of an audit, and what they choose."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
import typer
from rich.console import Console

from auditor import event_loop
from auditor.commands.ending import exit_code_of
from auditor.commands.log import configure_logging
from auditor.config import DEFAULT_CONCURRENCY, DEFAULT_SESSION_NAME, AuditConfig, Labels
from auditor.console import ProgressDisplay, print_line, print_paths, print_summary
from auditor.engines.choice import EngineChoice, open_engine
from auditor.errors import ConfigurationError
from auditor.interruption import Interruption
from auditor.models import Freshness
from auditor.orchestrator import run_audit
from auditor.period import parse_end, parse_start, start_of_days
from auditor.progress import AuditStarted, ProgressEvent
from auditor.writers import open_csv_writer


def audit(  # noqa: PLR0913 - one parameter an option
    *,
    role: Annotated[str, typer.Option(help="Role to assume in each account, with its path if it has one.")],
    profile: Annotated[
        str | None, typer.Option(help="Profile of the AWS configuration; without it, the SDK's own chain.")
    ] = None,
    output_dir: Annotated[
        Path, typer.Option(help="Where the three CSV files go; made if missing.", file_okay=False)
    ] = Path(),
    start_date: Annotated[
        str | None,
        typer.Option(
            help="First date or time of events, ISO 8601, UTC unless it says otherwise. [default: 90 days ago]"
        ),
    ] = None,
    end_date: Annotated[
        str | None, typer.Option(help="Last date (its whole day) or time of events. [default: now]")
    ] = None,
    days: Annotated[int | None, typer.Option(help="Events of so many days, instead of a start date.")] = None,
    concurrency: Annotated[int, typer.Option(help="Accounts at once.")] = DEFAULT_CONCURRENCY,
    labels: Annotated[Labels, typer.Option(help="Language of the words in the rows.")] = Labels.ES,
    freshness: Annotated[
        Freshness,
        typer.Option(
            help="'live' reads every fact now; 'report' makes fewer calls, but password, MFA and last use of keys come "
            "from IAM's credential report, and may be up to 4 hours old."
        ),
    ] = Freshness.LIVE,
    session_name: Annotated[
        str, typer.Option(help="Name of the role's sessions, as the accounts' own logs show it.")
    ] = DEFAULT_SESSION_NAME,
    external_id: Annotated[str | None, typer.Option(help="External id that the role's trust asks for.")] = None,
    no_session_policy: Annotated[
        bool,
        typer.Option(
            "--no-session-policy", help="Leave the role's sessions all its rights, not just those that the audit needs."
        ),
    ] = False,
    processes: Annotated[int, typer.Option(help="Processes that audit; 1 is none but this one.")] = 1,
    dask_scheduler: Annotated[
        str | None, typer.Option(metavar="<url>", help="Dask scheduler whose workers audit: tcp://host:8786.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Batches at once on the Dask workers. [default: as many as workers]")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log what is done, on stderr.")] = False,
) -> None:
    """Audit the IAM users of all accounts of the organization, into three CSV files.

    Exit codes: 0 complete; 1 nothing could be audited; 2 wrong options; 3 audited, but something that should have been
    read was not; 130 and 143 interrupted, what was finished is on disk.
    """

    def configure() -> AuditConfig:
        end = None if end_date is None else parse_end(end_date)
        return AuditConfig(
            role=role,
            profile=profile,
            start_date=_start(start_date, days=days, end=end),
            end_date=end,
            concurrency=concurrency,
            labels=labels,
            freshness=freshness,
            session_name=session_name,
            external_id=external_id,
            session_policy=not no_session_policy,
        )

    errors = Console(stderr=True)
    configure_logging(errors, quiet=quiet, verbose=verbose)

    def work(interruption: Interruption) -> int:
        running = partial(
            _audit,
            configure(),
            engine=EngineChoice(processes=processes, dask_scheduler=dask_scheduler, workers=workers),
            directory=output_dir,
            errors=errors,
            quiet=quiet,
            interruption=interruption,
        )
        return event_loop.run(running)

    raise typer.Exit(exit_code_of(work, errors=errors))


def _start(start_date: str | None, *, days: int | None, end: datetime | None) -> datetime | None:
    if days is None:
        return None if start_date is None else parse_start(start_date)
    if start_date is not None:
        raise ConfigurationError("--days and --start-date both say when to begin: give one of them.")
    return start_of_days(days, end=end, now=datetime.now(UTC))


async def _audit(  # noqa: PLR0913 - what the options chose
    config: AuditConfig,
    *,
    engine: EngineChoice,
    directory: Path,
    errors: Console,
    quiet: bool,
    interruption: Interruption,
) -> int:
    with anyio.CancelScope() as scope, ProgressDisplay(errors, quiet=quiet) as display:

        def observe(event: ProgressEvent) -> None:
            if isinstance(event, AuditStarted):
                interruption.arm(scope)
            display(event)

        async with (
            open_csv_writer(directory, labels=config.labels) as csv,
            open_engine(engine) as (executor, workers),
        ):
            summary = await run_audit(config, writers=[csv], observe=observe, executor=executor, workers=workers)
    results = Console()
    if interruption.exit_code is not None:
        print_line(errors, f"Interrupted: {display.finished} accounts are finished, and their rows are on disk.")
        if display.finished:
            print_paths(results, csv.paths)
        return interruption.exit_code
    if summary.interruption:
        print_line(errors, f"Error: {summary.interruption}")
    if not quiet:
        print_summary(results, summary, paths=csv.paths)
    return summary.exit_code

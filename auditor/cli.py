"""The command: options in, exit code out; what it does is done elsewhere."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
import typer
from rich.console import Console

from auditor import event_loop
from auditor.config import DEFAULT_CONCURRENCY, DEFAULT_SESSION_NAME, AuditConfig, Labels
from auditor.console import ConsoleHandler, ProgressDisplay, print_line, print_paths, print_summary
from auditor.demo import FaultMix, Scenario
from auditor.demo.command import demonstrate, serve_until_interrupted
from auditor.engines.choice import EngineChoice, open_engine
from auditor.errors import AuditError, ConfigurationError
from auditor.interruption import Interruption, interruptible
from auditor.models import Freshness
from auditor.orchestrator import run_audit
from auditor.period import parse_end, parse_start, start_of_days
from auditor.progress import AuditStarted, ProgressEvent
from auditor.script import run_script
from auditor.writers import open_csv_writer

_INTERRUPTED = 130
_VERBOSE_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"

app = typer.Typer(
    name="auditor",
    help="Who can still get in with an IAM user's password or access key, in every account of an AWS organization.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def audit(  # noqa: PLR0913 - one parameter an option
    *,
    role: Annotated[str, typer.Option(help="Role to assume in each account, with its path if it has one.")],
    profile: Annotated[
        str | None, typer.Option(help="Profile of the AWS configuration; without it, the SDK's own chain.")
    ] = None,
    output_dir: Annotated[
        Path, typer.Option(help="Where the two CSV files go; made if missing.", file_okay=False)
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
    """Audit the IAM users of all accounts of the organization, into two CSV files.

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
        )

    errors = Console(stderr=True)
    _configure_logging(errors, quiet=quiet, verbose=verbose)

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

    raise typer.Exit(_exit_code(work, errors=errors))


@app.command()
def demo(  # noqa: PLR0913 - one parameter an option
    *,
    accounts: Annotated[int, typer.Option(min=2, help="Accounts of the organization.")] = 40,
    users: Annotated[int, typer.Option(min=0, help="Mean number of users in an account.")] = 8,
    seed: Annotated[int, typer.Option(help="What the organization is drawn from.")] = 7,
    latency: Annotated[float, typer.Option(min=0, help="Seconds before each answer.")] = 0.03,
    iam_rate: Annotated[
        float | None, typer.Option(min=0.1, help="Requests a second for each account and IAM API. [default: no limit]")
    ] = None,
    events_rate: Annotated[
        float | None, typer.Option(min=0.1, help="LookupEvents a second for each account. [default: no limit]")
    ] = None,
    fault_rate: Annotated[
        float, typer.Option(min=0, max=1, help="Share of answers that are 500, 503, a reset or a cut body.")
    ] = 0,
    credential_lifetime: Annotated[
        int | None, typer.Option(min=1, help="Seconds that a role's credentials live. [default: as asked for]")
    ] = None,
    delegated: Annotated[
        bool, typer.Option("--delegated", help="Audit from a delegated administrator's account.")
    ] = False,
    output_dir: Annotated[
        Path, typer.Option(help="Where the two CSV files go; made if missing.", file_okay=False)
    ] = Path(),
    labels: Annotated[Labels, typer.Option(help="Language of the words in the rows.")] = Labels.ES,
    freshness: Annotated[
        Freshness, typer.Option(help="Whether facts are read now, or from credential reports.")
    ] = Freshness.LIVE,
    serve: Annotated[
        bool, typer.Option("--serve", help="Audit nothing; leave the organization running for any AWS client.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of 127.0.0.1 for --serve; 0 is any.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log what is done, on stderr.")] = False,
) -> None:
    """Audit a local organization: the same audit, without an AWS account.

    It is drawn from a seed and served on a port of 127.0.0.1; AWS variables, configuration files and proxies are
    ignored. Some of its accounts refuse the role, as some always do: the exit code is 3 then.
    """
    share = fault_rate / 4
    scenario = Scenario(
        accounts=accounts,
        users=users,
        seed=seed,
        latency=latency,
        iam_rate=iam_rate,
        events_rate=events_rate,
        faults=FaultMix(internal_error=share, unavailable=share, reset=share, truncated=share),
        credential_lifetime=credential_lifetime,
        delegated_administrator=delegated,
    )
    errors = Console(stderr=True)
    if serve:
        serving = partial(serve_until_interrupted, scenario, port=port, announce=_announce)
        raise typer.Exit(anyio.run(serving, backend="asyncio"))
    switches = ["--quiet"] * quiet + ["--verbose"] * verbose
    arguments = ["--output-dir", str(output_dir), "--labels", labels, "--freshness", freshness, *switches]
    raise typer.Exit(
        _exit_code(lambda _interruption: anyio.run(demonstrate, scenario, arguments, backend="asyncio"), errors=errors)
    )


def run() -> None:
    """The console command."""
    app()


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


def _announce(exports: str) -> None:
    typer.echo(exports)
    typer.echo("# The local organization answers until Ctrl-C.", err=True)


def _exit_code(work: Callable[[Interruption], int], *, errors: Console) -> int:
    """What `work` returns; an error of the audit is one sentence and its own exit code."""
    with interruptible() as interruption:
        try:
            return work(interruption)
        except AuditError as error:
            print_line(errors, f"Error: {error}")
            return error.exit_code
        except KeyboardInterrupt:
            print_line(errors, "Interrupted.")
            return interruption.exit_code or _INTERRUPTED


def _configure_logging(console: Console, *, quiet: bool, verbose: bool) -> None:
    """Log of this package on stderr; the SDK's own never below INFO, where it prints credentials."""
    handler = ConsoleHandler(console)
    handler.setFormatter(logging.Formatter(_VERBOSE_LINE if verbose else "%(message)s"))
    level = logging.ERROR if quiet else logging.DEBUG if verbose else logging.WARNING
    for name, lowest in (
        ("auditor", logging.DEBUG),
        ("botocore", logging.INFO),
        ("aiobotocore", logging.INFO),
    ):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(max(level, lowest))
        logger.propagate = False


def run_as_script() -> int:
    """The script's own command line; the exit code is that of `audit`."""
    errors = Console(stderr=True)
    _configure_logging(errors, quiet=False, verbose=False)
    return _exit_code(lambda _interruption: run_script().exit_code, errors=errors)

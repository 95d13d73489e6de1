"""`auditor demo`: a local organization, audited or served."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.help import FACTS, FILES, MESSAGES, ORGANIZATION
from auditor.cli.terminal.output import LogFormat, check_loudness
from auditor.cli.terminal.streams import write_result
from auditor.config import Labels
from auditor.errors import ConfigurationError
from auditor.model.scopes import EventScope, Freshness, UserScope

if TYPE_CHECKING:
    from auditor.cli.terminal.output import Output


_Accounts = Annotated[
    int, typer.Option(metavar="<int>", min=2, help="Accounts in the organization.", rich_help_panel=ORGANIZATION)
]
_Users = Annotated[
    int,
    typer.Option(metavar="<int>", min=0, help="Mean number of users per account.", rich_help_panel=ORGANIZATION),
]
_Seed = Annotated[int, typer.Option(help="Seed that the organization is drawn from.", rich_help_panel=ORGANIZATION)]
_Latency = Annotated[
    float, typer.Option(metavar="<number>", min=0, help="Seconds before each answer.", rich_help_panel=ORGANIZATION)
]
_IamRate = Annotated[
    float | None,
    typer.Option(
        metavar="<number>",
        min=0.1,
        help="Requests per second, per account and IAM API.",
        show_default="no limit",
        rich_help_panel=ORGANIZATION,
    ),
]
_EventsRate = Annotated[
    float | None,
    typer.Option(
        metavar="<number>",
        min=0.1,
        help="LookupEvents requests per second and account.",
        show_default="no limit",
        rich_help_panel=ORGANIZATION,
    ),
]
_FaultRate = Annotated[
    float,
    typer.Option(
        metavar="<number>",
        min=0,
        max=1,
        help="Share of answers that fail: 500, 503, a reset or a cut body.",
        rich_help_panel=ORGANIZATION,
    ),
]
_CredentialLifetime = Annotated[
    int | None,
    typer.Option(
        metavar="<int>",
        min=1,
        help="Seconds that a role's credentials live.",
        show_default="as asked for",
        rich_help_panel=ORGANIZATION,
    ),
]
_Delegated = Annotated[
    bool,
    typer.Option("--delegated", help="Audit from a delegated administrator's account.", rich_help_panel=ORGANIZATION),
]
_OutputDir = Annotated[
    Path,
    typer.Option(help="Where the four CSV files go; made if missing.", file_okay=False, rich_help_panel=FILES),
]
_LabelsOption = Annotated[Labels, typer.Option(help="Language of the words in the rows.", rich_help_panel=FILES)]
_CsvBom = Annotated[
    bool,
    typer.Option(
        "--csv-bom",
        help="Begin the CSV files with a byte order mark, which spreadsheets look for.",
        rich_help_panel=FILES,
    ),
]
_FreshnessOption = Annotated[
    Freshness, typer.Option(help="Whether facts are read now, or from credential reports.", rich_help_panel=FACTS)
]
_UserScopeOption = Annotated[
    UserScope,
    typer.Option(
        help="Whether all users and root are asked about, or only users with an access key; --users of an audit.",
        rich_help_panel=FACTS,
    ),
]
_EventsOption = Annotated[
    EventScope, typer.Option(help="Whether 5 kinds of IAM changes are looked up, or 12.", rich_help_panel=FACTS)
]
_Serve = Annotated[
    bool,
    typer.Option(
        "--serve",
        help="Audit nothing; leave the organization running for any AWS client.",
        rich_help_panel=ORGANIZATION,
    ),
]
_Port = Annotated[
    int,
    typer.Option(
        metavar="<int>",
        min=0,
        max=65535,
        help="Port of 127.0.0.1 for --serve; 0 is any.",
        rich_help_panel=ORGANIZATION,
    ),
]
_Quiet = Annotated[bool, typer.Option("--quiet", help="Print errors only.", rich_help_panel=MESSAGES)]
_Verbose = Annotated[bool, typer.Option("--verbose", help="Log every step on stderr.", rich_help_panel=MESSAGES)]
_LogFormatOption = Annotated[
    LogFormat, typer.Option(help="Whether stderr is for people or for machines.", rich_help_panel=MESSAGES)
]


def demo(  # noqa: PLR0913 - one parameter an option
    *,
    accounts: _Accounts = 40,
    users: _Users = 8,
    seed: _Seed = 7,
    latency: _Latency = 0.03,
    iam_rate: _IamRate = None,
    events_rate: _EventsRate = None,
    fault_rate: _FaultRate = 0,
    credential_lifetime: _CredentialLifetime = None,
    delegated: _Delegated = False,
    output_dir: _OutputDir = Path(),
    labels: _LabelsOption = Labels.ES,
    csv_bom: _CsvBom = False,
    freshness: _FreshnessOption = Freshness.LIVE,
    user_scope: _UserScopeOption = UserScope.ALL,
    events: _EventsOption = EventScope.BASIC,
    serve: _Serve = False,
    port: _Port = 0,
    quiet: _Quiet = False,
    verbose: _Verbose = False,
    log_format: _LogFormatOption = LogFormat.TEXT,
) -> None:
    """Audit a local organization: the same audit, without an AWS account.

    It is drawn from a seed and served on a port of 127.0.0.1; AWS variables, configuration files and proxies are
    ignored. Some of its accounts refuse the role, as some always do: the exit code is 3 then.

    Examples:
      auditor demo --output-dir demo-output
      auditor demo --accounts 1000 --iam-rate 20 --events-rate 2
      auditor demo --serve --port 8080
    """
    # Loaded only now: `--help`, completions and `auditor audit` start without the organization's server.
    import anyio  # noqa: PLC0415 - said above

    from auditor.cli.terminal.log import open_output  # noqa: PLC0415 - said above
    from auditor.cli.terminal.signals import one_sentence  # noqa: PLC0415 - said above
    from auditor.demo import FaultMix, Scenario  # noqa: PLC0415 - said above
    from auditor.demo.command import demonstrate, demonstration, serve_until_interrupted  # noqa: PLC0415 - said above

    share = fault_rate / 4
    drawn = Scenario(
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
    scenario = demonstration(drawn, now=datetime.now(UTC))
    output = open_output(log_format, quiet=quiet, verbose=verbose)
    with one_sentence(output):
        check_loudness(quiet=quiet, verbose=verbose)
    if serve:
        serving = partial(serve_until_interrupted, scenario, port=port, announce=partial(_announce, output=output))
        with one_sentence(output), _free_port(port):
            raise typer.Exit(anyio.run(serving, backend="asyncio"))
    switches = ["--csv-bom"] * csv_bom + ["--quiet"] * quiet + ["--verbose"] * verbose
    arguments = ["--output-dir", str(output_dir), "--labels", labels, "--freshness", freshness]
    arguments += ["--users", user_scope, "--events", events]
    arguments += ["--log-format", log_format, *switches]
    with one_sentence(output):
        raise typer.Exit(anyio.run(demonstrate, scenario, arguments, backend="asyncio"))


@contextmanager
def _free_port(port: int) -> Iterator[None]:
    """Raise ConfigurationError where the port can't be listened on."""
    from auditor.concurrency.tasks import bare_errors  # noqa: PLC0415 - with it comes anyio

    try:
        with bare_errors():
            yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigurationError(
            f"The port {port} of 127.0.0.1 can't be used: {reason}. Give another --port, or 0 for any."
        ) from error


def _announce(exports: str, *, output: "Output") -> None:
    failure = write_result(exports)
    if failure:
        output.say(f"# The environment could not be written: {failure}.")
    output.say("# The local organization answers until Ctrl-C.")

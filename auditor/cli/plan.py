"""`auditor plan`: what an audit with these options would ask, and how long it would take."""

from functools import partial
from typing import Annotated

import typer

from auditor.cli import filters, options
from auditor.cli.help import MESSAGES, SPEED
from auditor.cli.settings import check_options, config_of
from auditor.config import DEFAULT_CONCURRENCY, DEFAULT_SESSION_NAME
from auditor.errors import ConfigurationError
from auditor.model.scopes import SAMPLE, EventScope, Freshness, UserScope

Sample = Annotated[
    int,
    typer.Option(
        metavar="<int>",
        envvar="AUDITOR_SAMPLE",
        help="Accounts that are entered and asked how many users they have, two calls each, spread over the "
        "organization.",
        rich_help_panel=SPEED,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the plan as one JSON document.", rich_help_panel=MESSAGES)]


def plan(  # noqa: PLR0913 - one parameter an option
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
    start_date: options.StartDate = None,
    end_date: options.EndDate = None,
    days: options.Days = None,
    freshness: options.FreshnessOption = Freshness.LIVE,
    users: options.Users = UserScope.ALL,
    events: options.Events = EventScope.BASIC,
    session_name: options.SessionName = DEFAULT_SESSION_NAME,
    session_duration: options.SessionDuration = None,
    source_identity: options.SourceIdentity = None,
    external_id: options.ExternalId = None,
    no_session_policy: options.NoSessionPolicy = False,
    concurrency: options.Concurrency = DEFAULT_CONCURRENCY,
    processes: options.Processes = 1,
    sample: Sample = SAMPLE,
    as_json: Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Say what an audit with these options asks of AWS, and how long it takes, before it does.

    The accounts are listed as the audit lists them, and a sample of them is asked how many users it has. Nothing is
    written, and nothing is read of any user.

    Exit codes: 0 planned; 1 nothing could be listed; 2 wrong options.

    Examples:
      auditor plan --role SecurityAudit --profile security
      auditor plan --role SecurityAudit --ou Root/Prod --freshness report
      auditor plan --role SecurityAudit --json > plan.json
    """
    # What asks AWS is loaded only now: `--help` and completions start without the SDK and Rich.
    from auditor.cli.next_step import given_options  # noqa: PLC0415 - said above
    from auditor.cli.show import show_plan  # noqa: PLC0415 - said above
    from auditor.cli.terminal.log import open_output  # noqa: PLC0415 - said above
    from auditor.cli.terminal.signals import one_sentence  # noqa: PLC0415 - said above
    from auditor.concurrency import event_loop  # noqa: PLC0415 - said above

    output = open_output(verbose=verbose)
    with one_sentence(output):
        check_options(context, context.params)
        if processes < 1 or sample < 1:
            raise ConfigurationError("--processes and --sample are numbers from 1 on.")
        show = partial(
            show_plan,
            config_of(context),
            processes=processes,
            sample=sample,
            as_json=as_json,
            words=given_options(context, but=("sample", "as_json", "verbose")),
            output=output,
        )
        raise typer.Exit(event_loop.run(show))

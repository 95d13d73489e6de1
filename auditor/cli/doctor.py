"""`auditor doctor`: what would keep an audit from its end, before it begins."""

from functools import partial
from typing import Annotated

import typer

from auditor.cli import filters, options
from auditor.cli.help import MESSAGES
from auditor.cli.settings import check_options, config_of
from auditor.config import DEFAULT_SESSION_NAME
from auditor.model.scopes import Freshness, UserScope

_NOT_WRITTEN = 3

Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print one JSON document, in which each failure has a class.",
        rich_help_panel=MESSAGES,
    ),
]


def doctor(  # noqa: PLR0913 - one parameter an option
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
    freshness: options.FreshnessOption = Freshness.LIVE,
    users: options.Users = UserScope.ALL,
    session_name: options.SessionName = DEFAULT_SESSION_NAME,
    session_duration: options.SessionDuration = None,
    source_identity: options.SourceIdentity = None,
    external_id: options.ExternalId = None,
    no_session_policy: options.NoSessionPolicy = False,
    as_json: Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Find out what would keep an audit with these options from its end, and what to do about it.

    It asks who the caller is, by which way AWS is reached, whether the accounts are listed, and in a sample of them,
    spread over the OUs, whether the role lets in and which of the needed actions it allows. It changes nothing; with
    --freshness report it has the sample's credential reports made, as the audit does.

    Exit codes: as those of the audit, judged by the sample: 0 all can be read; 1 nothing could be audited; 2 wrong
    options; 3 something would not be read.

    Examples:
      auditor doctor --role SecurityAudit
      auditor doctor --role SecurityAudit --profile security --ou Root/Prod
      auditor doctor --role SecurityAudit --json > doctor.json
    """
    # What asks AWS is loaded only now: `--help` and completions start without the SDK and Rich.
    from auditor.cli.next_step import Step, given_options, next_step  # noqa: PLC0415 - said above
    from auditor.cli.terminal.diagnosis import diagnosis_json, print_diagnosis  # noqa: PLC0415 - said above
    from auditor.cli.terminal.log import open_output  # noqa: PLC0415 - said above
    from auditor.cli.terminal.signals import one_sentence  # noqa: PLC0415 - said above
    from auditor.cli.terminal.streams import show_result, write_result  # noqa: PLC0415 - said above
    from auditor.concurrency import event_loop  # noqa: PLC0415 - said above
    from auditor.run.doctor import examine  # noqa: PLC0415 - said above

    output = open_output(verbose=verbose)
    with one_sentence(output):
        check_options(context, context.params)
        diagnosis = event_loop.run(partial(examine, config_of(context)))
    if as_json:
        failure = write_result(diagnosis_json(diagnosis))
    else:
        failure = show_result(partial(print_diagnosis, diagnosis=diagnosis))
    if failure:
        output.say(f"Error: What was found could not be written: {failure}.")
        raise typer.Exit(diagnosis.exit_code or _NOT_WRITTEN)
    if not diagnosis.exit_code and not as_json:
        output.say(next_step(Step.DOCTOR, given_options(context, but=("as_json", "verbose"))))
    raise typer.Exit(diagnosis.exit_code)

"""`auditor doctor`: what would keep an audit from its end, before it begins."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli import filters, options
from auditor.cli.audit import check_options, required_role
from auditor.cli.help import MESSAGES
from auditor.config import DEFAULT_SESSION_NAME, AuditConfig
from auditor.model.facts import Freshness, UserScope

if TYPE_CHECKING:
    from auditor.cli.terminal.output import Output
    from auditor.model.diagnosis import Diagnosis

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
    from auditor.cli.terminal.log import open_output  # noqa: PLC0415 - said above
    from auditor.cli.terminal.signals import one_sentence  # noqa: PLC0415 - said above
    from auditor.concurrency import event_loop  # noqa: PLC0415 - said above
    from auditor.run.doctor import examine  # noqa: PLC0415 - said above

    output = open_output(verbose=verbose)
    with one_sentence(output):
        check_options(context, context.params)
        config = AuditConfig(
            role=required_role(role),
            profile=profile,
            lister_profile=lister_profile,
            lister_role=lister_role,
            own_account_role=own_account_role,
            filters=filters.filters_of(
                accounts=accounts,
                account_names=account_names,
                ous=ous,
                tags=tags,
                excluded_accounts=excluded_accounts,
                excluded_account_names=excluded_account_names,
                excluded_ous=excluded_ous,
                excluded_tags=excluded_tags,
            ),
            freshness=freshness,
            users=users,
            session_name=session_name,
            session_duration=session_duration,
            source_identity=source_identity,
            external_id=external_id,
            session_policy=not no_session_policy,
        )
        diagnosis = event_loop.run(partial(examine, config))
    code = _show(diagnosis, as_json=as_json, output=output)
    if not code and not as_json:
        output.say(next_step(Step.DOCTOR, given_options(context, but=("as_json", "verbose"))))
    raise typer.Exit(code)


def _show(diagnosis: "Diagnosis", *, as_json: bool, output: "Output") -> int:
    """Print what was found, and return the exit code: 3 at least where it could not be printed."""
    from auditor.cli.terminal.diagnosis import diagnosis_json, print_diagnosis  # noqa: PLC0415 - as in the command
    from auditor.cli.terminal.streams import guarded_stdout  # noqa: PLC0415 - as in the command

    stdout = guarded_stdout()
    if as_json:
        stdout.write(f"{diagnosis_json(diagnosis)}\n")
    else:
        print_diagnosis(stdout.console(), diagnosis)
    stdout.flush()
    if stdout.failure:
        output.say(f"Error: What was found could not be written: {stdout.failure}.")
        return diagnosis.exit_code or 3
    return diagnosis.exit_code

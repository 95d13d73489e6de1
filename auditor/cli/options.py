"""The options of an audit: their names, variables and help texts."""

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.help import ACCESS, FACTS, FILES, MESSAGES, SPEED
from auditor.cli.terminal.output import LogFormat
from auditor.config import Labels
from auditor.model.scopes import EventScope, Freshness, UserScope

Role = Annotated[
    list[str] | None,
    typer.Option(
        metavar="<str>",
        envvar="AUDITOR_ROLE",
        help="Role to assume in each account, with its path if it has one; {account_id} in it stands for the account's "
        "id. Given again, the next is tried where one is denied. --resume knows it.",
        rich_help_panel=ACCESS,
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        envvar="AUDITOR_PROFILE",
        help="Profile of the AWS configuration; without it, the SDK's own chain.",
        rich_help_panel=ACCESS,
    ),
]
ListerProfile = Annotated[
    str | None,
    typer.Option(
        envvar="AUDITOR_LISTER_PROFILE",
        help="Profile that lists the accounts, where the caller may not.",
        rich_help_panel=ACCESS,
    ),
]
ListerRole = Annotated[
    str | None,
    typer.Option(
        metavar="<arn>",
        envvar="AUDITOR_LISTER_ROLE",
        help="Role that lists the accounts, assumed by the lister's profile or by the caller.",
        rich_help_panel=ACCESS,
    ),
]
OwnAccountRole = Annotated[
    bool,
    typer.Option(
        "--own-account-role",
        envvar="AUDITOR_OWN_ACCOUNT_ROLE",
        help="Enter the caller's own account by the role, too, not with the caller's credentials.",
        rich_help_panel=ACCESS,
    ),
]
SessionName = Annotated[
    str,
    typer.Option(
        envvar="AUDITOR_SESSION_NAME",
        help="Name of the role's sessions, as the accounts' own logs show it.",
        rich_help_panel=ACCESS,
    ),
]
SessionDuration = Annotated[
    int | None,
    typer.Option(
        metavar="<seconds>",
        envvar="AUDITOR_SESSION_DURATION",
        help="How long the role's sessions live, 900 to 43200; they are renewed in time.",
        show_default="an hour, AWS's own",
        rich_help_panel=ACCESS,
    ),
]
SourceIdentity = Annotated[
    str | None,
    typer.Option(
        envvar="AUDITOR_SOURCE_IDENTITY",
        help="Source identity of the role's sessions, as AWS's logs show it and trusts may ask for.",
        rich_help_panel=ACCESS,
    ),
]
ExternalId = Annotated[
    str | None,
    typer.Option(
        envvar="AUDITOR_EXTERNAL_ID", help="External id that the role's trust asks for.", rich_help_panel=ACCESS
    ),
]
NoSessionPolicy = Annotated[
    bool,
    typer.Option(
        "--no-session-policy",
        envvar="AUDITOR_NO_SESSION_POLICY",
        help="Give the role's sessions all its rights, not just those that the audit needs.",
        rich_help_panel=ACCESS,
    ),
]
OutputDir = Annotated[
    Path,
    typer.Option(
        envvar="AUDITOR_OUTPUT_DIR",
        help="Where the four CSV files go; made if missing.",
        file_okay=False,
        rich_help_panel=FILES,
    ),
]
LabelsOption = Annotated[
    Labels,
    typer.Option(envvar="AUDITOR_LABELS", help="Language of the words in the rows.", rich_help_panel=FILES),
]
CsvBom = Annotated[
    bool,
    typer.Option(
        "--csv-bom",
        envvar="AUDITOR_CSV_BOM",
        help="Begin the CSV files with a byte order mark, which spreadsheets look for.",
        rich_help_panel=FILES,
    ),
]
Resume = Annotated[
    Path | None,
    typer.Option(
        metavar="<file>",
        envvar="AUDITOR_RESUME",
        help="Continue the audit of this journal: audit_YYYYMMDD_HHMMSS.journal.jsonl, beside its CSV files.",
        rich_help_panel=FILES,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        envvar="AUDITOR_DRY_RUN",
        help="Write nothing: say what this audit would ask, and how long it would take, as 'auditor plan' does.",
        rich_help_panel=FILES,
    ),
]
StartDate = Annotated[
    str | None,
    typer.Option(
        envvar="AUDITOR_START_DATE",
        help="First date or time of events, ISO 8601, UTC unless it says otherwise.",
        show_default="90 days ago",
        rich_help_panel=FACTS,
    ),
]
EndDate = Annotated[
    str | None,
    typer.Option(
        envvar="AUDITOR_END_DATE",
        help="Last date (its whole day) or time of events.",
        show_default="now",
        rich_help_panel=FACTS,
    ),
]
Days = Annotated[
    int | None,
    typer.Option(
        envvar="AUDITOR_DAYS", help="Events of this many days, instead of a start date.", rich_help_panel=FACTS
    ),
]
FreshnessOption = Annotated[
    Freshness,
    typer.Option(
        envvar="AUDITOR_FRESHNESS",
        help="'live' reads every fact now; 'report' makes fewer calls, but password, MFA and last use of keys come "
        "from IAM's credential report, and may be up to 4 hours old.",
        rich_help_panel=FACTS,
    ),
]
Users = Annotated[
    UserScope,
    typer.Option(
        envvar="AUDITOR_USERS",
        help="'all' asks for password, MFA and service credentials of all users, and about root; 'with-keys' asks "
        "only for password and MFA of users with an access key.",
        rich_help_panel=FACTS,
    ),
]
Events = Annotated[
    EventScope,
    typer.Option(
        envvar="AUDITOR_EVENTS",
        help="'basic' looks up 5 kinds of IAM changes; 'extended' 7 more, each at half a second per account.",
        rich_help_panel=FACTS,
    ),
]
Concurrency = Annotated[
    int, typer.Option(envvar="AUDITOR_CONCURRENCY", help="Accounts audited at once.", rich_help_panel=SPEED)
]
Processes = Annotated[
    int,
    typer.Option(envvar="AUDITOR_PROCESSES", help="Worker processes; 1 means none.", rich_help_panel=SPEED),
]
DaskScheduler = Annotated[
    str | None,
    typer.Option(
        metavar="<url>",
        envvar="AUDITOR_DASK_SCHEDULER",
        help="Dask scheduler whose workers audit: tcp://host:8786.",
        rich_help_panel=SPEED,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        envvar="AUDITOR_WORKERS",
        help="Batches at once on the Dask workers.",
        show_default="as many as workers",
        rich_help_panel=SPEED,
    ),
]
MaxDuration = Annotated[
    str | None,
    typer.Option(
        metavar="<time>",
        envvar="AUDITOR_MAX_DURATION",
        help="Stop cleanly after this time, such as 90s, 14m, 1h.",
        rich_help_panel=SPEED,
    ),
]
Ephemeral = Annotated[
    bool, typer.Option("--ephemeral", hidden=True, help="What is audited is gone when the command ends.")
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", envvar="AUDITOR_QUIET", help="Print errors only.", rich_help_panel=MESSAGES),
]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", envvar="AUDITOR_VERBOSE", help="Log every step on stderr.", rich_help_panel=MESSAGES),
]
LogFormatOption = Annotated[
    LogFormat,
    typer.Option(
        envvar="AUDITOR_LOG_FORMAT",
        help="What stderr has: 'text' for people, 'json' for machines, one object per line.",
        rich_help_panel=MESSAGES,
    ),
]

ALTERNATIVES = (
    ("start_date", "days"),
    ("processes", "dask_scheduler"),
    ("processes", "workers"),
    ("quiet", "verbose"),
)
"""Options of which one says what the other would: given by hand, one wins over the other's variable."""

"""One event of an account as CloudTrail indexes it: who did what, with which key, and to whom."""

from datetime import datetime

from auditor.demo.dice import event_identifier, identifier
from auditor.demo.facts import Event
from auditor.demo.people import Maker

ACTORS = ("terraform", "ops@example.com", "ana.admin", "AWSReservedSSO_Admin", "pipeline-7")
ACCESS_KEY, IAM_USER = "AWS::IAM::AccessKey", "AWS::IAM::User"


def new_event(  # noqa: PLR0913 - an event has many sides, and each is one keyword
    maker: Maker,
    name: str,
    time: datetime,
    *,
    user: str | None = None,
    user_id: str = "",
    path: str = "/",
    key: str | None = None,
    region: str = "",
    error_code: str | None = None,
    anonymous: bool = False,
    own: bool = False,
    read_only: bool = False,
) -> Event:
    """An event of this name and time; `own` is one that the user did themselves."""
    actor = user if own and user else maker.dice.choice(ACTORS)
    account, partition = maker.account.id, maker.scenario.partition
    arn = f"arn:{partition}:sts::{account}:assumed-role/Admin/{actor}"
    if actor == user:
        arn = _arn(maker, path, actor)

    refused = error_code == "AccessDenied"
    event_id = event_identifier(maker.scenario.seed, account, name, time, user, key, region)
    return Event(
        id=event_id,
        name=name,
        time=time,
        region=region or maker.scenario.region,
        username=None if anonymous else actor,
        actor_arn=arn,
        actor_key=identifier("AKIA" if actor == user and _by_key(event_id) else "ASIA", account, actor),
        source_address=f"198.51.100.{maker.dice.randrange(1, 255)}",
        target_user=user,
        target_key=key,
        resources=() if refused or user is None else _resources(name, user, user_id, _arn(maker, path, user), key),
        read_only=read_only,
        error_code=error_code,
    )


def _by_key(event_id: str) -> bool:
    """Whether a user did it with a key of their own rather than in a session."""
    return int(event_id[0], 16) % 2 == 0


def _arn(maker: Maker, path: str, user: str) -> str:
    return f"arn:{maker.scenario.partition}:iam::{maker.account.id}:user{path}{user}"


def _resources(name: str, user: str, user_id: str, arn: str, key: str | None) -> tuple[tuple[str, str], ...]:
    if name == "CreateUser":
        return (IAM_USER, arn), (IAM_USER, user_id), (IAM_USER, user)
    if key is not None:
        return (ACCESS_KEY, key), (IAM_USER, user)

    return ((IAM_USER, user),)

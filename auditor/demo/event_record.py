"""An event as CloudTrail's own JSON record."""

import json

from auditor.demo.dice import identifier
from auditor.demo.facts import UNREADABLE_TIME, Event, wire_time
from auditor.demo.oddities import odd_record

_AGENTS = (
    "console.amazonaws.com",
    "AWS Internal",
    "aws-cli/2.31.9 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.7",
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.3 (+https://www.terraform.io) terraform-provider-aws/6.14.1",
    "Boto3/1.40.61 md/Botocore#1.40.61 ua/2.1 os/linux#6.8.0 lang/python#3.12.3",
)
_LONG_LIVED = "AKIA"
_ROLE_NAME = "Admin"


def event_record(event: Event, account_id: str) -> str:
    """The event as CloudTrail's own JSON record."""
    record: dict[str, object] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(event, account_id),
        "eventTime": UNREADABLE_TIME if event.odd == "time" else wire_time(event.time),
        "eventSource": event.source,
        "eventName": event.name,
        "awsRegion": event.region,
        "sourceIPAddress": event.source_address,
        "userAgent": _AGENTS[_number(event, 2) % len(_AGENTS)],
        "requestParameters": _request_parameters(event),
        "responseElements": _response_elements(event),
        "eventID": event.id,
        "readOnly": event.read_only,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account_id,
    }
    if event.error_code is not None:
        record["errorCode"] = event.error_code
        record["errorMessage"] = "" if event.happened else f"{event.name} was refused"

    return odd_record(event, json.dumps(record, separators=(",", ":")))


def _identity(event: Event, account_id: str) -> dict[str, object]:
    identity = {"arn": event.actor_arn, "accountId": account_id, "accessKeyId": event.actor_key}
    session = _session(event, account_id)
    if event.actor_arn.endswith(":root"):
        # Root has no name: what stands in its place is the account's alias.
        alias = {"userName": event.root_alias} if event.root_alias else {}
        return {"type": "Root", "principalId": account_id, **identity, **alias, **session}
    if ":assumed-role/" in event.actor_arn:
        session_name = event.actor_arn.rpartition("/")[2]
        principal = f"{_role_id(account_id)}:{session_name}"
        return {"type": "AssumedRole", "principalId": principal, **identity, **session}

    name = event.actor_arn.rpartition("/")[2]
    principal = identifier("AIDA", account_id, name) + "Q"
    return {"type": "IAMUser", "principalId": principal, **identity, "userName": name, **session}


def _session(event: Event, account_id: str) -> dict[str, object]:
    """The session that it was done in, and whether that had MFA; nothing for what was signed with a long-lived key."""
    if event.actor_key.startswith(_LONG_LIVED):
        return {}

    attributes = {
        "creationDate": wire_time(event.time),
        "mfaAuthenticated": "true" if _number(event, 4) % 2 else "false",
    }
    if ":assumed-role/" not in event.actor_arn:
        return {"sessionContext": {"attributes": attributes}}

    partition = event.actor_arn.split(":")[1]
    issuer = {
        "type": "Role",
        "principalId": _role_id(account_id),
        "arn": f"arn:{partition}:iam::{account_id}:role/{_ROLE_NAME}",
        "accountId": account_id,
        "userName": _ROLE_NAME,
    }
    return {"sessionContext": {"sessionIssuer": issuer, "attributes": attributes}}


def _role_id(account_id: str) -> str:
    return identifier("AROA", account_id, _ROLE_NAME) + "Q"


def _number(event: Event, place: int) -> int:
    """A number below 256 that follows from the event alone, so that a record is the same at each reading."""
    return int(event.id[place : place + 2], 16)


def _request_parameters(event: Event) -> dict[str, object] | None:
    if event.error_code == "AccessDenied":
        return None
    if event.parameters is not None:
        return dict(event.parameters)
    if event.target_user is None:
        return None

    parameters: dict[str, object] = {"userName": event.target_user}
    if event.target_key is not None and event.name != "CreateAccessKey":
        parameters["accessKeyId"] = event.target_key

    return parameters


def _response_elements(event: Event) -> dict[str, object] | None:
    if event.response is not None and event.happened:
        return dict(event.response)
    if event.name == "CreateAccessKey" and event.root_alias is not None and event.target_key is not None:
        return {"accessKey": {"accessKeyId": event.target_key, "status": "Active"}}
    if not event.happened or event.target_user is None:
        return None
    if event.name == "CreateUser":
        return {"user": {"userName": event.target_user, "createDate": wire_time(event.time)}}
    if event.name == "CreateAccessKey" and event.target_key is not None:
        key = {"accessKeyId": event.target_key, "userName": event.target_user, "status": "Active"}
        return {"accessKey": key}

    return None

"""Changes to credentials beside the five names: what CloudTrail's records say of them, and of who made them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auditor.demo import Event, Organization, Scenario, build_organization, truth
from auditor.demo.event_record import event_record
from auditor.demo.events import AUDITED
from auditor.demo.extended_events import EXTENDED
from auditor.demo.facts import IAM
from tests.demo.reading import Reader, read

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
START = NOW - timedelta(days=90)


def _organization() -> Organization:
    return build_organization(Scenario(now=NOW))


def _events(organization: Organization) -> Iterator[tuple[Event, dict[str, Any]]]:
    """Every event with its record."""
    for account in organization.accounts:
        for event in organization.facts(account).events:
            yield event, json.loads(event_record(event, account.id))


def _records(name: str, *, happened: bool = True) -> list[dict[str, Any]]:
    """The records of the events of a name that took place, or that did not."""
    return [record for event, record in _events(_organization()) if event.name == name and event.happened is happened]


def test_what_was_asked() -> None:
    """Requests have the members that AWS records; users who do it themselves need not be named."""
    members = {name: {tuple(sorted(one["requestParameters"])) for one in _records(name)} for name in EXTENDED}
    assert members == {
        "UpdateAccessKey": {("accessKeyId", "status", "userName"), ("accessKeyId", "status")},
        "CreateLoginProfile": {("passwordResetRequired", "userName")},
        "UpdateLoginProfile": {
            ("userName",),
            ("passwordResetRequired", "userName"),
            ("password", "userName"),
            ("password", "passwordResetRequired", "userName"),
        },
        "DeactivateMFADevice": {("serialNumber", "userName")},
        "DeleteVirtualMFADevice": {("serialNumber",)},
        "CreateServiceSpecificCredential": {
            ("serviceName", "userName"),
            ("serviceName",),
            ("credentialAgeDays", "serviceName", "userName"),
            ("credentialAgeDays", "serviceName"),
        },
        "DeleteServiceSpecificCredential": {
            ("serviceSpecificCredentialId", "userName"),
            ("serviceSpecificCredentialId",),
        },
    }
    assert {"Active", "Inactive"} == {one["requestParameters"]["status"] for one in _records("UpdateAccessKey")}


def test_what_was_answered() -> None:
    """What was made is described, its secret hidden; a change of what is there has no answer, nor has a refusal."""
    answered = {name: {key for one in _records(name) for key in one["responseElements"] or {}} for name in EXTENDED}
    assert {key: value for key, value in answered.items() if value} == {
        "CreateLoginProfile": {"loginProfile"},
        "CreateServiceSpecificCredential": {"serviceSpecificCredential"},
    }
    for record in _records("CreateServiceSpecificCredential"):
        made = record["responseElements"]["serviceSpecificCredential"]
        assert record["requestParameters"]["serviceName"] == made["serviceName"]
        assert {"createDate", "serviceSpecificCredentialId", "userName", "status"} <= set(made)
        hidden = {made[name] for name in ("servicePassword", "serviceCredentialSecret") if name in made}
        assert {"HIDDEN_DUE_TO_SECURITY_REASONS"} == hidden
    for name in EXTENDED:
        assert {None} == {record["responseElements"] for record in _records(name, happened=False)}


def test_what_was_refused() -> None:
    """Each name was refused for several reasons; of a denied request CloudTrail keeps no parameters."""
    for name in EXTENDED:
        records = _records(name, happened=False)
        codes = {record["errorCode"] for record in records}
        assert {"AccessDenied", "NoSuchEntityException", "EntityTemporarilyUnmodifiableException"} == codes
        denied = [record["requestParameters"] for record in records if record["errorCode"] == "AccessDenied"]
        assert {None} == set(denied)


def test_who_did_it() -> None:
    """Every record has a user agent, an address and an id, and says of a session whether it had MFA."""
    told: dict[str, set[tuple[str, str | None]]] = {}
    for event, record in _events(_organization()):
        identity = record["userIdentity"]
        attributes = identity.get("sessionContext", {}).get("attributes", {})
        told.setdefault(event.name, set()).add((identity["type"], attributes.get("mfaAuthenticated")))
        assert identity["accessKeyId"].startswith("ASIA") == bool(attributes)
        assert record["userAgent"]
        assert (event.id, event.source_address) == (record["eventID"], record["sourceIPAddress"])
    for name in ("CreateAccessKey", "UpdateAccessKey"):
        assert {("AssumedRole", "true"), ("AssumedRole", "false"), ("IAMUser", None)} <= told[name]
    assert {"Root"} < {kind for kind, _ in told["CreateAccessKey"]}


def test_facts_have_their_event() -> None:
    """A password or a credential of the last weeks is told of by its event, at its own second."""
    organization = _organization()
    lately = NOW - timedelta(days=80)
    for account in organization.accounts:
        facts = organization.facts(account)
        made = {(event.name, event.target_user, event.time) for event in facts.events}
        for user in facts.users:
            if user.password_created is not None and user.password_created > lately:
                assert ("CreateLoginProfile", user.name, user.password_created) in made
            for one in user.service_credentials:
                if one.created > lately:
                    assert ("CreateServiceSpecificCredential", user.name, one.created) in made


def test_the_truth_of_all_twelve_names() -> None:
    """Rows of the five names are as before, and those of all twelve come beside them."""
    organization = _organization()
    told = truth(organization, start=START, end=NOW)
    assert set(AUDITED) == {row["eventName"] for row in told.events}
    assert {*AUDITED, *EXTENDED} == {row["eventName"] for row in told.extended_events}
    assert told.events == [row for row in told.extended_events if row["eventName"] in AUDITED]
    assert {tuple(row) for row in told.events} == {tuple(row) for row in told.extended_events}


@pytest.mark.anyio
async def test_extended_events_are_looked_up_by_name() -> None:
    """Each name is answered with its own events, in pages where there are many."""

    def script(reader: Reader) -> dict[str, list[dict[str, Any]]]:
        return {name: reader.account(1).events(name) for name in EXTENDED}

    found, server = await read(script)
    events = server.organization.facts(server.organization.accounts[1]).events
    expected = {
        name: [event.id for event in events if event.name == name and event.region == "us-east-1"] for name in EXTENDED
    }
    assert expected == {name: [event["EventId"] for event in told] for name, told in found.items()}
    assert len(found["UpdateAccessKey"]) > 50
    assert {IAM} == {event["EventSource"] for told in found.values() for event in told}

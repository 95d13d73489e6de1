"""The proof of `doctor`: each fault that is planted is found, and what its cure says, done, mends it."""

import os
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread
from blockbuster import BlockBuster

from auditor.aws.limits.retry import RetryPolicy
from auditor.cli.terminal.diagnosis import diagnosis_json
from auditor.config import AuditConfig, Rates
from auditor.demo import FaultMix, LocalServer, Scenario, build_organization, serve
from auditor.errors import AuditError
from auditor.model.diagnosis import Diagnosis, Fault, Outcome
from auditor.model.scopes import UserScope
from auditor.run.doctor import examine
from auditor.run.orchestrator import run_audit
from tests.aws.tls import Certificates, server_context

pytestmark = [pytest.mark.anyio, pytest.mark.long]

BASE = Scenario(accounts=5, users=2, largest_account=4, denied_every=None)
ONE_ATTEMPT = RetryPolicy(attempts=1, least_attempts=1, throttle_patience=0.0)
EVERYBODY = "*"


@dataclass(frozen=True, kw_only=True)
class Situation:
    """An organization, the options that it is examined with, and the environment that leads there."""

    scenario: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str | None] = field(default_factory=dict)
    """Set, or with None taken away; in braces there may be what `Place.names` has."""
    certificate: str = ""
    """The kind of certificate that the server has, empty for plain http."""


WELL = Situation()


@dataclass(frozen=True, kw_only=True)
class Planted:
    """What is planted, how it is told, and what the cure leads to."""

    broken: Situation
    check: str
    fault: Fault
    cure: str
    """A part of the cure."""
    exit_code: int = 3
    cured: Situation = WELL


def denying(*actions: str, **scenario: Any) -> Situation:
    """An organization whose accounts all deny these actions."""
    return Situation(scenario={"denied_actions": {EVERYBODY: frozenset(actions)}, **scenario})


def failing(mishap: str, action: str) -> Situation:
    """An organization in which one action always fails in this way."""
    return Situation(scenario={"faults": FaultMix(**{mishap: 1.0}, only=frozenset({action}))})


def in_an_hour(minutes: int) -> str:
    """A time that many minutes from now, as the SDK takes it."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


PLANTED = {
    "no such profile": Planted(
        broken=Situation(options={"profile": "nobody"}),
        check="configuration",
        fault=Fault.CONFIGURATION_UNUSABLE,
        cure="aws configure list-profiles",
        exit_code=1,
        cured=Situation(options={"profile": "keys"}, variables={"AWS_SHARED_CREDENTIALS_FILE": "{folder}/keys"}),
    ),
    "no region": Planted(
        broken=Situation(variables={"AWS_REGION": "eu west 1"}),
        check="configuration",
        fault=Fault.CONFIGURATION_UNUSABLE,
        cure="aws configure list",
        exit_code=1,
        cured=Situation(variables={"AWS_REGION": "eu-west-1"}),
    ),
    "no credentials": Planted(
        broken=Situation(variables={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}),
        check="credentials",
        fault=Fault.CREDENTIALS_MISSING,
        cure="sign in, or give --profile",
        exit_code=1,
    ),
    "a credential_process that is not there": Planted(
        broken=Situation(options={"profile": "nowhere"}),
        check="credentials",
        fault=Fault.CREDENTIALS_MISSING,
        cure="aws configure list",
        exit_code=1,
        cured=Situation(options={"profile": "program"}),
    ),
    "credentials that end soon": Planted(
        broken=Situation(scenario={"caller_is_role": True}, variables={"AWS_CREDENTIAL_EXPIRATION": in_an_hour(50)}),
        check="credentials",
        fault=Fault.CREDENTIALS_ENDING,
        cure="Sign in again",
        exit_code=0,
        cured=Situation(scenario={"caller_is_role": True}, variables={"AWS_CREDENTIAL_EXPIRATION": in_an_hour(500)}),
    ),
    "expired credentials": Planted(
        broken=Situation(scenario={"caller_is_role": True, "caller_expired": True}),
        check="identity",
        fault=Fault.CREDENTIALS_EXPIRED,
        cure="aws sso login",
        exit_code=1,
        cured=Situation(scenario={"caller_is_role": True}),
    ),
    "a deleted key": Planted(
        broken=Situation(scenario={"caller_unknown": True}),
        check="identity",
        fault=Fault.KEY_UNKNOWN,
        cure="give keys that are there and active",
        exit_code=1,
    ),
    "a key of another partition": Planted(
        broken=Situation(scenario={"partition": "aws-us-gov"}, variables={"AWS_REGION": "us-east-1"}),
        check="identity",
        fault=Fault.KEY_UNKNOWN,
        cure="set AWS_REGION",
        exit_code=1,
        cured=Situation(scenario={"partition": "aws-us-gov"}, variables={"AWS_REGION": "us-gov-east-1"}),
    ),
    "a wrong secret": Planted(
        broken=Situation(variables={"AWS_SECRET_ACCESS_KEY": "wrong"}),
        check="identity",
        fault=Fault.SIGNATURE_REFUSED,
        cure="aws configure set aws_secret_access_key",
        exit_code=1,
    ),
    "a clock an hour behind": Planted(
        broken=Situation(scenario={"clock_skew": 3600.0}),
        check="clock",
        fault=Fault.CLOCK_WRONG,
        cure="timedatectl set-ntp true",
        exit_code=1,
    ),
    "a clock an hour ahead": Planted(
        broken=Situation(scenario={"clock_skew": -3600.0}),
        check="identity",
        fault=Fault.CLOCK_WRONG,
        cure="timedatectl set-ntp true",
        exit_code=1,
    ),
    "a clock that is a little off": Planted(
        broken=Situation(scenario={"clock_skew": 600.0}),
        check="clock",
        fault=Fault.CLOCK_WRONG,
        cure="timedatectl set-ntp true",
        exit_code=0,
    ),
    "an endpoint where nobody is": Planted(
        broken=Situation(variables={"AWS_ENDPOINT_URL": "http://127.0.0.1:{closed}"}),
        check="connection",
        fault=Fault.ENDPOINT_UNREACHABLE,
        cure="AWS_ENDPOINT_URL",
        exit_code=1,
    ),
    "a proxy of an unknown kind": Planted(
        broken=Situation(variables={"HTTP_PROXY": "socks5://127.0.0.1:1080"}),
        check="connection",
        fault=Fault.PROXY_UNUSABLE,
        cure="unset HTTPS_PROXY",
        exit_code=1,
    ),
    "a proxy where nobody is": Planted(
        broken=Situation(variables={"HTTP_PROXY": "http://127.0.0.1:{closed}"}),
        check="connection",
        fault=Fault.PROXY_UNUSABLE,
        cure="NO_PROXY",
        exit_code=1,
        cured=Situation(variables={"HTTP_PROXY": "http://127.0.0.1:{closed}", "NO_PROXY": "127.0.0.1"}),
    ),
    "an authority that is not trusted": Planted(
        broken=Situation(certificate="right"),
        check="connection",
        fault=Fault.CERTIFICATE_REFUSED,
        cure="export AWS_CA_BUNDLE=",
        exit_code=1,
        cured=Situation(certificate="right", variables={"AWS_CA_BUNDLE": "{bundle}"}),
    ),
    "a CA bundle that is not there": Planted(
        broken=Situation(certificate="right", variables={"AWS_CA_BUNDLE": "{folder}/nothing.pem"}),
        check="connection",
        fault=Fault.CA_BUNDLE_UNUSABLE,
        cure="certificates in PEM form",
        exit_code=1,
        cured=Situation(certificate="right", variables={"AWS_CA_BUNDLE": "{bundle}"}),
    ),
    "STS switched off in the region": Planted(
        broken=Situation(scenario={"sts_disabled": frozenset({"eu-west-1"})}, variables={"AWS_REGION": "eu-west-1"}),
        check="STS",
        fault=Fault.REGION_DISABLED,
        cure="export AWS_REGION=us-east-1",
        cured=Situation(scenario={"sts_disabled": frozenset({"eu-west-1"})}, variables={"AWS_REGION": "us-east-1"}),
    ),
    "no organization": Planted(
        broken=Situation(scenario={"no_organization": True}),
        check="organization",
        fault=Fault.NO_ORGANIZATION,
        cure="management account",
        exit_code=1,
    ),
    "an organization that may not be described": Planted(
        broken=denying("organizations:DescribeOrganization"),
        check="organization",
        fault=Fault.ORGANIZATION_UNKNOWN,
        cure='"organizations:DescribeOrganization"',
        exit_code=0,
    ),
    "a hub without a lister": Planted(
        broken=Situation(scenario={"hub": True}),
        check="accounts",
        fault=Fault.LISTING_DENIED,
        cure="--lister-profile",
        exit_code=1,
        cured=Situation(
            scenario={"hub": True},
            options={"lister_profile": "lister"},
            variables={"AWS_SHARED_CREDENTIALS_FILE": "{folder}/keys"},
        ),
    ),
    "a lister that is not there": Planted(
        broken=Situation(scenario={"hub": True}, options={"lister_role": "{lister}"}),
        check="lister",
        fault=Fault.LISTER_UNUSABLE,
        cure="the role trusts it",
        exit_code=1,
        cured=Situation(scenario={"hub": True, "lister_role": "Lister"}, options={"lister_role": "{lister}"}),
    ),
    "a listing that is denied": Planted(
        broken=denying("organizations:ListAccounts"),
        check="accounts",
        fault=Fault.LISTING_DENIED,
        cure='"organizations:ListAccounts"',
        exit_code=1,
    ),
    "a listing that is denied behind its first page": Planted(
        broken=Situation(scenario={"listing_denied_page": 2, "page_size_organizations": 2}),
        check="accounts",
        fault=Fault.LISTING_DENIED,
        cure='"organizations:ListAccounts"',
        cured=Situation(scenario={"page_size_organizations": 2}),
    ),
    "a listing that is throttled": Planted(
        broken=failing("throttled", "organizations:ListAccounts"),
        check="accounts",
        fault=Fault.THROTTLED,
        cure="when less is going on",
        exit_code=1,
    ),
    "an organization without an active account": Planted(
        broken=Situation(scenario={"odd_states": dict.fromkeys(range(5), "SUSPENDED")}),
        check="accounts",
        fault=Fault.NO_ACCOUNTS,
        cure="",
        exit_code=0,
    ),
    "a role that refuses everybody": Planted(
        broken=Situation(scenario={"denied_every": 1}),
        check="role",
        fault=Fault.ROLE_DENIED,
        cure="auditor template cloudformation --role OrganizationAccountAccessRole --trust arn:aws:iam::",
    ),
    "a role of another name": Planted(
        broken=Situation(scenario={"role_name": "audit/Reader"}, options={"role": "Reader"}),
        check="role",
        fault=Fault.ROLE_DENIED,
        cure="see its name",
        cured=Situation(scenario={"role_name": "audit/Reader"}, options={"role": "audit/Reader"}),
    ),
    "one name of two": Planted(
        broken=Situation(scenario={"role_names": ("Reader", "Audit")}, options={"role": "Reader"}),
        check="role",
        fault=Fault.ROLE_DENIED,
        cure="see its name",
        cured=Situation(scenario={"role_names": ("Reader", "Audit")}, options={"role": ("Reader", "Audit")}),
    ),
    "a wrong external id": Planted(
        broken=Situation(scenario={"external_id": "right"}, options={"external_id": "wrong"}),
        check="role",
        fault=Fault.ROLE_DENIED,
        cure="with which external id",
        cured=Situation(scenario={"external_id": "right"}, options={"external_id": "right"}),
    ),
    "a role that a service control policy denies": Planted(
        broken=denying("sts:AssumeRole", denied_by_scp=True),
        check="role",
        fault=Fault.DENIED_BY_SCP,
        cure="aws organizations list-policies-for-target --target-id",
    ),
    "sessions that are too long": Planted(
        broken=Situation(options={"session_duration": 7200}),
        check="role",
        fault=Fault.SESSION_TOO_LONG,
        cure="--max-session-duration 7200",
        cured=Situation(scenario={"longest_session": 7200}, options={"session_duration": 7200}),
    ),
    "a source identity that is refused": Planted(
        broken=Situation(scenario={"source_identity_refused": True}, options={"source_identity": "ana"}),
        check="role",
        fault=Fault.SOURCE_IDENTITY_REFUSED,
        cure="sts:SetSourceIdentity",
        cured=Situation(options={"source_identity": "ana"}),
    ),
    "an action that is denied": Planted(
        broken=denying("iam:GetLoginProfile"),
        check="actions",
        fault=Fault.ACTION_DENIED,
        cure='"Action": ["iam:GetLoginProfile"]',
    ),
    "an action that others rest on": Planted(
        broken=denying("iam:ListUsers"),
        check="actions",
        fault=Fault.ACTION_DENIED,
        cure='"Action": ["iam:ListUsers"]',
    ),
    "an action that a service control policy denies": Planted(
        broken=denying("cloudtrail:LookupEvents", denied_by_scp=True),
        check="actions",
        fault=Fault.DENIED_BY_SCP,
        cure="--filter SERVICE_CONTROL_POLICY",
    ),
    "a service that is out": Planted(
        broken=failing("unavailable", "iam:ListMFADevices"),
        check="actions",
        fault=Fault.SERVICE_FAULT,
        cure="Try again",
    ),
}


class Place:
    """Where situations are put up: a folder with configuration files, and certificates."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        self.certificates = Certificates(folder)

    async def examined(self, situation: Situation) -> Diagnosis:
        """What is found where a situation is put up; no secret is in it."""
        async with self.put_up(situation) as (server, config):
            diagnosis = await examine(config, policy=ONE_ATTEMPT)
            said = diagnosis_json(diagnosis)
            assert [] == [secret for secret in server.secrets if secret in said]
            return diagnosis

    async def audited(self, situation: Situation) -> int:
        """The exit code of an audit there."""
        async with self.put_up(situation) as (_, config):
            try:
                return (await run_audit(config)).exit_code
            except AuditError as error:
                return error.exit_code

    @asynccontextmanager
    async def put_up(self, situation: Situation) -> AsyncIterator[tuple[LocalServer, AuditConfig]]:
        """A situation, with the environment leading there for as long as the block runs."""
        organization = await to_thread.run_sync(build_organization, replace(BASE, **situation.scenario))
        async with serve(organization, ssl_context=self._tls(situation.certificate)) as server:
            with self.monkeypatch.context() as patch:
                names = self._names(server)
                self._write_profiles(server)
                for name, value in {**server.environment(), "AWS_CONFIG_FILE": str(self.folder / "config")}.items():
                    patch.setenv(name, value)
                for name, told in situation.variables.items():
                    if told is None:
                        patch.delenv(name)
                    else:
                        patch.setenv(name, told.format(**names))
                options = {name: _filled(value, names) for name, value in situation.options.items()}
                role = server.organization.scenario.role_name
                quick = {"users": UserScope.WITH_KEYS, "rates": Rates(events=1000.0)}
                yield server, AuditConfig(**{"role": role, **quick, **options})

    def _tls(self, kind: str) -> ssl.SSLContext | None:
        if not kind:
            return None
        certificate = self.certificates.ours.issue_cert("127.0.0.1")
        return server_context(certificate)

    def _names(self, server: LocalServer) -> dict[str, str]:
        management = server.organization.management.id
        return {
            "folder": str(self.folder),
            "bundle": self.certificates.bundle,
            "lister": f"arn:aws:iam::{management}:role/Lister",
            "closed": str(closed_port()),
        }

    def _write_profiles(self, server: LocalServer) -> None:
        keys, told = server.credentials_file(), server.environment()
        (self.folder / "keys").write_text(keys.replace("[default]", "[keys]"))
        printed = {
            "Version": 1,
            "AccessKeyId": told["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": told["AWS_SECRET_ACCESS_KEY"],
        }
        (self.folder / "print.py").write_text(f"import json\nprint(json.dumps({printed!r}))\n")
        program = f"{sys.executable} {self.folder / 'print.py'}"
        programs = {"nowhere": "/nowhere/at-all", "program": program}
        profiles = [f"[profile {name}]\ncredential_process = {command}\n" for name, command in programs.items()]
        (self.folder / "config").write_text("".join(profiles))


def _filled(value: Any, names: Mapping[str, str]) -> Any:
    return value.format(**names) if isinstance(value, str) else value


def closed_port() -> int:
    """A port of loopback on which nobody listens."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place for one test."""
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    return Place(tmp_path, monkeypatch)


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
async def test_a_planted_fault_is_found_and_its_cure_mends_it(
    planted: Planted, place: Place, no_blocking: BlockBuster
) -> None:
    """The check that meets it says which fault it is and what to do; done, all is well."""
    no_blocking.deactivate()  # asyncio itself starts the programs of profiles so.

    found = await place.examined(planted.broken)
    cured = await place.examined(planted.cured)

    (checked,) = (checked for checked in found.checks if checked.name == planted.check)
    cures = [finding.cure for finding in checked.findings if finding.fault is planted.fault]
    assert cures, [(finding.fault, finding.found, finding.said) for finding in checked.findings]
    assert planted.cure in cures[0]
    assert planted.exit_code == found.exit_code
    assert [] == [
        (checked.name, finding.found, finding.said)
        for checked in cured.checks
        for finding in checked.findings
        if finding.outcome is not Outcome.OK
    ]
    assert 0 == cured.exit_code


SLOW = {Fault.ENDPOINT_UNREACHABLE, Fault.PROXY_UNUSABLE, Fault.THROTTLED, Fault.SERVICE_FAULT}
"""An audit is more patient with these than a test."""


@pytest.mark.parametrize(
    "planted", [each for each in PLANTED.values() if each.fault not in SLOW], ids=lambda each: each.fault
)
async def test_the_exit_code_is_the_one_of_an_audit(planted: Planted, place: Place, no_blocking: BlockBuster) -> None:
    """With the same options, in the same situation."""
    no_blocking.deactivate()  # as above

    assert planted.exit_code == await place.audited(planted.broken)


async def test_faults_of_every_kind_are_planted() -> None:
    """At least 15 are, and none of the faults that a scenario can have is left out."""
    not_planted = {
        Fault.NOT_ENCRYPTED,
        Fault.TLS_FAILED,
        Fault.SESSION_POLICY_REFUSED,
        Fault.UNEXPECTED,
    }
    assert set(Fault) - not_planted == {planted.fault for planted in PLANTED.values()}
    assert len(PLANTED) >= 15

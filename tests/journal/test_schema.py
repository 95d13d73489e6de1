"""The JSON Schema of the journal's lines: the one that is shipped is the models', and lines keep to it."""

import json
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pydantic
import pytest
from anyio import to_thread
from typer.testing import CliRunner

from auditor import AuditConfig, Freshness, Rates, open_journal, run_audit
from auditor.cli.app import app
from auditor.demo import Scenario
from auditor.journal.reader import first_line
from auditor.journal.schema import schema_text, shipped_schema
from tests.organizations import served
from tests.samples import REPORT

SAMPLES = Path(__file__).parent / "samples"
SCENARIO = Scenario(accounts=13, users=2, largest_account=9, denied_every=7, report_age=1800.0)
KINDS = ["header", "started", "report"]


def faults_of(line: bytes) -> list[str]:
    """Where a line does not keep to the schema that is shipped."""
    validator = jsonschema.Draft202012Validator(json.loads(shipped_schema()))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(json.loads(line))]


@pytest.mark.skipif(
    tuple(map(int, pydantic.VERSION.split(".")[:2])) < (2, 13),
    reason="before version 2.13 pydantic writes no descriptions of dataclasses into a schema",
)
def test_the_shipped_schema_is_the_models() -> None:
    """After a change of the models `make schema` writes it anew."""
    assert schema_text() == shipped_schema()
    jsonschema.Draft202012Validator.check_schema(json.loads(shipped_schema()))


def test_the_command_prints_it() -> None:
    """Nothing else is on stdout."""
    result = CliRunner().invoke(app, ["schema"])
    assert (0, shipped_schema(), "") == (result.exit_code, result.stdout, result.stderr)


@pytest.mark.anyio
@pytest.mark.parametrize("freshness", Freshness)
async def test_each_line_of_an_audit_keeps_to_it(
    freshness: Freshness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an organization with failures, refused events and all kinds of devices."""
    config = AuditConfig(role=SCENARIO.role_name, freshness=freshness, rates=Rates(iam=1000, events=1000))
    async with served(SCENARIO, monkeypatch), open_journal(tmp_path / "a", config=config) as journal:
        await run_audit(config, writers=[journal])
    lines = (await anyio.Path(tmp_path / "a").read_bytes()).splitlines()
    assert 2 + SCENARIO.accounts == len(lines)
    assert [] == await to_thread.run_sync(lambda: [fault for line in lines for fault in faults_of(line)])
    assert KINDS == sorted({kind for line in lines for kind in json.loads(line) if kind in KINDS}, key=KINDS.index)


def test_a_first_reading_keeps_to_it() -> None:
    """It is a report under another name; who knows only reports passes over it."""
    assert [] == faults_of(first_line(REPORT))
    assert ["$: {'first': 1} is not valid under any of the given schemas"] == faults_of(b'{"first": 1}')


@pytest.mark.parametrize("name", ["live", "report", "not_started", "again", "scopes"])
def test_each_line_of_earlier_versions_keeps_to_it(name: str) -> None:
    """It is the schema of the format's version, whichever version of the program wrote it."""
    lines = (SAMPLES / f"{name}.jsonl").read_bytes().splitlines()
    assert [] == [fault for line in lines for fault in faults_of(line)]


def changed(path: str, value: object) -> bytes:
    """The line of a sample's account with another value at a place."""
    (line,) = [line for line in (SAMPLES / "again.jsonl").read_bytes().splitlines() if b"222233334444" in line]
    whole: dict[str, Any] = json.loads(line)
    place: Any = whole
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        place = place[step]
    place[last] = value
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("crc32", "0"),
        ("report.requests", "7"),
        ("report.account.state", "ASLEEP"),
        ("report.users.0.keys", None),
        ("report.users.0.keys.0.last_use", {"service": "s3"}),
        ("report.users.0.has_password", "yes"),
        ("report.coverage.0.completeness", "sampled"),
    ],
)
def test_what_does_not_keep_to_it(path: str, value: object) -> None:
    """A schema that takes everything would say nothing."""
    assert [] != faults_of(changed(path, value))


def test_additions_keep_to_it() -> None:
    """A later version's lines may have more."""
    assert [] == faults_of(changed("report.users.0.tags", ["a"]))
    assert [] == faults_of(changed("more", 1))

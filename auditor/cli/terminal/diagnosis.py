"""A diagnosis, for people as lines that can be copied, and for machines as one JSON document."""

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console

from auditor.cli.terminal.console import print_line
from auditor.model.diagnosis import Checked, Diagnosis, Finding, Outcome

_SHOWN_WHEN_WELL = ("identity", "organization", "accounts", "role", "actions")
_STYLES = {
    Outcome.OK: "green",
    Outcome.SKIPPED: "",
    Outcome.WARNING: "yellow",
    Outcome.FAILED: "red",
    Outcome.CRASHED: "red",
}
_WIDTH = len("session policy")
_INDENT = " " * (len("crashed") + 1 + _WIDTH + 2)


def print_diagnosis(console: Console, diagnosis: Diagnosis) -> None:
    """One line and the skipped actions if all is well; else each check, with what to do about it."""
    if diagnosis.outcome in {Outcome.OK, Outcome.SKIPPED}:
        print_line(console, _all_is_well(diagnosis))
        for finding in _skipped(diagnosis):
            print_line(console, f"{_capital(finding.found)}.")
        return
    for checked in diagnosis.checks:
        for finding in checked.findings:
            _print_finding(console, checked, finding)
    print_line(console, _verdict(diagnosis))


def diagnosis_json(diagnosis: Diagnosis) -> str:
    """The whole diagnosis as one JSON document; each failure has a `class`, a word that stays the same."""
    document = {
        "outcome": diagnosis.outcome,
        "exit_code": diagnosis.exit_code,
        "seconds": round(diagnosis.seconds, 3),
        "checks": [_checked(checked) for checked in diagnosis.checks],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _checked(checked: Checked) -> dict[str, Any]:
    findings = [
        {
            "outcome": finding.outcome,
            "class": finding.fault,
            "found": finding.found,
            "code": finding.code,
            "said": finding.said,
            "cure": finding.cure,
            "accounts": finding.accounts,
        }
        for finding in checked.findings
    ]
    return {
        "name": checked.name,
        "outcome": checked.outcome,
        "because": checked.because,
        "ends_audit": checked.ends_audit,
        "findings": findings,
    }


def _all_is_well(diagnosis: Diagnosis) -> str:
    found = [
        finding.found
        for checked in diagnosis.checks
        if checked.name in _SHOWN_WHEN_WELL
        for finding in checked.findings
        if finding.outcome is Outcome.OK
    ]
    return f"All is well: {'; '.join(found)}."


def _verdict(diagnosis: Diagnosis) -> str:
    met = (checked.name for checked in diagnosis.checks if checked.outcome in {Outcome.FAILED, Outcome.CRASHED})
    failed = ", ".join(met)
    if not failed:
        return "Nothing keeps an audit from its end, but see the warnings."
    come = "would read nothing" if diagnosis.exit_code == 1 else "would not read all"
    return f"An audit {come}, and end with exit code {diagnosis.exit_code}: see {failed}."


def _skipped(diagnosis: Diagnosis) -> Iterator[Finding]:
    yield from (
        finding for checked in diagnosis.checks for finding in checked.findings if finding.outcome is Outcome.SKIPPED
    )


def _print_finding(console: Console, checked: Checked, finding: Finding) -> None:
    word = f"{finding.outcome:7}"
    console.print(word, style=_STYLES[finding.outcome], end=" ", markup=False, highlight=False)
    print_line(console, f"{checked.name:{_WIDTH}}  {finding.found}")
    if finding.said:
        print_line(console, f"{_INDENT}It said: {finding.said}")
    if finding.cure:
        print_line(console, f"{_INDENT}Cure: {finding.cure}")


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" if " " in text.partition(":")[0] else text

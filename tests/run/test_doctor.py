"""Checks are done side by side; one that fails leaves out those that rest on it, and one that crashes no other."""

from typing import Any

import anyio
import pytest

from auditor.config import AuditConfig
from auditor.model.diagnosis import Diagnosis, Fault, Finding, Outcome
from auditor.run.checks.check import Check, Result, Setup, well
from auditor.run.doctor import CHECKS, examine

pytestmark = pytest.mark.anyio

CONFIG = AuditConfig(role="R")


def fails(_setup: Setup, *_values: object) -> Any:
    """A check that finds a fault, and has nothing for others."""

    async def check() -> Result:
        return Result((Finding(outcome=Outcome.FAILED, found="broken", fault=Fault.ROLE_DENIED),))

    return check()


async def succeeds(_setup: Setup, *values: object) -> Result:
    """A check that finds all well, and tells what it was given."""
    return well(f"given {values}", value=len(values))


async def crashes(_setup: Setup, *_values: object) -> Result:
    """A check with a mistake in it."""
    raise ZeroDivisionError("never thought of that; aws_secret_access_key = abcdefghijklmnopqrstuvwxyz0123456789ABCD")


def check(name: str, examine: Any, *needs: str, ends_audit: bool = False) -> Check:
    """A check of that name."""
    return Check(name=name, needs=needs, examine=examine, ends_audit=ends_audit)


def outcomes(diagnosis: Diagnosis) -> dict[str, Outcome]:
    """How each check has ended, by its name and in their order."""
    return {checked.name: checked.outcome for checked in diagnosis.checks}


async def test_a_check_takes_what_it_needs() -> None:
    """It waits for the others' values, and has them in the order in which it names them."""
    checks = (check("all", succeeds, "two", "none"), check("none", succeeds), check("two", succeeds, "none", "none"))
    diagnosis = await examine(CONFIG, checks=checks)
    assert ["all", "none", "two"] == list(outcomes(diagnosis))
    assert "given (2, 0)" == diagnosis.checks[0].findings[0].found


async def test_what_rests_on_a_failure_is_skipped_because_of_it() -> None:
    """The one at the bottom is named, through all that were skipped between."""
    checks = (check("bottom", fails), check("next", succeeds, "bottom"), check("top", succeeds, "next"))
    diagnosis = await examine(CONFIG, checks=(*checks, check("beside", succeeds)))
    assert {
        "bottom": Outcome.FAILED,
        "next": Outcome.SKIPPED,
        "top": Outcome.SKIPPED,
        "beside": Outcome.OK,
    } == outcomes(diagnosis)
    assert ["", "bottom", "bottom", ""] == [checked.because for checked in diagnosis.checks]
    assert 3 == diagnosis.exit_code


async def test_a_crash_is_the_check_s_own() -> None:
    """It says what it met, without secrets; others go on, and those that rest on it are skipped."""
    checks = (check("odd", crashes, ends_audit=True), check("next", succeeds, "odd"), check("beside", succeeds))
    diagnosis = await examine(CONFIG, checks=checks)
    assert {"odd": Outcome.CRASHED, "next": Outcome.SKIPPED, "beside": Outcome.OK} == outcomes(diagnosis)
    (finding,) = diagnosis.checks[0].findings
    assert "ZeroDivisionError: never thought of that" in finding.found
    assert "abcdefghijklmnopqrstuvwxyz" not in finding.found
    assert 1 == diagnosis.exit_code


async def test_checks_are_done_side_by_side() -> None:
    """Two that wait for each other both come to their end."""
    met = [anyio.Event(), anyio.Event()]

    async def meet(mine: int) -> Result:
        met[mine].set()
        await met[1 - mine].wait()
        return well("met")

    checks = [check(str(mine), lambda _setup, mine=mine: meet(mine)) for mine in (0, 1)]
    assert [Outcome.OK] * 2 == list(outcomes(await examine(CONFIG, checks=checks)).values())


async def test_what_a_check_has_opened_is_closed_behind_all() -> None:
    """A later check still uses it."""
    log: list[str] = []

    async def opens(setup: Setup) -> Result:
        setup.stack.callback(log.append, "closed")
        return well("opened")

    async def uses(_setup: Setup, _opened: object) -> Result:
        log.append("used")
        return well("used")

    await examine(CONFIG, checks=(check("opens", opens), check("uses", uses, "opens")))
    assert ["used", "closed"] == log


def test_each_check_rests_on_those_before_it() -> None:
    """So the order of reading is one in which they can be done, and no name is wrong."""
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    for place, each in enumerate(CHECKS):
        assert set(each.needs) <= set(names[:place])

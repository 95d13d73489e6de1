"""A plan, for a person: how long an audit takes and why, whom it asks, what it asks, and what else could be chosen."""

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from auditor.cli.terminal.console import print_line, printable
from auditor.cli.terminal.output import clock
from auditor.model.plan import Alternative, Bound, Forecast, Plan, Range
from auditor.model.text import counted, label_of

_BOUNDS = {
    Bound.LISTING: "the listing of the accounts: Organizations gives 20 per call",
    Bound.EVENTS: "CloudTrail, which answers 2 requests per second in an account, and --concurrency",
    Bound.EVENTS_OF_ACCOUNT: "CloudTrail, which answers 2 requests per second in an account",
    Bound.IAM: "IAM's rates in each account, and --concurrency",
    Bound.IAM_OF_ACCOUNT: "IAM's rates in the account with most users",
    Bound.STS: "the number of roles that may be assumed per second",
    Bound.CPU: "the CPU of this machine",
    Bound.CONNECTIONS: "the number of requests that are in flight at once",
}
_EXAMPLES = 3
_MOST_UNITS = 20


def print_plan(console: Console, plan: Plan, *, next_step: str) -> None:
    """All of it, and what to do next."""
    for line in _told(plan):
        print_line(console, line)
    console.print(_accounts(plan))
    console.print(_calls(plan.forecast))
    console.print(_others(plan))
    for line in (*_remarks(plan), next_step):
        print_line(console, line)


def plan_json(plan: Plan) -> str:
    """The whole plan as one JSON document."""
    document = {
        "account_id": plan.caller.account_id,
        "accounts": len(plan.accounts),
        "excluded": plan.excluded,
        "auditable": plan.auditable,
        "states": dict(plan.states),
        "units": dict(plan.units),
        "users": plan.users._asdict(),
        "sample": [
            {
                "account_id": each.account.id,
                "entered": each.entered,
                "users": None if each.size is None else each.size.users,
                "code": each.code,
                "message": each.message,
            }
            for each in plan.sample
        ],
        **_forecast(plan.forecast),
        "alternatives": [{"settings": other.option, **_forecast(other.forecast)} for other in plan.alternatives],
        "warnings": plan.warnings,
        "interruption": plan.interruption,
        "planned_in": round(plan.seconds, 3),
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _forecast(forecast: Forecast) -> dict[str, Any]:
    return {
        "seconds": round(forecast.seconds, 3),
        "bound": forecast.bound,
        "requests": forecast.requests._asdict(),
        "calls": {action: number._asdict() for action, number in forecast.calls.items()},
    }


def _told(plan: Plan) -> Iterator[str]:
    forecast = plan.forecast
    if plan.refused and all(each.own or not each.entered for each in plan.sample):
        asked = counted(len(plan.refused), "account")
        yield f"No account let the role in, of {asked} in the sample: auditor doctor says what to do."
    yield f"An audit of {counted(plan.auditable, 'account')} takes {_time(forecast.seconds)} or so."
    yield f"It depends most on {_BOUNDS[forecast.bound]}."
    if plan.interruption:
        yield f"Not planned: the accounts behind the first {len(plan.accounts):,}. {plan.interruption}"


def _time(seconds: float) -> str:
    return clock(max(1, seconds))


def _accounts(plan: Plan) -> Table:
    table = Table(title="Accounts", title_justify="left", show_header=False)
    table.add_column("what", overflow="fold")
    table.add_column("number", justify="right", no_wrap=True)
    for what, number in _rows(plan):
        table.add_row(Text(printable(what)), number)
    return table


def _rows(plan: Plan) -> Iterator[tuple[str, str]]:
    yield "accounts", f"{len(plan.accounts):,}"
    if plan.excluded:
        yield "left out by the filters", f"{plan.excluded:,}"
    yield "to be entered", f"{plan.auditable:,}"
    for state, number in plan.states.items():
        yield f"  {state}", f"{number:,}"
    units = sorted(plan.units.items(), key=lambda unit: -unit[1])
    for unit, number in units[:_MOST_UNITS]:
        yield f"  directly in {unit}", f"{number:,}"
    if others := units[_MOST_UNITS:]:
        yield f"  in {counted(len(others), 'other unit')}", f"{sum(number for _, number in others):,}"
    yield "IAM users", _number(plan.users)


def _calls(forecast: Forecast) -> Table:
    table = Table(title="Calls", title_justify="left")
    table.add_column("action", overflow="fold")
    for column in ("least", "likely", "most"):
        table.add_column(column, justify="right", no_wrap=True)
    for action, number in forecast.calls.items():
        table.add_row(action, *_cells(number))
    table.add_row("all", *_cells(forecast.requests))
    return table


def _cells(number: Range) -> tuple[str, str, str]:
    if number.exact:
        return "", f"{number.likely:,}", ""
    return f"{number.least:,}", f"{number.likely:,}", f"{number.most:,}"


def _number(number: Range) -> str:
    if number.exact:
        return f"{number.likely:,}"
    return f"about {number.likely:,} ({number.least:,} to {number.most:,})"


def _others(plan: Plan) -> Table:
    table = Table(title="With other settings", title_justify="left")
    table.add_column("settings", overflow="fold")
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("likely calls", justify="right", no_wrap=True)
    for other in (Alternative("as planned", plan.forecast), *plan.alternatives):
        table.add_row(other.option, _time(other.forecast.seconds), f"{other.forecast.requests.likely:,}")
    return table


def _remarks(plan: Plan) -> Iterator[str]:
    if plan.sampled < plan.auditable:
        yield f"{counted(plan.sampled, 'account')} of {plan.auditable:,} told how many users they have."
    for count, what, which in (
        (len(plan.refused), "could not be entered", plan.refused),
        (len(plan.silent), "did not tell how many users they have", plan.silent),
    ):
        if which:
            codes = ", ".join(dict.fromkeys(each.code for each in which))
            examples = ", ".join(label_of(each.account) for each in which[:_EXAMPLES])
            yield f"{count:,} of {counted(len(plan.sample), 'account')} of the sample {what} ({codes}): {examples}."
            yield f"  The first was told: {which[0].message}"
    yield "Calls that have to be tried again are not counted."

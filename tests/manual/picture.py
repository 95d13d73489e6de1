"""The picture of the terminal: a real audit of a local organization, on a clock that stands still."""

import io
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from anyio import to_thread
from rich.console import Console
from rich.terminal_theme import TerminalTheme

from auditor import AuditConfig, AuditStarted, Labels, Period, ProgressEvent, Rates, run_audit
from auditor.cli.manual import FOLDER
from auditor.cli.opening import OpenAudit
from auditor.cli.terminal.console import ProgressDisplay
from auditor.cli.terminal.summary import print_summary
from auditor.demo import Scenario, build_organization, serve
from auditor.demo.command import demonstration
from auditor.files.run_names import TABLES

PICTURE = FOLDER / "terminal.svg"
_TEMPLATE = Path(__file__).with_name("terminal.svg.in").read_text(encoding="utf-8")
_WIDTH = 96
_SCENARIO = Scenario(accounts=40, users=8, seed=7, latency=0)
_SHOWN_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
_DARK = ((72, 79, 88), (255, 123, 114), (63, 185, 80), (210, 153, 34))
_BRIGHT = ((88, 166, 255), (188, 140, 255), (57, 197, 207), (177, 186, 196))
_THEME = TerminalTheme(
    (22, 27, 34),
    (201, 209, 217),
    [*_DARK, *_BRIGHT],
)


class _Wrapping(Console):
    """A terminal: a line that is longer than it is wide goes on in the next one."""

    def print(self, *objects: Any, **settings: Any) -> None:
        super().print(*objects, **{**settings, "soft_wrap": False, "overflow": "fold"})


async def picture() -> str:
    """The picture, as SVG; the same each time, but for what the program prints."""
    console = _Wrapping(record=True, width=_WIDTH, file=io.StringIO(), color_system="standard", _environ={})
    console.print("$ auditor demo --labels en --output-dir demo-output", style="bold", highlight=False)
    await _show(console)
    return console.export_svg(title="auditor", theme=_THEME, code_format=_TEMPLATE, unique_id="terminal")


def texts_of(svg: str) -> list[str]:
    """What stands in a picture, a text each."""
    return re.findall(r"<text[^>]*>(.*?)</text>", svg)


async def _show(console: Console) -> None:
    scenario = demonstration(_SCENARIO, now=datetime.now(UTC))
    organization = await to_thread.run_sync(build_organization, scenario)
    # One account after the other, so that they are named in the same order each time.
    config = AuditConfig(role=scenario.role_name, labels=Labels.EN, concurrency=1, rates=Rates(iam=1e3, events=1e3))
    async with serve(organization, record=False) as server:
        with _environment(server.environment()), ProgressDisplay(console, clock=float) as display:
            audit = _opened(config)
            display.open(audit)
            summary = await audit.audit(lambda event: display(_at_the_hour(event)))
    print_summary(console, replace(summary, seconds=6.0), paths=audit.rows, role=audit.role)


def _opened(config: AuditConfig) -> OpenAudit:
    stem, folder = f"{_SHOWN_AT:%Y%m%d_%H%M%S}", Path("demo-output")
    return OpenAudit(
        rows=tuple(folder / f"{name}_{stem}.csv" for name in TABLES),
        journal=folder / f"audit_{stem}.journal.jsonl",
        finished=None,
        role=" or ".join(config.roles),
        labels=config.labels,
        audit=lambda observe: run_audit(config, observe=observe),
    )


def _at_the_hour(event: ProgressEvent) -> ProgressEvent:
    if not isinstance(event, AuditStarted):
        return event
    return replace(event, period=Period(_SHOWN_AT - timedelta(days=90), _SHOWN_AT))


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)

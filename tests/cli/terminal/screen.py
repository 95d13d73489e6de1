"""What a person would see: a console that writes to memory, and an audit for it to show."""

import io
from pathlib import Path

from rich.console import Console

from auditor import AuditSummary
from auditor.cli.opening import OpenAudit


class Screen:
    """A console that writes to memory."""

    def __init__(self, *, terminal: bool = False, width: int = 80) -> None:
        self._file = io.StringIO()
        self.console = Console(
            file=self._file, width=width, force_terminal=terminal, color_system=None, legacy_windows=False
        )

    @property
    def text(self) -> str:
        """All that was written."""
        return self._file.getvalue()

    @property
    def lines(self) -> list[str]:
        """The lines that were written."""
        return self.text.splitlines()


async def _no_audit(_: object) -> AuditSummary:
    raise NotImplementedError


OPEN = OpenAudit(
    rows=(Path("a.csv"), Path("b.csv"), Path("c.csv"), Path("d.csv")),
    journal=Path("audit_20260301_120000.journal.jsonl"),
    finished=None,
    audit=_no_audit,
)
"""An audit whose files are open, and that nobody runs."""

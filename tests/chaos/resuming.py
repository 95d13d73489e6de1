"""What a folder has of an audit that was cut off, and what it may go on with."""

from pathlib import Path

_BEFORE_ACCOUNTS = 2
"""Lines of a journal before its first account: what the audit was told, and how it was started."""


def journal_in(folder: Path) -> Path | None:
    """The journal of the only run in the folder, with which it can be gone on whatever is in it."""
    return next(folder.glob("audit_*.journal.jsonl"), None)


def has_accounts(journal: Path) -> bool:
    """Whether a whole line of an account is in it."""
    return journal.read_bytes().rstrip(b"\0").count(b"\n") > _BEFORE_ACCOUNTS


def clear(folder: Path) -> None:
    """Remove what is left of a run that had no journal yet."""
    for path in folder.glob("*"):
        path.unlink()

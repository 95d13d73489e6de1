"""Whether there is anything in a folder with which an audit can go on."""

from pathlib import Path


def journal_in(folder: Path) -> Path | None:
    """The journal of the only run in the folder."""
    return next(folder.glob("*.journal.jsonl"), None)


def can_be_resumed(journal: Path) -> bool:
    """Whether a whole line of the audit's settings is in it: one that was torn before has finished no account."""
    return b"\n" in journal.read_bytes().rstrip(b"\0")


def clear(folder: Path) -> None:
    """Remove what a run has left that finished no account."""
    for path in folder.glob("*"):
        path.unlink()

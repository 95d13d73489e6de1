"""A journal's file: locked while an audit has it, and on the disk before anything counts as done."""

import errno
import fcntl
import glob
import logging
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from auditor.errors import ConfigurationError, WriteError
from auditor.files.private_file import PrivateFile, reason_of, sync_directory

logger = logging.getLogger(__name__)

# What systems say of a file system that has no links, such as one of a memory card or of some network shares.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
# What they say of one that has no locks.
_NO_LOCKS = frozenset({errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})

_PART = 65_536


class JournalFile(PrivateFile):
    """One open, locked file that grows by whole lines. Everything here blocks: it is called in a thread.

    The lock is the operating system's: it is the file's, under whatever name, and ends with the process, however that
    ends. Where the file system has no locks a warning is logged, and nothing is locked.
    """

    def __init__(self, path: Path, *, new: bool) -> None:
        """Open and lock the file; raises OSError where it can't be opened, ConfigurationError where not locked."""
        super().__init__(path, new=new, durable=True)
        try:
            self._lock()
        except ConfigurationError:
            if new:
                self.discard()
            else:
                self.close()
            raise

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Each line, with the byte that it begins at; the last may be torn."""
        start = 0
        with open(self._file, "rb", closefd=False) as reader:
            reader.seek(start)
            for line in reader:
                yield start, line
                start += len(line)

    def line_at(self, start: int) -> bytes:
        """The line that begins at the byte `start`; reading the `lines` meanwhile is not disturbed."""
        line = b""
        while not line.endswith(b"\n") and (part := os.pread(self._file, _PART, start + len(line))):
            line += part[: part.find(b"\n") + 1 or len(part)]
        return line

    def _lock(self) -> None:
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            raise ConfigurationError(f"{self.path} is not a journal.")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(f"Another audit is writing {self.path}: wait until it has ended.") from error
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise ConfigurationError(f"{self.path} could not be locked: {reason_of(error)}.") from error
            logger.warning(
                "%s: the file system has no locks (%s): nothing keeps another audit from resuming this one while it "
                "runs, which would spoil its files.",
                self.path.parent,
                reason_of(error),
            )


def create_journal_file(path: Path, first: bytes, *, link: Callable[[Path, Path], None] = os.link) -> JournalFile:
    """A new file that is there with its first line, locked and on the disk, or not at all.

    It is made under another name, and its own is given to it when it is whole. Only where the file system has no
    links does it stand there empty for a moment.

    Raises:
        FileExistsError: The name is taken.
        OSError: There can be no such file.
        WriteError: The line could not be written.
    """
    file = _written(path.with_name(f".{path.name}.{secrets.token_hex(4)}.unfinished"), first)
    try:
        link(file.path, path)
        file.path.unlink()
    except OSError as error:
        file.discard()
        if error.errno not in _NO_LINKS:
            raise
        file = _written(path, first)
    file.path = path
    try:
        sync_directory(path.parent)
    except OSError:
        file.discard()
        raise
    return file


def open_journal_file(path: Path) -> JournalFile:
    """A file that is there, locked; raises ConfigurationError where it can't be, or another audit has it."""
    try:
        file = JournalFile(path, new=False)
        _forget_other_names(path)
    except OSError as error:
        raise ConfigurationError(f"The journal {path} could not be opened: {error.strerror or error}.") from error
    return file


def _forget_other_names(path: Path) -> None:
    """Remove the name under which the file was made, where its audit was killed before it could."""
    for other in path.parent.glob(f".{glob.escape(path.name)}.*.unfinished"):
        if other.samefile(path):
            other.unlink()


def _written(path: Path, first: bytes) -> JournalFile:
    file = JournalFile(path, new=True)
    try:
        file.append(first)
    except WriteError:
        file.discard()
        raise
    return file

"""A journal's file: locked while an audit has it, and on the disk before anything counts as done."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from auditor.errors import ConfigurationError, WriteError

if sys.platform != "win32":
    import fcntl

_PRIVATE = 0o600
# Without O_NONBLOCK, to open a pipe would wait for whoever writes in it.
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


class JournalFile:
    """One open, locked file that grows by whole lines. Everything here blocks: it is called in a thread.

    The lock is the operating system's, and ends with the process, however that ends. Windows has none of its kind.
    """

    def __init__(self, path: Path, *, new: bool) -> None:
        """Open and lock the file; raises ConfigurationError where it can't be, or another audit has it."""
        self.path = path
        self.size = 0
        try:
            self._file = os.open(path, os.O_RDWR | _SAFE | (os.O_CREAT | os.O_EXCL if new else 0), _PRIVATE)
        except OSError as error:
            done = "made" if new else "opened"
            raise ConfigurationError(f"The journal {path} could not be {done}: {error.strerror or error}.") from error
        try:
            self._lock()
        except ConfigurationError:
            os.close(self._file)
            raise

    def _lock(self) -> None:
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            raise ConfigurationError(f"{self.path} is not a journal.")
        if sys.platform == "win32":
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(f"Another audit is writing {self.path}: wait until it has ended.") from error
        except OSError as error:
            raise ConfigurationError(f"{self.path} could not be locked: {error.strerror or error}.") from error

    def lines(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """Each line from the byte `start` on, with the byte that it begins at; the last may be torn."""
        with open(self._file, "rb", closefd=False) as reader:
            reader.seek(start)
            for line in reader:
                yield start, line
                start += len(line)

    def append(self, data: bytes) -> None:
        """Put whole lines at the end, and on the disk; raises WriteError, and leaves what was there before, whole."""
        rest = memoryview(data)
        try:
            os.lseek(self._file, self.size, os.SEEK_SET)
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fsync(self._file)
            if not self.size:
                sync_directory(self.path.parent)
        except OSError as error:
            self.cut(self.size)
            raise WriteError(
                f"{self.path} could not be written: {error.strerror or error}; all that is in it can be resumed: "
                f"auditor audit --resume {self.path}"
            ) from error
        self.size += len(data)

    def cut(self, size: int) -> None:
        """Keep so many bytes and no more."""
        try:
            os.ftruncate(self._file, size)
            os.fsync(self._file)
        except OSError as error:
            raise WriteError(f"{self.path} ends with a torn line: {error.strerror or error}.") from error
        self.size = size

    def close(self) -> None:
        """Close and unlock it."""
        os.close(self._file)

    def discard(self) -> None:
        """Remove it, while nobody else can have it."""
        self.path.unlink(missing_ok=True)
        self.close()


def sync_directory(directory: Path) -> None:
    """Put the names of a directory's files on the disk; Windows does so by itself."""
    if sys.platform == "win32":
        return
    opened = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

"""A file that is its owner's only, and grows by whole texts."""

import errno
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

from anyio import to_thread

from auditor.concurrency.tasks import completed
from auditor.errors import WriteError

logger = logging.getLogger(__name__)

_MODE = 0o600
_NEW = os.O_CREAT | os.O_EXCL
# Without O_NONBLOCK, opening a pipe would wait for its writer.
_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK

# What systems say of directories that can't be waited for, or not be opened for it.
_NO_WAITING = frozenset(
    {
        errno.EACCES,
        errno.EBADF,
        errno.EINVAL,
        errno.ENOSYS,
        errno.ENOTSUP,
        errno.EOPNOTSUPP,
        errno.EPERM,
        errno.EROFS,
    }
)


class PrivateFile:
    """One open file. Everything here blocks: it is called in a thread."""

    def __init__(self, path: Path, *, new: bool = True, durable: bool = False) -> None:
        """Open the file, which is never a link; a `new` one must not be there yet. Raises OSError where it can't be.

        What is appended to a `durable` one is on the disk once `append` returns; to another one, with the operating
        system.
        """
        self.path = path
        self.size = 0
        """How many of its bytes count; the next text is written behind them."""
        self._durable = durable
        self._file = os.open(path, os.O_RDWR | _SAFE | (_NEW if new else 0), _MODE)

    def append(self, data: bytes) -> None:
        """Append the data, all of it or nothing; raises WriteError if it can't be written."""
        end, rest = self.size, memoryview(data)
        try:
            while rest:
                written = os.pwrite(self._file, rest, end)
                end, rest = end + written, rest[written:]
        except OSError as error:
            self.cut(self.size)
            raise WriteError(f"{self.path} could not be written: {reason_of(error)}.") from error
        if self._durable:
            self._confirm()
        self.size = end

    def cut(self, size: int) -> None:
        """Truncate the file to `size` bytes; raises WriteError if that fails."""
        try:
            os.ftruncate(self._file, size)
        except OSError as error:
            raise WriteError(f"{self.path} ends with a torn line: {reason_of(error)}.") from error
        self.size = size
        if self._durable:
            # What was cut off may be there again after a power cut; the next run that opens the file cuts it off again.
            with suppress(OSError):
                self.sync()

    def _confirm(self) -> None:
        """Wait until the new data is on the disk; cut it off again if it can't be."""
        try:
            self.sync()
        except OSError as error:
            self.cut(self.size)
            raise WriteError(f"{self.path} could not be brought to the disk: {reason_of(error)}.") from error

    def sync(self) -> None:
        """Wait until the file is on the disk; raises OSError."""
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file; raises WriteError if closing fails."""
        try:
            os.close(self._file)
        except OSError as error:
            raise WriteError(f"{self.path} could not be closed: {reason_of(error)}.") from error

    def discard(self) -> None:
        """Remove the file, and close it even if it can't be removed; raises WriteError."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise WriteError(f"{self.path} could not be removed: {reason_of(error)}.") from error
        finally:
            self.close()


def close_all(files: Sequence[PrivateFile], *, keep: bool = True) -> None:
    """Close all files, or discard them; an error with one leaves no other open."""
    with ExitStack() as stack:
        for file in files:
            stack.callback(file.close if keep else file.discard)


@asynccontextmanager
async def closing(files: Sequence[PrivateFile], *, used: Callable[[], bool]) -> AsyncIterator[None]:
    """Close the files when the block is left; where it fails before they are `used`, they are removed."""
    ended = False
    try:
        yield
        ended = True
    finally:
        await completed(lambda: to_thread.run_sync(lambda: close_all(files, keep=ended or used())))


def sync_directory(directory: Path) -> None:
    """Wait until the disk has the names of a directory's files; raises OSError.

    Where the file system has no way to wait for that, as some network shares have none, a warning is logged instead.
    """
    try:
        _sync_directory(directory)
    except OSError as error:
        if error.errno not in _NO_WAITING:
            raise
        logger.warning(
            "%s: the file system does not tell when new names are on the disk (%s): after a power cut the files of "
            "this audit may be missing there.",
            directory,
            reason_of(error),
        )


def _sync_directory(directory: Path) -> None:
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def reason_of(error: OSError) -> str:
    """What the system says, in its words."""
    return error.strerror or str(error)

"""A file that is its owner's only: whole after an error, and nobody else's."""

import errno
import os
from pathlib import Path

import pytest

from auditor.errors import WriteError
from auditor.files.private_file import PrivateFile, close_all, sync_directory
from tests.output.limits import files_no_longer_than


def test_it_grows_by_whole_texts(tmp_path: Path) -> None:
    """What is appended can be read at once, and only by the owner."""
    file = PrivateFile(tmp_path / "a")
    for text in (b"one\n", b"", b"two\n"):
        file.append(text)
    assert b"one\ntwo\n" == file.path.read_bytes()
    assert (8, 0o600) == (file.size, file.path.stat().st_mode & 0o777)
    file.cut(4)
    file.append(b"three\n")
    file.close()
    assert b"one\nthree\n" == file.path.read_bytes()


@pytest.mark.parametrize("durable", [False, True])
def test_a_text_that_does_not_fit_is_not_there_at_all(tmp_path: Path, durable: bool) -> None:  # noqa: FBT001 - a parameter
    """The file ends with the text before, and takes another one."""
    file = PrivateFile(tmp_path / "a", durable=durable)
    file.append(b"one\n")
    with files_no_longer_than(6), pytest.raises(WriteError, match="a could not be written: "):
        file.append(b"two\n")
    assert (b"one\n", 4) == (file.path.read_bytes(), file.size)
    file.append(b"six\n")
    assert b"one\nsix\n" == file.path.read_bytes()
    file.close()


def test_a_disk_that_does_not_take_a_text_is_no_torn_line(tmp_path: Path) -> None:
    """It says what failed, the text is not there, and the next one takes its place."""

    class Sick(PrivateFile):
        """A file whose disk fails for as long as it is sick."""

        sick = True

        def sync(self) -> None:
            """Fail, as a disk does that is about to die."""
            if self.sick:
                raise OSError(errno.EIO, "Input/output error")

    file = Sick(tmp_path / "a", durable=True)
    with pytest.raises(WriteError, match=r"a could not be brought to the disk: Input/output error\.$"):
        file.append(b"one\n")
    assert (b"", 0) == (file.path.read_bytes(), file.size)
    file.sick = False
    file.append(b"two\n")
    assert b"two\n" == file.path.read_bytes()
    file.close()


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP, errno.EIO])
def test_a_directory_that_can_not_be_waited_for(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the file system has no way to do it a warning says what is not promised; a sick disk is an error."""

    def refuse(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    if code == errno.EIO:
        with pytest.raises(OSError, match="Input/output"):
            sync_directory(tmp_path)
        return
    sync_directory(tmp_path)
    (record,) = caplog.records
    assert ("WARNING", True) == (record.levelname, "after a power cut" in record.message)


@pytest.mark.parametrize("new", [False, True])
def test_a_link_is_not_followed(tmp_path: Path, new: bool) -> None:  # noqa: FBT001 - a parameter
    """Neither for a new file nor for one that is there."""
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"mine")
    link.symlink_to(target)
    with pytest.raises(OSError, match="link"):
        PrivateFile(link, new=new)
    assert target.read_bytes() == b"mine"


def test_a_new_file_is_not_there_before(tmp_path: Path) -> None:
    """One that is there is opened only where that is asked for."""
    path = tmp_path / "a"
    path.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        PrivateFile(path)
    PrivateFile(path, new=False).close()
    with pytest.raises(FileNotFoundError):
        PrivateFile(tmp_path / "missing", new=False)
    assert path.read_bytes() == b"mine"


def test_what_is_discarded_is_gone(tmp_path: Path) -> None:
    """Also where somebody was quicker; of several files an error of one leaves no other open."""
    files = [PrivateFile(tmp_path / name) for name in "abc"]
    files[0].path.unlink()
    files[1].path.unlink()
    files[1].path.mkdir()
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208 - a device
    with pytest.raises(WriteError, match="b could not be removed"):
        close_all(files, keep=False)
    assert [tmp_path / "b"] == list(tmp_path.iterdir())
    assert before - 3 == len(os.listdir("/dev/fd"))  # noqa: PTH208 - a device


def test_a_file_that_can_not_be_closed_says_so(tmp_path: Path) -> None:
    """As a network share does when it has lost what it was given."""
    file = PrivateFile(tmp_path / "a")
    file.close()
    with pytest.raises(WriteError, match="a could not be closed"):
        file.close()

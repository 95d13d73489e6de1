"""The options that say which accounts: as they are typed, and as files have them."""

import os
from pathlib import Path

import pytest

from auditor import AccountFilters, ConfigurationError
from auditor.cli.filters import filters_of

IDS = ("000011112222", "333344445555")


def test_no_option_is_no_filter() -> None:
    """All accounts are wanted where none is named."""
    assert AccountFilters() == filters_of(accounts=None, ous=[], excluded_tags=None)


def test_values_are_taken_as_they_are() -> None:
    """Names have commas, and hashes too; two @ are one."""
    names = ["Pagos, cobros", "Team #1", "@@home", " blank "]
    assert AccountFilters(account_names=("Pagos, cobros", "Team #1", "@home", " blank ")) == filters_of(
        account_names=names
    )


@pytest.mark.parametrize(
    "text",
    [
        "000011112222\n333344445555\n",
        "# two\r\n\r\n 000011112222\t# pagos\r\n333344445555 #cobros",
        "\ufeff333344445555\n000011112222\n#\n",
    ],
    ids=["plain", "comments", "marked"],
)
def test_a_file_has_a_value_per_line(text: str, tmp_path: Path) -> None:
    """Blanks, comments and a byte order mark are none; other values may stand beside it."""
    path = tmp_path / "accounts.txt"
    path.write_bytes(text.encode())
    assert AccountFilters(accounts=IDS) == filters_of(accounts=[f"@{path}"])
    assert AccountFilters(accounts=(*IDS, "1" * 12)) == filters_of(accounts=["1" * 12, f"@{path}"])


def test_a_value_in_a_file_names_no_other_file(tmp_path: Path) -> None:
    """What begins with @ there is a name, and a hash within a word is part of it."""
    path = tmp_path / "names.txt"
    path.write_text("@home\nC#\nTeam [#]1\n")
    assert AccountFilters(account_names=("@home", "C#", "Team [#]1")) == filters_of(account_names=[f"@{path}"])


def test_home_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No shell replaces the ~ behind an @."""
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    tmp_path.joinpath("ous.txt").write_text("Root/Prod")
    assert AccountFilters(ous=("Root/Prod",)) == filters_of(ous=["@~/ous.txt"])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, r"--exclude-ou @.*ous.txt: the file can't be read: No such file or directory\."),
        (b"", r"--exclude-ou @.*: the file has no value: it must have one per line\."),
        (b"# none\n  \n", "the file has no value"),
        (b"\xff\xfe", "the file is no text in UTF-8"),
    ],
    ids=["missing", "empty", "comments only", "no text"],
)
def test_a_file_that_names_nothing_is_refused(content: bytes | None, sentence: str, tmp_path: Path) -> None:
    """It is never taken for no filter at all."""
    path = tmp_path / "ous.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=sentence) as caught:
        filters_of(excluded_ous=[f"@{path}"])
    assert 2 == caught.value.exit_code


@pytest.mark.parametrize(
    ("value", "sentence"),
    [("", "--account has an empty value"), ("@", "--account @ names no file"), ("@.", "Is a directory")],
)
def test_a_variable_that_is_empty_is_refused(value: str, sentence: str) -> None:
    """`--account "$ACCOUNTS"` without accounts must not audit the whole organization."""
    with pytest.raises(ConfigurationError, match=sentence):
        filters_of(accounts=[value])

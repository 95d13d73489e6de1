"""The options that say which accounts are audited, and the files that their values may come from."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.help import ACCOUNTS
from auditor.errors import ConfigurationError
from auditor.model.filters import OPTIONS, AccountFilters

_FILE = "@"
_COMMENT = re.compile(r"(^|\s)#.*")
"""At the beginning of a line, and behind a blank."""

AccountIds = Annotated[
    list[str] | None,
    typer.Option(
        "--account",
        envvar="AUDITOR_ACCOUNT",
        metavar="<id>",
        help="Audit this account. Repeatable, as all of these: values of one kind add up, kinds narrow, what is "
        "excluded wins. @file has a value per line, and comments behind #; @@name is a value that begins with @.",
        rich_help_panel=ACCOUNTS,
    ),
]
AccountNames = Annotated[
    list[str] | None,
    typer.Option(
        "--account-name",
        envvar="AUDITOR_ACCOUNT_NAME",
        metavar="<name>",
        help="Accounts of this name, or pattern: 'prod-*'. Upper and lower case differ.",
        rich_help_panel=ACCOUNTS,
    ),
]
Ous = Annotated[
    list[str] | None,
    typer.Option(
        "--ou",
        envvar="AUDITOR_OU",
        metavar="<ou>",
        help="Accounts in this OU, and in those in it: an id, a name, or a path: Root/Prod/Data.",
        rich_help_panel=ACCOUNTS,
    ),
]
Tags = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        envvar="AUDITOR_TAG",
        metavar="<key=value>",
        help="Accounts with this tag: one call per account that the other filters leave.",
        rich_help_panel=ACCOUNTS,
    ),
]
ExcludedAccountIds = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude-account",
        envvar="AUDITOR_EXCLUDE_ACCOUNT",
        metavar="<id>",
        help="Leave out this account.",
        rich_help_panel=ACCOUNTS,
    ),
]
ExcludedAccountNames = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude-account-name",
        envvar="AUDITOR_EXCLUDE_ACCOUNT_NAME",
        metavar="<name>",
        help="Leave out accounts of this name, or pattern.",
        rich_help_panel=ACCOUNTS,
    ),
]
ExcludedOus = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude-ou",
        envvar="AUDITOR_EXCLUDE_OU",
        metavar="<ou>",
        help="Leave out this OU, and those in it.",
        rich_help_panel=ACCOUNTS,
    ),
]
ExcludedTags = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude-tag",
        envvar="AUDITOR_EXCLUDE_TAG",
        metavar="<key=value>",
        help="Leave out accounts with this tag.",
        rich_help_panel=ACCOUNTS,
    ),
]


def filters_of(**given: Sequence[str] | None) -> AccountFilters:
    """The filters, from the values of the options by their names in AccountFilters; reads files, and so blocks.

    Raises:
        ConfigurationError: A value can't be one of its kind, or a file can't be read or has none.
    """
    return AccountFilters(**{name: tuple(_values(OPTIONS[name], each)) for name, each in given.items() if each})


def _values(option: str, given: Sequence[str]) -> Iterator[str]:
    for value in given:
        if value.startswith(_FILE * 2):
            yield value.removeprefix(_FILE)
        elif value.startswith(_FILE):
            yield from _values_in(value.removeprefix(_FILE), option=option)
        else:
            yield value


def _values_in(name: str, *, option: str) -> list[str]:
    """The values in a file: a line each, without the blanks around it, and without comments."""
    if not name:
        raise ConfigurationError(f"{option} @ names no file: a name that begins with @ is given as @@name.")
    try:
        text = Path(name).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise ConfigurationError(f"{option} @{name}: the file can't be read: {reason or error}.") from error
    except ValueError as error:
        raise ConfigurationError(f"{option} @{name}: the file is no text in UTF-8.") from error
    values = [value for line in text.split("\n") if (value := _COMMENT.sub("", line).strip())]
    if not values:
        raise ConfigurationError(f"{option} @{name}: the file has no value: it must have one per line.")
    return values

"""What AWS takes for the names of roles and of their sessions."""

import re
from typing import NamedTuple

from auditor.errors import ConfigurationError

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_ROLE = re.compile(r"([\x21-\x2e\x30-\x7e]+/)*[\w+=,.@-]{1,64}", re.ASCII)
_ROLE_PATH_LENGTH = 510
_ROLE_ARN = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account_id>\d{12}):role/(?P<name>.+)", re.ASCII)
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_SHORTEST_SESSION = 900
_LONGEST_SESSION = 43_200

ACCOUNT_ID = "{account_id}"
"""What stands for the account's id in the name of a role."""
_SAMPLE_ID = "0" * 12


class RoleArn(NamedTuple):
    """The parts of a role's ARN."""

    partition: str
    account_id: str
    name: str
    """With the path, if it has one."""


def role_names(role: object) -> str | tuple[str, ...]:
    """The roles to try, in this order: one as its name, several as a tuple.

    Raises:
        ConfigurationError: One is not a role's name, or is there twice, or there is none.
    """
    names = tuple(role) if isinstance(role, list | tuple) else (role,)
    if not names:
        raise ConfigurationError("role has no name in it: give one at least.")
    checked = tuple(_checked_role(name) for name in names)
    for place, name in enumerate(checked):
        if name in checked[:place]:
            raise ConfigurationError(f"The role {name!r} is named twice: give each once, in the order to try them in.")
    return checked if len(checked) > 1 else checked[0]


def _checked_role(name: object) -> str:
    role = _text("role", name)
    if not {"{", "}"}.isdisjoint(role.replace(ACCOUNT_ID, "")):
        raise ConfigurationError(f"{role!r} has braces that stand for nothing: only {ACCOUNT_ID} is replaced.")
    _check_role_name(role.replace(ACCOUNT_ID, _SAMPLE_ID), shown=role)
    return role


def check_role_name(role: str) -> None:
    """Raise ConfigurationError where `role` is not an IAM role's name, with or without a path."""
    _check_role_name(_text("role", role), shown=role)


def _check_role_name(role: str, *, shown: str) -> None:
    if role.startswith("arn:"):
        raise ConfigurationError(f"{shown!r} is an ARN: give the role's name alone, it is the same in all accounts.")
    path, _, _ = role.rpartition("/")
    if not _ROLE.fullmatch(role) or len(path) > _ROLE_PATH_LENGTH:
        raise ConfigurationError(
            f"{shown!r} is not a role name: up to 64 letters, digits and +=,.@_- are, after a path such as a/b/."
        )


def role_arn(text: str) -> RoleArn:
    """The parts of a role's ARN; raises ConfigurationError where it is none."""
    found = _ROLE_ARN.fullmatch(text)
    if found is None or not _ROLE.fullmatch(found["name"]):
        raise ConfigurationError(
            f"{text!r} is no ARN of a role that could list the accounts: arn:aws:iam::111122223333:role/Lister is one."
        )
    return RoleArn(**found.groupdict())


def check_session_name(session_name: str) -> None:
    """Raise ConfigurationError where AWS would refuse `session_name`."""
    if not _SESSION_NAME.fullmatch(_text("session_name", session_name)):
        raise ConfigurationError(f"{session_name!r} is not a session name: 2 to 64 letters, digits and +=,.@_- are.")


def check_source_identity(source_identity: str | None) -> None:
    """Raise ConfigurationError where AWS would refuse `source_identity`; None is none.

    Names that begin with `aws:` are AWS's own, and no colon is allowed at all.
    """
    if source_identity is not None and not _SESSION_NAME.fullmatch(source_identity):
        raise ConfigurationError(
            f"{source_identity!r} is not a source identity: 2 to 64 letters, digits and +=,.@_- are."
        )


def check_external_id(external_id: object) -> None:
    """Raise ConfigurationError, which does not repeat it, where AWS would refuse `external_id`; None is none."""
    if external_id is not None and not (isinstance(external_id, str) and _EXTERNAL_ID.fullmatch(external_id)):
        raise ConfigurationError("The external id must have 2 to 1,224 letters, digits and +=,.@:/_- characters.")


def check_session_duration(seconds: int | None) -> None:
    """Raise ConfigurationError where no session can be that long; None leaves it to AWS."""
    if seconds is not None and not _SHORTEST_SESSION <= seconds <= _LONGEST_SESSION:
        raise ConfigurationError(
            f"A session can't have {seconds:,} seconds: {_SHORTEST_SESSION} to {_LONGEST_SESSION} are allowed."
        )


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} must be of the type str: {value!r} is not.")
    return value

"""What the caller's configuration says of credentials: the profile in use, and those that it takes its own from."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiobotocore.session import AioSession
from botocore.compat import compat_shell_split

_KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_PROCESS = "credential_process"
_KEY_SETTINGS = tuple(name.lower() for name in _KEY_VARIABLES)


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile; `settings` are as the SDK has read them."""

    name: str
    settings: Mapping[str, Any]


def profiles_in_use(session: AioSession) -> tuple[Profile, ...]:
    """The profile whose credentials the SDK takes, its `source_profile`, and so on; none where a variable has keys.

    Raises what the SDK raises where there is no such profile.
    """
    if keys_in_use(session):
        return ()
    session.get_scoped_config()
    known: Mapping[str, Mapping[str, Any]] = session.full_config.get("profiles", {})
    name, chain = session.get_config_variable("profile") or "default", dict[str, Profile]()
    while name in known and name not in chain:
        chain[name] = Profile(name, known[name])
        name = known[name].get("source_profile", "")
    return tuple(chain.values())


def keys_in_use(session: AioSession) -> dict[str, str]:
    """The keys of the environment that the SDK takes: a profile that is named by an option goes before them."""
    if session.instance_variables().get("profile") is not None or not os.environ.get(_KEY_VARIABLES[0]):
        return {}
    return {name: os.environ[name] for name in _KEY_VARIABLES if name in os.environ}


def written_keys(session: AioSession) -> Iterator[tuple[str, str]]:
    """Keys and tokens that are written down, each with where: a variable, or a setting of a profile."""
    yield from keys_in_use(session).items()
    for profile in profiles_in_use(session):
        for name in _KEY_SETTINGS:
            if isinstance(value := profile.settings.get(name), str):
                yield f"the {name} of profile {profile.name!r}", value


def mfa_serial(profiles: tuple[Profile, ...]) -> str:
    """The MFA device whose code is asked for at the terminal, empty where none is."""
    asking = (profile.settings for profile in profiles if "role_arn" in profile.settings)
    return next((str(settings["mfa_serial"]) for settings in asking if "mfa_serial" in settings), "")


def login_profile(profiles: tuple[Profile, ...]) -> str:
    """The profile that `aws login` has made, empty where there is none."""
    return next((profile.name for profile in profiles if "login_session" in profile.settings), "")


def sso_profile(profiles: tuple[Profile, ...]) -> str:
    """The profile that signs in with SSO, empty where none does."""
    return next((each.name for each in profiles if any(name.startswith("sso_") for name in each.settings)), "")


def process_programs(profiles: tuple[Profile, ...]) -> tuple[str, ...]:
    """The programs of each `credential_process` that can be run."""
    commands = (_command_of(profile) for profile in profiles if _PROCESS in profile.settings)
    return tuple(command[0] for command in commands if command)


def broken_process(profiles: tuple[Profile, ...]) -> str:
    """The first profile whose `credential_process` is no command, empty where all are."""
    return next((each.name for each in profiles if _PROCESS in each.settings and not _command_of(each)), "")


def _command_of(profile: Profile) -> list[str]:
    """The words of its `credential_process`, none where it can't be split into any: a quote may be left open."""
    command = profile.settings[_PROCESS]
    try:
        return compat_shell_split(command) if isinstance(command, str) else []
    except ValueError:
        return []

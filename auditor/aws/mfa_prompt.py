"""Asking for an MFA code, where there is a terminal to ask at."""

import os
import sys
from getpass import getpass

from aiobotocore.session import AioSession

_TERMINAL = "/dev/tty"


def ask_at_terminals_only(session: AioSession) -> None:
    """Let the session's chain ask for MFA codes at a terminal only; to be called before it asks for credentials."""
    for provider in getattr(session.get_component("credential_provider"), "providers", ()):
        if hasattr(provider, "_prompter"):
            provider._prompter = ask_for_code  # noqa: SLF001 - the SDK has no other way to give one


def ask_for_code(prompt: str) -> str:
    """What is typed; raises EOFError where there is no terminal, before anything is written."""
    if not _has_terminal():
        raise EOFError("there is no terminal")
    return getpass(prompt)


def _has_terminal() -> bool:
    try:
        os.close(os.open(_TERMINAL, os.O_RDWR))
    except OSError:
        # A stream that is closed has no terminal either.
        return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()
    return True

"""Asking for an MFA code at a terminal, or taking the one that was piped in."""

import os
import select
import sys
from getpass import getpass

from aiobotocore.session import AioSession

_TERMINAL = "/dev/tty"
_LONGEST_WAIT = 1.0
"""Seconds for who writes a code into a pipe: nobody sees that more would be waited for."""


def ask_at_terminals_only(session: AioSession) -> None:
    """Let the session's chain ask for MFA codes at a terminal only; to be called before it asks for credentials."""
    for provider in getattr(session.get_component("credential_provider"), "providers", ()):
        if hasattr(provider, "_prompter"):
            provider._prompter = ask_for_code  # noqa: SLF001 - the SDK has no other way to give one


def ask_for_code(prompt: str) -> str:
    """What is typed, or without a terminal the line that waits on stdin.

    Raises:
        EOFError: There is neither; nothing was written.
    """
    if _has_terminal():
        return getpass(prompt)
    line = _waiting_line()
    if not line:
        raise EOFError("there is no terminal")
    return line


def _waiting_line() -> str:
    try:
        ready, _, _ = select.select([sys.stdin], [], [], _LONGEST_WAIT)
    except (OSError, TypeError, ValueError):  # stdin is closed, or no file
        return ""
    return sys.stdin.readline().strip() if ready else ""


def _has_terminal() -> bool:
    try:
        os.close(os.open(_TERMINAL, os.O_RDWR))
    except OSError:
        # A stream that is closed has no terminal either.
        return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()
    return True

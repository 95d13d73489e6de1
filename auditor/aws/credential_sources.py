"""The programs and prompts of the SDK's credential chain: each ends with the task that waits for it, or asks nobody."""

import asyncio
import os
import select
import stat
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from getpass import getpass
from typing import Any

import anyio
from aiobotocore.session import AioSession

_PROCESS = "custom-process"
_ENDING = 1.0
_TERMINAL = "/dev/tty"
_LONGEST_WAIT = 30.0
"""Seconds for the program that writes a code into a pipe."""


def tame_sources(session: AioSession) -> None:
    """Let the session's chain end its programs, and ask for MFA codes where somebody can answer; to be called first.

    The SDK leaves a program running whose task is cancelled, and writes its question where no terminal is.
    """
    for provider in getattr(session.get_component("credential_provider"), "providers", ()):
        if provider.METHOD == _PROCESS:
            _end_programs_of(provider)
        # That of roles makes providers for their source profiles.
        builder = getattr(provider, "_profile_provider_builder", None)
        if builder is not None:
            create = builder._create_process_provider  # noqa: SLF001 - there is no public way to it
            builder._create_process_provider = partial(_created, create)  # noqa: SLF001 - as above
        if hasattr(provider, "_prompter"):
            provider._prompter = ask_for_code  # noqa: SLF001 - as above


def _created(create: Callable[[str], Any], profile_name: str) -> Any:  # noqa: ANN401 - the SDK has no types
    return _end_programs_of(create(profile_name))


def _end_programs_of(provider: Any) -> Any:  # noqa: ANN401 - as above
    provider._popen = _start  # noqa: SLF001 - there is no public way to it
    return provider


async def _start(*command: str, **options: Any) -> "_Program":  # noqa: ANN401 - whatever the SDK gives
    return _Program(await asyncio.create_subprocess_exec(*command, **options))


class _Program:
    """What the SDK uses of a process."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @property
    def returncode(self) -> int | None:
        """Its status, None while it runs."""
        return self._process.returncode

    async def communicate(self) -> tuple[bytes, bytes]:
        """What it wrote until its end; left before that, it is killed."""
        try:
            return await self._process.communicate()
        finally:
            if self.returncode is None:
                await self._kill()

    async def _kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        with anyio.move_on_after(_ENDING, shield=True):
            await self._process.wait()


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
        mode = os.fstat(sys.stdin.fileno()).st_mode
        waits = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
        ready, _, _ = select.select([sys.stdin], [], [], _LONGEST_WAIT if waits else 0)
    except (AttributeError, OSError, TypeError, ValueError):  # stdin is none, closed, or no file
        return ""
    return sys.stdin.readline().strip() if ready else ""


def _has_terminal() -> bool:
    try:
        os.close(os.open(_TERMINAL, os.O_RDWR))
    except OSError:
        # A stream that is closed has no terminal either.
        return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()
    return True

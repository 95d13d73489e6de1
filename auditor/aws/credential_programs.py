"""The programs of `credential_process`, each ended with the task that waits for it: the SDK would leave one running."""

import asyncio
from asyncio.subprocess import Process
from contextlib import suppress
from typing import Any

import anyio
from aiobotocore.session import AioSession

_METHOD = "custom-process"
_ENDING = 1.0


def end_programs_with_tasks(session: AioSession) -> None:
    """Let all of the session's chain that runs a program, of a role's source profile too, end it where it is left."""
    for provider in getattr(session.get_component("credential_provider"), "providers", ()):
        if provider.METHOD == _METHOD:
            provider._popen = _start  # noqa: SLF001 - there is no public way to it
        builder = getattr(provider, "_profile_provider_builder", None)
        if builder is not None:
            builder._create_process_provider = _Creating(builder._create_process_provider)  # noqa: SLF001 - as above


class _Creating:
    """What makes the provider of a source profile, whose programs are ended, too."""

    def __init__(self, create: Any) -> None:  # noqa: ANN401 - the SDK has no types
        self._create = create

    def __call__(self, profile_name: str) -> Any:  # noqa: ANN401 - as above
        provider = self._create(profile_name)
        provider._popen = _start  # noqa: SLF001 - as above
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

"""The programs of `credential_process`, each ended with the task that waits for it: the SDK would leave one running."""

import asyncio
from asyncio.subprocess import Process
from contextlib import suppress
from typing import Any

_METHOD = "custom-process"


def end_programs_with_tasks(resolver: Any) -> None:  # noqa: ANN401 - the SDK has no types
    """Let every provider of this chain that runs a program, of a role's source profile too, end it where it is left."""
    for provider in getattr(resolver, "providers", ()):
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
                with suppress(ProcessLookupError):
                    self._process.kill()

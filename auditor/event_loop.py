"""The event loop of a run: asyncio, on uvloop where it is installed (the extra `speed`)."""

from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import TypeVar, TypeVarTuple

import anyio

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


def run(work: Callable[[*Arguments], Awaitable[T]], *arguments: *Arguments) -> T:
    """What `work` returns, on an event loop of its own."""
    options = {"use_uvloop": find_spec("uvloop") is not None}
    return anyio.run(work, *arguments, backend="asyncio", backend_options=options)

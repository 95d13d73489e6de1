"""A Dask cluster as an executor; this module is the only one that knows Dask, and it is imported when asked for."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from auditor.engines.submissions import reason_of
from auditor.engines.worker import worker_version
from auditor.errors import ConfigurationError, EngineError

if TYPE_CHECKING:
    from distributed import Client

_CONNECTING = 10
_ANSWERING = 30
_CLOSING = 2


@asynccontextmanager
async def open_dask(url: str, *, workers: int | None = None) -> AsyncIterator[tuple[Executor, int]]:
    """The executor of a scheduler's cluster and its number of workers, those that it has now unless it is given.

    Raises:
        ConfigurationError: Dask is not installed, or the URL is none.
        EngineError: The scheduler does not answer, or has no workers.
    """
    await _knock(url)
    client = await to_thread.run_sync(_connect, url, abandon_on_cancel=True)
    try:
        count = workers or len(await to_thread.run_sync(client.nthreads, abandon_on_cancel=True))
        if not count:
            raise EngineError(f"The Dask scheduler at {url} has no workers.")
        # Not pure: a batch is to be asked of AWS, whatever was answered to one like it.
        yield client.get_executor(pure=False), count
    finally:
        with anyio.move_on_after(_CLOSING, shield=True):
            await to_thread.run_sync(client.close, _CLOSING, abandon_on_cancel=True)


def is_cluster(executor: Executor) -> bool:
    """Whether it is a Dask client's executor."""
    module = sys.modules.get("distributed.cfexecutor")
    return module is not None and isinstance(executor, module.ClientExecutor)


async def check_cluster(executor: Executor, *, version: str) -> None:
    """Ask each worker of a Dask cluster for its version of the package, also those that are at work.

    Raises:
        EngineError: There are none, they do not answer, or some have no such version.
    """
    client = executor._client  # type: ignore[attr-defined]  # noqa: SLF001 - Dask has no public way to it
    asking = partial(client.run, worker_version, on_error="return")
    try:
        with anyio.fail_after(_ANSWERING):
            answers: dict[str, object] = await to_thread.run_sync(asking, abandon_on_cancel=True)
    except (OSError, RuntimeError, ValueError) as error:
        reason = reason_of(error) if str(error) else f"no answer within {_ANSWERING} s"
        raise EngineError(f"The workers of the Dask cluster can't be asked for their version: {reason}.") from error
    if not answers:
        raise EngineError("The Dask cluster has no workers.")
    wrong = [f"{address} has {_told(answer)}" for address, answer in answers.items() if answer != version]
    if wrong:
        raise EngineError(
            f"Workers of the Dask cluster need version {version} of auditor, as here: {', '.join(wrong)}."
        )


def _told(answer: object) -> str:
    return f"none or an old one ({answer})" if isinstance(answer, Exception) else str(answer)


async def _knock(url: str) -> None:
    """Raise unless a scheduler answers.

    A client waits forever for a server that accepts the connection and says nothing; one that finds no server leaves
    its thread behind, and logs errors later.
    """
    try:
        connecting = await to_thread.run_sync(_connecting, url)
        with anyio.fail_after(_CONNECTING):
            comm = await connecting()
        await comm.close()
    except ImportError as error:
        raise ConfigurationError("Dask is not installed: it comes with `pip install 'auditor[dask]'`.") from error
    except ValueError as error:
        raise ConfigurationError(f"{url!r} is not the address of a Dask scheduler: {error}.") from error
    except (OSError, TypeError) as error:
        reason = str(error) or f"no answer within {_CONNECTING} s"
        raise EngineError(f"The Dask scheduler at {url} could not be reached: {reason}.") from error


def _connecting(url: str) -> Callable[[], Awaitable[Any]]:
    # An extra, and slow to import: in a thread, and all that is imported late with it.
    from distributed import Security  # noqa: PLC0415 - said above
    from distributed.comm import parse_address, registry  # noqa: PLC0415 - as above
    from distributed.comm.core import connect  # noqa: PLC0415 - as above

    scheme, _ = parse_address(url)
    registry.get_backend(scheme)
    return partial(connect, url, timeout=_CONNECTING, **Security().get_connection_args("client"))


def _connect(url: str) -> "Client":
    from distributed import Client  # noqa: PLC0415 - an extra

    try:
        return Client(url, timeout=_CONNECTING, set_as_default=False)
    except OSError as error:
        raise EngineError(f"The Dask scheduler at {url} could not be reached: {error}") from error

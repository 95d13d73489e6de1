"""The clock: what time it is, and whether it is so wrong that AWS refuses what it signs."""

import asyncio
from datetime import UTC, datetime, timedelta

from auditor.errors import RequestError

_SKEW_CODES = frozenset(
    {
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
    }
)
# Most services take a signature within five minutes of its time:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
_TOLERANCE = timedelta(minutes=5)


def utc_now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def loop_time() -> float:
    """Seconds on the running event loop's clock: asked so often for each request that anyio's detour would be felt."""
    return asyncio.get_running_loop().time()


def clock_fault(error: RequestError, *, now: datetime) -> str | None:
    """A sentence on how wrong the clock is, None where it is not what AWS refused.

    A wrong secret has the same code: only the time of AWS's own answer tells the two apart.
    """
    if error.code not in _SKEW_CODES or error.answered_at is None:
        return None
    ahead = now - error.answered_at
    if abs(ahead) <= _TOLERANCE:
        return None
    word = "ahead of" if ahead > timedelta(0) else "behind"
    return f"This machine's clock is {_in_words(abs(ahead))} {word} AWS's: set it ({error.code})."


def _in_words(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    if minutes < 2 * 60:
        return f"{minutes} minutes"
    hours = round(minutes / 60)
    return f"{hours} hours" if hours < 2 * 24 else f"{round(hours / 24)} days"

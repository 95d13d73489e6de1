"""What was deleted between two calls: an answer, not a failure."""

from collections.abc import Awaitable
from enum import Enum
from typing import Final, TypeVar

from auditor.errors import RequestError
from auditor.model.codes import NO_SUCH_ENTITY

T = TypeVar("T")


class Gone(Enum):
    """The type of GONE."""

    GONE = "gone"


GONE: Final = Gone.GONE
"""In the place of something that was listed, and is no more."""


async def or_gone(question: Awaitable[T]) -> T | Gone:
    """The answer, or GONE where AWS says NoSuchEntity to it."""
    try:
        return await question
    except RequestError as error:
        if error.code == NO_SUCH_ENTITY:
            return GONE
        raise

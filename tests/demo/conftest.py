"""Fixtures of the local organization's tests."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio: aiohttp serves on nothing else."""
    return "asyncio"

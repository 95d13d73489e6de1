"""The lowest versions that are tested are those that pyproject.toml names."""

import pytest

from tests.lowest import lowest


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("aiohttp>=3.11,<4", ["aiohttp==3.11"]),
        ("ruff==0.17.6", ["ruff==0.17.6"]),
        ("stubs[iam,sts]>=2.25,<2.26", ["stubs==2.25"]),
        ("uvloop>=0.21; sys_platform != 'win32'", ["uvloop==0.21; sys_platform != 'win32'"]),
        ("auditor[dask]", []),
    ],
)
def test_a_requirement_becomes_its_lowest_version(requirement: str, expected: list[str]) -> None:
    """Extras and upper bounds are left out, the marker is kept, and what has no version is no constraint."""
    assert expected == list(lowest([requirement]))
